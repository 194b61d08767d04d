"""Every clock of P02 to P21 on both sides of its due instant, and the stories' make-up days."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from adapters.calendar_file import load_calendar
from adapters.programme_files import load_programmes
from domain.calendar import SHANGHAI
from domain.clock import Clock, ClockState
from domain.programme import Programme
from domain.terms import ClockTerms, NotBefore

CALENDAR = load_calendar()
ALL = {one.code: one for one in load_programmes()}
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


@pytest.mark.parametrize(
    ("code", "clock", "starts", "due"),
    [
        # Story 2: office hours, Mid-Autumn, National Day and the make-up Saturday.
        ("annex2_ci_inpatient", "K16", "2026-09-24 18:20", "2026-09-29 18:00"),
        ("annex2_ci_inpatient", "K16", "2026-09-28 10:05", "2026-09-29 18:00"),
        ("annex2_ci_inpatient", "K17", "2026-09-30 15:30", "2026-10-10 18:00"),
        ("annex2_ci_inpatient", "K17P", "2026-10-09 17:00", "2026-10-10 18:00"),
        ("annex2_ci_inpatient", "K18", "2026-10-14 20:00", "2026-10-16 18:00"),
        ("annex2_ci_inpatient", "K20", "2026-10-23 09:00", "2026-10-23 24:00"),
        # Story 3: the make-up Sunday and Saturday.
        ("ins_oncology", "G32", "2026-08-31 09:00", "2026-09-07 24:00"),
        ("ins_oncology", "G33", "2026-09-10 00:00", "2026-09-23 24:00"),
        ("ins_oncology", "G34", "2026-09-16 14:00", "2026-10-13 24:00"),
        # Story 4: natural days run through Dragon Boat, minutes through the night.
        ("pingan_value_added", "G06", "2026-06-19 10:00", "2026-06-19 10:30"),
        ("pingan_value_added", "G08", "2026-06-20 09:00", "2026-06-20 13:00"),
        ("pingan_value_added", "K10", "2026-06-19 23:50", "2026-06-20 00:20"),
        ("pingan_value_added", "K11", "2026-06-20 00:15", "2026-06-21 24:00"),
        ("pingan_value_added", "K12", "2026-06-21 10:00", "2026-06-22 24:00"),
        ("pingan_value_added", "K13", "2026-06-22 17:00", "2026-06-23 24:00"),
        ("pingan_value_added", "K14", "2026-06-28 12:00", "2026-06-29 24:00"),
        ("pingan_value_added", "K15", "2026-07-01 15:00", "2026-07-04 24:00"),
        # Story 5: five working days over National Day.
        ("pingan_oncology_157", "G16", "2026-09-28 12:00", "2026-10-10 24:00"),
        # Story 6: an emergency at night on a holiday.
        ("hosp_shuangcheng_surgery", "H01", "2026-10-04 02:10", "2026-10-04 02:40"),
        ("hosp_shuangcheng_surgery", "H02", "2026-10-04 02:12", "2026-10-04 02:17"),
        ("hosp_shuangcheng_surgery", "H04", "2026-10-04 02:22", "2026-10-04 02:22"),
        ("hosp_shuangcheng_surgery", "H05", "2026-10-04 02:22", "2026-10-04 02:27"),
        ("hosp_shuangcheng_surgery", "H07", "2026-10-04 02:25", "2026-10-04 02:35"),
        ("hosp_shuangcheng_surgery", "H06", "2026-10-04 02:25", "2026-10-04 02:45"),
        ("hosp_shuangcheng_surgery", "H08", "2026-10-04 02:23", "2026-10-04 02:53"),
        ("hosp_rescue_channel", "H03", "2026-10-04 02:12", "2026-10-04 02:22"),
        # Story 7: claim days.
        ("china_life_claims", "K22", "2026-04-13 10:30", "2026-04-14 24:00"),
        ("china_life_claims", "K22", "2026-04-30 16:00", "2026-05-06 24:00"),
        ("china_life_claims", "K23", "2026-10-06 02:00", "2026-10-06 03:00"),
        ("china_life_claims", "K24", "2026-10-06 09:00", "2026-10-07 24:00"),
        # The others, over the same holidays.
        ("anxin_cancer_inpatient", "G20", "2026-09-17 09:00", "2026-09-21 24:00"),
        ("anxin_cancer_inpatient", "G21", "2026-09-30 09:00", "2026-10-09 24:00"),
        ("anxin_cancer_inpatient", "G22", "2026-09-10 09:00", "2026-09-30 24:00"),
        ("pingan_pc_haoran", "G23", "2026-09-10 09:00", "2026-09-30 24:00"),
        ("ruitai_ci", "G24", "2026-04-30 09:00", "2026-05-11 24:00"),
        ("pingan_health_295", "G25", "2026-09-25 08:00", "2026-09-27 08:00"),
        ("pingan_health_295", "G26", "2026-09-10 09:00", "2026-09-23 24:00"),
        ("pingan_health_295", "G27", "2026-02-10 09:00", "2026-02-26 24:00"),
        ("pingan_health_295", "G28", "2026-02-13 09:00", "2026-02-14 24:00"),
        ("pingan_health_295", "G29", "2026-02-27 09:00", "2026-03-10 24:00"),
        ("xintai_million_guard", "G30", "2026-05-08 18:00", "2026-05-09 24:00"),
        ("annex2_ci_inpatient", "G31", "2026-05-08 18:00", "2026-05-11 18:00"),
        ("pingan_oncology_157", "G17", "2026-09-10 09:00", "2026-09-23 24:00"),
        ("pingan_oncology_157", "G18", "2026-09-30 09:00", "2026-10-13 24:00"),
    ],
)
def test_a_promise_falls_due_on_its_day(code: str, clock: str, starts: str, due: str) -> None:
    terms = ALL[code].clock(clock)
    assert start(ALL[code], terms, at(starts)).due_at == at(due)


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
