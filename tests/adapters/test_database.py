"""The pool: what the server hung up on is replaced before, or at the latest after, it is used."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters import database as pool
from adapters.database import open_database
from adapters.door.unit import BOOKS_AWAY


async def _hung_up(engine: AsyncEngine, database_url: str) -> None:
    """Two connections in the pool, and the server ends both, as a restart does."""
    async with engine.connect() as one, engine.connect() as two:
        await one.execute(text("SELECT 1"))
        await two.execute(text("SELECT 1"))
    other = open_database(database_url)
    async with other.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await other.dispose()


async def _answers(engine: AsyncEngine) -> bool:
    async with engine.begin() as connection:
        return bool((await connection.execute(text("SELECT 1"))).scalar_one())


async def test_a_connection_that_lay_idle_is_asked_first_and_nobody_notices_a_restart(
    database: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "BELIEVED_S", 0.0)
    await _hung_up(database, database_url)
    assert await _answers(database)
    assert await _answers(database)


async def test_of_connections_just_used_one_fails_as_away_and_takes_the_others_with_it(
    database: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "BELIEVED_S", 3600.0)
    await _hung_up(database, database_url)
    with pytest.raises(OperationalError) as failed:
        await _answers(database)
    assert isinstance(failed.value, BOOKS_AWAY)
    assert await _answers(database)
    assert await _answers(database)
