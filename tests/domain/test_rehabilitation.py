"""A year of calls: how many there may be, and on which days they fall."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.bookings.rehabilitation import CareCall, attempts_of, call_days, calls_allowed, year_of
from tests.builders import programmes

P13 = next(one for one in programmes() if one.code == "ruitai_ci")
REHAB = P13.service("rehab_management")


def test_p13_promises_one_to_five_calls_and_books_a_year_once() -> None:
    assert calls_allowed(REHAB) == (1, 5)
    assert attempts_of(REHAB) == 3
    assert REHAB.bookings_max(None) == 1


def test_five_calls_lie_evenly_over_the_year_after_the_first_visit() -> None:
    first = date(2026, 9, 1)
    days = call_days(first, asked_on=first, calls=5)
    assert days == [
        date(2026, 11, 12),
        date(2027, 1, 24),
        date(2027, 4, 7),
        date(2027, 6, 19),
        date(2027, 8, 31),
    ]
    assert days[-1] == year_of(first)


def test_who_asks_late_is_called_in_what_is_left_of_the_year() -> None:
    days = call_days(date(2026, 1, 1), asked_on=date(2026, 12, 1), calls=3)
    assert days == [date(2026, 12, 11), date(2026, 12, 21), date(2026, 12, 31)]


def test_a_year_that_is_over_has_no_calls() -> None:
    with pytest.raises(ValueError, match="is over"):
        call_days(date(2025, 1, 1), asked_on=date(2026, 1, 1), calls=1)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 300), st.integers(1, 12))
def test_every_call_has_a_day_of_its_own_after_the_request_within_the_year(
    first: date, late: int, calls: int
) -> None:
    asked = first + timedelta(days=late)
    days = call_days(first, asked_on=asked, calls=calls)
    assert len({*days}) == calls
    assert days == sorted(days)
    assert asked < days[0]
    assert days[-1] == year_of(first)


def test_a_call_that_was_answered_records_condition_and_advice() -> None:
    CareCall(reached=False)
    with pytest.raises(ValidationError, match="须记录康复情况与建议"):
        CareCall(reached=True, condition="好")
