"""The audit chain: unbroken under many writers, and telling when somebody reached into it."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from rich.console import Console
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.books.audit import first_break, verify_and_tell, write_audit
from adapters.settings import Settings
from adapters.tables.door import audit

AT = datetime(2026, 5, 6, 0, 40, 0, 120, tzinfo=UTC)


async def note(database: AsyncEngine, subject: str, at: datetime = AT) -> None:
    async with database.begin() as connection:
        await write_audit(
            connection,
            at=at,
            actor_role="agent",
            actor_id="agent-1",
            action="case.viewed",
            subject=subject,
        )


async def test_the_chain_holds_under_many_writers_and_a_rollback(database: AsyncEngine) -> None:
    async def fails() -> None:
        async with database.connect() as connection:
            await write_audit(
                connection, at=AT, actor_role="a", actor_id="b", action="never.happened"
            )
            await connection.rollback()

    beijing = AT.astimezone(timezone(timedelta(hours=8)))
    writers = [note(database, str(number), beijing) for number in range(20)]
    await asyncio.gather(*writers, *(fails() for _ in range(5)))
    assert await first_break(database) is None
    async with database.connect() as connection:
        count = await connection.execute(select(func.count()).select_from(audit))
        assert count.scalar_one() == 20


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE audit SET actor_id = 'agent-2' WHERE seq = :seq",
        "UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = :seq",
        "DELETE FROM audit WHERE seq = :seq",
    ],
)
async def test_a_row_that_was_changed_or_removed_shows(
    database: AsyncEngine, settings: Settings, act: str
) -> None:
    for number in range(4):
        await note(database, str(number))
    async with database.begin() as connection:
        seq = (
            await connection.execute(select(audit.c.seq).order_by(audit.c.seq).offset(1).limit(1))
        ).scalar_one()
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_only_grows"))
        await connection.execute(text(act), {"seq": seq})
    broken = await first_break(database)
    assert broken is not None
    assert broken in {seq, seq + 1}
    told = io.StringIO()
    assert await verify_and_tell(settings, Console(file=told)) == 1
    assert f" {broken} " in told.getvalue()


async def test_an_empty_audit_is_whole(database: AsyncEngine, settings: Settings) -> None:
    assert await first_break(database) is None
    assert await verify_and_tell(settings, Console(file=io.StringIO())) == 0
