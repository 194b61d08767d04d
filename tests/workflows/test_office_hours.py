"""Service hours hold back every clock of a running case: the office of P19 over Mid-Autumn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.clock import ClockState
from domain.programmes.programme import Programme
from tests.builders import a_calendar, a_programme, programmes
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.matters import NewCalendar

CaseOf = Callable[..., Any]

(OFFICE,) = next(one for one in programmes() if one.code == "annex2_ci_inpatient").hours


def with_an_office() -> Programme:
    """P01's clocks in the office hours of P19, so that minutes, hours and days are all held."""
    p01 = a_programme()
    return p01.model_copy(
        update={
            "hours": (OFFICE,),
            "clocks": tuple(
                clock.model_copy(update={"hours": OFFICE.code}) for clock in p01.clocks
            ),
        }
    )


async def _reported(case: Case) -> dict[str, Any]:
    await case.open(programme=with_an_office().moved(case.moved_by))
    await case.until(lambda: case.clocks["K04.1"])
    return {name: case.civil(case.clocks[name].due_at) for name in ("K02.1", "K03.1", "K04.1")}


async def test_after_hours_on_a_holidays_eve_every_clock_waits_for_the_next_opening(
    case_of: CaseOf,
) -> None:
    """Story 2: Thursday 24 September 18:20, closed; the office opens on Monday at 9:30."""
    async with case_of("2026-09-24 18:20") as case:
        assert await _reported(case) == {
            "K02.1": "09-28 10:00",  # 30 min
            "K03.1": "09-29 09:30",  # 24 h
            "K04.1": "09-29 18:00",  # 1 wd, until closing time
        }


@pytest.mark.parametrize("late", [timedelta(), timedelta(minutes=1)], ids=["kept", "broken"])
async def test_the_minutes_of_a_closed_office_break_nothing(
    case_of: CaseOf, late: timedelta
) -> None:
    async with case_of("2026-09-24 18:20") as case:
        await _reported(case)
        await case.go_to("2026-09-27 23:00")  # three days after a half-hour promise
        assert case.clocks["K02.1"].state is ClockState.RUNNING
        assert case.alerts == []
        await people.contact(case)
        await case.time.go_to(case.clocks["K02.1"].due_at + late)
        if late:
            await case.until(lambda: "K02.1" in case.alerts)
        await people.assign_team(case)
        clock = await case.until(
            lambda: case.clocks["K02.1"] if case.clocks["K02.1"].met_at else None
        )
        assert clock.state is (ClockState.MET_LATE if late else ClockState.MET)


async def test_a_make_up_saturday_is_an_office_day(case_of: CaseOf) -> None:
    """C-02: Friday 9 October 18:10; Saturday the 10th is a working day, Sunday is not."""
    async with case_of("2026-10-09 18:10") as case:
        assert await _reported(case) == {
            "K02.1": "10-10 10:00",
            "K03.1": "10-11 09:30",
            "K04.1": "10-12 18:00",
        }


async def test_a_new_notice_re_times_what_the_office_hours_hold_back(case_of: CaseOf) -> None:
    async with case_of("2026-09-24 18:20") as case:
        await _reported(case)
        days = a_calendar()
        longer = days.model_copy(
            update={"version": "next", "holidays": days.holidays | {date(2026, 9, 28)}}
        ).moved(case.moved_by)
        at = case.time.now() + timedelta(minutes=1)
        await case.handle.signal("new_calendar", NewCalendar(calendar=longer, at=at))
        await case.until(lambda: case.lines.count("retimed") == 3)
        assert [case.civil(case.clocks[name].due_at) for name in ("K02.1", "K03.1", "K04.1")] == [
            "09-29 10:00",
            "09-30 09:30",
            "09-30 18:00",
        ]
        await case.go_to("2026-09-29 09:50")
        assert case.alerts == []
