"""A policy that ends before its time: its last day, and which day may be said to be it."""

from __future__ import annotations

from datetime import date

import pytest

from domain.policy import EndRefused, PolicyOver, PolicyTerm

TODAY = date(2026, 9, 24)
FROM, TO = date(2026, 1, 10), date(2027, 1, 9)


def term(*, ended_on: date | None = None, to: date | None = TO) -> PolicyTerm:
    return PolicyTerm(valid_from=FROM, valid_to=to, ended_on=ended_on)


@pytest.mark.parametrize(
    ("one", "last"),
    [
        (term(), TO),
        (term(to=None), None),
        (term(ended_on=date(2026, 10, 31)), date(2026, 10, 31)),
        (term(ended_on=date(2026, 10, 31), to=None), date(2026, 10, 31)),
        (term(ended_on=date(2027, 3, 1)), TO),  # a newer list runs out before
    ],
)
def test_a_policy_runs_to_its_own_last_day_or_to_the_one_the_insurer_names(
    one: PolicyTerm, last: date | None
) -> None:
    assert one.last_day == last


def test_an_end_does_not_reach_into_a_renewal_that_begins_after_it() -> None:
    renewed = PolicyTerm(valid_from=date(2026, 11, 1), valid_to=None, ended_on=date(2026, 10, 31))
    assert renewed.ends_early_on is None
    assert renewed.last_day is None
    renewed.may_end(date(2026, 12, 31), today=date(2026, 11, 5))


@pytest.mark.parametrize("day", [FROM, date(2026, 9, 1), TODAY, date(2026, 10, 31), TO])
def test_any_day_of_the_term_may_be_the_last(day: date) -> None:
    """Insurers say it weeks ahead and weeks later: what was surrendered on Monday ended then."""
    term().may_end(day, today=TODAY)


@pytest.mark.parametrize(
    ("one", "day", "why"),
    [
        (term(), date(2026, 1, 9), "生效日"),
        (term(), date(2027, 1, 10), "原终止日"),
        (term(to=None), date(2027, 9, 26), "一年"),
    ],
)
def test_a_day_outside_the_term_is_refused_with_its_reason(
    one: PolicyTerm, day: date, why: str
) -> None:
    with pytest.raises(EndRefused, match=why):
        one.may_end(day, today=TODAY)


@pytest.mark.parametrize("over", [term(to=date(2026, 9, 23)), term(ended_on=date(2026, 9, 23))])
def test_what_is_over_ends_no_second_time(over: PolicyTerm) -> None:
    with pytest.raises(PolicyOver):
        over.may_end(TODAY, today=TODAY)


def test_an_end_that_has_not_come_yet_may_be_named_anew() -> None:
    term(ended_on=date(2026, 10, 31)).may_end(date(2026, 11, 30), today=TODAY)
