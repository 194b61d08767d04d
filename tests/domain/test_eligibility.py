"""Eligibility: each rule of P01 just kept and just broken, in the programme's own words."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.eligibility import Facts, Outcome, Stage, judge
from domain.programmes.programme import Programme
from domain.programmes.terms import RuleCode
from tests.builders import a_calendar, programmes

CALENDAR = a_calendar()
(PROGRAMME,) = [one for one in programmes() if one.code == "bainian_deposit_waiver"]


def facts(**changes: Any) -> Facts:
    """Story 1's facts, eligible; a test changes what it is about."""
    story: dict[str, Any] = {
        "asked_on": date(2026, 4, 29),
        "insured_on_list": True,
        "product": "designated_ci",
        "policy_from": date(2019, 1, 1),
        "policy_to": date(2099, 12, 31),
        "sales_channel": "individual",
        "disease": "lung_cancer",
        "hospital_id": "h-1",
        "hospital_known": True,
        "hospital_grade": 3,
        "hospital_on_network": True,
        "sum_insured_left_fen": 50_000_000,
        "planned_on": date(2026, 5, 6),
    }
    return Facts(**{**story, **changes})


def programme(**changes: Any) -> Programme:
    return PROGRAMME.model_copy(update=changes)


def test_story_1_is_eligible_with_a_limit_of_half_a_million_and_a_lead_of_two_days() -> None:
    verdict = judge(facts(), PROGRAMME, CALENDAR)
    assert verdict.outcome is Outcome.ELIGIBLE
    assert verdict.limit_fen == 50_000_000
    assert verdict.lead_working_days == 2
    assert verdict.reasons == verdict.flags == ()
    assert (verdict.programme, verdict.version) == ("bainian_deposit_waiver", "2026")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"asked_on": date(2025, 12, 31)}, RuleCode.PROGRAMME_RUNNING),
        ({"entitled_to": date(2026, 4, 28)}, RuleCode.ENTITLEMENT_YEAR),
        ({"entitled_from": date(2026, 4, 30)}, RuleCode.ENTITLEMENT_YEAR),
        ({"insured_on_list": False, "product": None}, RuleCode.INSURED_ON_LIST),
        ({"product": "annual_medical"}, RuleCode.PRODUCT_DESIGNATED),
        ({"product": None}, RuleCode.PRODUCT_DESIGNATED),
        ({"policy_to": date(2026, 4, 28)}, RuleCode.POLICY_IN_FORCE),
        ({"policy_from": date(2026, 4, 30)}, RuleCode.POLICY_IN_FORCE),
        ({"sales_channel": "postal"}, RuleCode.CHANNEL_HAS_PLAN),
        ({"sales_channel": None}, RuleCode.CHANNEL_HAS_PLAN),
        ({"disease": "common_cold"}, RuleCode.DISEASE_AGREED),
        ({"hospital_known": False}, RuleCode.HOSPITAL_KNOWN),
        ({"hospital_grade": 1}, RuleCode.HOSPITAL_GRADE),
        ({"hospital_grade": None}, RuleCode.HOSPITAL_GRADE),
        ({"hospital_on_network": False}, RuleCode.HOSPITAL_ON_NETWORK),
        ({"sum_insured_left_fen": 0}, RuleCode.SUM_INSURED_LEFT),
        ({"authorised_fen": 0}, RuleCode.SUM_INSURED_LEFT),
    ],
)
def test_a_broken_rule_is_named_and_quoted(changes: dict[str, Any], code: RuleCode) -> None:
    verdict = judge(facts(**changes), PROGRAMME, CALENDAR)
    assert verdict.outcome is Outcome.REJECTED
    assert verdict.codes == (code,)
    (reason,) = verdict.reasons
    rule = PROGRAMME.rule(code)
    assert rule is not None
    assert (reason.text, reason.quote, reason.source) == (rule.text, rule.quote, rule.source)


@pytest.mark.parametrize(
    "changes",
    [
        {"asked_on": date(2026, 1, 1)},
        {"entitled_to": date(2026, 4, 29)},
        {"entitled_from": date(2026, 4, 29)},
        {"policy_to": date(2026, 4, 29)},
        {"policy_from": date(2026, 4, 29)},
        {"policy_to": None},
        {"hospital_grade": 2},
        {"sum_insured_left_fen": 1},
        {"sales_channel": "telesales"},
    ],
)
def test_a_rule_just_kept_is_no_reason(changes: dict[str, Any]) -> None:
    assert judge(facts(**changes), PROGRAMME, CALENDAR).outcome is Outcome.ELIGIBLE


def test_every_broken_rule_is_named_not_only_the_first() -> None:
    verdict = judge(
        facts(disease="common_cold", hospital_grade=1, sum_insured_left_fen=0), PROGRAMME, CALENDAR
    )
    assert verdict.codes == (
        RuleCode.DISEASE_AGREED,
        RuleCode.HOSPITAL_GRADE,
        RuleCode.SUM_INSURED_LEFT,
    )


