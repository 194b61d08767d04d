"""Every clock of every programme on both sides of its due instant, whatever that is.

Which instant it is for each clock of the specification stands in `test_every_clock`.
"""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.calendar import SHANGHAI
from domain.clock import Clock, ClockState
from domain.events import ExpectedEvent
from domain.programmes.programme import Programme
from domain.programmes.terms import ClockTerms, NotBefore
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
ALL = {one.code: one for one in programmes()}
EVERY = [(one, clock) for one in ALL.values() for clock in one.clocks]
INSTANT = timedelta(microseconds=1)


def at(text: str) -> datetime:
    """`"2026-09-28 10:05"` in Shanghai as a UTC moment; 24:00 is the next day's 00:00."""
    day, hour = text.split()
    if hour == "24:00":
        midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), SHANGHAI)
        return midnight.astimezone(UTC)
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI).astimezone(UTC)


def start(
    programme: Programme, terms: ClockTerms, moment: datetime, not_before: date | None = None
) -> Clock:
    return terms.start(
        number=1,
        started_at=moment,
        calendar=CALENDAR,
        not_before=not_before,
        hours=programme.hours_of(terms),
    )


@pytest.mark.parametrize(
    ("programme", "terms"), EVERY, ids=[f"{one.code}-{clock.id}" for one, clock in EVERY]
)
def test_each_clock_is_met_at_its_due_instant_and_broken_after_it(
    programme: Programme, terms: ClockTerms
) -> None:
    clock = start(programme, terms, at("2026-09-24 11:00"))
    assert clock.started_at <= clock.warn_at <= clock.due_at
    assert clock.meet(clock.due_at).state is ClockState.MET
    assert clock.meet(clock.due_at - INSTANT).state is ClockState.MET
    assert clock.breach(clock.due_at - INSTANT).state is ClockState.RUNNING
    broken = clock.breach(clock.due_at)
    assert broken.state is ClockState.BREACHED
    assert broken.meet(clock.due_at + INSTANT).state is ClockState.MET_LATE


def test_the_customers_own_date_replaces_an_earlier_due_date() -> None:
    """C-12: the notice came on 28 June, the discharge is on the 30th; R228, R231."""
    p02 = ALL["pingan_value_added"]
    k14 = p02.clock("K14")
    due = start(p02, k14, at("2026-06-28 12:00"), date(2026, 6, 30)).due_at
    assert due == at("2026-06-30 24:00")
    for clock in ("K11", "K13", "G05"):
        assert p02.clock(clock).not_before is NotBefore.CUSTOMER_DATE


def test_a_span_has_a_target_before_it_breaks() -> None:
    """C-27: 3-5 working days, 1-5 working days."""
    for code, clock, target in (("pingan_value_added", "G03", 3), ("ruitai_ci", "G24", 1)):
        terms = ALL[code].clock(clock)
        assert terms.target is not None
        assert (terms.target.amount, terms.budget.amount) == (target, 5)


@pytest.mark.parametrize("code", sorted(ALL))
def test_a_moved_programme_keeps_its_weekdays(code: str) -> None:
    moved, calendar = ALL[code].moved(364), CALENDAR.moved(364)
    for terms in ALL[code].clocks:
        here = start(ALL[code], terms, at("2026-09-30 15:30"))
        there = terms.start(
            number=1,
            started_at=at("2026-09-30 15:30") + timedelta(days=364),
            calendar=calendar,
            hours=moved.hours_of(terms),
        )
        assert there.due_at - here.due_at == timedelta(days=364)


def test_an_enquiry_promises_minutes_by_day_and_night() -> None:
    """That is why a holiday notice is told to cases and not to enquiries."""
    asked = [
        (one, clock)
        for one, clock in EVERY
        if {*clock.starts} & {ExpectedEvent.QUESTION_RECEIVED, ExpectedEvent.QUESTION_ANSWERED}
    ]
    assert [clock.id for _, clock in asked] == ["K01"]
    for one, clock in asked:
        assert clock.budget.elapsed() is not None
        assert one.hours_of(clock) is None
