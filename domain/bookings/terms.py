"""What a service asks for on its way to a visit: papers, a review, a choice, a bed.

It is read from the terms of the service, so that the story in `workflows.bookings` can ask for it
in one word.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta
from typing import Final

from domain.cancellation import rule_of
from domain.documents import DocumentKind, DocumentStage
from domain.eligibility import Outcome, Reason, Verdict, unanswered
from domain.events import ExpectedEvent
from domain.programmes.own_steps import steps_at
from domain.programmes.programme import Programme
from domain.programmes.rules import RuleCode
from domain.programmes.services import SAMPLE_NAMES, Sample, Service

OWED_FOR: Final = timedelta(days=180)
"""So long papers or a sample are waited for where nothing ends it sooner (inferred)."""


def papers_for(programme: Programme, service: Service, disease: str | None) -> list[DocumentKind]:
    """The papers a booking needs before anything is coordinated (C-68)."""
    stages = (DocumentStage.APPLICATION, DocumentStage.ADMISSION)
    wanted = (programme.documents_for(disease, stage, service.code) for stage in stages)
    return list(dict.fromkeys(kind for kinds in wanted for kind in kinds))


def owed_until(
    service: Service, *, since: date, year_ends_on: date | None, last_day: date | None
) -> date:
    """The last day on which a customer may still hand in what he owes since a day.

    The end of the policy year where the service ends with it (R753), the last day of policy or
    service, and in any case so many days: nobody's unit waits for ever.
    """
    terms = service.consumption
    ends_with_year = terms is not None and terms.ends_unused_with == "policy_year"
    ends = [since + OWED_FOR, last_day, year_ends_on if ends_with_year else None]
    return min(day for day in ends if day is not None)


def tells_completeness(programme: Programme) -> bool:
    """Whether the customer of a service is promised to hear that his papers are complete (R659)."""
    return any(ExpectedEvent.COMPLETENESS_TOLD in clock.stops for clock in programme.clocks)


def is_reviewed(programme: Programme, service: Service) -> bool:
    """Whether somebody says yes or no before coordination: by a step, a promise or the quota."""
    by_step = any(step.code in ("review", "second_check") for step in service.steps)
    by_quota = service.consumption is not None and service.consumption.when == "approved"
    told = any(ExpectedEvent.CUSTOMER_TOLD in clock.stops for clock in programme.clocks)
    return by_step or by_quota or told


_SAID_BY_IDENTITY: Final = frozenset({RuleCode.INSURED_SELF})
"""Whoever has made sure who asks knows that it is the insured person himself."""


def found_with_request(verdict: Verdict, programme: Programme, service: Service) -> list[Reason]:
    """What nobody has said yet and nobody judges later: found out by whoever takes the request."""
    if verdict.outcome is Outcome.NEEDS_PERSON or is_reviewed(programme, service):
        return []
    return [one for one in unanswered(verdict, programme) if one.code not in _SAID_BY_IDENTITY]


def start_is_cut_off(service: Service) -> bool:
    """Whether giving up is free until the formal start: only then the start is told (C-25)."""
    rule = service.cancellation
    return rule is not None and rule.free_before is ExpectedEvent.SERVICE_STARTED


def is_chosen(service: Service) -> bool:
    """Whether the customer chooses among experts or clinics before coordination."""
    choice = service.choice
    return choice is not None and (choice.experts_offered is not None or bool(choice.clinics))


def is_told_by_phone(service: Service) -> bool:
    """Whether somebody phones with the result (P18: 短信及电话, P17: its precautions)."""
    return bool(steps_at(service, "told")) or any(
        step.code == "tell_by_both" for step in service.steps
    )


def chooses_expert(service: Service) -> bool:
    """Whether what the customer chooses is an expert; elsewhere it is a kind of clinic."""
    return service.choice is not None and service.choice.experts_offered is not None


def is_agreed_on(service: Service) -> bool:
    """Whether a customer must say yes to whoever writes his opinion before they begin.

    Where giving up is no longer free after his yes (R336, R483), nobody else can say it for him;
    and what a service wants told with the result is told before it is fixed (R565, R658).
    """
    rule = rule_of(service)
    binds = rule is not None and rule.free_before is ExpectedEvent.BOOKING_CONFIRMED
    return binds or bool(steps_at(service, "told"))


def has_own_person(service: Service) -> bool:
    """Whether one person of ours serves the customer from here on, by name (R730)."""
    return any(step.code == "dedicated_person" for step in service.steps)


def ends_with_admission(service: Service) -> bool:
    """Whether the service is a bed, so that it is delivered by being admitted."""
    return service.code == "inpatient_arrangement" or "bed" in service.result


def unusual(service: Service, sample: Sample | None, note: str) -> str | None:
    """Why a sample is none of those a test is made of; another one says which it is (R772)."""
    said = sample == "other" and bool(note.strip())
    if sample is None or not service.samples or sample in service.samples or said:
        return None
    listed = "、".join(SAMPLE_NAMES[one] for one in service.samples)
    return f"样本一般为{listed}; 其他样本须说明"


INTAKE_NAMES: Final = {
    "sex": "性别",
    "diagnosed": "是否已明确诊断",
    "disease_or_symptoms": "疾病名称或主要症状",
    "chief_complaint": "主诉",
    "wanted_time": "期望安排时间",
    "hospital": "医院",
    "department": "科室",
    "exam_type": "检查项目",
}
"""What is asked when the request is answered; name, number and need stand in the request itself."""


def intake_for(service: Service, *, known: Container[str] = ()) -> list[str]:
    """The fields a service still asks of a request, in its file's order."""
    return [code for code in service.fields if code in INTAKE_NAMES and code not in known]


