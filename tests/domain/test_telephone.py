"""What is counted of calls does not depend on the order in which their reports arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.telephone import CallNews, Calls

AT = datetime(2026, 9, 24, 2, 0, tzinfo=UTC)
NEWS = {"f": CallNews.FAILED, "a": CallNews.ANSWERED, "e": CallNews.ENDED}


def expected() -> Calls:
    calls = Calls()
    calls.expect()
    return calls


def after(outcomes: str) -> Calls:
    """A doctor's calls, a minute apart: f not answered, a answered."""
    calls = expected()
    for number, one in enumerate(outcomes):
        at = AT + timedelta(minutes=number)
        assert calls.heard(f"c-{number}", "doctor", NEWS[one], at=at)
    return calls


@given(st.text("fa", max_size=12))
def test_calls_in_vain_are_those_since_the_customer_was_last_reached(outcomes: str) -> None:
    calls = after(outcomes)
    assert calls.in_vain("doctor") == len(outcomes) - len(outcomes.rstrip("f"))
    assert calls.in_vain("steward") == 0
    assert (calls.talk() is not None) == ("a" in outcomes)


@pytest.mark.parametrize(
    ("minutes", "counted"),
    [([0, 1, 2, 4], 1), ([0, 5, 10], 3), ([0, 4, 5, 9, 10], 3), ([10, 0, 5], 3)],
)
def test_a_redial_within_five_minutes_is_the_same_try(minutes: list[int], counted: int) -> None:
    calls = expected()
    for number, minute in enumerate(minutes):
        at = AT + timedelta(minutes=minute)
        calls.heard(f"c-{number}", "doctor", CallNews.FAILED, at=at)
    assert calls.in_vain("doctor", apart=timedelta(minutes=5)) == counted


def test_five_minutes_are_those_of_the_clock_on_the_wall() -> None:
    calls = expected()
    for number, seconds in enumerate((0.9, 300.1, 600.0)):
        calls.heard(f"c-{number}", "doctor", CallNews.FAILED, at=AT + timedelta(seconds=seconds))
    assert calls.in_vain("doctor", apart=timedelta(minutes=5)) == 3


def test_the_reports_of_one_call_mean_the_same_in_any_order_and_number() -> None:
    reports = [
        (CallNews.FAILED, AT, 0),
        (CallNews.ANSWERED, AT + timedelta(seconds=5), 0),
        (CallNews.ENDED, AT + timedelta(seconds=65), 60),
        (CallNews.ENDED, AT + timedelta(seconds=65), 60),
    ]
    for order in permutations(reports):
        calls = expected()
        for news, at, seconds in order:
            calls.heard("c-1", "doctor", news, at=at, seconds=seconds)
        talk = calls.talk()
        assert talk is not None
        assert talk.answered_at == AT + timedelta(seconds=5)
        assert talk.ended_at == AT + timedelta(seconds=65)
        assert calls.in_vain("doctor") == 0


@pytest.mark.parametrize(("seconds", "spoke"), [(29, False), (30, True)])
def test_a_line_that_breaks_at_once_is_no_talk_and_no_failure(seconds: int, spoke: bool) -> None:
    calls = after("ff")
    calls.heard("c-9", "doctor", CallNews.ENDED, at=AT + timedelta(hours=1), seconds=seconds)
    assert (calls.talk() is not None) is spoke
    assert calls.in_vain("doctor") == 0


def test_a_report_that_comes_again_says_nothing_new() -> None:
    calls = after("f")
    assert not calls.heard("c-0", "doctor", CallNews.FAILED, at=AT + timedelta(hours=1))
    assert calls.in_vain("doctor") == 1


def test_calls_from_before_the_talk_count_for_nothing() -> None:
    calls = Calls()
    calls.heard("c-1", "steward", CallNews.FAILED, at=AT)
    assert calls.in_vain("steward") == 0
    calls.expect()
    calls.heard("c-1", "steward", CallNews.FAILED, at=AT)
    calls.heard("c-2", "steward", CallNews.FAILED, at=AT)
    assert calls.in_vain("steward") == 1
    first = calls.first_by("steward")
    assert first is not None
    assert first.call_id == "c-2"
