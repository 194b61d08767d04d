"""Rosters on a real PostgreSQL: a slot goes to one of many, and the line keeps its order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.rosters import LineUp, Take
from adapters.books.roster import IN_LINE_FOR, Roster, RosterRows
from adapters.tables.roster import slot_takings
from domain.bookings.roster import Slot, Turn
from domain.programmes.services import DoctorLevel
from tests.builders import programmes

AT = datetime(2026, 9, 24, 2, 0, tzinfo=UTC)
P02 = next(one for one in programmes() if one.code == "pingan_value_added")
EXPERT = P02.service("expert_phone_appointment")
QUARTER = timedelta(minutes=15)


def a_slot(number: int, **changes: Any) -> Slot:
    starts_at = AT + number * QUARTER
    known: dict[str, Any] = {
        "slot_id": f"s-{number}",
        "department": "心内科",
        "doctor": "doctor-1",
        "doctor_level": DoctorLevel.CHIEF,
        "hospital_rank": 3,
        "starts_at": starts_at,
        "ends_at": starts_at + QUARTER,
    }
    return Slot.model_validate(known | changes)


def wish(booking: str, slot_id: str) -> Take:
    return Take(booking_id=booking, programme=P02.code, slot_id=slot_id, at=AT)


def order(booking: str, *, at: datetime = AT, after_s: int = 0) -> LineUp:
    return LineUp(
        booking_id=booking,
        programme=P02.code,
        service=P02.service("expert_phone_direct"),
        call_within_s=300,
        placed_at=AT + timedelta(seconds=after_s),
        at=at,
    )


async def publish(database: AsyncEngine, *slots: Slot) -> None:
    async with database.begin() as connection:
        await RosterRows(connection).publish(P02.code, slots, at=AT)


async def free(database: AsyncEngine, **wanted: Any) -> list[str]:
    asked: dict[str, Any] = {"department": None, "doctor": None, "after": None, "limit": 50}
    async with database.begin() as connection:
        rows = RosterRows(connection)
        found = await rows.free(P02.code, EXPERT, since=AT, **asked | wanted)
    return [slot.slot_id for slot in found]


@pytest.fixture
def roster(database: AsyncEngine) -> Roster:
    return Roster(database)


async def test_a_slot_that_many_take_at_once_goes_to_one(
    database: AsyncEngine, roster: Roster
) -> None:
    await publish(database, a_slot(1), a_slot(2))
    for number in range(12):  # each holds nothing, or something else it must not lose
        if number % 2:
            await publish(database, a_slot(10 + number))
            assert await roster.take(wish(f"bk-{number}", f"s-{10 + number}"))
    wishes = [wish(f"bk-{number}", "s-1") for number in range(12)] * 2
    won = await asyncio.gather(*(roster.take(one) for one in wishes))
    winners = {one.booking_id for one, got in zip(wishes, won, strict=True) if got}
    assert len(winners) == 1
    held = {f"s-{10 + number}" for number in range(12) if number % 2}
    freed = held & set(await free(database))
    assert len(freed) <= 1  # only the winner's, if it held one
    assert "s-1" not in await free(database)
    await roster.leave(winners.pop())
    assert "s-1" in await free(database)


async def test_a_booking_holds_one_slot_and_none_that_was_withdrawn(
    database: AsyncEngine, roster: Roster
) -> None:
    await publish(database, a_slot(1), a_slot(2))
    assert await roster.take(wish("bk-1", "s-1"))
    assert await roster.take(wish("bk-1", "s-2"))
    assert await free(database) == ["s-1"]
    async with database.begin() as connection:
        rows = RosterRows(connection)
        assert await rows.withdraw("s-2", at=AT) == (True, "bk-1")
        assert await rows.withdraw("s-9", at=AT) == (False, None)
    assert not await roster.take(wish("bk-2", "s-2"))
    assert not await roster.take(wish("bk-2", "s-9"))


async def test_free_slots_come_page_by_page_of_the_promised_doctors_only(
    database: AsyncEngine,
) -> None:
    await publish(
        database,
        a_slot(0),  # begins now
        *(a_slot(number) for number in (3, 1, 2)),
        a_slot(4, doctor="doctor-2", department="骨科"),
        a_slot(5, doctor="doctor-3", hospital_rank=101),
        a_slot(6, doctor="doctor-3", hospital_rank=None),
        a_slot(7, doctor="doctor-4", doctor_level=DoctorLevel.ATTENDING),
    )
    assert await free(database) == ["s-1", "s-2", "s-3", "s-4"]
    assert await free(database, limit=2, after="s-1") == ["s-2", "s-3"]
    assert await free(database, department="骨科") == ["s-4"]
    assert await free(database, doctor="doctor-1", after="s-2") == ["s-3"]
    assert await free(database, not_by=["doctor-1"]) == ["s-4"]  # who has not come before


async def test_orders_for_a_doctor_on_duty_are_served_in_their_order(
    database: AsyncEngine, roster: Roster
) -> None:
    assert (await roster.line_up(order("bk-0"))).turn is Turn.NOBODY
    await publish(database, a_slot(0, ends_at=AT + timedelta(hours=2)))
    first = await roster.line_up(order("bk-1"))
    assert (first.turn, first.slot and first.slot.slot_id) == (Turn.NOW, "s-0")
    assert await roster.line_up(order("bk-1")) == first  # asked again, the same answer
    for number in (3, 2):
        place = await roster.line_up(order(f"bk-{number}", after_s=number))
        assert place.turn is Turn.WAITS
    await roster.leave("bk-1")
    later = AT + timedelta(minutes=1)
    let_down = order("bk-1", at=later).model_copy(update={"not_by": ["doctor-1"]})
    assert (await roster.line_up(let_down)).turn is Turn.NOBODY
    assert (await roster.line_up(order("bk-3", after_s=3, at=later))).ahead == 1
    assert (await roster.line_up(order("bk-2", after_s=2, at=later))).turn is Turn.NOW


async def test_an_order_that_looks_no_more_holds_up_nobody(
    database: AsyncEngine, roster: Roster
) -> None:
    await publish(database, a_slot(0, ends_at=AT + timedelta(hours=2)))
    await roster.take(wish("bk-0", "s-0"))
    await roster.line_up(order("bk-1"))
    await roster.leave("bk-0")
    assert (await roster.line_up(order("bk-2", after_s=1))).ahead == 1
    later = AT + IN_LINE_FOR + timedelta(seconds=1)
    assert (await roster.line_up(order("bk-2", after_s=1, at=later))).turn is Turn.NOW


async def _stuck(database: AsyncEngine, number: int, *unless: asyncio.Task[Any]) -> None:
    """Wait until so many wait for a lock, or one of those that should wait is done."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(20), database.connect() as connection:
        while not any(task.done() for task in unless):
            if (await connection.execute(waiting)).scalar_one() >= number:
                return
            await connection.rollback()


