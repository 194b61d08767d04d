"""The days on which stories 3 and 4 say yes, and the day before on which they say no."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.eligibility import Outcome
from domain.programmes.rules import RuleCode
from tests.domain.questions import verdict

P20 = "ins_oncology"
P02 = "pingan_value_added"


@pytest.mark.parametrize(("on", "waits"), [(date(2026, 4, 9), True), (date(2026, 4, 10), False)])
def test_story_three_the_policy_of_10_january_has_waited_on_10_april(on: date, waits: bool) -> None:
    since: dict[str, Any] = {"policy_from": date(2026, 1, 10), "policy_to": date(2027, 1, 9)}
    since |= {"product_waiting_days": 90, "diagnosed_on": on}
    found = verdict(P20, "expert_outpatient", asked_on=on, **since)
    assert (RuleCode.WAITING_PERIOD in found.codes) is waits
    assert (found.outcome is Outcome.ELIGIBLE) is not waits


@pytest.mark.parametrize(
    ("asked_on", "admitted_on", "ok"),
    [
        (date(2026, 9, 14), date(2026, 9, 23), True),
        (date(2026, 9, 17), date(2026, 9, 23), True),  # 18, 20, 21, 22, 23: Sunday is worked
        (date(2026, 9, 18), date(2026, 9, 23), False),
        (date(2026, 9, 18), date(2026, 9, 24), True),
    ],
)
def test_story_three_direct_pay_is_booked_five_working_days_before_the_admission(
    asked_on: date, admitted_on: date, ok: bool
) -> None:
    found = verdict(P20, "direct_pay_deposit", asked_on=asked_on, planned_on=admitted_on)
    assert (RuleCode.LEAD_TIME not in found.codes) is ok


@pytest.mark.parametrize(
    ("wanted_on", "ok"), [(date(2026, 6, 20), True), (date(2026, 6, 19), False)]
)
def test_story_four_an_escort_is_asked_for_three_days_ahead(wanted_on: date, ok: bool) -> None:
    asked = date(2026, 6, 17)
    found = verdict(P02, "visit_escort", asked_on=asked, planned_on=wanted_on)
    assert (RuleCode.LEAD_TIME not in found.codes) is ok
