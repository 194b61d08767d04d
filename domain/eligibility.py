"""Facts and a programme in, a verdict out: eligible, rejected, or a person has to look.

Every rule a programme lists is answered by one function here, and a rule that fails is named with
the programme's own words and their source. Nothing is looked up: the facts were gathered by the
door. A fact nobody has given yet decides nothing, and the verdict says it is open.
"""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.calendar import WorkCalendar
from domain.clock import Budget, Unit
from domain.money import Fen
from domain.programme import Programme
from domain.terms import EligibilityRule, RuleCode


class Facts(BaseModel):
    """What is known of an application. It names no person; None means nobody has said yet."""

    model_config = ConfigDict(frozen=True)

    asked_on: date
    insured_on_list: bool = False
    product: str | None = None
    policy_from: date | None = None
    policy_to: date | None = None  # the last day in force; None = no end
    entitled_from: date | None = None
    entitled_to: date | None = None  # the last day of the entitlement; None = as the programme
    sales_channel: str | None = None
    disease: str | None = None
    hospital_id: str | None = None
    hospital_known: bool | None = None
    hospital_grade: int | None = None
    hospital_on_network: bool | None = None
    sum_insured_left_fen: Fen | None = None
    authorised_fen: Fen | None = None
    planned_on: date | None = None  # the day the service is wanted: planned admission
    previous_history: Literal["unknown", "none", "disclosed", "undisclosed"] = "unknown"


class Outcome(StrEnum):
    """What a verdict says."""

    ELIGIBLE = "eligible"
    REJECTED = "rejected"
    NEEDS_PERSON = "needs_person"


class Reason(BaseModel):
    """A rule that decided something, in the programme's words."""

    model_config = ConfigDict(frozen=True)

    code: RuleCode
    text: str
    quote: str
    source: str


