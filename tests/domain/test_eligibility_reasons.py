"""A verdict names what it wants of this very request, where the programme's words leave it open."""

from domain.programmes.rules import RuleCode
from tests.domain.questions import TODAY, verdict


def test_whoever_asks_for_too_near_a_day_hears_how_far_ahead_it_must_be() -> None:
    short = verdict("pingan_value_added", "paediatric_outpatient", planned_on=TODAY)
    assert short.codes == (RuleCode.LEAD_TIME,)
    assert short.reasons[0].text.endswith(": 至少3个自然日")


def test_whoever_lacks_a_precondition_hears_which() -> None:
    bed = verdict("anxin_cancer_inpatient", "inpatient_arrangement", preconditions=frozenset())
    assert bed.codes == (RuleCode.PRECONDITIONS,)
    assert bed.reasons[0].text.endswith(": 已获得住院证")
