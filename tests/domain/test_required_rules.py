"""Rules that every programme shares, held where a programme states them: one refusal each."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.bookings.terms import found_with_request
from domain.documents import DocumentKind, DocumentStage, outstanding
from domain.eligibility import Outcome, Verdict, judge, to_judge, unanswered
from domain.programmes.rules import RuleCode
from domain.programmes.services import PreconditionCode, ServiceQuota
from tests.domain.questions import ALL, CALENDAR, TODAY, facts, verdict

ENDED = {"policy_to": TODAY - timedelta(days=1)}
ANOTHER = {"for_insured_self": False}
ASKED = [
    (programme.code, service.code, needed.code)
    for programme in ALL.values()
    if programme.rule(RuleCode.PRECONDITIONS)
    for service in programme.services
    for needed in service.preconditions
    if needed.code is not PreconditionCode.BOOKING  # a rule of its own
    if not needed.of_some_hospitals
]


@pytest.mark.parametrize(("code", "service", "needed"), ASKED)
def test_a_service_waits_for_each_of_its_preconditions(
    code: str, service: str, needed: PreconditionCode
) -> None:
    """R287, R293, R300, R319, R557, R562, R645, R679."""
    without = frozenset(PreconditionCode) - {needed}
    found = verdict(code, service, preconditions=without)
    assert (found.outcome, found.codes) == (Outcome.REJECTED, (RuleCode.PRECONDITIONS,))


@pytest.mark.parametrize("service", ["top100_expert_appointment", "inpatient_arrangement"])
def test_a_hospital_card_is_asked_for_only_where_the_hospital_wants_one(service: str) -> None:
    """R631, R649: 『部分医院』; who has none is not turned away, a person looks which hospital."""
    card = PreconditionCode.HOSPITAL_CARD
    [needed] = [
        one for one in ALL["global_doctor_ci"].service(service).preconditions if one.code is card
    ]
    assert "部分医院" in needed.quote
    found = verdict("global_doctor_ci", service, preconditions=frozenset(PreconditionCode) - {card})
    assert (found.outcome, found.codes) == (Outcome.NEEDS_PERSON, (RuleCode.PRECONDITIONS,))
    assert "就诊卡" in found.reasons[0].text
    assert verdict("global_doctor_ci", service).outcome is Outcome.ELIGIBLE
    without = verdict("global_doctor_ci", service, preconditions=frozenset())
    advised = service == "inpatient_arrangement"  # the attending doctor's advice is no such card
    assert without.outcome is (Outcome.REJECTED if advised else Outcome.NEEDS_PERSON)


def _asking(needed: PreconditionCode) -> RuleCode:
    booking = needed is PreconditionCode.BOOKING
    return RuleCode.BOOKING_EXISTS if booking else RuleCode.PRECONDITIONS


def test_no_precondition_is_left_unasked() -> None:
    """Whoever states one asks for it; an advance's authorisation is the review's (R143)."""
    unasked = {
        one.code
        for programme in ALL.values()
        for service in programme.services
        for one in service.preconditions
        if not programme.rule(_asking(one.code))
    }
    assert unasked == {PreconditionCode.INSURER_AUTHORIZATION}


@pytest.mark.parametrize(
    ("code", "service", "changes", "rule"),
    [
        ("pingan_value_added", "paediatric_outpatient", ANOTHER, "insured_self"),
        ("pingan_value_added", "family_doctor_text", ANOTHER, "insured_self"),
        ("pingan_value_added", "inpatient_advance", ANOTHER, "insured_self"),
        ("pingan_pc_haoran", "inpatient_arrangement", ANOTHER, "insured_self"),
        ("global_doctor_ci", "top100_expert_appointment", ANOTHER, "insured_self"),
        (
            "taikang_online_ci",
            "exam_expedite",
            {"hospital_on_network": False},
            "hospital_on_network",
        ),
        (
            "xintai_million_guard",
            "expert_outpatient",
            {"hospital_on_network": False},
            "hospital_on_network",
        ),
        (
            "ins_oncology",
            "expert_outpatient",
            {"hospital_on_network": False},
            "hospital_on_network",
        ),
        ("changsheng_haorensheng", "phone_doctor", {"product": "other"}, "product_designated"),
        ("changsheng_yuanmeng", "second_opinion", {"product": "other"}, "product_designated"),
        ("xintai_million_guard", "phone_doctor", {"product": "other"}, "product_designated"),
        ("xintai_million_guard", "phone_doctor", {"sales_channel": "internet"}, "channel_has_plan"),
        ("ruitai_ci", "phone_doctor", {"sales_channel": "telesales"}, "channel_has_plan"),
        ("ruitai_ci", "phone_doctor", {"policy_years": 0}, "policy_term"),
        ("ruitai_ci", "phone_doctor", ENDED, "policy_in_force"),
        ("anxin_cancer_inpatient", "cancer_outpatient", ENDED, "policy_in_force"),
        ("pingan_health_295", "expert_outpatient", ENDED, "policy_in_force"),
        ("ins_oncology", "gene_testing", ENDED, "policy_in_force"),
        ("pingan_oncology_157", "second_opinion", ENDED, "policy_in_force"),
        ("pingan_pc_haoran", "ci_consultation", ENDED, "service_active"),
        (
            "annex2_ci_inpatient",
            "surgery_arrangement",
            {"disease_in_scope": False},
            "disease_in_scope",
        ),
        ("ruitai_ci", "expert_outpatient", {"disease_in_scope": False}, "disease_in_scope"),
        (
            "anxin_cancer_inpatient",
            "cancer_outpatient",
            {"disease_in_scope": False},
            "disease_in_scope",
        ),
        ("pingan_pc_haoran", "second_opinion", {"is_first_diagnosis": False}, "diagnosis"),
        ("pingan_pc_haoran", "second_opinion", {"diagnosed_at_grade": 1}, "diagnosing_hospital"),
        (
            "annex2_ci_inpatient",
            "surgery_arrangement",
            {"diagnosed_by_specialist": False},
            "diagnosed_by_specialist",
        ),
        ("ins_oncology", "direct_pay_deposit", {"hospital_sub_grade": "乙"}, "hospital_grade"),
        ("ins_oncology", "direct_pay_deposit", {"hospital_grade": 2}, "hospital_grade"),
    ],
)
def test_what_a_programme_asks_for_is_refused_where_it_is_missing(
    code: str, service: str, changes: dict[str, Any], rule: str
) -> None:
    """R132, R158, R284, R343, R369, R467, R532, R533, R624, R670, R677, R776."""
    wanted = TODAY + timedelta(days=20)
    assert verdict(code, service, planned_on=wanted).outcome is Outcome.ELIGIBLE
    found = verdict(code, service, planned_on=wanted, **changes)
    assert (found.outcome, found.codes) == (Outcome.REJECTED, (rule,))


@pytest.mark.parametrize("unknown", [{"hospital_sub_grade": ""}, {"hospital_grade": None}])
def test_a_hospital_whose_class_the_registry_leaves_out_is_looked_at_by_a_person(
    unknown: dict[str, Any],
) -> None:
    wanted = TODAY + timedelta(days=20)
    found = verdict("ins_oncology", "direct_pay_deposit", planned_on=wanted, **unknown)
    assert (found.outcome, found.codes) == (Outcome.NEEDS_PERSON, (RuleCode.HOSPITAL_GRADE,))


@pytest.mark.parametrize(
    ("code", "service", "days"),
    [
        ("changsheng_haorensheng", "inpatient_arrangement", 90),
        ("changsheng_yuanmeng", "second_opinion", 180),
    ],
)
def test_a_list_that_states_other_waiting_days_than_the_programme_is_cleared_by_a_person(
    code: str, service: str, days: int
) -> None:
    """R367, R490: the waiting period is the contract's."""
    assert verdict(code, service, product_waiting_days=days).outcome is Outcome.ELIGIBLE
    found = verdict(code, service, product_waiting_days=days - 1)
    assert (found.outcome, found.codes) == (Outcome.NEEDS_PERSON, (RuleCode.WAITING_PERIOD,))


