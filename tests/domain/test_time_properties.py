"""What holds for any moment and any budget: days, hours, the office of P19, the doctor of P05."""

from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import SHANGHAI, civil_date, end_of_day
from domain.clock import Budget, Clock, Unit, WarnRule, due_at
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
ALL = {one.code: one for one in programmes()}
(OFFICE,) = ALL["annex2_ci_inpatient"].hours
(DOCTOR,) = ALL["changsheng_haorensheng"].hours
MINUTE = timedelta(minutes=1)


def moments_between(first: date, last: date) -> st.SearchStrategy[datetime]:
    """Any microsecond of these days in Shanghai, as a UTC moment."""
    span = end_of_day(last) - end_of_day(first - timedelta(days=1))
    start = end_of_day(first - timedelta(days=1))
    return st.timedeltas(timedelta(), span - timedelta(microseconds=1)).map(
        lambda later: start + later
    )


moments = moments_between(date(2010, 1, 1), date(2026, 8, 31))
# The doctor's closure is published for this year.
moments_of_2026 = moments_between(date(2026, 1, 1), date(2026, 12, 20))
gaps = st.timedeltas(timedelta(), timedelta(days=20))


def days_of(unit: Unit, most: int) -> st.SearchStrategy[Budget]:
    return st.integers(1, most).map(lambda amount: Budget(amount=amount, unit=unit))


working_days = days_of(Unit.WORKING_DAY, 20)
natural_days = st.integers(0, 60).map(lambda n: Budget(amount=n, unit=Unit.NATURAL_DAY))
spans = st.one_of(days_of(Unit.SECOND, 90), days_of(Unit.MINUTE, 400), days_of(Unit.HOUR, 72))
any_budget = st.one_of(working_days, natural_days, spans)


def shanghai(at: datetime) -> datetime:
    return at.astimezone(SHANGHAI)


# Days ------------------------------------------------------------------------------------------


@given(moments, working_days)
def test_working_days_end_at_24_of_a_working_day_and_the_first_day_does_not_count(
    start: datetime, budget: Budget
) -> None:
    due = due_at(start, budget, CALENDAR)
    last = civil_date(due - MINUTE)
    assert due == end_of_day(last)
    assert CALENDAR.is_working_day(last)
    assert CALENDAR.working_days_between(civil_date(start), last) == budget.amount


@given(moments, natural_days)
def test_natural_days_end_at_24_and_know_no_holiday(start: datetime, budget: Budget) -> None:
    """C-01: the start day is not counted."""
    due = due_at(start, budget, CALENDAR)
    assert due == end_of_day(civil_date(start) + timedelta(days=budget.amount))
    assert due > start


@given(moments, spans)
def test_minutes_and_hours_run_by_night_and_on_holidays(start: datetime, budget: Budget) -> None:
    assert due_at(start, budget, CALENDAR) - start == budget.elapsed()


@given(moments, gaps, any_budget)
def test_who_asks_later_is_never_due_earlier(
    start: datetime, gap: timedelta, budget: Budget
) -> None:
    later = start + gap
    assert due_at(start, budget, CALENDAR) <= due_at(later, budget, CALENDAR)
    held = [due_at(at, budget, CALENDAR, hours=OFFICE) for at in (start, later)]
    assert held == sorted(held)


@given(moments, any_budget, st.integers(-5, 90))
def test_a_date_of_the_customer_replaces_an_earlier_deadline_only(
    start: datetime, budget: Budget, ahead: int
) -> None:
    wanted = civil_date(start) + timedelta(days=ahead)
    alone = due_at(start, budget, CALENDAR)
    assert due_at(start, budget, CALENDAR, not_before=wanted) == max(alone, end_of_day(wanted))


@given(moments, any_budget, st.integers(-60, 60))
def test_a_story_moved_by_weeks_is_due_as_many_weeks_later(
    start: datetime, budget: Budget, weeks: int
) -> None:
    step = timedelta(weeks=weeks)
    moved = due_at(start + step, budget, CALENDAR.moved(7 * weeks))
    assert moved - step == due_at(start, budget, CALENDAR)