@pytest.mark.parametrize("way", ["take", "line_up"])
async def test_a_slot_that_is_taken_while_it_is_withdrawn_is_told_or_not_had(
    database: AsyncEngine, roster: Roster, way: str
) -> None:
    """Whichever is first, no booking holds a withdrawn slot of which it was told nothing."""

    async def taken(booking: str) -> bool:
        if way == "take":
            return await roster.take(wish(booking, "s-0"))
        return (await roster.line_up(order(booking))).slot is not None

    async def withdrawn() -> tuple[bool, str | None]:
        async with database.begin() as connection:
            return await RosterRows(connection).withdraw("s-0", at=AT)

    await publish(database, a_slot(0))
    async with database.connect() as other:  # somebody else is taking it, and does not in the end
        row = {"slot_id": "s-0", "booking_id": "bk-0", "taken_at": AT}
        await other.execute(insert(slot_takings).values(row))
        first = asyncio.create_task(taken("bk-1"))
        await _stuck(database, 1, first)
        second = asyncio.create_task(withdrawn())
        await _stuck(database, 2, second)
        await other.rollback()
    assert (await first, await second) == (True, (True, "bk-1"))

    await roster.leave("bk-1")
    await publish(database, a_slot(0, slot_id="s-9", doctor="doctor-9"))
    async with database.connect() as other:  # the slot is withdrawn, and that does not stand yet
        rows = RosterRows(other)
        assert await rows.withdraw("s-9", at=AT) == (True, None)
        late = roster.take(wish("bk-2", "s-9")) if way == "take" else taken("bk-2")
        third = asyncio.create_task(late)
        await _stuck(database, 1, third)
        await other.commit()
    assert not await third
