"""What each eligibility rule means: one question, one answer.

An answer is one of five: kept, broken, only flagged, open because nobody has said yet, or a
person's to judge. A rule never guesses a fact; what a source has lost is a person's to judge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from domain.activation import span_of, waiting_ends
from domain.calendar import WorkCalendar
from domain.clock import Budget, Unit
from domain.facts import Facts
from domain.programmes.programme import NotInProgramme, Programme, ProgrammeKind
from domain.programmes.rules import EligibilityRule, RuleCode
from domain.programmes.services import Precondition, PreconditionCode, Service, Waiting


class Answer(StrEnum):
    """What a rule says of the facts."""

    PASSED = "passed"
    FAILED = "failed"
    FLAGGED = "flagged"
    OPEN = "open"
    JUDGEMENT = "judgement"


@dataclass(frozen=True)
class Question:
    """A rule, asked of the facts of one application."""

    rule: EligibilityRule
    facts: Facts
    programme: Programme
    calendar: WorkCalendar

    @property
    def service(self) -> Service | None:
        """The service asked for, None where none is or the programme has it not."""
        if self.facts.service is None:
            return None
        try:
            return self.programme.service(self.facts.service)
        except NotInProgramme:
            return None

    @property
    def waiting(self) -> Waiting | None:
        """The waiting period that applies: the service's own, else the programme's."""
        own = self.service.waiting if self.service else None
        return own or self.programme.waiting


def answer_to(asked: Question) -> Answer:
    """Answer one question; a rule of single services stays open until a service is named."""
    if asked.rule.services and asked.facts.service is None:
        return Answer.OPEN
    return _RULES[asked.rule.code](asked)


def limit_fen(facts: Facts, programme: Programme) -> int | None:
    """The limit these facts give a case (C-08), None while no amount is known."""
    if programme.waiver is None or facts.sum_insured_left_fen is None:
        return None
    return programme.waiver.limit.limit_fen(
        sum_insured_left_fen=facts.sum_insured_left_fen, authorised_fen=facts.authorised_fen
    )


def is_far_enough(asked_on: date, wanted_on: date, lead: Budget, calendar: WorkCalendar) -> bool:
    """Whether at least so many days lie in (asked, wanted] (C-03)."""
    if lead.unit is Unit.WORKING_DAY:
        return calendar.working_days_between(asked_on, wanted_on) >= lead.amount
    return wanted_on - asked_on >= timedelta(days=lead.amount)


def _is(truth: bool | None) -> Answer:
    if truth is None:
        return Answer.OPEN
    return Answer.PASSED if truth else Answer.FAILED


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _insured_on_list(asked: Question) -> Answer:
    """The number finds the row; under another name it is a person's to say who asks."""
    if asked.facts.insured_on_list and asked.facts.name_as_listed is False:
        return Answer.JUDGEMENT
    return _is(asked.facts.insured_on_list)


def _product_designated(asked: Question) -> Answer:
    if not asked.facts.insured_on_list:
        return Answer.OPEN  # without the list's row there is no policy to look at
    product = asked.facts.product
    return _is(product is not None and asked.programme.has_product(product))


def _policy_in_force(asked: Question) -> Answer:
    facts = asked.facts
    if not facts.insured_on_list:
        return Answer.OPEN
    return _is(_within(facts.asked_on, facts.policy_from, facts.policy_to))


def _policy_term(asked: Question) -> Answer:
    years, least = asked.facts.policy_years, asked.rule.at_least_years
    return _is(None if years is None else years >= (least or 0))


def _sum_insured_min(asked: Question) -> Answer:
    """The threshold itself is enough (R534)."""
    amount, least = asked.facts.sum_insured_fen, asked.rule.at_least_fen
    return _is(None if amount is None else amount >= (least or 0))


def _channel_has_plan(asked: Question) -> Answer:
    channel = asked.facts.sales_channel
    if channel is None:
        return Answer.FAILED if asked.facts.insured_on_list else Answer.OPEN
    return _is(asked.programme.plan(channel) is not None)