@pytest.mark.parametrize(
    ("code", "kind", "last_good"),
    [
        ("global_doctor_ci", "ct_report", date(2025, 12, 17)),
        ("global_doctor_ci", "blood_report", date(2025, 12, 17)),
        ("anxin_cancer_inpatient", "medical_record", date(2025, 6, 17)),
        ("anxin_cancer_inpatient", "social_insurance_reimbursement_record", date(2024, 6, 17)),
    ],
)
def test_a_paper_older_than_its_months_does_not_count(
    code: str, kind: str, last_good: date
) -> None:
    """R383, R384, R628."""
    (rule,) = [one for one in ALL[code].documents if one.kind == kind]
    assert not rule.is_too_old(last_good, TODAY)
    assert rule.is_too_old(last_good - timedelta(days=1), TODAY)


@pytest.mark.parametrize("used", [0, 1, 99])
def test_an_advance_of_p02_may_be_asked_for_however_often(used: int) -> None:
    """R148: the insured person only, without a count, for illness or accident."""
    found = verdict("pingan_value_added", "inpatient_advance", quota_count=None, quota_used=used)
    assert found.outcome is Outcome.ELIGIBLE


def test_what_a_tier_offers_is_counted_by_tier_and_an_unknown_tier_is_a_persons() -> None:
    """R672: the source lost the numbers; a file that has them says them by tier."""
    p18 = ALL["xintai_million_guard"]
    tiers = ServiceQuota.model_validate({"by_tier": {"gold": 2}, "period": "policy_year"})
    services = tuple(one.model_copy(update={"quota": tiers}) for one in p18.services)
    known = p18.model_copy(update={"services": services})

    def outcome(tier: str | None, used: int) -> Outcome:
        count = known.service("expert_outpatient").quota.count_for(tier)
        asked = facts(p18.code, "expert_outpatient", quota_count=count, quota_used=used)
        return judge(asked, known, CALENDAR).outcome

    assert outcome("gold", 1) is Outcome.ELIGIBLE
    assert outcome("gold", 2) is Outcome.REJECTED
    assert outcome("silver", 0) is outcome(None, 0) is Outcome.NEEDS_PERSON


