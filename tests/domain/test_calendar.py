"""Working days: the 2026 table, its neighbours, and what holds for any table."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import holidays as holidays_package
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.calendar_file import load_calendar
from adapters.yaml_files import FileRefused
from domain.calendar import (
    SHANGHAI,
    CalendarYearMissing,
    WorkCalendar,
    YearStatus,
    civil_date,
    due_civil,
    end_of_day,
)

CALENDAR = load_calendar()
FIRST, LAST = date(2010, 1, 1), date(2026, 12, 31)

days = st.dates(FIRST, LAST - timedelta(days=200))
weeks = st.integers(-60, 60)


def all_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


KNOWN_DIFFERENCES: dict[date, str] = {}
"""Days on which the table, a package and the notices do not all agree, each with the reason and who
is right. There is none: what looks like a candidate is `LATER_NOTICES`, which all three follow."""

# Days as a notice says them that came after the year's own, and whether they are working days.
LATER_NOTICES = {
    date(2015, 9, 3): False,  # 2015-05-13: seventy years since the end of the war
    date(2015, 9, 4): False,
    date(2015, 9, 6): True,
    date(2019, 4, 28): True,  # 2019-03-22: Labour Day made four days
    date(2019, 5, 2): False,
    date(2019, 5, 3): False,
    date(2019, 5, 5): True,
    date(2020, 1, 31): False,  # 2020-01-26: Spring Festival longer, against the epidemic
    date(2020, 2, 1): False,  # the 2020 notice had made this Saturday a working day
    date(2020, 2, 2): False,
}

# The notices as read, not as a package has them: weekend days that are worked, weekdays that are
# not. 国办发明电 〔2009〕27号, 〔2010〕40号, 〔2011〕45号, 〔2013〕28号, 〔2017〕12号.
AS_THE_NOTICE_SAYS = {
    2010: (
        "02-20 02-21 06-12 06-13 09-19 09-25 09-26 10-09",
        ("01-01 02-15 02-16 02-17 02-18 02-19 04-05 05-03 06-14 06-15 06-16 09-22 09-23 09-24 "
        "10-01 10-04 10-05 10-06 10-07"),
    ),
    2011: (
        # 31 December is worked by the notice of 2012.
        "01-30 02-12 04-02 10-08 10-09 12-31",
        ("01-03 02-02 02-03 02-04 02-07 02-08 04-04 04-05 05-02 06-06 09-12 "
        "10-03 10-04 10-05 10-06 10-07"),
    ),
    2012: (
        "01-21 01-29 03-31 04-01 04-28 09-29",
        ("01-02 01-03 01-23 01-24 01-25 01-26 01-27 04-02 04-03 04-04 04-30 05-01 06-22 "
        "10-01 10-02 10-03 10-04 10-05"),
    ),
    2014: (
        "01-26 02-08 05-04 09-28 10-11",
        ("01-01 01-31 02-03 02-04 02-05 02-06 04-07 05-01 05-02 06-02 09-08 "
        "10-01 10-02 10-03 10-06 10-07"),
    ),
    2018: (
        # The last three by the notice of 2019.
        "02-11 02-24 04-08 04-28 09-29 09-30 12-29",
        ("01-01 02-15 02-16 02-19 02-20 02-21 04-05 04-06 04-30 05-01 06-18 09-24 "
        "10-01 10-02 10-03 10-04 10-05 12-31"),
    ),
}  # fmt: skip


def _differing(year: int, works: Callable[[date], bool]) -> set[date]:
    return {
        day
        for day in all_days(date(year, 1, 1), date(year, 12, 31))
        if CALENDAR.is_working_day(day) != works(day)
    }


@pytest.mark.parametrize("year", range(FIRST.year, LAST.year + 1))
def test_the_table_agrees_with_both_packages_on_every_day_of(year: int) -> None:
    china = holidays_package.country_holidays("CN", years=year)
    differing = _differing(year, chinese_calendar.is_workday) | _differing(
        year, china.is_working_day
    )
    assert differing == {day for day in KNOWN_DIFFERENCES if day.year == year}


def test_every_known_difference_has_its_reason() -> None:
    assert all(reason.strip() for reason in KNOWN_DIFFERENCES.values())


@pytest.mark.parametrize("year", sorted(AS_THE_NOTICE_SAYS))
def test_the_table_says_what_the_notice_says(year: int) -> None:
    worked, off = (
        {date.fromisoformat(f"{year}-{day}") for day in days.split()}
        for days in AS_THE_NOTICE_SAYS[year]
    )
    usual = {day for day in all_days(date(year, 1, 1), date(year, 12, 31)) if day.weekday() < 5}
    assert _differing(year, (usual - off | worked).__contains__) == set()


def test_a_later_notice_counts_more_than_the_one_of_the_year() -> None:
    assert {day: CALENDAR.is_working_day(day) for day in LATER_NOTICES} == LATER_NOTICES


def test_an_agreement_test_can_fail() -> None:
    assert _differing(2026, lambda day: day.weekday() < 5) >= {date(2026, 5, 9), date(2026, 10, 1)}


@pytest.mark.parametrize("year", [2027, 2028])
def test_an_estimated_year_has_the_statutory_days_and_no_make_up_days(year: int) -> None:
    china = holidays_package.country_holidays("CN", years=year)
    for day in all_days(date(year, 1, 1), date(year, 12, 31)):
        assert CALENDAR.status_of(day) is YearStatus.ESTIMATED
        assert CALENDAR.is_working_day(day) == china.is_working_day(day), day
    assert not [day for day in CALENDAR.make_up_days if day.year == year]


def test_the_make_up_days_of_2026_are_working_days() -> None:
    made_up = [day for day in CALENDAR.make_up_days if day.year == 2026]
    assert sorted(made_up) == [
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ]
    assert all(CALENDAR.is_working_day(day) for day in made_up)


def test_labour_day_2026_is_five_days_without_work() -> None:
    assert CALENDAR.nth_working_day_after(date(2026, 4, 30), 1) == date(2026, 5, 6)
    assert CALENDAR.working_days_between(date(2026, 4, 30), date(2026, 5, 5)) == 0


def test_an_unknown_year_is_refused_and_never_taken_for_ordinary_weeks() -> None:
    """I03."""
    with pytest.raises(CalendarYearMissing) as refused:
        CALENDAR.is_working_day(date(2035, 3, 1))
    assert refused.value.year == 2035
    with pytest.raises(CalendarYearMissing):
        CALENDAR.nth_working_day_after(date(2028, 12, 29), 5)


def test_the_end_of_a_day_is_midnight_in_shanghai() -> None:
    """I02."""
    assert end_of_day(date(2026, 5, 6)) == datetime(2026, 5, 6, 16, tzinfo=UTC)
    assert civil_date(datetime(2026, 5, 6, 15, 59, tzinfo=UTC)) == date(2026, 5, 6)
    assert civil_date(datetime(2026, 5, 6, 16, 0, tzinfo=UTC)) == date(2026, 5, 7)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        civil_date(datetime(2026, 5, 6))  # noqa: DTZ001


@given(days, st.integers(1, 60))
def test_the_nth_working_day_has_n_working_days_before_it(day: date, n: int) -> None:
    found = CALENDAR.nth_working_day_after(day, n)
    assert CALENDAR.is_working_day(found)
    assert CALENDAR.working_days_between(day, found) == n
    assert CALENDAR.working_days_between(day, found - timedelta(days=1)) == n - 1


@given(days, st.integers(0, 90), st.integers(0, 90))
def test_counting_working_days_adds_up(day: date, first: int, second: int) -> None:
    middle = day + timedelta(days=first)
    end = middle + timedelta(days=second)
    parts = CALENDAR.working_days_between(day, middle) + CALENDAR.working_days_between(middle, end)
    assert CALENDAR.working_days_between(day, end) == parts


@given(days, weeks)
def test_a_calendar_moved_by_weeks_says_the_same_of_each_moved_day(day: date, count: int) -> None:
    moved = CALENDAR.moved(7 * count)
    assert moved.is_working_day(day + timedelta(weeks=count)) == CALENDAR.is_working_day(day)
    assert moved.status_of(day + timedelta(weeks=count)) == CALENDAR.status_of(day)


def test_a_calendar_moves_by_whole_weeks_only() -> None:
    with pytest.raises(ValueError, match="whole weeks"):
        CALENDAR.moved(365)


def test_a_calendar_moved_there_and_back_is_the_same_but_for_its_name() -> None:
    back = CALENDAR.moved(364).moved(-364)
    assert back.model_copy(update={"version": CALENDAR.version}) == CALENDAR


@pytest.mark.parametrize("moved_by", [0, 364, -364])
def test_a_window_answers_like_the_whole_table(moved_by: int) -> None:
    whole = CALENDAR.moved(moved_by)
    window = whole.window(2026, 2027)
    for day in all_days(date(2026, 1, 1), date(2027, 12, 31)):
        assert window.is_working_day(day) == whole.is_working_day(day)
    assert len(window.model_dump_json()) < 2_000


def test_a_window_nobody_knows_is_refused() -> None:
    with pytest.raises(CalendarYearMissing):
        CALENDAR.window(2040, 2041)


def test_a_calendar_is_always_the_same_text() -> None:
    again = WorkCalendar.model_validate_json(CALENDAR.model_dump_json())
    assert again == CALENDAR
    assert again.model_dump_json() == CALENDAR.model_dump_json()
    assert CALENDAR.model_dump_json().index("2010-01-01") < CALENDAR.model_dump_json().index(
        "2026-10-07"
    )


def test_the_horizon_is_the_last_day_the_table_knows() -> None:
    assert CALENDAR.horizon == date(2028, 12, 31)
    assert CALENDAR.moved(7).horizon == date(2029, 1, 7)


@pytest.mark.parametrize(
    ("today", "until", "ahead", "wanted"),
    [
        (date(2026, 11, 1), date(2026, 12, 31), 60, 2027),
        (date(2026, 11, 2), date(2026, 12, 31), 59, 2027),
        (date(2026, 12, 31), date(2026, 12, 31), 0, 2027),
        (date(2024, 3, 1), date(2026, 12, 31), 1035, 2027),
        (date(2027, 1, 1), date(2026, 12, 31), 0, 2027),  # an estimate is not sure
        (date(2035, 5, 1), date(2034, 12, 31), 0, 2035),  # nor is a year nobody knows
    ],
)
def test_the_sure_days_are_an_unbroken_run_of_official_years(
    today: date, until: date, ahead: int, wanted: int
) -> None:
    assert CALENDAR.official_until(today) == until
    assert CALENDAR.official_days_ahead(today) == ahead
    assert CALENDAR.next_unsure_year(today) == wanted


def test_an_official_year_beyond_an_estimate_makes_nothing_sure() -> None:
    years = CALENDAR.years | {2028: YearStatus.OFFICIAL}
    gap = CALENDAR.model_copy(update={"years": years})
    assert gap.official_days_ahead(date(2026, 12, 1)) == 30


def test_the_sure_days_move_with_the_story() -> None:
    moved = CALENDAR.moved(364)
    assert moved.official_days_ahead(date(2026, 11, 2) + timedelta(days=364)) == 59
    assert moved.next_unsure_year(date(2026, 11, 2) + timedelta(days=364)) == 2027


@pytest.mark.parametrize(
    ("holidays", "make_up", "why"),
    [
        ({date(2026, 5, 9)}, {date(2026, 5, 9)}, "both a day off and a make-up day"),
        ({date(2031, 5, 1)}, set(), "a year the table does not list"),
        (set(), {date(2026, 5, 6)}, "not a Saturday or Sunday"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(
    holidays: set[date], make_up: set[date], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        WorkCalendar(
            version="test",
            years={2026: YearStatus.OFFICIAL},
            holidays=frozenset(holidays),
            make_up_days=frozenset(make_up),
        )


def test_a_calendar_file_is_refused_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "cn-2030.yaml").write_text(
        "year: 2030\nstatus: official\nsource: test\nholidays:\n"
        "  - {name: 元旦, days_off: [2029-12-31, 2030-01-01, 2031-01-01]}\n"
        "  - name: 劳动节\n    days_off: [2030-05-01, 2030-05-01]\n    make_up: [2030-04-29]\n",
        encoding="utf-8",
    )
    with pytest.raises(FileRefused) as refused:
        load_calendar(tmp_path)
    assert str(refused.value).split("; ") == [
        "cn-2030.yaml: line 5: 2031-01-01 (元旦) is not a day of 2030",
        "line 7: 2030-05-01 (劳动节) is listed twice",
        "line 8: 2030-04-29 (劳动节) is a make-up day but not a Saturday or Sunday",
        "line 4: 2030-10-01 is a day off by law and is not listed",
    ]


def test_an_empty_folder_is_no_calendar(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        load_calendar(tmp_path)


def test_the_shanghai_clock_has_no_summer_time_in_the_years_of_the_table() -> None:
    offsets = {
        datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).utcoffset()
        for day in all_days(FIRST, LAST)
    }
    assert offsets == {timedelta(hours=8)}


def test_a_deadline_at_the_end_of_a_day_is_said_as_24_00_of_that_day() -> None:
    assert due_civil(datetime(2026, 5, 6, 16, tzinfo=UTC)) == "2026-05-06 24:00"
    assert due_civil(datetime(2026, 5, 6, 10, tzinfo=UTC)) == "2026-05-06 18:00"
