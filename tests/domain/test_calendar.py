"""Working days: the 2026 table, its neighbours, and what holds for any table."""

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
    end_of_day,
)

CALENDAR = load_calendar()
FIRST, LAST = date(2019, 1, 1), date(2026, 12, 31)

days = st.dates(FIRST, LAST - timedelta(days=200))
weeks = st.integers(-60, 60)


def all_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize("year", range(2019, 2027))
def test_the_table_agrees_with_chinesecalendar_on_every_day_of(year: int) -> None:
    for day in all_days(date(year, 1, 1), date(year, 12, 31)):
        assert CALENDAR.is_working_day(day) == chinese_calendar.is_workday(day), day


@pytest.mark.parametrize("year", range(2019, 2027))
def test_the_table_agrees_with_holidays_on_every_day_of(year: int) -> None:
    china = holidays_package.country_holidays("CN", years=year)
    for day in all_days(date(year, 1, 1), date(year, 12, 31)):
        assert CALENDAR.is_working_day(day) == china.is_working_day(day), day


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
    assert CALENDAR.model_dump_json().index("2019-01-01") < CALENDAR.model_dump_json().index(
        "2026-10-07"
    )


def test_the_horizon_is_the_last_day_the_table_knows() -> None:
    assert CALENDAR.horizon == date(2028, 12, 31)
    assert CALENDAR.moved(7).horizon == date(2029, 1, 7)
    assert CALENDAR.official_until == date(2026, 12, 31)
    assert CALENDAR.window(2027, 2028).official_until is None


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


def test_a_calendar_file_with_a_day_of_another_year_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cn-2030.yaml").write_text(
        "year: 2030\nstatus: official\nsource: test\nholidays:\n"
        "  - {name: 元旦, days_off: [2031-01-01]}\n",
        encoding="utf-8",
    )
    with pytest.raises(FileRefused, match=r"cn-2030\.yaml: line 1: .*2031-01-01"):
        load_calendar(tmp_path)


def test_an_empty_folder_is_no_calendar(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        load_calendar(tmp_path)


def test_the_shanghai_clock_has_no_summer_time_in_the_years_of_the_table() -> None:
    offsets = {
        datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).utcoffset()
        for day in all_days(FIRST, LAST)
    }
    assert offsets == {timedelta(hours=8)}
