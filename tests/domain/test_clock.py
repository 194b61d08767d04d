"""Clocks: the deadlines of story 1, both sides of a due moment, and what holds for any clock."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import SHANGHAI, civil_date, end_of_day
from domain.clock import Budget, Clock, ClockState, Unit, WarnRule, due_at
from domain.programmes.terms import ExpectedEvent
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
(PROGRAMME,) = [one for one in programmes() if one.code == "bainian_deposit_waiver"]
SECOND = timedelta(seconds=1)


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


def p01(
    clock_id: str, started_at: datetime, *, not_before: date | None = None, number: int = 1
) -> Clock:
    return PROGRAMME.clock(clock_id).start(
        number=number, started_at=started_at, calendar=CALENDAR, not_before=not_before
    )


@pytest.mark.parametrize(
    ("clock_id", "started_at", "not_before", "due"),
    [
        ("K01", at(4, 29, 20, 5), None, at(4, 29, 20, 8)),
        ("K02", at(4, 29, 20, 10), None, at(4, 29, 20, 40)),
        ("K03", at(4, 29, 20, 10), None, at(4, 30, 20, 10)),
        ("K04", at(4, 29, 20, 10), None, at(5, 1, 0)),
        ("K05", at(4, 30, 16), None, at(5, 7, 0)),
        ("K05", at(4, 30, 16), date(2026, 5, 6), at(5, 7, 0)),
        ("K05", at(4, 30, 16), date(2026, 5, 11), at(5, 12, 0)),
        ("K02", at(5, 8, 19), None, at(5, 8, 19, 30)),
        ("K06", at(5, 8, 19), None, at(5, 10, 0)),  # Sat 9 May is a make-up day
        ("K06", at(5, 18, 10), None, at(5, 20, 0)),
        ("K02", at(6, 5, 22, 15), None, at(6, 5, 22, 45)),
        ("K06", at(6, 5, 22, 15), None, at(6, 9, 0)),
        ("K06", at(6, 18, 15), None, at(6, 23, 0)),  # Fri 19 June is Dragon Boat
        ("K07", at(6, 23, 14), date(2026, 6, 25), at(6, 26, 0)),
        ("K07", at(6, 23, 14), date(2026, 6, 23), at(6, 25, 0)),
        ("K08", at(6, 25, 11), None, at(6, 26, 11)),
    ],
)
def test_story_1_has_its_deadlines(
    clock_id: str, started_at: datetime, not_before: date | None, due: datetime
) -> None:
    assert p01(clock_id, started_at, not_before=not_before).due_at == due


def test_without_the_make_up_day_the_top_up_of_8_may_would_be_due_on_monday() -> None:
    without = CALENDAR.model_copy(update={"make_up_days": frozenset()})
    due = due_at(at(5, 8, 19), Budget(amount=1, unit=Unit.WORKING_DAY), without)
    assert due == end_of_day(date(2026, 5, 11))


@pytest.mark.parametrize("steps", [1, 2, -1])
def test_story_1_keeps_its_deadlines_when_it_moves_with_its_calendar(steps: int) -> None:
    shift = timedelta(days=364 * steps)
    moved = CALENDAR.moved(364 * steps)
    due = due_at(at(5, 8, 19) + shift, Budget(amount=1, unit=Unit.WORKING_DAY), moved)
    assert due == end_of_day(date(2026, 5, 9) + shift)


def test_the_lead_from_29_april_to_6_may_is_two_working_days() -> None:
    assert CALENDAR.working_days_between(date(2026, 4, 29), date(2026, 5, 6)) == 2


def test_a_friday_evening_report_is_confirmed_on_saturday_and_told_on_monday() -> None:
    friday = at(3, 13, 17)
    assert p01("K03", friday).due_at == at(3, 14, 17)
    assert p01("K04", friday).due_at == end_of_day(date(2026, 3, 16))


def test_a_natural_day_ends_at_midnight_of_the_next_day_holidays_or_not() -> None:
    one_day = Budget(amount=1, unit=Unit.NATURAL_DAY)
    assert due_at(at(6, 18, 9), one_day, CALENDAR) == end_of_day(date(2026, 6, 19))
    assert due_at(at(6, 18, 23, 59), one_day, CALENDAR) == end_of_day(date(2026, 6, 19))


def test_a_deadline_in_an_estimated_year_says_so() -> None:
    into_2027 = PROGRAMME.clock("K06").start(
        number=1, started_at=datetime(2026, 12, 31, 9, tzinfo=SHANGHAI), calendar=CALENDAR
    )
    assert into_2027.estimated
    assert into_2027.due_at == end_of_day(date(2027, 1, 4))
    in_hours = PROGRAMME.clock("K03").start(
        number=1, started_at=datetime(2026, 12, 31, 9, tzinfo=SHANGHAI), calendar=CALENDAR
    )
    assert not in_hours.estimated
    assert not p01("K06", at(5, 8, 19)).estimated


def test_a_completion_at_the_due_moment_itself_is_met() -> None:
    clock = p01("K02", at(4, 29, 20, 10))
    assert clock.meet(clock.due_at).state is ClockState.MET
    assert clock.meet(clock.due_at + timedelta(microseconds=1)).state is ClockState.MET_LATE


def test_a_completion_in_time_is_met_even_when_the_alarm_was_processed_first() -> None:
    clock = p01("K02", at(4, 29, 20, 10))
    done = clock.breach(clock.due_at + SECOND).meet(clock.due_at)
    assert done.state is ClockState.MET
    assert done.breached_at is None


def test_a_completion_after_the_breach_is_late_and_the_breach_stays() -> None:
    clock = p01("K02", at(4, 29, 20, 10))
    late = clock.breach(clock.due_at).meet(clock.due_at + timedelta(minutes=3))
    assert late.state is ClockState.MET_LATE
    assert late.breached_at == clock.due_at


def test_an_alarm_before_the_deadline_means_nothing() -> None:
    clock = p01("K02", at(4, 29, 20, 10))
    assert clock.breach(clock.due_at - SECOND) == clock
    assert clock.warn(clock.warn_at - SECOND) == clock


def test_an_alarm_after_the_completion_means_nothing() -> None:
    clock = p01("K02", at(4, 29, 20, 10)).meet(at(4, 29, 20, 32))
    assert clock.breach(clock.due_at) == clock
    assert clock.warn(clock.due_at) == clock
    assert clock.meet(clock.due_at) == clock
    assert clock.state is ClockState.MET


def test_a_clock_warns_once_before_it_breaches() -> None:
    clock = p01("K02", at(4, 29, 20, 10))
    assert clock.warn_at == at(4, 29, 20, 30)
    warned = clock.warn(at(4, 29, 20, 30))
    assert warned.state is ClockState.WARNED
    assert warned.warn(at(4, 29, 20, 31)) == warned
    assert warned.breach(warned.due_at).state is ClockState.BREACHED


def test_a_moved_deadline_keeps_where_it_was_and_warns_again() -> None:
    clock = p01("K07", at(6, 23, 14)).warn(at(6, 24, 16))
    moved = clock.move(end_of_day(date(2026, 6, 25)), at=at(6, 24, 17), why="出院日期更改")
    assert moved.state is ClockState.RUNNING
    assert moved.first_due_at == clock.due_at
    assert [(step.from_due, step.to_due) for step in moved.moves] == [(clock.due_at, moved.due_at)]
    assert moved.warn_at == clock.warn_at + timedelta(days=1)


def test_a_breach_is_not_wiped_out_by_a_later_move() -> None:
    clock = p01("K07", at(6, 23, 14))
    moved = clock.breach(clock.due_at).move(
        clock.due_at + timedelta(days=3), at=clock.due_at + SECOND, why="出院日期更改"
    )
    assert moved.state is ClockState.BREACHED
    assert moved.meet(moved.due_at).state is ClockState.MET_LATE


def test_moving_a_deadline_to_where_it_is_changes_nothing() -> None:
    clock = p01("K07", at(6, 23, 14))
    assert clock.move(clock.due_at, at=at(6, 24, 9), why="同一天") == clock


def test_a_dropped_clock_neither_warns_nor_breaches_nor_moves() -> None:
    clock = p01("K05", at(4, 30, 16)).drop(at(4, 30, 17), why="客户撤销")
    assert clock.state is ClockState.DROPPED
    assert clock.breach(clock.due_at) == clock
    assert clock.meet(clock.due_at) == clock
    assert clock.move(clock.due_at + SECOND, at=at(5, 1, 0), why="x") == clock
    assert clock.dropped_why == "客户撤销"


def test_a_repeated_step_is_a_new_instance() -> None:
    assert p01("K06", at(5, 8, 19)).instance == "K06.1"
    assert p01("K06", at(5, 18, 10), number=2).instance == "K06.2"


def test_a_clock_crosses_the_wire_unchanged() -> None:
    clock = p01("K06", at(5, 8, 19)).warn(at(5, 9, 20)).breach(at(5, 10, 0))
    assert Clock.model_validate_json(clock.model_dump_json()) == clock


def test_only_the_clocks_that_say_so_wait_for_a_later_date() -> None:
    assert p01("K06", at(5, 8, 19), not_before=date(2026, 6, 30)).due_at == at(5, 10, 0)


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"before": {"amount": 1, "unit": "h"}, "remaining_percent": 20},
        {"before": {"amount": 1, "unit": "wd"}},
        {"remaining_percent": 0},
    ],
)
def test_a_warning_is_set_in_exactly_one_way(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WarnRule.model_validate(rule)


def test_a_budget_is_more_than_nothing() -> None:
    with pytest.raises(ValidationError):
        Budget(amount=0, unit=Unit.HOUR)


moments = st.datetimes(
    datetime(2025, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2026, 10, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
budgets = st.builds(Budget, amount=st.integers(1, 40), unit=st.sampled_from(Unit))
warnings = st.one_of(
    st.builds(WarnRule, remaining_percent=st.integers(1, 99)),
    st.builds(
        WarnRule,
        before=st.builds(
            Budget, amount=st.integers(1, 48), unit=st.sampled_from([Unit.MINUTE, Unit.HOUR])
        ),
    ),
)


@given(moments, budgets)
def test_a_deadline_lies_after_its_start(start: datetime, budget: Budget) -> None:
    assert due_at(start, budget, CALENDAR) > start


@given(moments, moments, budgets)
def test_a_later_start_is_never_due_earlier(one: datetime, two: datetime, budget: Budget) -> None:
    first, second = sorted([one, two])
    assert due_at(first, budget, CALENDAR) <= due_at(second, budget, CALENDAR)


@given(moments, st.integers(1, 30))
def test_working_days_never_end_before_as_many_natural_days(start: datetime, amount: int) -> None:
    natural = due_at(start, Budget(amount=amount, unit=Unit.NATURAL_DAY), CALENDAR)
    working = due_at(start, Budget(amount=amount, unit=Unit.WORKING_DAY), CALENDAR)
    assert natural <= working
    last_day = civil_date(working - SECOND)
    assert CALENDAR.is_working_day(last_day)
    assert CALENDAR.working_days_between(civil_date(start), last_day) == amount


@given(moments, budgets, warnings)
def test_a_warning_lies_between_start_and_deadline(
    start: datetime, budget: Budget, warn: WarnRule
) -> None:
    moment = warn.moment(start, due_at(start, budget, CALENDAR))
    assert start <= moment <= due_at(start, budget, CALENDAR)


@given(moments, budgets, st.dates(date(2025, 1, 1), date(2026, 12, 31)))
def test_a_date_of_the_case_only_ever_moves_a_deadline_later(
    start: datetime, budget: Budget, not_before: date
) -> None:
    plain = due_at(start, budget, CALENDAR)
    dated = due_at(start, budget, CALENDAR, not_before=not_before)
    assert dated == max(plain, end_of_day(not_before))


events = st.lists(
    st.tuples(st.sampled_from(["warn", "breach", "meet", "drop", "move"]), st.integers(0, 200)),
    max_size=8,
)


@given(events)
def test_no_order_of_events_makes_a_clock_both_met_and_dropped(
    happened: list[tuple[str, int]],
) -> None:
    clock = p01("K02", at(4, 29, 20, 10))
    for what, minutes in happened:
        moment = clock.started_at + timedelta(minutes=minutes)
        if what == "drop":
            clock = clock.drop(moment, why="x")
        elif what == "move":
            clock = clock.move(moment + SECOND, at=moment, why="x")
        else:
            clock = getattr(clock, what)(moment)
    assert not (clock.met_at and clock.dropped_at)
    assert clock.first_due_at == clock.started_at + timedelta(minutes=30)
    if clock.moves:
        assert clock.moves[0].from_due == clock.first_due_at
        assert clock.moves[-1].to_due == clock.due_at


def test_every_promise_of_the_programme_names_its_events() -> None:
    started = {event for clock in PROGRAMME.clocks for event in clock.starts}
    assert ExpectedEvent.TOP_UP_REQUESTED in started
    assert [clock.id for clock in PROGRAMME.clocks] == [
        "K01", "K02", "K03", "K04", "K05", "K06", "K07", "K08", "K08I",
    ]  # fmt: skip
