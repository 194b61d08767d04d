"""Brings a database to the newest schema; no ini file, no working directory, no command needed.

Two processes that migrate at once take turns: the whole run happens in one transaction under an
advisory lock, so that a failed migration leaves the database as it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from adapters.database import sqlalchemy_url

_HERE: Final = Path(__file__).resolve().parent
_LOCK: Final = 0x677265656E  # any number will do, as long as every migration takes the same one


def migrate(database_url: str) -> str:
    """Apply what is missing and return the revision the database then has. Safe to run twice."""
    engine = _engine(database_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(config(connection), "head")
            return _revision(connection)
    finally:
        engine.dispose()


def revision(database_url: str) -> str:
    """The revision a database has; empty before its first migration."""
    engine = _engine(database_url)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    finally:
        engine.dispose()


def newest() -> str:
    """The revision this release needs; `/readyz` compares it with what the database has."""
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def config(connection: Connection | None = None) -> Config:
    """What alembic is told: where the scripts are and which connection to use."""
    settings = Config()
    settings.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    settings.attributes["connection"] = connection
    return settings


def _revision(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


def _engine(database_url: str) -> Engine:
    return create_engine(
        sqlalchemy_url(database_url), poolclass=NullPool, echo=False, hide_parameters=True
    )
