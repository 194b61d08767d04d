"""How services fare: what became of bookings, who did not keep a word, what surveys found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.bookings import BookingPage
from activities.ports.cases import TaskClosed, TaskOpened, TimelineEntry
from adapters.books.bookings import BookingBook
from adapters.reports.bookings import BookingReportRows
from adapters.tables.booking import bookings
from domain.bookings.booking import BookingStage
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.fixtures.cases import REPORTED_AT, a_sealer

P07 = "pingan_pc_haoran"
SPAN: dict[str, Any] = {
    "since": REPORTED_AT,
    "until": REPORTED_AT + timedelta(days=1),
    "programmes": [P07],
}
FOUND = {"satisfaction": 4, "on_time": True, "findings": "陪诊准时"}


async def a_booking(database: AsyncEngine, number: int, **changes: Any) -> str:
    """A booking of P07, as the door writes it."""
    booking_id, sealer = f"bk-{'abcdefgh'[number] * 20}", a_sealer()
    row = {
        "booking_id": booking_id,
        "programme": P07,
        "programme_version": "1",
        "service": "visit_escort",
        "channel": "hotline",
        "person_hash": f"h-{number}",
        "requested_at": REPORTED_AT + timedelta(minutes=number),
        "changed_at": REPORTED_AT,
    }
    names = ("name", "id_number", "phone", "need", "opened")
    sealed = {name: sealer.seal("甲", f"bookings.{name}") for name in names}
    async with database.begin() as connection:
        await connection.execute(insert(bookings).values(**(row | sealed | changes)))
    return booking_id


async def test_bookings_are_counted_by_their_end_and_a_providers_failures_with_them(
    database: AsyncEngine,
) -> None:
    book = BookingBook(database, a_sealer())
    ends = [
        (BookingStage.TERMINATED, "no_show"),
        (BookingStage.TERMINATED, "no_show"),
        (BookingStage.CLOSED, ""),
        (BookingStage.COORDINATING, ""),
    ]
    for number, (stage, reason) in enumerate(ends):
        booking_id = await a_booking(database, number)
        failed = TimelineEntry(
            at=REPORTED_AT, role=Role.AGENT, actor_id="a", event="provider_failed", text="…"
        )
        lines = [failed] * (2 if stage is BookingStage.COORDINATING else 0)
        page = {"booking_id": booking_id, "page": 1, "at": REPORTED_AT, "stage": stage}
        await book.write_booking(BookingPage(**page, reason=reason, timeline=lines))
    await a_booking(database, 5, requested_at=REPORTED_AT - timedelta(days=1))
    await a_booking(database, 6, programme="other")
    async with database.connect() as connection:
        rows = BookingReportRows(connection, a_sealer())
        counted = await rows.outcomes(**SPAN)
        [failures] = await rows.failures(**SPAN)
    assert {(one["stage"], one["reason"], one["count"]) for one in counted} == {
        ("terminated", "no_show", 2),
        ("closed", "", 1),
        ("coordinating", "", 1),
    }
    assert (failures["service"], failures["count"]) == ("visit_escort", 2)


async def test_what_a_survey_found_is_read_by_the_insurer_and_stands_only_sealed(
    database: AsyncEngine,
) -> None:
    """R434: P07's insurer is owed a report of the quality of each service."""
    booking_id = await a_booking(database, 0)
    task_id = f"{booking_id}.survey_report.1"
    opened = TaskOpened(
        task_id=task_id,
        kind=TaskKind.SURVEY_REPORT,
        roles=[Role.AGENT],
        title="…",
        opened_at=REPORTED_AT,
    )
    closed = TaskClosed(task_id=task_id, closed_at=REPORTED_AT, done=True, form=FOUND)
    page = {"booking_id": booking_id, "page": 1, "at": REPORTED_AT, "stage": BookingStage.CLOSED}
    page |= {"tasks_opened": [opened], "tasks_closed": [closed]}
    await BookingBook(database, a_sealer()).write_booking(BookingPage(**page))
    async with database.connect() as connection:
        [found] = await BookingReportRows(connection, a_sealer()).surveys(**SPAN)
    assert {name: found[name] for name in FOUND} == FOUND
    assert (found["booking_id"], found["reported_at"]) == (booking_id, REPORTED_AT)
