"""The one way to PostgreSQL: a pooled asynchronous engine whose failures carry no personal data.

Transactions are opened and committed where a caller's step begins and ends (`begin`), never inside
a rule. Statements have a time limit, so that a stuck lock becomes a failure with a name.
"""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

STATEMENT_TIMEOUT_MS: Final = 10_000
"""No statement of ours needs more; the door answers 503 before its caller gives up."""

POOL_SIZE: Final = 15
"""Connections of one process. Each is kept once it was needed: to open one costs more than what it
is asked, and it has every statement to prepare. The one used last is taken first."""

POOL_TIMEOUT_S: Final = 5.0
"""How long a caller waits for a connection before the pool says it is exhausted."""

BELIEVED_S: Final = 1.0
"""A connection used this recently is not asked whether it still stands: no server comes back faster
from a restart, and asking costs as much as a statement."""

_USED_AT: Final = "used_at"


def sqlalchemy_url(database_url: str) -> str:
    """A database address with its driver named, whatever form it came in."""
    _, separator, rest = database_url.partition("://")
    if not separator:
        raise ValueError("a database address begins with postgresql://")
    return f"postgresql+psycopg://{rest}"


def open_database(database_url: str, *, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """The engine of one process; close it with `await engine.dispose()`."""
    engine = create_async_engine(
        sqlalchemy_url(database_url),
        echo=False,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}",
            "connect_timeout": int(POOL_TIMEOUT_S),
        },
    )
    event.listen(engine.sync_engine, "handle_error", _strip_values)
    _ask_the_idle(engine)
    return engine


def looks(engine: AsyncEngine) -> AsyncEngine:
    """The engine for whoever only looks: each statement by itself, without begin and rollback.

    A rollback, with which a transaction ends that wrote nothing, also makes the driver forget the
    statements it has prepared on the connection: the next ones are read and planned anew.
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _ask_the_idle(engine: AsyncEngine) -> None:
    """Ask a connection that lay idle before it is used; a dead one and all others are replaced."""
    dialect = engine.sync_engine.dialect

    def note(_: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    def ask(connection: Any, record: Any, _: Any) -> None:
        used_at = record.info.get(_USED_AT)
        if used_at is None or time.monotonic() - used_at < BELIEVED_S:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as failure:
            raise InvalidatePoolError from failure

    event.listen(engine.sync_engine, "checkin", note)
    event.listen(engine.sync_engine, "checkout", ask)


def _strip_values(context: ExceptionContext) -> None:
    """Keep a failure's first line only: the driver's DETAIL repeats the values of the row."""
    _first_line_only(context.original_exception)
    failure = context.sqlalchemy_exception
    if failure is not None:
        kind = type(context.original_exception).__name__
        message = f"({kind}) {context.original_exception}"
        failure.args = (message, *failure.args[1:])


def _first_line_only(failure: BaseException) -> None:
    said: tuple[Any, ...] = failure.args
    if said and isinstance(said[0], str):
        failure.args = (said[0].partition("\n")[0], *said[1:])
