"""A rescue: one patient in a hospital's own channel, from first contact to follow-up (HX01-HX09).

Which steps a service has, who does them, what comes before them and what their record states is
the programme's. Here is what holds for all: nothing is done before its predecessor, nothing twice
that happens once, nothing after the end, and nothing waits for registration or money.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.events import ExpectedEvent
from domain.programmes.services import Service, Step


class RescueStage(StrEnum):
    """Where a rescue stands."""

    RAISED = "raised"  # HX01: somebody called; nobody has to wait for triage to begin
    IN_RESCUE = "in_rescue"  # HX02, HX03, HX05
    IN_SURGERY = "in_surgery"  # HX04
    FORMALITIES = "formalities"  # HX06: registration, admission, fees
    AFTER_RESCUE = "after_rescue"  # HX09
    CLOSED = "closed"


RESCUE_STAGE_NAMES: Final[dict[RescueStage, str]] = {
    RescueStage.RAISED: "已呼叫",
    RescueStage.IN_RESCUE: "救治中",
    RescueStage.IN_SURGERY: "急诊手术",
    RescueStage.FORMALITIES: "补办手续",
    RescueStage.AFTER_RESCUE: "随访",
    RescueStage.CLOSED: "已结案",
}

UNDER_WAY: Final = frozenset({RescueStage.RAISED, RescueStage.IN_RESCUE, RescueStage.IN_SURGERY})
"""Stages in which steps of the rescue itself are reported."""


RECORD_WITHIN: Final = timedelta(hours=6)
"""So long after the end a rescue may be written down truthfully, as hospital records may be."""


class RescueOutcome(StrEnum):
    """How the rescue itself ended; there is none for turning a patient away (R517)."""

    UNDER_CONTROL = "under_control"
    ADMITTED = "admitted"
    TRANSFERRED = "transferred"
    DIED = "died"
    SERVED = "served"  # a measure that is no rescue: registered, examined, accompanied


OUTCOME_NAMES: Final[dict[RescueOutcome, str]] = {
    RescueOutcome.UNDER_CONTROL: "病情得到控制",
    RescueOutcome.ADMITTED: "已收入院",
    RescueOutcome.TRANSFERRED: "已转院",
    RescueOutcome.DIED: "死亡",
    RescueOutcome.SERVED: "服务完成",
}

DELIVER: Final = "deliver"
"""The one step of a service for which the source tells no steps."""

MADE_BY_A_FORM: Final = frozenset({ExpectedEvent.TRIAGED, ExpectedEvent.RESCUE_REPORTED})
"""Steps that are done by another form, not reported by themselves."""


def steps_of(service: Service) -> tuple[Step, ...]:
    """The steps of a service; one of its own name where the source tells none."""
    if service.steps:
        return service.steps
    alone = Step(code=DELIVER, name=service.name, fields=service.fields, source=service.source)
    return (alone,)


def wanted(
    service: Service, done: Iterable[str], groups: Iterable[str], *, afterwards: bool
) -> tuple[Step, ...]:
    """The steps somebody is asked for now: their turn has come, and they are not done."""
    known, theirs = {*done}, {*groups}
    return tuple(
        step
        for step in steps_of(service)
        if step.when == ("afterwards" if afterwards else None)
        and step.marks not in MADE_BY_A_FORM
        and step.code not in known
        and known >= {*step.after}
        and (not step.groups or theirs & {*step.groups})
    )


class StepFault(StrEnum):
    """Why a step cannot be reported like this."""

    BY_ANOTHER_FORM = "by_another_form"
    TOO_EARLY = "too_early"
    TWICE = "twice"
    NOT_CALLED = "not_called"


def step_fault(
    step: Step, done: Mapping[str, datetime], *, department: str, called: Iterable[str]
) -> StepFault | None:
    """Why a step cannot have happened now, None if it can."""
    if step.marks in MADE_BY_A_FORM:
        return StepFault.BY_ANOTHER_FORM
    if not {*done} >= {*step.after}:
        return StepFault.TOO_EARLY
    if step.code in done and not step.repeats:
        return StepFault.TWICE
    calling = step.marks is ExpectedEvent.CONSULT_CALLED
    if calling and department in called:
        return StepFault.TWICE
    if step.marks is ExpectedEvent.CONSULTANT_PRESENT and department not in called:
        return StepFault.NOT_CALLED
    return None


# What a record states -----------------------------------------------------------------------------

FIELD_NAMES: Final[dict[str, str]] = {
    "name": "姓名",
    "age": "年龄",
    "sex": "性别",
    "diagnosis": "诊断",
    "operation": "手术名称",
    "anaesthesia": "麻醉方法",
    "team": "手术组人员",
    "notifier": "通知人姓名",
    "transport": "护送方式",
    "accompanied_by": "陪送人员",
    "department": "科室",
    "handed_to": "交接科室",
    "told_doctor": "诊治医师",
    "order_form": "医嘱形式",
    "notice_kind": "通知类别",
    "nurse": "护送护士",
    "specialist": "专科医师",
    "theatre_nurse": "手术室护士",
    "anaesthetist": "麻醉师",
    "ward": "病区",
    "disputed": "是否有争议",
    "identity": "身份核验",
    "effect": "治疗效果",
    "satisfaction": "满意度",
    "agreed_at": "约定时间",
    "carer": "陪护人员",
    "from_at": "开始时间",
    "until_at": "结束时间",
}

STRETCHER: Final = "stretcher"

DETAIL_CHOICES: Final[dict[str, dict[str, str]]] = {
    "transport": {STRETCHER: "平车", "wheelchair": "轮椅"},
    "order_form": {"oral": "口头医嘱", "written": "书面医嘱"},
    "notice_kind": {"seriously_ill": "病重通知", "critically_ill": "病危通知"},
    "disputed": {"yes": "有争议", "no": "无争议"},
    "identity": {"verified": "已核验", "unknown": "身份不明"},
    "sex": {"male": "男", "female": "女", "unknown": "不详"},
    "satisfaction": {**{str(n): f"{n}分" for n in range(1, 6)}, "not_asked": "未询问"},
}
"""What a field of a record may say, by code with its name; any other field holds words."""

_AGE: Final = re.compile(r"unknown|(?:[0-9]|[1-9][0-9]|1[0-4][0-9])(?:月|天)?", re.ASCII)
_MOMENTS: Final = frozenset({"agreed_at", "from_at", "until_at"})
_TWO_PEOPLE: Final = (("nurse", "specialist"), ("theatre_nurse", "anaesthetist"))
DETAIL_MAX: Final = 200


def detail_fault(step: Step, details: Mapping[str, str]) -> tuple[str, str] | None:
    """The first field of a record that is missing or cannot be meant, and why; None if none."""
    asked = [name for name in step.fields if name != "department"]
    for name in sorted({*details} - {*asked}):
        return name, "该步骤不登记此项"
    for name in asked:
        value = details.get(name, "")
        called = FIELD_NAMES.get(name, name)
        if not value.strip():
            return name, f"须填写{called}"
        if len(value) > DETAIL_MAX:
            return name, f"{called}最多{DETAIL_MAX}字"
        if not _is_meant(name, value):
            return name, f"{called}须为{_allowed(name)}"
    for one, other in _TWO_PEOPLE:
        if one in asked and details[one] == details[other]:
            return other, "须为不同的人员"
    if "until_at" in asked and _moment(details["until_at"]) <= _moment(details["from_at"]):
        return "until_at", "结束时间须晚于开始时间"
    return None


def _allowed(name: str) -> str:
    """What a field may say, in words for whoever wrote something else."""
    if name in DETAIL_CHOICES:
        return "、".join(f"{code}({word})" for code, word in DETAIL_CHOICES[name].items())
    if name == "age":
        return "周岁数字, 婴儿写如 3月 或 5天, 不详写 unknown"
    return "带时区的时刻, 例如 2026-05-06T08:40:00+08:00"


def _is_meant(name: str, value: str) -> bool:
    if name in DETAIL_CHOICES:
        return value in DETAIL_CHOICES[name]
    if name == "age":
        return _AGE.fullmatch(value) is not None
    if name in _MOMENTS:
        try:
            return _moment(value).tzinfo is not None
        except ValueError:
            return False
    return True


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def uncovered(
    shifts: Iterable[tuple[datetime, datetime]], *, since: datetime, until: datetime
) -> timedelta:
    """How long nobody accompanied the patient between two moments (R443: 24 hours, no gap)."""
    alone, covered = timedelta(), since
    for begins, ends in sorted(shifts):
        alone += max(min(begins, until) - covered, timedelta())
        covered = max(covered, min(ends, until))
    return alone + max(until - covered, timedelta())


def shift_of(details: Mapping[str, str]) -> tuple[datetime, datetime] | None:
    """The span a record of accompaniment states."""
    if "from_at" not in details or "until_at" not in details:
        return None
    return _moment(details["from_at"]), _moment(details["until_at"])
