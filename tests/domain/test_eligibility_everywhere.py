"""Eligibility in P02 to P21: each programme's own rules, just kept and just broken."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.eligibility import Outcome, judge
from domain.programmes.programme import Programme
from domain.programmes.rules import RuleCode
from domain.programmes.services import PreconditionCode, Shape
from tests.domain.questions import ALL, CALENDAR, TODAY, facts, verdict

EVERY = [
    (one.code, service.code)
    for one in ALL.values()
    if one.code != "bainian_deposit_waiver"
    for service in one.services
]


@pytest.mark.parametrize(("code", "service"), EVERY)
def test_every_service_of_every_programme_can_be_granted(code: str, service: str) -> None:
    programme = ALL[code]
    lead = programme.service(service).lead
    wanted = TODAY + timedelta(days=7 if lead and lead.at_most else 20)
    patient = _group_of(programme, service)
    found = verdict(code, service, planned_on=wanted, patient_group=patient)
    assert found.outcome is Outcome.ELIGIBLE, found.reasons
    assert set(found.open) <= {RuleCode.LEAD_TIME, RuleCode.HOSPITAL_ON_NETWORK}


def _group_of(programme: Programme, service: str) -> str | None:
    groups = programme.emergency.groups if programme.emergency else ()
    fitting = (one.code for one in groups if not one.services or service in one.services)
    return next(fitting, None)


@pytest.mark.parametrize(("code", "service"), EVERY)
def test_a_service_used_up_a_person_unknown_or_a_service_not_offered_is_refused(
    code: str, service: str
) -> None:
    rules = {rule.code for rule in ALL[code].eligibility}
    if RuleCode.QUOTA_LEFT in rules and ALL[code].service(service).quota.count == 1:
        assert RuleCode.QUOTA_LEFT in verdict(code, service, quota_used=1).codes
    if RuleCode.INSURED_ON_LIST in rules:
        assert RuleCode.INSURED_ON_LIST in verdict(code, service, insured_on_list=False).codes
    if RuleCode.SERVICE_OFFERED in rules:
        assert RuleCode.SERVICE_OFFERED in verdict(code, "hairdresser").codes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"previous_history": "undisclosed"}, RuleCode.HISTORY_DISCLOSED),  # R200
        ({"expected_bill_fen": 999_999}, RuleCode.DEDUCTIBLE_REACHED),  # R201
        ({"sum_insured_left_fen": 0}, RuleCode.SUM_INSURED_LEFT),  # R202
        ({"policy_from": TODAY - timedelta(days=89)}, RuleCode.WAITING_PERIOD),  # R203
        ({"cause_excluded": True}, RuleCode.CAUSE_COVERED),  # R204
        ({"hospital_on_network": False}, RuleCode.HOSPITAL_ON_NETWORK),  # R205
        ({"advance_fen": 5_000_000}, RuleCode.WITHIN_STAY_LIMIT),  # R207: reached is too much
        ({"can_give_invoices": False}, RuleCode.ORIGINAL_INVOICES),  # R208
    ],
)
def test_each_of_the_eight_disqualifiers_refuses_an_advance(
    changes: dict[str, Any], code: RuleCode
) -> None:
    """I34."""
    found = verdict("pingan_value_added", "inpatient_advance", **changes)
    assert found.outcome is Outcome.REJECTED
    assert found.codes == (code,)
    assert found.reasons[0].source.startswith("001:L")


@pytest.mark.parametrize(
    "changes",
    [
        {"previous_history": "disclosed"},
        {"expected_bill_fen": 1_000_000},
        {"expected_bill_fen": 400_000, "own_payments_fen": 600_000},  # C-37
        {"sum_insured_left_fen": 1},
        {"policy_from": TODAY - timedelta(days=90)},
        {"advance_fen": 4_999_999},
    ],
)
def test_a_disqualifier_just_not_met_does_not_refuse(changes: dict[str, Any]) -> None:
    found = verdict("pingan_value_added", "inpatient_advance", **changes)
    assert found.outcome is Outcome.ELIGIBLE, found.reasons


def test_the_disqualifiers_of_an_advance_are_not_asked_of_an_escort() -> None:
    found = verdict("pingan_value_added", "visit_escort", cause_excluded=True, advance_fen=10**9)
    assert found.outcome is Outcome.ELIGIBLE
    assert RuleCode.CAUSE_COVERED not in found.open


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [(date(2026, 6, 19), Outcome.REJECTED), (date(2026, 6, 20), Outcome.ELIGIBLE)],
)
def test_an_escort_is_asked_for_three_natural_days_ahead(wanted: date, outcome: Outcome) -> None:
    """Story 4, C-03."""
    assert verdict("pingan_value_added", "visit_escort", planned_on=wanted).outcome is outcome


@pytest.mark.parametrize(
    ("days", "outcome"),
    [(0, Outcome.ELIGIBLE), (7, Outcome.ELIGIBLE), (8, Outcome.REJECTED)],
)
def test_an_expert_is_booked_today_at_the_earliest_and_a_week_ahead_at_most(
    days: int, outcome: Outcome
) -> None:
    """R176, R177."""
    wanted = TODAY + timedelta(days=days)
    found = verdict("pingan_value_added", "expert_phone_appointment", planned_on=wanted)
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("booked", "outcome"),
    [(date(2026, 9, 14), Outcome.ELIGIBLE), (date(2026, 9, 17), Outcome.ELIGIBLE),
     (date(2026, 9, 18), Outcome.REJECTED)],
)  # fmt: skip
def test_direct_pay_is_booked_five_working_days_ahead(booked: date, outcome: Outcome) -> None:
    """Story 3: the make-up Sunday counts."""
    found = verdict(
        "ins_oncology", "direct_pay_deposit", asked_on=booked, planned_on=date(2026, 9, 23)
    )
    assert found.outcome is outcome


@pytest.mark.parametrize(("fen", "ok"), [(49_999_900, False), (50_000_000, True)])
def test_a_sum_insured_of_half_a_million_is_enough(fen: int, ok: bool) -> None:
    """R534: 499,999 refused, 500,000 accepted."""
    found = verdict("ruitai_ci", "expert_outpatient", sum_insured_fen=fen)
    assert (found.outcome is Outcome.ELIGIBLE) == ok


@pytest.mark.parametrize(
    ("code", "service", "waits"),
    [
        ("changsheng_haorensheng", "phone_doctor", 0),
        ("changsheng_haorensheng", "inpatient_arrangement", 90),
        ("changsheng_yuanmeng", "ci_consultation", 0),
        ("changsheng_yuanmeng", "second_opinion", 180),
        ("pingan_pc_haoran", "surgery_arrangement", 90),
        ("pingan_oncology_157", "expert_outpatient", 60),
        ("annex2_ci_inpatient", "surgery_arrangement", 60),
        ("pingan_health_295", "expert_outpatient", 60),
        ("ins_oncology", "expert_outpatient", 60),
    ],
)
def test_a_waiting_period_ends_on_its_day(code: str, service: str, waits: int) -> None:
    """G35, R346, R347, R414, R418, R472: the product's own 60 days, or the programme's."""
    product = None if waits in (0, 90, 180) else waits
    for short, over in ((1, False), (0, True)):
        policy_from = TODAY - timedelta(days=max(waits - short, 0))
        found = verdict(
            code,
            service,
            policy_from=policy_from,
            product_waiting_days=product,
            cooling_off_ends=TODAY - timedelta(days=1),
            diagnosed_on=TODAY,
        )
        refused = RuleCode.WAITING_PERIOD in found.codes
        assert refused is (not over and waits > 0), (code, policy_from)


@pytest.mark.parametrize("code", ["pingan_oncology_157", "pingan_pc_haoran", "annex2_ci_inpatient"])
def test_a_renewed_policy_does_not_wait(code: str) -> None:
    """R330, R416, R706, I17."""
    found = verdict(code, "inpatient_arrangement", policy_from=TODAY, is_renewal=True)
    assert RuleCode.WAITING_PERIOD not in found.codes


@pytest.mark.parametrize("code", ["changsheng_haorensheng", "changsheng_yuanmeng"])
@pytest.mark.parametrize(
    ("asked_on", "renewals", "ok"),
    [
        (date(2026, 1, 10), 0, False),  # the cooling-off period's last day
        (date(2026, 1, 11), 0, True),
        (date(2027, 1, 10), 0, True),
        (date(2027, 1, 11), 0, False),
        (date(2027, 1, 11), 1, True),
        (date(2037, 1, 10), 10, True),
        (date(2037, 1, 11), 11, False),  # the eleventh extension of ten
    ],
)
def test_a_service_opens_after_cooling_off_and_is_extended_ten_times(
    code: str, asked_on: date, renewals: int, ok: bool
) -> None:
    """I18, R345, R469, R473: R344, R348, R351, R474."""
    found = verdict(
        code,
        "phone_doctor" if code == "changsheng_haorensheng" else "ci_consultation",
        asked_on=asked_on,
        policy_from=date(2025, 1, 1),
        policy_to=None,
        cooling_off_ends=date(2026, 1, 10),
        renewals_paid=renewals,
    )
    assert (RuleCode.SERVICE_ACTIVE not in found.codes) == ok


@pytest.mark.parametrize("code", ["changsheng_haorensheng", "changsheng_yuanmeng"])
@pytest.mark.parametrize(
    ("due", "paid", "counted", "years"),
    [
        (None, None, 1, 1),
        (date(2026, 1, 1), date(2025, 12, 20), 0, 1),
        (date(2026, 1, 1), date(2026, 3, 2), 0, 1),  # the sixtieth day, its last
        (date(2026, 1, 1), date(2026, 3, 3), 0, 0),
        (date(2026, 1, 1), date(2026, 3, 3), 1, 0),  # paid, and counted, but too late
        (date(2026, 1, 1), None, 0, 0),
        (date(2026, 1, 1), date(2026, 1, 5), 1, 1),  # counted already: no second year
        (date(2026, 1, 1), date(2026, 1, 5), None, 1),
        (date(2027, 1, 1), date(2027, 3, 9), 2, 1),  # the year before was paid
        (date(2027, 1, 1), None, None, 1),
        (date(2036, 1, 1), date(2036, 1, 1), None, 10),  # the eleventh adds nothing
    ],
)
def test_a_premium_paid_within_its_grace_adds_a_year_and_a_later_one_does_not(
    code: str, due: date | None, paid: date | None, counted: int | None, years: int
) -> None:
    """R348, R349, R351, R473, R474: the first year ends on 10 January 2026."""
    last_day = date(2026 + years, 1, 10)
    for day, ok in ((last_day, True), (last_day + timedelta(days=1), False)):
        found = verdict(
            code,
            "phone_doctor" if code == "changsheng_haorensheng" else "ci_consultation",
            asked_on=day,
            policy_from=date(2025, 1, 1),
            policy_to=None,
            cooling_off_ends=date(2025, 1, 10),
            renewals_paid=counted,
            premium_due_on=due,
            premium_paid_on=paid,
        )
        assert (RuleCode.SERVICE_ACTIVE not in found.codes) == ok


def test_an_early_termination_ends_the_service() -> None:
    """R350, R475."""
    for policy_to, ok in ((TODAY, True), (TODAY - timedelta(days=1), False)):
        found = verdict("changsheng_haorensheng", "phone_doctor", policy_to=policy_to)
        assert (RuleCode.SERVICE_ACTIVE not in found.codes) == ok


@pytest.mark.parametrize(
    ("service", "days", "opened_on", "ok"),
    [
        ("phone_doctor", 9, {}, False),
        ("phone_doctor", 10, {}, True),
        ("phone_doctor", 3, {"phone_doctor": 3}, True),  # allowed earlier (C-42)
        ("phone_doctor", 10, {"phone_doctor": 12}, True),  # and never later
        ("expert_outpatient", 39, {}, False),
        ("expert_outpatient", 40, {}, True),
        ("expert_outpatient", 32, {"phone_doctor": 3}, False),
        ("expert_outpatient", 33, {"phone_doctor": 3}, True),  # 30 after the actual day
        ("expert_outpatient", 40 + 364, {}, True),
        ("expert_outpatient", 40 + 365, {}, False),
    ],
)
def test_p18_opens_after_ten_and_thirty_days(
    service: str, days: int, opened_on: dict[str, int], ok: bool
) -> None:
    """R673, R674, R675."""
    cooling_off = date(2026, 3, 1)
    found = verdict(
        "xintai_million_guard",
        service,
        asked_on=cooling_off + timedelta(days=days),
        cooling_off_ends=cooling_off,
        opened_on={code: cooling_off + timedelta(days=n) for code, n in opened_on.items()},
    )
    assert (RuleCode.SERVICE_ACTIVE not in found.codes) == ok


def test_p03_is_open_for_one_year_from_the_policy() -> None:
    """R303."""
    for ahead, ok in ((364, True), (365, False)):
        policy_from = TODAY - timedelta(days=ahead)
        found = verdict("taikang_online_ci", "visit_escort", policy_from=policy_from)
        assert (RuleCode.SERVICE_ACTIVE not in found.codes) == ok


@pytest.mark.parametrize(
    ("code", "service", "diagnosis", "ok"),
    [
        ("pingan_oncology_157", "expert_outpatient", "suspected", True),  # R311
        ("pingan_oncology_157", "expert_outpatient", "none", False),
        ("pingan_oncology_157", "second_opinion", "suspected", False),  # R323
        ("taikang_online_ci", "second_opinion", "suspected", False),
        ("ins_oncology", "second_opinion", "suspected", False),
        ("ins_oncology", "direct_pay_deposit", "suspected", False),
        ("xintai_million_guard", "expert_outpatient", "suspected", True),  # R676
        ("annex2_ci_inpatient", "inpatient_arrangement", "suspected", False),  # R704
        ("pingan_health_295", "expert_outpatient", "none", True),  # R661: any disease
        ("pingan_health_295", "second_opinion", "suspected", False),  # R654
    ],
)
def test_how_sure_the_diagnosis_must_be(code: str, service: str, diagnosis: str, ok: bool) -> None:
    """R297, R757, R777."""
    found = verdict(code, service, diagnosis=diagnosis)
    assert (RuleCode.DIAGNOSIS not in found.codes) == ok


@pytest.mark.parametrize(
    ("code", "service", "grade", "public", "ok"),
    [
        ("taikang_online_ci", "visit_escort", 2, True, True),
        ("taikang_online_ci", "visit_escort", 2, False, False),  # R282
        ("taikang_online_ci", "visit_escort", 1, True, False),
        ("pingan_pc_haoran", "ci_consultation", 2, False, True),
        ("pingan_pc_haoran", "surgery_arrangement", 2, False, False),  # R408
        ("annex2_ci_inpatient", "surgery_arrangement", 1, True, False),  # R702
    ],
)
def test_which_hospitals_diagnosis_counts(
    code: str, service: str, grade: int, public: bool, ok: bool
) -> None:
    found = verdict(code, service, diagnosed_at_grade=grade, diagnosed_at_public=public)
    assert (RuleCode.DIAGNOSING_HOSPITAL not in found.codes) == ok


def test_a_second_tumour_or_one_within_the_waiting_period_is_refused() -> None:
    """R370, R748."""
    second = verdict("ins_oncology", "gene_testing", is_first_diagnosis=False)
    early = verdict("anxin_cancer_inpatient", "cancer_outpatient", diagnosed_on=date(2025, 9, 28))
    in_time = verdict("anxin_cancer_inpatient", "cancer_outpatient", diagnosed_on=date(2025, 9, 29))
    assert second.codes == (RuleCode.DIAGNOSIS,)
    assert early.codes == (RuleCode.DIAGNOSED_AFTER_WAITING,)
    assert in_time.outcome is Outcome.ELIGIBLE


ESCORTS = [
    (one.code, service.code)
    for one in ALL.values()
    for service in one.services
    if service.shape is Shape.ESCORT
]


@pytest.mark.parametrize(("code", "service"), ESCORTS)
def test_an_escort_goes_along_with_a_visit_that_stands(code: str, service: str) -> None:
    """Section 3.2; P04 and P13 promise theirs as a part of the visit itself."""
    needed = {one.code for one in ALL[code].service(service).preconditions}
    assert PreconditionCode.BOOKING in needed
    alone = verdict(code, service, booked=False, planned_on=TODAY + timedelta(days=20))
    assert alone.codes == (RuleCode.BOOKING_EXISTS,)
    assert "预约" in alone.reasons[0].text
    assert RuleCode.BOOKING_EXISTS in verdict(code, service, booked=None).open


def test_p06_without_a_slip_begins_with_the_outpatient_visit() -> None:
    """R374, C-68."""
    bed = verdict("anxin_cancer_inpatient", "inpatient_arrangement", preconditions=frozenset())
    visit = verdict("anxin_cancer_inpatient", "cancer_outpatient", preconditions=frozenset())
    assert bed.codes == (RuleCode.PRECONDITIONS,)
    assert "门诊绿通" in bed.reasons[0].text
    assert visit.outcome is Outcome.ELIGIBLE


def test_p20_serves_its_18_cities() -> None:
    for city, ok in (("大连", True), ("沈阳", False)):
        found = verdict("ins_oncology", "expert_outpatient", hospital_city=city)
        assert (found.outcome is Outcome.ELIGIBLE) == ok


def test_judgement_and_what_a_source_lost_need_a_person() -> None:
    """R283, C-21, C-29: scope, a lost count, a list nobody has yet."""
    for changes, code, service in (
        ({"disease_in_scope": None}, "taikang_online_ci", "visit_escort"),
        ({"quota_count": None}, "global_doctor_ci", "top100_expert_appointment"),
        ({"hospital_on_network": None}, "changsheng_yuanmeng", "ci_consultation"),
        ({"previous_history": "unknown"}, "pingan_value_added", "inpatient_advance"),
    ):
        found = verdict(code, service, **changes)
        assert found.outcome is Outcome.NEEDS_PERSON
        [reason] = found.reasons
        assert reason.code is not RuleCode.QUOTA_LEFT or reason.text == "服务次数须人工核实"


def test_a_hospitals_channel_never_refuses() -> None:
    """R517: who is not in a group by rule is looked at by a person."""
    for code in (one.code for one in ALL.values() if one.emergency):
        for group in (None, "nobody_knows"):
            assert verdict(code, None, patient_group=group).outcome is Outcome.NEEDS_PERSON


def test_only_the_insured_person_is_served_unless_a_service_says_otherwise() -> None:
    """R404, R682."""
    p18 = ALL["xintai_million_guard"]
    refused = verdict("xintai_million_guard", "expert_outpatient", for_insured_self=False)
    assert refused.codes == (RuleCode.INSURED_SELF,)
    services = tuple(one.model_copy(update={"transferable": True}) for one in p18.services)
    asked = facts("xintai_million_guard", "expert_outpatient", for_insured_self=False)
    open_to_all = p18.model_copy(update={"services": services})
    assert judge(asked, open_to_all, CALENDAR).outcome is Outcome.ELIGIBLE
