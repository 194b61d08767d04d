"""Claim rules as data: elements, rules, liabilities, schemes (P21, R805)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.claims.risk import Value
from domain.claims.terms import ClaimServices
from tests.builders import programmes

(P21,) = (one for one in programmes() if one.claims)
assert P21.claims is not None
CLAIMS: ClaimServices = P21.claims
INSURED = 25_000_000
fen = st.integers(min_value=0, max_value=100_000_000)


def test_every_lane_is_a_service_and_every_claim_service_has_a_lane() -> None:
    services = {one.code for one in P21.services if one.shape == "claim"}
    assert {lane.service for lane in CLAIMS.lanes} == services


def test_a_critical_illness_pays_what_is_left_of_the_sum_insured() -> None:
    known: dict[str, Value] = {
        "disease": "colorectal_cancer",
        "diagnosis": "confirmed",
        "sum_insured_left": INSURED,
    }
    proposal = CLAIMS.propose("ci_scheme", known)
    assert (proposal.amount_fen, proposal.is_clear) == (INSURED, True)


def test_a_rule_that_fails_is_said_and_pays_nothing() -> None:
    known: dict[str, Value] = {
        "disease": "common_cold",
        "diagnosis": "suspected",
        "sum_insured_left": INSURED,
    }
    proposal = CLAIMS.propose("ci_scheme", known)
    assert proposal.amount_fen == 0
    assert proposal.failed == ("尚未确诊", "不属于约定的重大疾病")
    assert not proposal.is_clear


def test_what_nobody_stated_leaves_the_claim_to_a_person() -> None:
    proposal = CLAIMS.propose("medical_scheme", {"bill": 774_362})
    assert set(proposal.open) == {"social_paid", "self_pay", "sum_insured_left"}
    assert not proposal.is_clear


@pytest.mark.parametrize(("bill", "clear"), [(500_000, True), (500_001, False)])
def test_the_small_lane_ends_exactly_at_its_amount(bill: int, clear: bool) -> None:
    known = {"bill": bill, "social_paid": 0, "self_pay": 0, "sum_insured_left": INSURED}
    assert CLAIMS.propose("small_scheme", known).is_clear is clear


@given(bill=fen, social=fen, own=fen, left=fen)
def test_a_medical_claim_never_pays_more_than_bill_or_cover(
    bill: int, social: int, own: int, left: int
) -> None:
    known = {"bill": bill, "social_paid": social, "self_pay": own, "sum_insured_left": left}
    amount = CLAIMS.propose("medical_scheme", known).amount_fen
    assert 0 <= amount <= min(bill, left)
    assert amount == max(0, min(bill - social - own, left))


@pytest.mark.parametrize(
    ("layer", "change"),
    [
        ("rules", {"element": "weather"}),
        ("liabilities", {"pays": "weather"}),
        ("schemes", {"liabilities": ["weather"]}),
        ("lanes", {"scheme": "weather"}),
    ],
)
def test_a_layer_names_only_what_the_one_below_has(layer: str, change: dict[str, Any]) -> None:
    content = CLAIMS.model_dump()
    content[layer] = [{**content[layer][0], **change}, *content[layer][1:]]
    with pytest.raises(ValidationError, match="weather"):
        ClaimServices.model_validate(content)


ORDINARY: dict[str, Value] = {"policy_days": 2000, "claims_before": 0, "bill": 480_000}


def test_an_ordinary_claim_scores_nothing() -> None:
    risk = CLAIMS.score(ORDINARY)
    assert (risk.points, risk.needs_person, risk.said) == (0, False, "")


@pytest.mark.parametrize(("days", "person"), [(179, True), (180, False)])
def test_a_policy_is_new_for_exactly_so_many_days(days: int, person: bool) -> None:
    assert CLAIMS.score(ORDINARY | {"policy_days": days}).needs_person is person


def test_signs_add_up_until_a_person_has_to_look() -> None:
    alone = CLAIMS.score(ORDINARY | {"unknown_items": 1})
    assert (alone.points, alone.needs_person) == (20, False)
    both = CLAIMS.score(ORDINARY | {"unknown_items": 1, "claims_before": 3})
    assert (both.points, both.needs_person) == (50, True)
    assert both.said == "风险评分 50: 一年内已理赔3次及以上, 有基础数据库中没有的明细"


def test_a_sign_names_an_element_of_the_programme() -> None:
    content = CLAIMS.model_dump()
    content["risk"]["signs"][0]["element"] = "weather"
    with pytest.raises(ValidationError, match="weather"):
        ClaimServices.model_validate(content)


@pytest.mark.parametrize(
    ("province", "on", "is_open"),
    [
        ("四川省", date(2004, 1, 1), True),
        ("四川省", date(2003, 12, 31), False),
        ("福建省", date(2026, 4, 13), False),
    ],
)
def test_direct_pay_is_open_by_region_and_from_a_day_on(
    province: str, on: date, is_open: bool
) -> None:
    lanes = {lane.service: lane for lane in CLAIMS.lanes}
    assert lanes["claim_direct_pay"].is_open_in(province, on) is is_open
    assert lanes["small_fast_claim"].is_open_in(province, on)
