"""Each promise of P01 just kept and just broken, and promises that move."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.calendar import WorkCalendar, YearStatus
from domain.clock import ClockState
from domain.eligibility import Reason as Ground
from domain.programmes.terms import ExpectedEvent, RuleCode
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import NURSE, a_calendar, a_verdict, civil
from tests.workflows import people
from tests.workflows.booked import PROGRAMMES
from tests.workflows.conftest import Case
from workflows.bookings.parts.record import BookingState
from workflows.clocks import Clocks
from workflows.cockpit import by_when
from workflows.messages.matters import NewCalendar

CaseOf = Callable[..., Any]

KEPT = timedelta()
BROKEN = timedelta(minutes=1)
PAYING = timedelta(seconds=5)
"""A promise that ends with a payment is kept when the money is there, so the step comes before."""


@pytest.mark.parametrize("late", [KEPT, BROKEN], ids=["just kept", "just broken"])
async def test_each_promise_is_judged_by_its_due_moment_and_ends_nothing(
    case_of: CaseOf, late: timedelta
) -> None:
    async with case_of("2026-04-29 20:10") as case:
        await case.open()
        await people.contact(case)
        await _by(case, "K02.1", late, people.assign_team(case))
        await people.authorize(case)
        await people.complete_papers(case)
        await _by(case, "K03.1", late, people.judge(case))
        await _by(case, "K04.1", late, people.tell_result(case))
        await people.arrange(case)
        await _by(case, "K05.1", late or -PAYING, people.sign_on_site(case))
        await _by(case, "K08I.1", late, people.slip(case, 1))
        await people.ask_top_up(case, "t-1", 1_000_000)
        answer = people.answer_top_up(case, "t-1", mode=PaymentMode.CONTRACTED_NURSE)
        await _by(case, "K02.2", late, answer)
        paying = case.do(TaskKind.ON_SITE_TOP_UP, NURSE, images=["i-7"])
        await _by(case, "K06.1", late or -PAYING, paying)
        await people.slip(case, 2)
        await people.notice_discharge(case, case.today)
        await _by(case, "K07.1", late, people.discharge_visit(case, 6_000_000))
        await _by(case, "K08.1", late, people.file_claim(case))
        await people.decide(case, "approved", 6_000_000)
        broken = [clock for clock in case.clocks.values() if clock.breached_at is not None]
        assert case.lines.count("breach") >= len(broken)
        for clock in broken:
            await people.acknowledge(case, clock.instance)
        await case.ends(Stage.CLOSED)
        assert Role.SUPERVISOR not in case.pages[-1].awaiting  # acknowledged
        assert len(broken) == (9 if late else 0)


async def _by(case: Case, instance: str, late: timedelta, step: Awaitable[Any]) -> None:
    """Do a step at the moment its promise is due, or a little later."""
    due_at = (await case.until(lambda: case.clocks[instance])).due_at
    await case.time.go_to(due_at + late)
    if late > KEPT:
        await case.until(lambda: instance in case.alerts)
        assert case.pages[-1].sla_state == "breached"
        assert Role.SUPERVISOR in case.pages[-1].awaiting
    await step
    clock = await case.until(lambda: case.clocks[instance] if _met(case, instance) else None)
    assert clock.due_at == due_at
    assert clock.state is (ClockState.MET_LATE if late > KEPT else ClockState.MET), instance
    if late > KEPT:
        assert clock.breached_at - due_at < timedelta(seconds=5)


def _met(case: Case, instance: str) -> bool:
    return case.clocks[instance].met_at is not None


async def test_a_warning_comes_before_the_breach_and_is_shown(case_of: CaseOf) -> None:
    async with case_of("2026-04-29 20:10") as case:
        await case.open()
        await case.task(TaskKind.FIRST_CONTACT)
        await case.go_to("2026-04-29 20:31")
        warned = await case.until(
            lambda: case.clocks["K02.1"] if case.clocks["K02.1"].warned_at else None
        )
        assert case.civil(warned.warned_at) == "04-29 20:30"
        assert case.pages[-1].sla_state == "warned"
        assert case.alerts == []


async def test_k05_waits_for_the_planned_admission(case_of: CaseOf) -> None:
    async with case_of("2026-04-29 20:10") as case:
        await case.open(planned_admission=case.day("2026-05-20"))
        await people.reviewed(case)
        assert case.civil(case.clocks["K05.1"].due_at) == "05-20 24:00"
        assert (await case.task(TaskKind.ARRANGE_VISIT)).due_at == case.clocks["K05.1"].due_at


@pytest.mark.parametrize("short", [False, True])
async def test_k09_a_short_lead_is_flagged_and_served(case_of: CaseOf, *, short: bool) -> None:
    async with case_of("2026-04-29 20:10") as case:
        flag = Ground(code=RuleCode.LEAD_TIME, text="提前量不足", quote="", source="000:L330")
        verdict = a_verdict().model_copy(update={"flags": (flag,) if short else ()})
        await case.open(verdict=verdict, planned_admission=case.day("2026-04-30"))
        await case.task(TaskKind.FIRST_CONTACT)
        state = ClockState.DROPPED if short else ClockState.MET
        assert case.clocks["K09.1"].state is state
        assert ("lead_short" in case.lines) is short


@pytest.mark.parametrize(
    ("noticed", "leaves", "due"),
    [
        ("2026-06-23 14:00", "2026-06-25", "06-25 24:00"),
        ("2026-06-23 14:00", "2026-06-23", "06-24 24:00"),
        ("2026-06-18 14:00", "2026-06-19", "06-22 24:00"),  # 19 June is a holiday, then a weekend
        ("2026-06-18 14:00", "2026-06-28", "06-28 24:00"),
    ],
)
async def test_k07_is_due_by_the_later_of_one_working_day_and_the_day_of_discharge(
    case_of: CaseOf, noticed: str, leaves: str, due: str
) -> None:
    async with case_of(noticed) as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.day(leaves))
        visit = await case.task(TaskKind.DISCHARGE_VISIT)
        assert case.civil(case.clocks["K07.1"].due_at) == due
        assert visit.due_at == case.clocks["K07.1"].due_at


async def test_a_new_discharge_date_moves_the_promise_the_step_and_the_visit(
    case_of: CaseOf,
) -> None:
    async with case_of("2026-06-22 14:00") as case:
        await case.open()
        await people.admitted(case)
        for number, day in enumerate(("2026-06-25", "2026-06-28", "2026-06-24"), start=1):
            await people.notice_discharge(case, case.day(day), notice_id=f"d-{number}")
            await case.until(lambda day=day: case.pages[-1].discharge_on == case.day(day))
        await case.until(lambda: case.told.count("discharge_visit") == 3)
        clock = case.clocks["K07.1"]
        assert [case.civil(move.to_due) for move in clock.moves] == ["06-28 24:00", "06-24 24:00"]
        assert (await case.task(TaskKind.DISCHARGE_VISIT)).due_at == clock.due_at
        (visit,) = [one for one in case.partners.visits.values() if one.purpose == "discharge"]
        assert case.civil(visit.visit_at) == "06-24 09:00"


# New calendars -----------------------------------------------------------------------------------


def _calendar(case: Case, *, without: str = "", working: str = "") -> WorkCalendar:
    """Our calendar, after a notice that changed one day."""
    calendar = a_calendar()
    make_up = {day for day in calendar.make_up_days if day.isoformat() != without}
    holidays = {day for day in calendar.holidays if day.isoformat() != working}
    changed = calendar.model_copy(
        update={
            "version": "next",
            "make_up_days": frozenset(make_up),
            "holidays": frozenset(holidays),
        }
    )
    return changed.moved(case.moved_by)


async def _lands(case: Case, calendar: WorkCalendar, *, minutes: int = 0) -> None:
    at = case.time.now() + timedelta(minutes=minutes)
    await case.handle.signal("new_calendar", NewCalendar(calendar=calendar, at=at))


async def test_a_make_up_day_that_is_taken_back_moves_promises_and_their_steps(
    case_of: CaseOf,
) -> None:
    async with case_of("2026-05-08 19:00") as case:
        await case.open()
        await people.contact(case)
        await people.assign_team(case)
        await people.authorize(case)
        await people.complete_papers(case)
        await people.judge(case)
        telling = await case.task(TaskKind.TELL_RESULT)
        assert telling.due_at is not None
        assert case.civil(telling.due_at) == "05-09 24:00"
        await _lands(case, _calendar(case, without="2026-05-09"), minutes=2)
        await case.until(lambda: case.lines.count("retimed") == 2)
        assert {case.civil(case.clocks[name].due_at) for name in ("K04.1", "K05.1")} == {
            "05-11 24:00"
        }
        assert case.open_tasks[telling.task_id].due_at == case.clocks["K04.1"].due_at
        await case.until(lambda: "promise_moved" in case.told)
        (told,) = [one for one in case.books.notices.values() if one.template == "promise_moved"]
        assert [name for name in ("K04.1", "K05.1") if case.clocks[name].name in told.text] == [
            "K04.1",
            "K05.1",
        ]
        assert told.text.count(by_when(case.clocks["K04.1"].due_at)) == 2

        # An older notice that comes later changes nothing; one without this year is not taken.
        await _lands(case, _calendar(case), minutes=1)
        unknown = WorkCalendar(
            version="empty",
            years={2020: YearStatus.OFFICIAL},
            holidays=frozenset(),
            make_up_days=frozenset(),
        ).moved(case.moved_by)
        await _lands(case, unknown, minutes=3)
        await case.until(lambda: case.alerts)
        assert case.civil(case.clocks["K04.1"].due_at) == "05-11 24:00"


async def test_a_holiday_that_is_taken_back_brings_the_promise_forward(case_of: CaseOf) -> None:
    async with case_of("2026-06-18 15:00") as case:
        await case.open()
        await case.task(TaskKind.FIRST_CONTACT)
        assert case.civil(case.clocks["K04.1"].due_at) == "06-22 24:00"
        await _lands(case, _calendar(case, working="2026-06-19"))
        await case.until(lambda: "retimed" in case.lines)
        assert case.civil(case.clocks["K04.1"].due_at) == "06-19 24:00"


async def test_a_story_that_was_moved_keeps_its_own_table(case_of: CaseOf) -> None:
    async with case_of("2026-06-18 15:00") as case:
        await case.open()
        await case.task(TaskKind.FIRST_CONTACT)
        await _lands(case, _calendar(case, working="2026-06-19").moved(364), minutes=2)
        await _lands(case, _calendar(case, working="2026-06-19"), minutes=1)  # was not yet taken
        await case.until(lambda: "retimed" in case.lines)
        assert case.lines.count("retimed") == 1
        assert case.civil(case.clocks["K04.1"].due_at) == "06-19 24:00"


async def test_a_promise_that_no_calendar_can_time_is_a_persons_to_keep_and_stops_nothing() -> None:
    """A workflow task that fails is retried for ever: a mistyped year must not become one."""
    programme = PROGRAMMES["ins_oncology"].for_booking("inpatient_arrangement")
    state = BookingState(booking_id="bk-1", calendar=a_calendar())
    told: list[tuple[str, int]] = []
    clocks = Clocks(
        state,
        programme,
        spawn=lambda *_: None,
        told=lambda _: None,
        untimed=lambda terms, year: told.append((terms.id, year)),
    )
    clocks.happened(ExpectedEvent.SLIP_ISSUED, at=civil("2006-09-10 00:00"))
    assert (told, state.clocks) == ([("G33", 2006)], {})


def test_a_pause_ends_where_no_calendar_can_time_what_was_left() -> None:
    """What is left of three working days after the table's last year nobody can count."""
    programme = PROGRAMMES["anxin_cancer_inpatient"].for_booking("inpatient_arrangement")
    state = BookingState(booking_id="bk-1", calendar=a_calendar())
    last = max(state.calendar.years)
    began = programme.clock("G20").start(
        number=1,
        started_at=civil(f"{last}-12-20 10:00"),
        calendar=state.calendar,
        not_before=None,
        hours=None,
    )
    state.clocks["G20.1"], state.clock_about["G20.1"] = began, "case"
    told: list[tuple[str, int]] = []
    clocks = Clocks(
        state,
        programme,
        spawn=lambda *_: None,
        told=lambda _: None,
        untimed=lambda terms, year: told.append((terms.id, year)),
    )
    clocks.stand_still(at=civil(f"{last}-12-21 10:00"), why="等待")
    assert state.clocks["G20.1"].stands_still
    clocks.go_on(at=civil(f"{last + 1}-02-01 10:00"), why="补齐")
    assert told == [("G20", last + 1)]
    assert not state.clocks["G20.1"].stands_still
