"""A conversation by text goes on after its first answer; what doctors write outlives it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.ports.bookings import RecordKept
from adapters.settings import Settings
from domain.bookings.booking import BookingStage
from domain.steps.kinds import TaskKind
from tests.builders import DOCTOR
from tests.workflows import stewards
from tests.workflows.booked import Booked, booking_opener
from workflows.bookings.consultations.talk import ANSWERED_WITHIN
from workflows.messages.bookings import MessageSaid

BookingOf = Callable[..., Any]
P02 = "pingan_value_added"


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


def kept(booked: Booked) -> list[RecordKept]:
    return [one for page in booked.pages for one in page.kept]


async def say(booked: Booked, n: int) -> None:
    await booked.handle.signal("message_said", MessageSaid(n=n, at=booked.time.now()))


async def test_whoever_writes_again_is_answered_again_until_the_conversation_closes(
    booking_of: BookingOf,
) -> None:
    """R167: 图文咨询24小时不限次交互; R154: the summary goes on in the family's record."""
    async with booking_of(P02, "family_doctor_text", "2026-09-24 10:00") as booked:
        await say(booked, 1)  # nobody is there to answer yet
        await stewards.take(booked)
        await stewards.match(booked)
        await booked.task(TaskKind.CONSULT)
        await say(booked, 2)  # that is what the doctor is asked for already
        await booked.do(TaskKind.CONSULT, DOCTOR, outcome="advised")
        await say(booked, 3)
        again = await booked.task(TaskKind.CONSULT)
        assert (again.assignee, again.subject) == (DOCTOR.id, "message")
        assert again.due_at == again.opened_at + ANSWERED_WITHIN
        await booked.do(TaskKind.CONSULT, DOCTOR, outcome="advised")
        opened = booked.clocks["G10.1"].started_at
        await booked.time.go_to(opened + timedelta(hours=23, minutes=50))
        await say(booked, 4)
        last = await booked.task(TaskKind.CONSULT)
        assert last.due_at == opened + timedelta(hours=24)
        await booked.time.go_to(opened + timedelta(hours=24))
        await booked.task(TaskKind.WRITE_SUMMARY)
        assert (await booked.task(TaskKind.BREACH)).subject == "图文咨询期满, 客户留言未答复"
        await say(booked, 5)
        await booked.do(TaskKind.WRITE_SUMMARY, DOCTOR, summary="低盐饮食")
        await booked.do(TaskKind.RATE_SERVICE, satisfaction=5)
        await booked.ends(BookingStage.CLOSED)
        opened_steps = [one.kind for page in booked.pages for one in page.tasks_opened]
        assert opened_steps.count(TaskKind.CONSULT) == 3
        [entry] = kept(booked)
        assert (entry.kind, entry.says, entry.actor_id) == (
            "summary",
            {"summary": "低盐饮食"},
            DOCTOR.id,
        )