@pytest.mark.parametrize(
    ("asked", "planned", "flagged"),
    [
        (date(2026, 4, 29), date(2026, 4, 30), False),
        (date(2026, 4, 30), date(2026, 5, 5), True),  # only holidays in between
        (date(2026, 4, 30), date(2026, 5, 6), False),
        (date(2026, 4, 29), date(2026, 4, 29), True),
        (date(2026, 4, 29), date(2026, 4, 20), True),  # in hospital already (R102)
    ],
)
def test_a_short_lead_is_accepted_and_flagged_never_refused(
    asked: date, planned: date, flagged: bool
) -> None:
    verdict = judge(facts(asked_on=asked, planned_on=planned), PROGRAMME, CALENDAR)
    assert verdict.outcome is Outcome.ELIGIBLE
    assert [reason.code for reason in verdict.flags] == [RuleCode.LEAD_TIME] * flagged


def test_another_programme_may_refuse_a_short_lead() -> None:
    assert PROGRAMME.lead_time is not None
    strict = programme(lead_time=PROGRAMME.lead_time.model_copy(update={"when_short": "refuse"}))
    verdict = judge(facts(planned_on=date(2026, 4, 29)), strict, CALENDAR)
    assert verdict.codes == (RuleCode.LEAD_TIME,)


def test_previous_history_is_judged_by_a_person_in_review_and_not_at_intake() -> None:
    assert judge(facts(), PROGRAMME, CALENDAR).outcome is Outcome.ELIGIBLE
    review = judge(facts(), PROGRAMME, CALENDAR, stage=Stage.REVIEW)
    assert review.outcome is Outcome.NEEDS_PERSON
    assert review.codes == (RuleCode.PREVIOUS_HISTORY,)
    clean = judge(facts(previous_history="none"), PROGRAMME, CALENDAR, stage=Stage.REVIEW)
    assert clean.outcome is Outcome.ELIGIBLE


def test_a_broken_rule_outweighs_a_judgement() -> None:
    verdict = judge(facts(disease="common_cold"), PROGRAMME, CALENDAR, stage=Stage.REVIEW)
    assert verdict.outcome is Outcome.REJECTED


def test_a_question_without_hospital_and_disease_is_answered_and_says_what_is_open() -> None:
    """R009: the qualification query needs no case."""
    verdict = judge(
        facts(
            disease=None, hospital_id=None, hospital_known=None, hospital_grade=None,
            hospital_on_network=None, planned_on=None,
        ),
        PROGRAMME,
        CALENDAR,
    )  # fmt: skip
    assert verdict.outcome is Outcome.ELIGIBLE
    assert set(verdict.open) == {
        RuleCode.DISEASE_AGREED,
        RuleCode.HOSPITAL_KNOWN,
        RuleCode.HOSPITAL_GRADE,
        RuleCode.HOSPITAL_ON_NETWORK,
        RuleCode.LEAD_TIME,
    }


def test_a_channel_whose_plan_is_empty_is_not_entitled() -> None:
    emptied = programme(
        plans=tuple(
            plan.model_copy(update={"plan": None}) if plan.sales_channel == "individual" else plan
            for plan in PROGRAMME.plans
        )
    )
    assert judge(facts(), emptied, CALENDAR).codes == (RuleCode.CHANNEL_HAS_PLAN,)


def test_the_limit_is_the_smaller_of_sum_insured_and_authorised_amount() -> None:
    assert judge(facts(authorised_fen=20_000_000), PROGRAMME, CALENDAR).limit_fen == 20_000_000
    assert judge(facts(authorised_fen=60_000_000), PROGRAMME, CALENDAR).limit_fen == 50_000_000


def test_a_year_after_its_version_the_plan_goes_on_only_where_it_says_so() -> None:
    next_year = facts(asked_on=date(2027, 3, 1), planned_on=date(2027, 3, 10))
    assert judge(next_year, PROGRAMME, CALENDAR).outcome is Outcome.ELIGIBLE
    ended = programme(until_replaced=False)
    assert judge(next_year, ended, CALENDAR).codes == (RuleCode.PROGRAMME_RUNNING,)
    assert ended.runs_on(date(2026, 12, 31))
    assert not ended.runs_on(date(2027, 1, 1))


def test_a_story_moved_with_programme_and_calendar_gets_the_same_verdict() -> None:
    step = timedelta(days=364)
    moved = facts(asked_on=date(2026, 4, 29) + step, planned_on=date(2026, 5, 6) + step)
    verdict = judge(moved, PROGRAMME.moved(364), CALENDAR.moved(364))
    assert verdict == judge(facts(), PROGRAMME, CALENDAR)


OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "insured_on_list": st.booleans(),
    "product": st.sampled_from([None, "designated_ci", "other"]),
    "sales_channel": st.sampled_from([None, "individual", "postal"]),
    "disease": st.sampled_from([None, "lung_cancer", "common_cold"]),
    "hospital_known": st.sampled_from([None, True, False]),
    "hospital_grade": st.sampled_from([None, 1, 2, 3]),
    "hospital_on_network": st.sampled_from([None, True, False]),
    "sum_insured_left_fen": st.sampled_from([None, 0, 1, 50_000_000]),
    "planned_on": st.sampled_from([None, date(2026, 4, 29), date(2026, 5, 6)]),
}


@given(st.fixed_dictionaries(OPTIONS))
def test_a_verdict_is_eligible_exactly_when_it_names_no_reason(changes: dict[str, Any]) -> None:
    verdict = judge(facts(**changes), PROGRAMME, CALENDAR)
    assert (verdict.outcome is Outcome.ELIGIBLE) == (verdict.reasons == ())
    named = {reason.code for reason in (*verdict.reasons, *verdict.flags)}
    assert named.isdisjoint(verdict.open)