CLINIC_NAMES: Final = {"ordinary": "普通门诊", "vip": "特需门诊", "international": "国际门诊"}
"""The kinds of clinic a customer may choose (R412)."""

OTHER_EXAMINATION: Final = "其他"


def examinations_of(service: Service) -> tuple[str, ...]:
    """The examinations the service is for, as its file lists them (R538); none = any."""
    return service.choice.examinations if service.choice else ()


def is_examined(service: Service, exam: str) -> bool:
    """Whether an examination is one of them, or another one that is named: `其他: 脑电图`."""
    listed = {one.upper() for one in examinations_of(service)}
    kind, _, named = exam.strip().upper().replace("：", ":").partition(":")
    if not listed or not kind:
        return True  # whether anything is stated is asked elsewhere
    return kind in listed and (kind != OTHER_EXAMINATION or bool(named.strip()))


CHOSEN_NAMES: Final = {
    "time": "时间",
    "expert": "专家",
    "hospital": "医院",
    "department": "科室",
    "clinic": "门诊类型",
    "city": "城市",
}
"""What a customer may choose or name, where the service says so (R130, R540)."""

_PREFERRED: Final = {
    "ordinary_ward": "优先普通病房",
    "attending_doctor": "优先主诊医生或优选推荐医生",
    "named_hospital": "优先客户指定医院",
}
_WHEN_SCARCE: Final = {"equal_hospital_by_agreement": "资源紧缺时与客户协商同等医院"}


def preferred(service: Service) -> str:
    """What is looked for first, in words for whoever speaks with the hospital (R320, R413).

    Where the source says it, also what may be offered in its place (R630, R647).
    """
    choice = service.choice
    if choice is None:
        return ""
    told = [_PREFERRED[one] for one in choice.prefers]
    if choice.when_scarce is not None:
        told.append(_WHEN_SCARCE[choice.when_scarce])
    return "、".join(told)


def wish(service: Service, day: date | None) -> str:
    """What a step says of what is looked for first, and of the day the customer wishes."""
    told = [preferred(service), "" if day is None else f"客户希望 {day}"]
    return "; ".join(one for one in told if one)