def _service_offered(asked: Question) -> Answer:
    return _is(None if asked.facts.service is None else asked.service is not None)


def _insured_self(asked: Question) -> Answer:
    if asked.service is not None and asked.service.transferable:
        return Answer.PASSED
    return _is(asked.facts.for_insured_self)


def _service_active(asked: Question) -> Answer:
    """Activation, gates, term and renewals; both ends are days of service."""
    terms = asked.programme.activation
    if terms is None:
        return Answer.PASSED
    if asked.service is None:
        return Answer.OPEN
    span = span_of(asked.service.code, terms, asked.facts.days)
    return _is(None if span is None else span.holds(asked.facts.asked_on))


def _waiting_over(asked: Question, day: date | None) -> Answer:
    """Days that contradict the product's are a person's to clear (R367, R490)."""
    waiting, facts = asked.waiting, asked.facts
    if waiting is None:
        return Answer.PASSED
    if waiting.same_as_product and facts.product_waiting_days not in (None, waiting.days):
        return Answer.JUDGEMENT
    covered_from = facts.first_effective_on or facts.policy_from
    if day is None or covered_from is None:
        return Answer.OPEN
    ends = waiting_ends(
        waiting,
        covered_from,
        product_days=facts.product_waiting_days,
        renewal=facts.is_renewal,
    )
    return _is(None if ends is None else day >= ends)


def _quota_left(asked: Question) -> Answer:
    """A count the source lost is a person's to judge, until a plan or tier names one."""
    service, facts = asked.service, asked.facts
    if service is None:
        return Answer.OPEN
    count = service.quota.count if facts.quota_count is None else facts.quota_count
    if count is None:
        is_known = not service.has_lost("quota") and not service.quota.by_tier
        return Answer.PASSED if is_known else Answer.JUDGEMENT
    return _is(None if facts.quota_used is None else facts.quota_used < count)


def _disease_agreed(asked: Question) -> Answer:
    disease = asked.facts.disease
    return _is(None if disease is None else asked.programme.has_disease(disease))


def _disease_in_scope(asked: Question) -> Answer:
    known = asked.facts.disease_in_scope
    return Answer.JUDGEMENT if known is None else _is(known)


def _diagnosis(asked: Question) -> Answer:
    """Suspicion is enough for some services, others ask for the first confirmed diagnosis."""
    service, facts = asked.service, asked.facts
    if service is None:
        return Answer.OPEN
    if service.diagnosis == "none":
        return Answer.PASSED
    if facts.diagnosis is None:
        return Answer.OPEN
    if service.diagnosis == "suspected":
        return _is(facts.diagnosis in ("suspected", "confirmed"))
    if facts.diagnosis != "confirmed":
        return Answer.FAILED
    return _is(facts.is_first_diagnosis) if service.diagnosis == "first_confirmed" else _is(True)


def _diagnosing_hospital(asked: Question) -> Answer:
    facts = asked.facts
    answers = set()
    for terms in asked.programme.diagnosis:
        if terms.services and facts.service not in terms.services:
            continue
        if terms.grade_min is not None:
            grade = facts.diagnosed_at_grade
            answers.add(_is(None if grade is None else grade >= terms.grade_min))
        if terms.public_only:
            answers.add(_is(facts.diagnosed_at_public))
    worst = (Answer.FAILED, Answer.OPEN)
    return next((one for one in worst if one in answers), Answer.PASSED)


def _preconditions(asked: Question) -> Answer:
    if asked.service is None:
        return Answer.OPEN
    if not any(one.code != PreconditionCode.BOOKING for one in asked.service.preconditions):
        return Answer.PASSED
    if asked.facts.preconditions is None:
        return Answer.OPEN
    lacking = lacking_of(asked)
    if any(not one.of_some_hospitals for one in lacking):
        return Answer.FAILED
    return Answer.JUDGEMENT if lacking else Answer.PASSED


