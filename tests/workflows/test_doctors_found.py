"""Who talks to the customer: a doctor found again when one fails, a line that is not endless."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.settings import Settings
from domain.bookings.booking import BookingStage
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import CUSTOMER, REVIEWER
from tests.workflows import stewards
from tests.workflows.booked import booking_opener, refused
from tests.workflows.doctors import a_slot
from workflows.messages.bookings import MessageSaid
from workflows.messages.matters import Actor

BookingOf = Callable[..., Any]
P02 = "pingan_value_added"
DIRECT = (P02, "expert_phone_direct")
BY_TEXT = (P02, "family_doctor_text")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def test_a_chat_is_open_for_who_was_advised_and_another_doctor_is_found_for_who_was_not(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*BY_TEXT, "2026-09-24 10:00") as booked:
        await stewards.take(booked)
        await stewards.match(booked)
        stranger = Actor(role=Role.DOCTOR, id="doctor-9")
        assert await refused(booked.do(TaskKind.CONSULT, stranger, outcome="advised")) == "actor"
        assert await refused(booked.do(TaskKind.CONSULT, REVIEWER, outcome="advised")) == "outcome"
        await booked.do(TaskKind.CONSULT, REVIEWER, outcome="provider_failed")  # he is ill
        assert await refused(stewards.match(booked)) == "doctor"
        await stewards.match(booked, "doctor-9")
        opened = (await booked.until(lambda: booked.clocks["G10.2"])).started_at
        assert (await booked.task(TaskKind.CONSULT)).assignee == "doctor-9"
        await booked.time.go_to(opened + timedelta(hours=24))
        silent = "图文咨询期满, 医生未答复"
        await booked.until(lambda: silent in {one.subject for one in booked.open_tasks.values()})
        await stewards.match(booked, "doctor-8")
        opened = (await booked.until(lambda: booked.clocks["G10.3"])).started_at
        wrote = MessageSaid(n=1, at=booked.time.now(), by="doctor")
        await booked.handle.signal("message_said", wrote)
        await booked.time.go_to(opened + timedelta(hours=24))
        await booked.task(TaskKind.WRITE_SUMMARY)  # he has said something, if not at his step
        assert booked.lines.count("provider_failed") == 2


async def test_who_signed_in_waits_for_no_person_and_in_line_only_so_long(
    booking_of: BookingOf,
) -> None:
    """G14: an order with nobody before it is called within five minutes of being placed."""
    async with booking_of(*DIRECT, "2026-09-24 10:00", by=CUSTOMER) as booked:
        duty = a_slot(booked, "2026-09-24 09:00", ends_at=booked.at("2026-09-24 12:00"))
        booked.roster.slots, booked.roster.taken = [duty], {duty.slot_id: "bk-another"}
        await booked.until(lambda: "queued" in booked.lines)
        assert booked.open_tasks == {}
        await booked.go_to("2026-09-24 10:29")
        assert booked.stage is BookingStage.COORDINATING
        await booked.go_to("2026-09-24 10:31")
        await booked.ends(BookingStage.UNAVAILABLE)
        assert (booked.unit, booked.told[-1]) == ("given_back", "booking_unavailable")
    async with booking_of(*DIRECT, "2026-09-24 10:00") as booked:
        asked = await booked.task(TaskKind.TAKE_REQUEST)
        assert asked.due_at == booked.at("2026-09-24 10:05")
