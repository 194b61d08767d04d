"""Which counter a use belongs to, and what may become of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.entitlement import (
    NEXT_STATES,
    UseConflict,
    UseState,
    counter_of,
    moved_on,
    period_of,
    policy_year,
    year_ends_on,
)
from tests.builders import programmes

ALL = {one.code: one for one in programmes()}
FROM = date(2024, 2, 29)


def period(code: str, service: str, on: date) -> str:
    return period_of(ALL[code].service(service).quota, policy_from=FROM, on=on)


@pytest.mark.parametrize(
    ("on", "first", "last"),
    [
        (FROM, FROM, date(2025, 2, 28)),
        (date(2025, 2, 28), FROM, date(2025, 2, 28)),
        (date(2025, 3, 1), date(2025, 3, 1), date(2026, 2, 28)),
        (date(2028, 2, 29), date(2028, 2, 29), date(2029, 2, 28)),
    ],
)
def test_a_policy_year_begins_on_the_policys_day(on: date, first: date, last: date) -> None:
    assert policy_year(FROM, on) == (first, last)


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 20_000))
def test_policy_years_follow_each_other_without_gap(policy_from: date, days: int) -> None:
    on = policy_from + timedelta(days=days)
    first, last = policy_year(policy_from, on)
    assert first <= on <= last
    assert policy_year(policy_from, last + timedelta(days=1))[0] == last + timedelta(days=1)


def test_a_day_before_the_policy_has_no_year() -> None:
    with pytest.raises(ValueError, match="before the policy"):
        policy_year(FROM, FROM - timedelta(days=1))


def test_a_service_nobody_counts_has_a_policy_year_too() -> None:
    """R700: what P19 does not count ends with the year all the same."""
    counted = ALL["annex2_ci_inpatient"].service("inpatient_arrangement").quota.is_counted
    ends = [year_ends_on(first, date(2025, 3, 1)) for first in (FROM, None, date(2026, 1, 1))]
    assert (counted, ends) == (False, [date(2026, 2, 28), None, None])


def test_a_term_and_a_policy_are_one_period_a_policy_year_is_many() -> None:
    """C-41: 『仅限1次』 is once in all, 『1次/年』 once a policy year; R403."""
    later = date(2026, 6, 17)
    for code, service, same in (
        ("pingan_value_added", "visit_escort", True),
        ("anxin_cancer_inpatient", "inpatient_arrangement", True),
        ("pingan_value_added", "paediatric_outpatient", False),
    ):
        assert (period(code, service, FROM) == period(code, service, later)) is same


def test_both_ways_to_an_expert_count_together_and_the_unlimited_do_not_count() -> None:
    """R164."""
    p02 = ALL["pingan_value_added"]
    counters = {
        service: counter_of(
            p02.service(service), programme=p02.code, holder="pol-1", policy_from=FROM, on=FROM
        )
        for service in ("expert_phone_appointment", "expert_phone_direct", "inpatient_advance")
    }
    assert counters["expert_phone_appointment"] == counters["expert_phone_direct"] is not None
    assert counters["inpatient_advance"] is None


@given(st.sampled_from(UseState), st.sampled_from(UseState))
def test_only_legal_moves_are_made(state: UseState, to: UseState) -> None:
    if to is state or to in NEXT_STATES[state]:
        assert moved_on(state, to) is to
    else:
        with pytest.raises(UseConflict):
            moved_on(state, to)
