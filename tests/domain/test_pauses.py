"""A promise stands still while the customer owes us something, and then has what was left of it."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import Budget, Clock, ClockState, Pause, Unit, WarnRule, due_after, due_at
from domain.hours import ServiceHours
from tests.builders import a_calendar, civil

CALENDAR = a_calendar()
THREE_DAYS = Budget(amount=3, unit=Unit.WORKING_DAY)


def a_clock(budget: Budget = THREE_DAYS, at: str = "2026-09-28 10:00") -> Clock:
    return Clock.start(
        clock_id="G20",
        name="审核",
        number=1,
        started_at=civil(at),
        budget=budget,
        warn=WarnRule(remaining_percent=20),
        calendar=CALENDAR,
    )


def after(budget: Budget, start: str, from_at: str, until: str, *, counts: bool = True) -> datetime:
    pause = Pause(from_at=civil(from_at), until_at=civil(until), why="等待", counts=counts)
    return due_after(due_at(civil(start), budget, CALENDAR), pause, budget, CALENDAR)


@pytest.mark.parametrize(
    ("amount", "unit", "from_at", "until", "due"),
    [
        # Due on 8 October: 29 and 30 September, then the holiday.
        (3, Unit.WORKING_DAY, "2026-09-29 09:00", "2026-09-29 18:00", "2026-10-09 00:00"),
        (3, Unit.WORKING_DAY, "2026-09-29 09:00", "2026-09-30 09:00", "2026-10-10 00:00"),
        (3, Unit.WORKING_DAY, "2026-09-29 09:00", "2026-10-09 09:00", "2026-10-13 00:00"),
        (3, Unit.WORKING_DAY, "2026-10-08 09:00", "2026-10-09 09:00", "2026-10-10 00:00"),
        (3, Unit.WORKING_DAY, "2026-10-09 00:00", "2026-10-12 09:00", "2026-10-09 00:00"),
        (3, Unit.NATURAL_DAY, "2026-09-29 09:00", "2026-10-03 09:00", "2026-10-06 00:00"),
        (24, Unit.HOUR, "2026-09-28 12:00", "2026-09-28 15:30", "2026-09-29 13:30"),
        (30, Unit.MINUTE, "2026-09-28 10:20", "2026-09-28 11:20", "2026-09-28 11:30"),
    ],
)
def test_what_was_left_of_a_budget_counts_from_the_end_of_the_pause(
    amount: int, unit: Unit, from_at: str, until: str, due: str
) -> None:
    budget = Budget(amount=amount, unit=unit)
    assert after(budget, "2026-09-28 10:00", from_at, until) == civil(due)


def test_a_pause_that_is_only_kept_moves_nothing() -> None:
    """C-63: the missing slip does not move the start, but the pause is recorded."""
    moved = after(
        THREE_DAYS, "2026-09-28 10:00", "2026-09-29 09:00", "2026-10-09 09:00", counts=False
    )
    assert moved == due_at(civil("2026-09-28 10:00"), THREE_DAYS, CALENDAR)
    kept = a_clock().stand(civil("2026-09-29 09:00"), why="住院单未齐", counts=False)
    assert (kept.stands_still, kept.standing is not None) == (False, True)
    assert kept.breach(kept.due_at).state is ClockState.BREACHED


def test_with_service_hours_a_day_ends_at_closing_time() -> None:
    hours = ServiceHours(
        code="office",
        name="办公",
        days="working_days",
        opens=time(9, 30),
        closes=time(18),
        source="inferred",
    )
    start = due_at(civil("2026-09-28 10:00"), THREE_DAYS, CALENDAR, hours=hours)
    pause = Pause(
        from_at=civil("2026-09-29 09:00"), until_at=civil("2026-09-30 09:00"), why="", counts=True
    )
    assert due_after(start, pause, THREE_DAYS, CALENDAR, hours=hours) == civil("2026-10-09 18:00")


def test_a_clock_that_stands_still_neither_warns_nor_breaks_and_goes_on_once() -> None:
    clock = a_clock()
    still = clock.stand(civil("2026-09-29 09:00"), why="等待客户", counts=True)
    assert still.stands_still
    assert still.stand(civil("2026-09-29 10:00"), why="again", counts=True) is still
    late = civil("2026-10-20 00:00")
    assert still.warn(late) is still
    assert still.breach(late) is still
    on = still.go_on(civil("2026-10-09 09:00"))
    assert on.pauses[0].until_at == civil("2026-10-09 09:00")
    assert not on.stands_still
    assert on.go_on(late) is on
    assert on.breach(late).breached_at == late
    met = still.meet(late)
    assert (met.state, met.stand(late, why="", counts=True) is met) == (ClockState.MET_LATE, True)


@given(
    st.sampled_from(Unit),
    st.integers(min_value=1, max_value=9),
    st.integers(min_value=0, max_value=500),
    st.integers(min_value=0, max_value=500),
)
def test_a_pause_never_brings_a_deadline_nearer(
    unit: Unit, amount: int, begins_h: int, lasts_h: int
) -> None:
    budget, start = Budget(amount=amount, unit=unit), civil("2026-09-10 10:00")
    due, began = due_at(start, budget, CALENDAR), start + timedelta(hours=begins_h)
    pause = Pause(from_at=began, until_at=began + timedelta(hours=lasts_h), why="", counts=True)
    assert due <= due_after(due, pause, budget, CALENDAR) <= due + timedelta(days=60)
