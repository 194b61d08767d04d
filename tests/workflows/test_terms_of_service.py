"""What a service's own terms refuse at a step: checked on the step's form, without a server."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from domain.eligibility import Outcome, Verdict
from domain.programmes.rules import RuleCode
from domain.steps.kinds import TaskKind
from tests.builders import (
    AGENT,
    DISPATCHER,
    HOSPITAL_DOCTOR,
    HOSPITAL_NURSE,
    HOSPITAL_STAFF,
    a_calendar,
    civil,
)
from tests.workflows.booked import PROGRAMMES
from tests.workflows.stewards import BEST
from workflows.bookings.parts.record import BookingState
from workflows.bookings.refusals.booking import BookingRefusals
from workflows.matter import new_task
from workflows.messages.bookings import RequestBooking
from workflows.messages.matters import Actor, CompleteTask
from workflows.messages.rescues import RaiseRescue, ReportActs, RescueAct
from workflows.rescues.record import RescueState
from workflows.rescues.refusals import RescueRefusals

AT = civil("2026-09-24 10:00")
SOON = (AT + timedelta(days=5)).isoformat()


NINE = ("B超", "彩超", "CT", "核磁", "超声心动", "胃镜", "肠镜", "肾穿", "腰穿")


def refused_for(
    programme: str, service: str, kind: TaskKind, *, unsaid: Collection[RuleCode] = (), **form: Any
) -> str:
    """The field a form is refused for at an open step of its kind; empty when it is taken."""
    terms = PROGRAMMES[programme]
    asked = RequestBooking(
        booking_id="bk-1",
        programme=terms.for_booking(service),
        calendar=a_calendar(),
        service=service,
        verdict=Verdict(
            outcome=Outcome.ELIGIBLE,
            open=tuple(unsaid),
            programme=programme,
            version=terms.version,
        ),
        unit_reserved=False,
        channel="hotline",
        requested_by=AGENT,
        requested_at=AT,
    )
    state = BookingState.of(asked)
    task = new_task(state, kind, at=AT)
    state.tasks[task.task_id] = task
    actor = AGENT if AGENT.role in task.roles else DISPATCHER
    message = CompleteTask(task_id=task.task_id, kind=kind, form=form, actor=actor, at=AT)
    return field_of(partial(BookingRefusals(state, asked).completion, message))


def field_of(check: Callable[[], None]) -> str:
    """The field something is refused for; empty when it is not."""
    try:
        check()
    except ApplicationError as refusal:
        return str(refusal.details[0])
    return ""


@pytest.mark.parametrize(
    ("exam", "field"),
    [
        *((one, "") for one in (*NINE, "ct")),
        ("其他：脑电图", ""),
        ("其他", "intake"),
        ("心电图", "intake"),
        (" ", "intake"),
    ],
)
def test_an_examination_is_one_of_those_the_service_is_for(exam: str, field: str) -> None:
    """R538: 检查项目包括B超、彩超、CT、核磁、超声心动、胃镜、肠镜、肾穿、腰穿等."""
    form: dict[str, Any] = {
        "identity_verified": True,
        "need": "尽快检查",
        "intake": {"wanted_time": "下周", "exam_type": exam},
    }
    found = refused_for("ruitai_ci", "exam_expedite", TaskKind.TAKE_REQUEST, **form)
    assert found == field


@pytest.mark.parametrize(
    ("unsaid", "form", "field"),
    [
        ([RuleCode.SERVICE_ACTIVE], {}, "found_out"),
        ([RuleCode.SERVICE_ACTIVE], {"found_out": " "}, "found_out"),
        ([RuleCode.SERVICE_ACTIVE], {"found_out": "保险公司确认已生效"}, ""),
        ([RuleCode.SERVICE_ACTIVE], {"not_entitled": "服务尚未生效"}, ""),
        ([RuleCode.SERVICE_ACTIVE], {"identity_verified": False}, ""),
        ([], {}, ""),
        ([], {"not_entitled": "服务尚未生效"}, "not_entitled"),
    ],
)
def test_what_nobody_has_said_and_no_reviewer_judges_is_found_out_with_the_request(
    unsaid: list[RuleCode], form: dict[str, Any], field: str
) -> None:
    taken: dict[str, Any] = {"identity_verified": True, "need": "住院"} | form
    of = ("changsheng_yuanmeng", "inpatient_arrangement")
    assert refused_for(*of, TaskKind.TAKE_REQUEST, unsaid=unsaid, **taken) == field


@pytest.mark.parametrize(
    ("rank", "field"), [(1, ""), (100, ""), (101, "hospital_rank"), (None, "hospital_rank")]
)
def test_a_hospital_is_one_of_the_hundred_best(rank: int | None, field: str) -> None:
    """R623: 综合实力排名前名的医院及专科排名前名的医院范围内 (the hundred of C-29)."""
    form = {"arranged": True, "service_at": SOON, "hospital_rank": rank, **BEST}
    of = ("global_doctor_ci", "top100_expert_appointment")
    assert refused_for(*of, TaskKind.ARRANGE_SERVICE, **form) == field


@pytest.mark.parametrize(
    ("who", "code"),
    [(HOSPITAL_DOCTOR, ""), (HOSPITAL_NURSE, ""), (HOSPITAL_STAFF, "actor")],
    ids=lambda one: getattr(one, "id", one),
)
def test_the_team_of_doctors_and_nurses_treats_and_arranges(who: Actor, code: str) -> None:
    """R444, R445: 服务专班由专业医生和护士组成, 负责协调和安排相关服务."""
    raised = RaiseRescue(
        rescue_id="rs-1",
        programme=PROGRAMMES["hosp_critical_friendly"].for_rescue(),
        calendar=a_calendar(),
        service="emergency_treatment",
        hospital_id="h-1",
        arrival="walk_in",
        found_at="outpatient",
        raised_by=HOSPITAL_STAFF,
        raised_at=AT,
    )
    refusals = RescueRefusals(RescueState.of(raised), raised)
    for step, details in (("treat_first", {}), ("with_departments", {"handed_to": "心内科"})):
        form = {"step": step, "at": AT.isoformat(), "details": details}
        act = RescueAct(kind=TaskKind.RESCUE_STEP, form=form)
        report = partial(refusals.report, ReportActs(acts=[act], actor=who, at=AT))
        assert field_of(report) == code


def test_where_no_ranking_is_promised_none_is_asked_for() -> None:
    form = {"arranged": True, "service_at": SOON, **BEST}
    of = ("ruitai_ci", "inpatient_arrangement")
    assert refused_for(*of, TaskKind.ARRANGE_SERVICE, **form) == ""
