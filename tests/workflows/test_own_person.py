"""Who serves a booking, and that nobody is asked before it is approved (P18, P19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.settings import Settings
from domain.bookings.booking import BookingStage
from domain.steps.kinds import TaskKind
from tests.builders import AGENT, DISPATCHER
from tests.workflows import stewards
from tests.workflows.booked import booking_opener

BookingOf = Callable[..., Any]
P18 = ("xintai_million_guard", "expert_outpatient")
P19 = ("annex2_ci_inpatient", "inpatient_arrangement")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def test_one_person_of_ours_is_named_and_is_the_one_who_confirms(
    booking_of: BookingOf,
) -> None:
    """R730: 我司将安排专人联系客户提供服务."""
    async with booking_of(*P19, "2026-08-31 10:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P19, slip_issued_on=booked.day("2026-08-31").isoformat())
        await stewards.agree(booked, TaskKind.NAME_PERSON)
        await booked.do(TaskKind.NAME_PERSON, DISPATCHER, staff_id=AGENT.id)
        await stewards.arrange(booked, "2026-09-03 09:00")
        task = await booked.task(TaskKind.CONFIRM_BOOKING)
        assert task.assignee == AGENT.id
        assert booked.pages[-1].owner == AGENT.id
        assert "person_named" in booked.lines


async def test_nothing_is_arranged_before_it_is_approved(booking_of: BookingOf) -> None:
    """R690: 审核通过后启动服务安排."""
    async with booking_of(*P18, "2026-08-31 10:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *P18)
        await booked.task(TaskKind.REVIEW_BOOKING)
        assert booked.stage is BookingStage.MEDICAL_REVIEW
        assert TaskKind.ARRANGE_SERVICE not in {one.kind for one in booked.open_tasks.values()}
        await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
        assert booked.pages[-1].stage is BookingStage.COORDINATING
