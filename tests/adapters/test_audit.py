"""The audit chain: unbroken under many writers, and telling when somebody reached into it."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from rich.console import Console
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.books.audit import write_audit
from adapters.books.audit_reading import first_break, read_this_morning, verify_and_tell
from adapters.settings import Settings
from adapters.tables.door import audit, audit_checks

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


async def reach_in(database: AsyncEngine, act: str, seq: int) -> None:
    """Change the audit as only its owner can."""
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_only_grows"))
        await connection.execute(text(act), {"seq": seq})
        await connection.execute(text("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_only_grows"))


async def rows_of(database: AsyncEngine) -> list[int]:
    async with database.connect() as connection:
        return list((await connection.execute(select(audit.c.seq).order_by(audit.c.seq))).scalars())


async def rows_read(database: AsyncEngine) -> list[int]:
    async with database.connect() as connection:
        read = select(audit_checks.c.rows).order_by(audit_checks.c.n)
        return list((await connection.execute(read)).scalars())


async def test_a_morning_reads_what_is_new_and_goes_on_with_what_is_old(
    database: AsyncEngine,
) -> None:
    for number in range(5):
        await note(database, str(number))
    for _ in range(4):
        assert await read_this_morning(database, at_most=2) == []
    # Two new ones; two and the two again; the fifth and two again; the rest of the five.
    assert await rows_read(database) == [2, 4, 3, 2]


async def test_a_break_is_found_when_its_row_is_read_again_and_is_never_forgotten(
    database: AsyncEngine,
) -> None:
    for number in range(4):
        await note(database, str(number))
    assert await read_this_morning(database) == []
    _, second, *_ = await rows_of(database)
    await reach_in(database, "UPDATE audit SET actor_id = 'agent-2' WHERE seq = :seq", second)
    assert await read_this_morning(database) == [second]
    await reach_in(database, "UPDATE audit SET actor_id = 'agent-1' WHERE seq = :seq", second)
    assert await read_this_morning(database) == [second]


async def test_an_end_that_was_cut_off_shows_though_the_rest_fits(
    database: AsyncEngine, settings: Settings
) -> None:
    for number in range(3):
        await note(database, str(number))
    assert await read_this_morning(database) == []
    *_, last = await rows_of(database)
    await reach_in(database, "DELETE FROM audit WHERE seq = :seq", last)
    assert await verify_and_tell(settings, Console(file=io.StringIO())) == 1
    await note(database, "written by whoever cut it off")
    assert await first_break(database) == last
    assert await read_this_morning(database) == [last]