@pytest.mark.parametrize("kind", ["diagnosis_proof", "imaging_film"])
def test_of_papers_that_replace_each_other_one_is_enough(kind: str) -> None:
    """R678: proof of the diagnosis or an imaging report."""
    rules = ALL["xintai_million_guard"].documents
    asked = {"stage": DocumentStage.APPLICATION, "service": "expert_outpatient"}
    both = {DocumentKind.DIAGNOSIS_PROOF, DocumentKind.IMAGING_FILM}
    assert set(outstanding(rules, (), **asked)) == both  # type: ignore[arg-type]
    assert outstanding(rules, {kind}, **asked) == ()  # type: ignore[arg-type]


def test_the_staff_of_p01_falls_short_of_its_own_ratio() -> None:
    """R043, C-11: the ratio is a target; the numbers of the source give 1.28."""
    p01 = ALL["bainian_deposit_waiver"]
    stated = {one.code: float(one.value) for one in p01.figures if one.code != "qr_code_everywhere"}
    offline = stated["offline_nurses"] + stated["inhouse_specialists"]
    assert p01.hospitals.network_total is not None
    assert round(offline / p01.hospitals.network_total, 2) == 1.28
    assert stated["offline_staff_per_hospital"] == 1.5


@pytest.mark.parametrize("code", [one.code for one in ALL.values() if one.eligibility])
def test_another_name_than_the_lists_is_a_persons_to_judge(code: str) -> None:
    programme = ALL[code]
    rule, service = programme.rule(RuleCode.INSURED_ON_LIST), programme.services[0].code
    found = verdict(code, service, name_as_listed=False)
    if rule is None:  # a hospital takes whoever is brought in
        assert RuleCode.INSURED_ON_LIST not in found.codes
        return
    assert found.outcome is Outcome.NEEDS_PERSON
    assert "姓名与名单不符" in to_judge(found)
    unknown = verdict(code, service, name_as_listed=None)
    assert RuleCode.INSURED_ON_LIST not in unknown.codes


def test_a_list_that_nobody_has_read_and_a_word_nobody_has_said_refuse_nobody() -> None:
    found = verdict("pingan_oncology_157", "second_opinion", hospital_on_network=None)
    assert to_judge(found) == "医院是否在服务网络内须人工核实"
    unsaid = verdict("pingan_oncology_157", "second_opinion", diagnosis=None, planned_on=None)
    assert unsaid.outcome is Outcome.ELIGIBLE
    asked = unanswered(unsaid, ALL["pingan_oncology_157"])
    assert [one.text for one in asked] == ["诊断是否符合要求"]


@pytest.mark.parametrize(
    ("code", "service", "outcome", "unsaid", "found"),
    [
        # P10 has no review: that the service has begun is found out by whoever answers.
        ("changsheng_yuanmeng", "inpatient_arrangement", "eligible", "service_active", 1),
        ("pingan_value_added", "visit_escort", "eligible", "booking_exists", 1),
        ("pingan_value_added", "visit_escort", "eligible", "insured_self", 0),  # with the identity
        ("pingan_value_added", "paediatric_outpatient", "eligible", "insured_self", 0),  # reviewed
        ("xintai_million_guard", "expert_outpatient", "eligible", "service_active", 0),  # reviewed
        ("changsheng_yuanmeng", "inpatient_arrangement", "needs_person", "service_active", 0),
    ],
)
def test_what_is_open_is_judged_by_a_reviewer_or_found_out_with_the_request(
    code: str, service: str, outcome: str, unsaid: str, found: int
) -> None:
    programme = ALL[code].for_booking(service)
    open_ = Verdict(outcome=outcome, open=(unsaid,), programme=code, version="2026")
    assert len(found_with_request(open_, programme, programme.service(service))) == found
