"""A year of rehabilitation calls in virtual time: each on its day, each written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from adapters.settings import Settings
from domain.bookings.booking import BookingStage
from domain.bookings.rehabilitation import call_days
from domain.calendar import SHANGHAI, civil_date
from domain.programmes.services import Shape
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import PROGRAMMES, Booked, booking_opener, refused

BookingOf = Callable[..., Any]
P13 = ("ruitai_ci", "rehab_management")
HISTORY_MAX = 2_000
"""A whole year stays far below the 51,200 events a run may have: no run need be continued."""
SERVICES = [
    (programme.code, service.code)
    for programme in PROGRAMMES.values()
    for service in programme.services
    if service.shape is Shape.REHABILITATION
]
"""Every year of calls of every programme."""


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings, P13)


async def _planned(booked: Booked, calls: int) -> list[date]:
    """A plan from today on; the days it names (`tests/domain/test_rehabilitation.py`)."""
    await stewards.take(booked)
    await stewards.hand_in(booked, *P13)
    await stewards.agree(booked, TaskKind.PLAN_CARE)
    return await _plan(booked, calls)


async def _plan(booked: Booked, calls: int) -> list[date]:
    first = booked.today
    form: dict[str, Any] = {"first_visit_on": first.isoformat(), "calls": calls, "plan": "循序渐进"}
    await booked.do(TaskKind.PLAN_CARE, None, **form)
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    return call_days(first, asked_on=first, calls=calls)


async def _on(booked: Booked, day: date, hour: int = 10) -> None:
    await booked.time.go_to(datetime.combine(day, time(hour), SHANGHAI))


async def _called(booked: Booked, *, reached: bool = True) -> None:
    said: dict[str, Any] = {"condition": "恢复良好", "advice": "每日散步"} if reached else {}
    await booked.do(TaskKind.CARE_CALL, reached=reached, **said)


@pytest.mark.parametrize(("programme", "service"), SERVICES)
async def test_five_calls_over_a_year_each_on_its_day_and_written_down(
    booking_of: BookingOf, programme: str, service: str
) -> None:
    async with booking_of(programme, service, "2026-09-24 10:00") as booked:
        days = await _planned(booked, calls=5)
        await booked.until(lambda: "booking_planned" in booked.told)
        told = [one.text for page in booked.pages for one in page.notices][-1]
        assert all(day.isoformat() in told for day in days)
        for number, day in enumerate(days, start=1):
            await _on(booked, day, hour=9)
            task = await booked.task(TaskKind.CARE_CALL)
            assert (task.subject, civil_date(task.opened_at)) == (f"{number}/5 #1", day)
            await _called(booked)
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"
        assert booked.lines.count("care_call") == 2 * 5  # done by the steward, told by the story
        events = [event async for event in booked.handle.fetch_history_events()]
        assert len(events) < HISTORY_MAX


async def test_a_call_in_vain_is_tried_on_the_next_days_and_its_day_is_watched(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        assert await _refused_plans(booked) == ["calls", "first_visit_on", "first_visit_on"]
        first, last = await _plan(booked, calls=2)
        await _on(booked, first)
        for attempt in (1, 2, 3):
            task = await booked.task(TaskKind.CARE_CALL)
            assert task.subject == f"1/2 #{attempt}"
            await _called(booked, reached=False)
            await booked.until(lambda n=attempt: booked.lines.count("not_reached") == n)
            await booked.time.go_to(booked.time.now() + timedelta(days=1))
        await booked.until(lambda: "call_missed" in booked.lines)
        assert booked.unit is None
        await _on(booked, last + timedelta(days=1), hour=1)  # the steward let the last day pass
        await booked.task(TaskKind.BREACH)
        await _called(booked)
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"


async def _refused_plans(booked: Booked) -> list[str]:
    await stewards.take(booked)
    await stewards.hand_in(booked, *P13)
    await stewards.agree(booked, TaskKind.PLAN_CARE)
    plans = [("2026-09-24", 6), ("2026-09-25", 1), ("2025-09-24", 1)]
    return [
        await refused(
            booked.do(
                TaskKind.PLAN_CARE,
                first_visit_on=booked.day(day).isoformat(),
                calls=calls,
                plan="循序渐进",
            )
        )
        for day, calls in plans
    ]


async def test_after_the_cover_ends_nobody_is_called_any_more(booking_of: BookingOf) -> None:
    async with booking_of(at="2026-09-24 10:00", covered_for=100) as booked:
        first, *_ = await _planned(booked, calls=5)
        await _on(booked, first)
        await _called(booked)
        await booked.ends(BookingStage.CLOSED)
        assert "cover_ended" in booked.lines
        assert booked.lines.count("care_call") == 2


async def test_giving_up_before_the_first_call_gives_the_unit_back_and_later_not(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-24 10:00") as booked:
        await _planned(booked, calls=5)
        await booked.go_to("2026-11-01 10:00")
        await booked.give_up()
        await booked.ends(BookingStage.CANCELLED)
        assert booked.unit == "given_back"
    async with booking_of(at="2026-09-24 10:00") as booked:
        first, *_ = await _planned(booked, calls=5)
        await _on(booked, first)
        await _called(booked)
        await booked.until(lambda: booked.unit == "consumed")
        await booked.give_up()
        await booked.ends(BookingStage.CANCELLED)
        assert booked.unit == "consumed"
