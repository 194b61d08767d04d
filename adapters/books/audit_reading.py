"""The audit's chain read again: whether a row was changed, removed or put in between.

Every morning reads what is new since the last reading, and goes on reading again what is old, so
many rows at a time: a day costs what a day wrote, and the whole chain is read over and over. The
row a reading ended at is written down with its hash, apart from the chain: whoever writes the
chain anew from somewhere, or cuts its end off, has to meet it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import structlog
from rich.console import Console
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.books.audit import hash_of
from adapters.database import open_database
from adapters.settings import Settings
from adapters.tables.door import audit, audit_checks

ROWS_A_MORNING: Final = 500_000
"""New rows, and as many old ones: what is more waits for the next morning."""

BREAKS_NAMED: Final = 20
"""After so many a reading names no more: a person has to look in any case."""

log = structlog.get_logger("greenlane.worker")


class Link(NamedTuple):
    """A row of the chain as it stood when it was read."""

    seq: int
    hash: str


BEGINNING: Final = Link(0, "0" * 64)
"""What the first row of the chain names as the one before it."""


class Reading(NamedTuple):
    """How far one reading came, over how many rows, and at which rows the chain did not fit."""

    end: Link
    rows: int
    broken: set[int]


async def read_on(
    connection: AsyncConnection,
    after: Link,
    *,
    until: int | None = None,
    at_most: int | None = None,
) -> Reading:
    """Read the chain on from a row that was read before, which has to stand there as it did.

    A row that does not fit is named once; the ones behind it are held against what it states.
    """
    stands = after == BEGINNING
    query = select(audit).where(audit.c.seq >= after.seq).order_by(audit.c.seq)
    if until is not None:
        query = query.where(audit.c.seq <= until)
    if at_most is not None:
        query = query.limit(at_most + (not stands))
    end, count, broken = after, 0, set[int]()
    async for row in await connection.stream(query):
        if not stands:
            stands = True
            if (row.seq, row.hash) == after:
                continue
            broken.add(after.seq)
            end = Link(after.seq, row.prev_hash)
        fits = row.prev_hash == end.hash and row.hash == hash_of(row)
        if not fits and len(broken) < BREAKS_NAMED:
            broken.add(row.seq)
        end, count = Link(row.seq, row.hash), count + 1
    return Reading(end, count, broken if stands else {after.seq})


async def first_break(engine: AsyncEngine) -> int | None:
    """The number of the first row that does not fit the chain; None when all of them do.

    The row the last reading ended at is one of them: it may have been cut off with the end.
    """
    async with engine.connect() as connection:
        whole = await read_on(connection, BEGINNING)
        read_to, _ = await _last(connection)
        at_its_place = await read_on(connection, read_to, at_most=0)
    return min([*whole.broken, *at_its_place.broken], default=None)


async def read_this_morning(engine: AsyncEngine, *, at_most: int = ROWS_A_MORNING) -> list[int]:
    """Read what is new, and some of what is old; the rows at which it ever did not fit.

    What was found is written down with how far it came, so that a reading whose answer is lost
    loses nothing.
    """
    async with engine.begin() as connection:
        read_to, again_from = await _last(connection)
        known = set((await connection.execute(_KNOWN)).scalars())
        new = await read_on(connection, read_to, at_most=at_most)
        old = await read_on(connection, again_from, until=read_to.seq, at_most=at_most)
        again_to = BEGINNING if old.end.seq >= read_to.seq else old.end
        found = new.broken | old.broken
        await connection.execute(
            insert(audit_checks).values(
                read_to=new.end.seq,
                read_hash=new.end.hash,
                again_to=again_to.seq,
                again_hash=again_to.hash,
                rows=new.rows + old.rows,
                broken=sorted(found),
            )
        )
    for row in sorted(found - known):
        log.error("audit_broken", row=row)
    return sorted(found | known)


async def verify_and_tell(settings: Settings, console: Console) -> int:
    """Read the whole chain; 0 when it holds, 1 with the number of the row that does not fit."""
    engine = open_database(settings.libpq_url)
    try:
        broken = await first_break(engine)
    finally:
        await engine.dispose()
    if broken is None:
        console.print("审计链完整 / the audit holds: no row was changed, removed or put in between")
        return 0
    console.print(f"审计链自第 {broken} 行起不符 / the audit breaks at row {broken}", style="red")
    return 1


_KNOWN: Final = select(func.unnest(audit_checks.c.broken)).distinct()


async def _last(connection: AsyncConnection) -> tuple[Link, Link]:
    """Where the last reading ended, and where the next one reads on what is old."""
    newest = select(audit_checks).order_by(audit_checks.c.n.desc()).limit(1)
    row = (await connection.execute(newest)).one_or_none()
    if row is None:
        return BEGINNING, BEGINNING
    return Link(row.read_to, row.read_hash), Link(row.again_to, row.again_hash)