def lacking_of(asked: Question) -> list[Precondition]:
    """What is not there yet; whether there is a booking is a rule of its own."""
    needed = asked.service.preconditions if asked.service else ()
    there = asked.facts.preconditions or ()
    return [one for one in needed if one.code not in (PreconditionCode.BOOKING, *there)]


def _booking_exists(asked: Question) -> Answer:
    """Section 3.2: who goes along with a visit needs one that stands."""
    return Answer.OPEN if asked.service is None else _is(asked.facts.booked)


def _hospital_grade(asked: Question) -> Answer:
    """The least grade, or the class within it; a class the registry leaves out is asked for."""
    rule, facts = asked.programme.hospitals, asked.facts
    least = int(rule.hospital_class[0]) if rule.hospital_class else rule.grade_min
    if not facts.hospital_known or least is None:
        return Answer.OPEN
    grade = facts.hospital_grade
    if grade is None:
        return Answer.JUDGEMENT if rule.hospital_class else Answer.FAILED
    if grade < least:
        return Answer.FAILED
    if rule.hospital_class is None or grade > least:
        return Answer.PASSED
    return _is(facts.hospital_sub_grade == "甲") if facts.hospital_sub_grade else Answer.JUDGEMENT


def _hospital_on_network(asked: Question) -> Answer:
    """A pure waiver needs the list; elsewhere a list nobody has yet is a person's to judge."""
    facts = asked.facts
    if not facts.hospital_known or asked.programme.hospitals.network is None:
        return Answer.OPEN
    if facts.hospital_on_network is None:
        waits = asked.programme.kind is not ProgrammeKind.DEPOSIT_WAIVER
        return Answer.JUDGEMENT if waits else Answer.FAILED
    return _is(facts.hospital_on_network)


def _hospital_city(asked: Question) -> Answer:
    """The registry writes 杭州市 where a programme says 杭州."""
    city, listed = asked.facts.hospital_city, asked.programme.hospitals.cities
    return _is(None if city is None else city in listed or city.removesuffix("市") in listed)


def _sum_insured_left(asked: Question) -> Answer:
    limit = limit_fen(asked.facts, asked.programme)
    return _is(None if limit is None else limit > 0)


def _within_stay_limit(asked: Question) -> Answer:
    """Whether the whole advance of a stay fits; reaching the limit may be too much (C-16)."""
    facts, waiver = asked.facts, asked.programme.waiver
    if waiver is None or facts.advance_fen is None or facts.stay_limit_fen is None:
        return Answer.OPEN
    fits = waiver.limit.allows(facts.advance_fen, limit_fen=facts.stay_limit_fen, advanced_fen=0)
    return _is(fits)


def _deductible_reached(asked: Question) -> Answer:
    """Own payments so far and the expected bill together (C-37); exactly reached is reached."""
    facts = asked.facts
    if facts.deductible_fen is None or facts.expected_bill_fen is None:
        return Answer.OPEN
    return _is(facts.own_payments_fen + facts.expected_bill_fen >= facts.deductible_fen)


def _history_disclosed(asked: Question) -> Answer:
    history = asked.facts.previous_history
    return Answer.JUDGEMENT if history == "unknown" else _is(history != "undisclosed")


def _lead_time(asked: Question) -> Answer:
    facts, lead = asked.facts, lead_of(asked)
    if facts.planned_on is None or lead is None:
        return Answer.OPEN
    least, most, when_short = lead
    if most is not None and not _is_near_enough(facts.asked_on, facts.planned_on, most, asked):
        return Answer.FAILED
    if least is None or is_far_enough(facts.asked_on, facts.planned_on, least, asked.calendar):
        return Answer.PASSED
    return Answer.FLAGGED if when_short == "accept_flagged" else Answer.FAILED


def lead_of(asked: Question) -> tuple[Budget | None, Budget | None, str] | None:
    """How far ahead at least and at most, and what becomes of less."""
    if asked.service is not None and (own := asked.service.lead) is not None:
        return own.at_least, own.at_most, own.when_short
    if (of_all := asked.programme.lead_time) is not None:
        return of_all.at_least, None, of_all.when_short
    return None


