"""What a channel is told of a booking and of an enquiry: in order, as it stands when it is sent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.bookings import BookingPage, UseMoved
from activities.ports.cases import TaskOpened
from activities.ports.enquiries import AnswerGiven, EnquiryPage
from adapters.books.bookings import BookingBook
from adapters.books.enquiries import EnquiryBook
from adapters.tables.booking import bookings
from adapters.tables.enquiry import enquiries
from adapters.webhooks.outbox import Outbox
from adapters.webhooks.postman import body_of
from adapters.webhooks.receivers import Receivers
from domain.bookings.booking import BookingStage
from domain.enquiry import EnquiryKind, EnquiryStage
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.fixtures.cases import NAME, REPORTED_AT, a_sealer

BOOKING = "bk-aaaaaaaaaaaaaaaaaaaa"
ENQUIRY = "en-aaaaaaaaaaaaaaaaaaaa"
CHANNEL = "hotline"
SECRET_WORDS = (NAME, "复查")


@pytest.fixture
async def outbox(database: AsyncEngine) -> Outbox:
    """One booking and one enquiry are asked for, and their channel is told."""
    sealer = a_sealer()
    common: dict[str, Any] = {"programme": "p", "programme_version": "1", "channel": CHANNEL}
    common |= {"customer_subject": "customer-1", "changed_at": REPORTED_AT}
    async with database.begin() as connection:
        sealed = {
            name: sealer.seal(NAME, f"bookings.{name}")
            for name in ("name", "id_number", "phone", "need", "opened")
        }
        row = {"booking_id": BOOKING, "service": "s", "person_hash": "h"}
        await connection.execute(
            insert(bookings).values(**common, **row, **sealed, requested_at=REPORTED_AT)
        )
        row = {
            "enquiry_id": ENQUIRY,
            "kind": EnquiryKind.DAILY_HEALTH.value,
            "asked_role": "customer",
        }
        words = {name: sealer.seal("复查", f"enquiries.{name}") for name in ("question", "opened")}
        await connection.execute(
            insert(enquiries).values(
                **common, **row, **words, asked_by="customer-1", asked_at=REPORTED_AT
            )
        )
    await Receivers(database, sealer).register(CHANNEL, "https://c.example/", at=REPORTED_AT)
    return Outbox(database, sealer)


def a_page(number: int, stage: BookingStage, **changes: Any) -> BookingPage:
    at = REPORTED_AT + timedelta(minutes=number)
    return BookingPage(booking_id=BOOKING, page=number, at=at, stage=stage, **changes)


async def taken(outbox: Outbox) -> list[dict[str, Any]]:
    """The bodies of everything that is due, each delivered before the next is asked for."""
    bodies = []
    while (parcel := await outbox.take(CHANNEL)) is not None:
        bodies.append(json.loads(body_of(parcel)))
        assert not [word for word in SECRET_WORDS if word in str(bodies[-1])]
        await outbox.delivered(parcel)
    return bodies


async def test_a_booking_is_told_of_in_order_with_the_state_of_the_moment_of_sending(
    database: AsyncEngine, outbox: Outbox
) -> None:
    book = BookingBook(database, a_sealer())
    choose = TaskOpened(
        task_id=f"{BOOKING}.choose_option.1",
        kind=TaskKind.CHOOSE_OPTION,
        roles=[Role.CUSTOMER],
        title="选择",
        opened_at=REPORTED_AT,
    )
    used = UseMoved(to="consumed", why="completed", at=REPORTED_AT)
    waits = a_page(2, BookingStage.CHOICE, tasks_opened=[choose], awaiting=[Role.CUSTOMER])
    for page in (a_page(1, BookingStage.REQUESTED), waits, waits):
        await book.write_booking(page)
    await book.write_booking(a_page(3, BookingStage.CLOSED, uses=[used]))
    told = await taken(outbox)
    assert [(one["type"], one["data"]["subject"]) for one in told] == [
        ("booking.stage_changed", "requested"),
        ("booking.stage_changed", "choice"),
        ("step.waiting", choose.task_id),
        ("booking.stage_changed", "closed"),
        ("unit.moved", "consumed"),
    ]
    data = told[0]["data"]
    assert (data["booking_id"], data["href"]) == (BOOKING, f"/v1/bookings/{BOOKING}")
    assert data["booking"]["stage"] == "closed", "as it stands when it is sent"
    sequence = [one["data"]["sequence"] for one in told]
    assert sequence == sorted({*sequence})


async def test_an_enquiry_is_told_of_and_its_answer_is_read_at_the_door(
    database: AsyncEngine, outbox: Outbox
) -> None:
    answer = AnswerGiven(n=1, at=REPORTED_AT, role=Role.AGENT, actor_id="a", text="复查即可")
    page = EnquiryPage(
        enquiry_id=ENQUIRY,
        page=1,
        at=REPORTED_AT,
        stage=EnquiryStage.WAITING,
        answers=[answer],
    )
    await EnquiryBook(database, a_sealer()).write(page)
    told = await taken(outbox)
    assert [(one["type"], one["data"]["subject"]) for one in told] == [
        ("enquiry.stage_changed", "waiting"),
        ("enquiry.answered", "1"),
    ]
    assert told[1]["data"]["href"] == f"/v1/enquiries/{ENQUIRY}"
