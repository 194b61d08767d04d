"""Service hours: the office of P19, the night and Spring Festival of P05."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.calendar import SHANGHAI
from domain.hours import ServiceHours
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
ALL = {one.code: one for one in programmes()}
(OFFICE,) = ALL["annex2_ci_inpatient"].hours
(DOCTOR,) = ALL["changsheng_haorensheng"].hours


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("2026-09-24 17:59", "2026-09-24 17:59"),
        ("2026-09-24 18:00", "2026-09-28 09:30"),  # Mid-Autumn, 25 to 27 September
        ("2026-09-28 09:29", "2026-09-28 09:30"),
        ("2026-09-28 09:30", "2026-09-28 09:30"),
        ("2026-09-20 10:00", "2026-09-20 10:00"),  # a make-up Sunday is a working day (C-02)
        ("2026-10-10 17:00", "2026-10-10 17:00"),  # and a make-up Saturday
        ("2026-10-01 10:00", "2026-10-08 09:30"),
        ("2026-06-13 10:00", "2026-06-15 09:30"),  # an ordinary Saturday
    ],
)
def test_the_office_opens_on_working_days(asked: str, answered: str) -> None:
    """R709, R717."""
    assert OFFICE.next_open(at(asked), CALENDAR) == at(answered)
    assert OFFICE.is_open(at(asked), CALENDAR) == (asked == answered)


def test_monday_to_friday_taken_literally_works_no_make_up_day() -> None:
    """C-02: the literal reading is a setting."""
    literal = OFFICE.model_copy(update={"days": "monday_to_friday"})
    assert not literal.is_open(at("2026-10-10 10:00"), CALENDAR)
    assert literal.is_open(at("2026-10-01 10:00"), CALENDAR)


@pytest.mark.parametrize(
    ("asked", "answered", "emergency"),
    [
        ("2026-06-10 19:59", "2026-06-10 19:59", False),
        ("2026-06-10 20:00", "2026-06-11 08:00", False),  # deferred to 08:00
        ("2026-06-10 20:00", "2026-06-10 20:00", True),
        ("2026-06-11 07:59", "2026-06-11 08:00", False),
        ("2026-06-11 08:00", "2026-06-11 08:00", False),
        ("2026-06-13 12:00", "2026-06-13 12:00", False),  # a Saturday
        ("2026-10-01 12:00", "2026-10-01 12:00", False),  # National Day is no exception
        ("2026-02-14 12:00", "2026-02-14 12:00", False),
        ("2026-02-15 00:00", "2026-02-24 08:00", False),  # Spring Festival as arranged (C-43)
        ("2026-02-18 12:00", "2026-02-24 00:00", True),
        ("2026-02-23 23:59", "2026-02-24 08:00", False),
    ],
)
def test_the_phone_doctor_rests_at_spring_festival_and_at_night(
    asked: str, answered: str, emergency: bool
) -> None:
    """R364, R365."""
    assert DOCTOR.next_open(at(asked), CALENDAR, emergency=emergency) == at(answered)


@given(st.integers(0, 353 * 24 * 60), st.booleans())
def test_the_next_opening_is_open_and_never_earlier(minute: int, emergency: bool) -> None:
    asked = at("2026-01-01 00:00") + timedelta(minutes=minute)
    for hours in (OFFICE, DOCTOR):
        opens = hours.next_open(asked, CALENDAR, emergency=emergency)
        assert opens >= asked
        assert hours.is_open(opens, CALENDAR, emergency=emergency)
        assert hours.next_open(opens, CALENDAR, emergency=emergency) == opens


def test_closures_move_with_the_story() -> None:
    moved = DOCTOR.moved(364)
    assert moved.closures[0].first - DOCTOR.closures[0].first == timedelta(days=364)


@pytest.mark.parametrize(
    "change",
    [
        {"opens": time(18), "closes": time(9)},
        {"emergencies_only_from": time(20)},
        {"closures": [{"name": "x", "first": date(2026, 2, 2), "last": date(2026, 2, 1)}]},
        {"days": "sometimes"},
    ],
)
def test_hours_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    whole = {"code": "a", "name": "一", "days": "every_day", "source": "inferred"}
    with pytest.raises(ValidationError):
        ServiceHours.model_validate(whole | change)