def _is_near_enough(asked_on: date, wanted_on: date, most: Budget, asked: Question) -> bool:
    if most.unit is Unit.WORKING_DAY:
        return asked.calendar.working_days_between(asked_on, wanted_on) <= most.amount
    return wanted_on - asked_on <= timedelta(days=most.amount)


def _previous_history(asked: Question) -> Answer:
    """An expert judges it (R040); undisclosed history is what a person must decide about."""
    known_clean = asked.facts.previous_history == "none"
    return Answer.PASSED if known_clean else Answer.JUDGEMENT


def _emergency(asked: Question) -> Answer:
    """A clinician decides; a channel never refuses by rule (R517)."""
    terms, group = asked.programme.emergency, asked.facts.patient_group
    if terms is None or group is None:
        return Answer.JUDGEMENT
    for known in terms.groups:
        if known.code == group:
            fits = not known.services or asked.facts.service in (None, *known.services)
            return Answer.PASSED if fits else Answer.JUDGEMENT
    return Answer.JUDGEMENT


_RULES: Final[dict[RuleCode, Callable[[Question], Answer]]] = {
    RuleCode.PROGRAMME_RUNNING: lambda asked: _is(asked.programme.runs_on(asked.facts.asked_on)),
    RuleCode.ENTITLEMENT_YEAR: lambda asked: _is(
        _within(asked.facts.asked_on, asked.facts.entitled_from, asked.facts.entitled_to)
    ),
    RuleCode.INSURED_ON_LIST: _insured_on_list,
    RuleCode.INSURED_SELF: _insured_self,
    RuleCode.PRODUCT_DESIGNATED: _product_designated,
    RuleCode.POLICY_IN_FORCE: _policy_in_force,
    RuleCode.POLICY_TERM: _policy_term,
    RuleCode.SUM_INSURED_MIN: _sum_insured_min,
    RuleCode.CHANNEL_HAS_PLAN: _channel_has_plan,
    RuleCode.SERVICE_OFFERED: _service_offered,
    RuleCode.SERVICE_ACTIVE: _service_active,
    RuleCode.WAITING_PERIOD: lambda asked: _waiting_over(asked, asked.facts.asked_on),
    RuleCode.QUOTA_LEFT: _quota_left,
    RuleCode.DISEASE_AGREED: _disease_agreed,
    RuleCode.DISEASE_IN_SCOPE: _disease_in_scope,
    RuleCode.DIAGNOSIS: _diagnosis,
    RuleCode.DIAGNOSED_AFTER_WAITING: lambda asked: _waiting_over(asked, asked.facts.diagnosed_on),
    RuleCode.DIAGNOSING_HOSPITAL: _diagnosing_hospital,
    RuleCode.DIAGNOSED_BY_SPECIALIST: lambda asked: _is(asked.facts.diagnosed_by_specialist),
    RuleCode.PRECONDITIONS: _preconditions,
    RuleCode.BOOKING_EXISTS: _booking_exists,
    RuleCode.HOSPITAL_KNOWN: lambda asked: _is(asked.facts.hospital_known),
    RuleCode.HOSPITAL_GRADE: _hospital_grade,
    RuleCode.HOSPITAL_ON_NETWORK: _hospital_on_network,
    RuleCode.HOSPITAL_CITY: _hospital_city,
    RuleCode.SUM_INSURED_LEFT: _sum_insured_left,
    RuleCode.WITHIN_STAY_LIMIT: _within_stay_limit,
    RuleCode.DEDUCTIBLE_REACHED: _deductible_reached,
    RuleCode.CAUSE_COVERED: lambda asked: _is(_not(asked.facts.cause_excluded)),
    RuleCode.HISTORY_DISCLOSED: _history_disclosed,
    RuleCode.ORIGINAL_INVOICES: lambda asked: _is(asked.facts.can_give_invoices),
    RuleCode.LEAD_TIME: _lead_time,
    RuleCode.PREVIOUS_HISTORY: _previous_history,
    RuleCode.EMERGENCY: _emergency,
}
