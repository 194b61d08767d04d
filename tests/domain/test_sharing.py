"""What a programme's file lets leave the house: R424 (P07), R484-R486 (P10), and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from domain.bookings.sharing import HOSPITAL_DESK, WITHHELD_NAMES, Withheld, withheld
from domain.programmes.offer import DataRecipient
from tests.builders import programmes

PROGRAMMES = {programme.code: programme for programme in programmes()}
SHARING = {
    "changsheng_yuanmeng",  # P10: provider, medical and testing institutions
    "pingan_pc_haoran",  # P07: by e-mail form or by a query system
    "pingan_health_295",
    "pingan_value_added",
    "taikang_online_ci",
    "china_life_claims",
}


@pytest.mark.parametrize("code", PROGRAMMES)
def test_a_complaint_leaves_only_where_the_file_names_who_may_have_it(code: str) -> None:
    clauses = PROGRAMMES[code].for_booking(PROGRAMMES[code].services[0].code).data_sharing
    why = withheld(clauses, HOSPITAL_DESK, consented=True)
    assert why == (None if code in SHARING else Withheld.NO_CLAUSE)
    assert withheld(clauses, HOSPITAL_DESK, consented=False) is Withheld.NO_CONSENT


def clause(**terms: Any) -> DataRecipient:
    return DataRecipient.model_validate({"who": "provider", "source": "x", **terms})


@pytest.mark.parametrize(
    ("clauses", "why"),
    [
        ([clause(who="testing_institution")], Withheld.NO_CLAUSE),
        ([clause(who="insurer")], Withheld.NO_CLAUSE),
        ([clause(confidentiality=False)], Withheld.NOT_BOUND),
        ([clause(way="email_form")], Withheld.OTHER_WAY),
        ([clause(way="email_form"), clause(way="query_system")], None),
        ([clause(confidentiality=False), clause(who="medical_institution")], None),
    ],
)
def test_each_reason_has_its_own_name(clauses: list[DataRecipient], why: Withheld | None) -> None:
    assert withheld(clauses, HOSPITAL_DESK, consented=True) == why
    assert why is None or WITHHELD_NAMES[why]