class Verdict(BaseModel):
    """The answer: its reasons, what is only flagged, what is still open, and the limit."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    flags: tuple[Reason, ...] = ()
    open: tuple[RuleCode, ...] = ()
    limit_fen: Fen | None = None
    lead_working_days: int | None = None
    programme: str
    version: str

    @property
    def codes(self) -> tuple[RuleCode, ...]:
        """The codes of the reasons."""
        return tuple(reason.code for reason in self.reasons)


class Stage(StrEnum):
    """Where the question is asked: judgement belongs to review, not to intake."""

    INTAKE = "intake"
    REVIEW = "review"


class _Answer(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    FLAGGED = "flagged"
    OPEN = "open"
    JUDGEMENT = "judgement"


def judge(
    facts: Facts, programme: Programme, calendar: WorkCalendar, *, stage: Stage = Stage.INTAKE
) -> Verdict:
    """Apply each rule of a programme to the facts; every failing rule is named, not only the first.

    Raises CalendarYearMissing when the planned date lies beyond the calendar.
    """
    answers = {
        rule.code: _RULES[rule.code](facts, programme, calendar) for rule in programme.eligibility
    }
    if stage is Stage.INTAKE:
        answers.pop(RuleCode.PREVIOUS_HISTORY, None)
    failed = _reasons(programme, answers, _Answer.FAILED)
    judged = _reasons(programme, answers, _Answer.JUDGEMENT)
    return Verdict(
        outcome=_outcome(failed, judged),
        reasons=failed or judged,
        flags=_reasons(programme, answers, _Answer.FLAGGED),
        open=tuple(code for code, answer in answers.items() if answer is _Answer.OPEN),
        limit_fen=limit_fen(facts, programme),
        lead_working_days=lead_working_days(facts, calendar),
        programme=programme.code,
        version=programme.version,
    )


def limit_fen(facts: Facts, programme: Programme) -> int | None:
    """The limit these facts give a case (C-08), None while no amount is known."""
    if programme.waiver is None or facts.sum_insured_left_fen is None:
        return None
    return programme.waiver.limit.limit_fen(
        sum_insured_left_fen=facts.sum_insured_left_fen, authorised_fen=facts.authorised_fen
    )


def lead_working_days(facts: Facts, calendar: WorkCalendar) -> int | None:
    """Working days in (day asked, planned day], None while no day is planned (C-03)."""
    if facts.planned_on is None:
        return None
    return calendar.working_days_between(facts.asked_on, facts.planned_on)


def _outcome(failed: tuple[Reason, ...], judged: tuple[Reason, ...]) -> Outcome:
    if failed:
        return Outcome.REJECTED
    return Outcome.NEEDS_PERSON if judged else Outcome.ELIGIBLE


def _reasons(
    programme: Programme, answers: dict[RuleCode, _Answer], wanted: _Answer
) -> tuple[Reason, ...]:
    rules = (rule for rule in programme.eligibility if answers.get(rule.code) is wanted)
    return tuple(_reason(rule) for rule in rules)


def _reason(rule: EligibilityRule) -> Reason:
    return Reason(code=rule.code, text=rule.text, quote=rule.quote, source=rule.source)


def _is(truth: bool | None) -> _Answer:
    if truth is None:
        return _Answer.OPEN
    return _Answer.PASSED if truth else _Answer.FAILED


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _programme_running(facts: Facts, programme: Programme, _: WorkCalendar) -> _Answer:
    return _is(programme.runs_on(facts.asked_on))


def _entitlement_year(facts: Facts, _: Programme, __: WorkCalendar) -> _Answer:
    return _is(_within(facts.asked_on, facts.entitled_from, facts.entitled_to))


def _insured_on_list(facts: Facts, _: Programme, __: WorkCalendar) -> _Answer:
    return _is(facts.insured_on_list)


def _product_designated(facts: Facts, programme: Programme, _: WorkCalendar) -> _Answer:
    if not facts.insured_on_list:
        return _Answer.OPEN  # without the list's row there is no policy to look at
    return _is(facts.product is not None and programme.has_product(facts.product))


def _policy_in_force(facts: Facts, _: Programme, __: WorkCalendar) -> _Answer:
    if not facts.insured_on_list:
        return _Answer.OPEN
    return _is(_within(facts.asked_on, facts.policy_from, facts.policy_to))


def _channel_has_plan(facts: Facts, programme: Programme, _: WorkCalendar) -> _Answer:
    if facts.sales_channel is None:
        return _Answer.FAILED if facts.insured_on_list else _Answer.OPEN
    return _is(programme.plan(facts.sales_channel) is not None)


def _disease_agreed(facts: Facts, programme: Programme, _: WorkCalendar) -> _Answer:
    return _is(None if facts.disease is None else programme.has_disease(facts.disease))


def _hospital_known(facts: Facts, _: Programme, __: WorkCalendar) -> _Answer:
    return _is(facts.hospital_known)


def _hospital_grade(facts: Facts, programme: Programme, _: WorkCalendar) -> _Answer:
    if not facts.hospital_known:
        return _Answer.OPEN
    grade = facts.hospital_grade
    return _is(grade is not None and grade >= (programme.hospitals.grade_min or 1))


def _hospital_on_network(facts: Facts, programme: Programme, _: WorkCalendar) -> _Answer:
    if not facts.hospital_known or programme.hospitals.network is None:
        return _Answer.OPEN
    return _is(bool(facts.hospital_on_network))


def _sum_insured_left(facts: Facts, programme: Programme, _: WorkCalendar) -> _Answer:
    limit = limit_fen(facts, programme)
    return _is(None if limit is None else limit > 0)


def _lead_time(facts: Facts, programme: Programme, calendar: WorkCalendar) -> _Answer:
    lead = programme.lead_time
    if lead is None or facts.planned_on is None:
        return _Answer.OPEN
    if is_far_enough(facts.asked_on, facts.planned_on, lead.at_least, calendar):
        return _Answer.PASSED
    return _Answer.FLAGGED if lead.when_short == "accept_flagged" else _Answer.FAILED


def _previous_history(facts: Facts, _: Programme, __: WorkCalendar) -> _Answer:
    """An expert judges it (R040); undisclosed history is what a person must decide about."""
    known_clean = facts.previous_history == "none"
    return _Answer.PASSED if known_clean else _Answer.JUDGEMENT


def is_far_enough(asked_on: date, wanted_on: date, lead: Budget, calendar: WorkCalendar) -> bool:
    """Whether at least so many days lie in (asked, wanted] (C-03)."""
    if lead.unit is Unit.WORKING_DAY:
        return calendar.working_days_between(asked_on, wanted_on) >= lead.amount
    return wanted_on - asked_on >= timedelta(days=lead.amount)


_RULES: dict[RuleCode, Callable[[Facts, Programme, WorkCalendar], _Answer]] = {
    RuleCode.PROGRAMME_RUNNING: _programme_running,
    RuleCode.ENTITLEMENT_YEAR: _entitlement_year,
    RuleCode.INSURED_ON_LIST: _insured_on_list,
    RuleCode.PRODUCT_DESIGNATED: _product_designated,
    RuleCode.POLICY_IN_FORCE: _policy_in_force,
    RuleCode.CHANNEL_HAS_PLAN: _channel_has_plan,
    RuleCode.DISEASE_AGREED: _disease_agreed,
    RuleCode.HOSPITAL_KNOWN: _hospital_known,
    RuleCode.HOSPITAL_GRADE: _hospital_grade,
    RuleCode.HOSPITAL_ON_NETWORK: _hospital_on_network,
    RuleCode.SUM_INSURED_LEFT: _sum_insured_left,
    RuleCode.LEAD_TIME: _lead_time,
    RuleCode.PREVIOUS_HISTORY: _previous_history,
}