# A notice that lands -----------------------------------------------------------------------------


@given(
    moments_between(date(2026, 1, 1), date(2026, 8, 31)),
    working_days,
    st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=6),
)
def test_a_day_more_off_never_brings_a_deadline_forward_and_taking_it_back_restores_it(
    start: datetime, budget: Budget, more: set[date]
) -> None:
    off = CALENDAR.model_copy(
        update={
            "holidays": CALENDAR.holidays | more,
            "make_up_days": CALENDAR.make_up_days - more,
        }
    )
    rule = WarnRule(remaining_percent=50)
    clock = Clock.start(
        clock_id="K04", name="K04", number=1, started_at=start, budget=budget, warn=rule,
        calendar=CALENDAR,
    )  # fmt: skip
    later = due_at(start, budget, off)
    assert later >= clock.due_at
    moved = clock.move(later, at=start, why="notice")
    assert (moved is clock) == (later == clock.due_at)
    assert moved.due_at == later
    assert moved.move(clock.due_at, at=start, why="correction").due_at == clock.due_at
    assert moved.first_due_at == clock.first_due_at


# The office of P19 -----------------------------------------------------------------------------


def office_is_open(at: datetime) -> bool:
    """R709, C-02 in other words than the code's: a working day, 9:30 until before 18:00."""
    there = shanghai(at)
    minutes = there.hour * 60 + there.minute
    return CALENDAR.is_working_day(there.date()) and 570 <= minutes < 1080


@given(moments)
def test_the_office_answers_a_request_at_once_or_at_the_first_opening_after_it(
    asked: datetime,
) -> None:
    opens = OFFICE.next_open(asked, CALENDAR)
    assert office_is_open(opens)
    if office_is_open(asked):
        assert opens == asked
        return
    assert shanghai(opens).time() == time(9, 30)
    assert opens > asked
    closed = [
        asked + timedelta(hours=hours) for hours in range(int((opens - asked) / timedelta(hours=1)))
    ]
    assert not any(office_is_open(at) for at in closed)


@given(moments, any_budget)
def test_office_hours_never_make_a_promise_earlier_than_the_opening(
    asked: datetime, budget: Budget
) -> None:
    opens = OFFICE.next_open(asked, CALENDAR)
    due = due_at(asked, budget, CALENDAR, hours=OFFICE)
    assert due == due_at(opens, budget, CALENDAR, hours=OFFICE)
    elapsed = budget.elapsed()
    if elapsed is not None:
        assert due - opens == elapsed
    else:
        assert shanghai(due).time() == time(18)
        assert due > opens
    if budget.unit is Unit.WORKING_DAY:
        assert CALENDAR.working_days_between(civil_date(opens), civil_date(due)) == budget.amount


# The doctor of P05 -----------------------------------------------------------------------------


def doctor_rests(at: datetime, *, emergency: bool) -> bool:
    """R364, R365, C-43: Spring Festival as arranged; by night for emergencies only."""
    there = shanghai(at)
    if date(2026, 2, 15) <= there.date() <= date(2026, 2, 23):
        return True
    return not emergency and not 8 <= there.hour < 20


@given(asked=moments_of_2026, emergency=st.booleans())
def test_the_doctor_rests_at_night_and_at_spring_festival_and_at_no_other_time(
    asked: datetime, *, emergency: bool
) -> None:
    rests = doctor_rests(asked, emergency=emergency)
    assert DOCTOR.is_open(asked, CALENDAR, emergency=emergency) is not rests
    opens = DOCTOR.next_open(asked, CALENDAR, emergency=emergency)
    assert (opens == asked) is not rests
    assert not doctor_rests(opens, emergency=emergency)
    if rests:
        assert shanghai(opens).time() == time(0 if emergency else 8)
        assert doctor_rests(opens - MINUTE, emergency=emergency)


@given(moments_of_2026)
def test_an_emergency_never_waits_longer_than_another_call(asked: datetime) -> None:
    at_once = DOCTOR.next_open(asked, CALENDAR, emergency=True)
    assert asked <= at_once <= DOCTOR.next_open(asked, CALENDAR)
