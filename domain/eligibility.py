"""Facts and a programme in, a verdict out: eligible, rejected, or a person has to look.

Every rule a programme lists is answered by one function here, and a rule that fails is named with
the programme's own words and their source. Nothing is looked up: the facts were gathered by the
door. A fact nobody has given yet decides nothing, and the verdict says it is open.
"""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from domain.calendar import WorkCalendar
from domain.eligibility_rules import (
    Answer,
    Question,
    answer_to,
    lacking_of,
    lead_of,
    limit_fen,
)
from domain.facts import Facts
from domain.money import Fen
from domain.programmes.programme import Programme
from domain.programmes.rules import EligibilityRule, RuleCode
from domain.programmes.services import PRECONDITION_NAMES

__all__ = [
    "Facts",
    "Outcome",
    "Reason",
    "Stage",
    "Verdict",
    "judge",
    "lead_working_days",
    "limit_fen",
    "to_judge",
    "unanswered",
]


_ASKED_LATER: Final = frozenset(
    {
        RuleCode.HOSPITAL_KNOWN,
        RuleCode.HOSPITAL_GRADE,
        RuleCode.HOSPITAL_ON_NETWORK,
        RuleCode.HOSPITAL_CITY,
        RuleCode.LEAD_TIME,
    }
)


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


def judge(
    facts: Facts, programme: Programme, calendar: WorkCalendar, *, stage: Stage = Stage.INTAKE
) -> Verdict:
    """Apply each rule of a programme to the facts; every failing rule is named, not only the first.

    Raises CalendarYearMissing when the planned date lies beyond the calendar.
    """
    asked = {
        rule.code: Question(rule, facts, programme, calendar)
        for rule in programme.eligibility
        if _is_asked(rule, facts)
    }
    answers = {code: answer_to(question) for code, question in asked.items()}
    if stage is Stage.INTAKE:
        answers.pop(RuleCode.PREVIOUS_HISTORY, None)
        if answers.get(RuleCode.HISTORY_DISCLOSED) is Answer.JUDGEMENT:
            del answers[RuleCode.HISTORY_DISCLOSED]

    def reasons(wanted: Answer) -> tuple[Reason, ...]:
        found = (asked[code] for code, answer in answers.items() if answer is wanted)
        return tuple(_reason(one, judged=wanted is Answer.JUDGEMENT) for one in found)

    failed, judged = reasons(Answer.FAILED), reasons(Answer.JUDGEMENT)
    return Verdict(
        outcome=_outcome(failed, judged),
        reasons=failed or judged,
        flags=reasons(Answer.FLAGGED),
        open=tuple(code for code, answer in answers.items() if answer is Answer.OPEN),
        limit_fen=limit_fen(facts, programme),
        lead_working_days=lead_working_days(facts, calendar),
        programme=programme.code,
        version=programme.version,
    )


def to_judge(verdict: Verdict) -> str:
    """What a person has to judge, in words; nothing where the rules said yes or no."""
    judged = verdict.reasons if verdict.outcome is Outcome.NEEDS_PERSON else ()
    return "; ".join(reason.text for reason in judged)


def unanswered(verdict: Verdict, programme: Programme) -> list[Reason]:
    """What nobody has said yet, as questions to whoever serves a request.

    A hospital and a day that are still to be found are asked about when they are.
    """
    rules = (programme.rule(code) for code in verdict.open if code not in _ASKED_LATER)
    return [
        Reason(code=rule.code, text=rule.question, quote=rule.quote, source=rule.source)
        for rule in rules
        if rule is not None
    ]


def lead_working_days(facts: Facts, calendar: WorkCalendar) -> int | None:
    """Working days in (day asked, planned day], None while no day is planned (C-03)."""
    if facts.planned_on is None:
        return None
    return calendar.working_days_between(facts.asked_on, facts.planned_on)


def _is_asked(rule: EligibilityRule, facts: Facts) -> bool:
    """A rule of single services is not asked of the others."""
    return not rule.services or facts.service is None or facts.service in rule.services


def _outcome(failed: tuple[Reason, ...], judged: tuple[Reason, ...]) -> Outcome:
    if failed:
        return Outcome.REJECTED
    return Outcome.NEEDS_PERSON if judged else Outcome.ELIGIBLE


def _wanted_by(asked: Question) -> str:
    """What a rule wants of this very request, where its words leave that open; else nothing."""
    if asked.rule.code is RuleCode.PRECONDITIONS:
        return "、".join(PRECONDITION_NAMES[one.code] for one in lacking_of(asked))
    if asked.rule.code is RuleCode.LEAD_TIME and (lead := lead_of(asked)) is not None:
        least, most, _ = lead
        said = (f"至少{least.words}" if least else "", f"至多{most.words}" if most else "")
        return "、".join(one for one in said if one)
    return ""


def _reason(asked: Question, *, judged: bool) -> Reason:
    rule, wanted = asked.rule, _wanted_by(asked)
    text = rule.judged if judged else rule.text
    if not judged and wanted not in text:
        text = f"{text}: {wanted}"
    return Reason(code=rule.code, text=text, quote=rule.quote, source=rule.source)
