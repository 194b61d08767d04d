"""The medical base: what a bill's lines say of a disease (R806)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.medical_base import load_medical_base
from domain.claims.medicine import MedicalBase
from tests.builders import programmes

BASE = load_medical_base()


def test_a_line_is_known_and_fits_or_not() -> None:
    lines = ["L01XA03", "T-CHEMO", "T-BED", "T-DIALYSIS", "X99ZZ99"]
    assert BASE.judge("colorectal_cancer", lines) == ({"X99ZZ99"}, {"T-DIALYSIS"})
    assert BASE.judge("end_stage_renal_disease", ["T-DIALYSIS"]) == (set(), set())


def test_of_an_unknown_disease_nothing_is_unfit() -> None:
    assert BASE.judge("ingrown_toenail", ["T-DIALYSIS", "X99ZZ99"]) == ({"X99ZZ99"}, set())


def test_every_disease_a_claim_rule_names_is_in_the_base() -> None:
    named = {
        code
        for one in programmes()
        if one.claims
        for rule in one.claims.rules
        if rule.element == "disease"
        for code in rule.one_of
    }
    assert named
    assert {code for code in named if BASE.group_of(code) is None} == set()


@pytest.mark.parametrize(
    "change",
    [
        {"items": [{**BASE.items[0].model_dump(), "groups": ["weather"]}]},
        {"items": [BASE.items[0].model_dump()] * 2},
    ],
)
def test_a_base_that_does_not_hold_together_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"weather|twice"):
        MedicalBase.model_validate(BASE.model_dump() | change)
