"""Looking at a hospital's own channel: the queue, one rescue, a mass event with its patients.

Hospital staff see their own hospital's patients. Of everybody else only supervisors and auditors
look, at who did what when: what is the matter with a patient is the hospital's to know.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.door.access import hospital_of, seen_rescue, watches
from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.problems import Problem, at_field
from api.door.shapes import ClockView, TaskView, TimelineView, Utc
from api.door.stages import stage_name
from api.door.text import EVENT_ID, EventId, MomentAsked, RescueId
from api.door.views import clock_view, task_view, timeline_view, viewer
from api.tasks.asked import asked_by
from api.wiring.door import Door, door_of
from domain.board import SlaState
from domain.rescues.board import RescueFilter, RescueRow, RescueView
from domain.rescues.rescue import OUTCOME_NAMES, RescueOutcome
from domain.roles import HOSPITAL_ROLES, Role

routes = APIRouter(prefix="/v1", tags=["医院急救绿色通道"])

_SPAN_USUAL: Final = timedelta(days=31)
_SPAN_MAX: Final = timedelta(days=400)
_READERS: Final = (*HOSPITAL_ROLES, Role.SUPERVISOR, Role.AUDITOR)

Reader = Annotated[Caller, Depends(allowed(*_READERS))]


class RescueItem(BaseModel):
    """A patient in the queue."""

    rescue_id: str
    programme: str
    services: list[str]
    hospital_id: str
    event_id: str | None
    arrival: str
    found_at: str
    name_masked: str = Field(description="空: 身份未知")
    level: int = Field(description="1最急; 0尚未分诊, 排在最前")
    way: str
    groups: list[str]
    owner: str = Field(description="首诊负责人, 交接后为接收科室")
    raised_at: Utc
    stage: str
    stage_name: str
    outcome: RescueOutcome | None
    outcome_name: str
    linked_case: str | None
    awaiting: list[Role]
    sla_state: SlaState
    next_due_at: Utc | None


class StepView(BaseModel):
    """A step as it was reported."""

    n: int
    service: str
    step: str
    name: str
    at: Utc
    recorded_at: Utc
    role: Role
    actor_id: str
    department: str
    details: dict[str, str]


class RescueFile(RescueItem):
    """A whole rescue."""

    complaint: str
    steps: list[StepView]
    clocks: list[ClockView]
    tasks: list[TaskView]
    timeline: list[TimelineView]


class RescueList(BaseModel):
    """The queue: who nobody has looked at first, then the most severe, the first come first."""

    items: list[RescueItem]


class OutcomeLine(BaseModel):
    """How many patients a service's rescues ended for like this."""

    programme: str
    service: str
    outcome: RescueOutcome | None
    outcome_name: str
    patients: int
    with_breach: int = Field(description="至少一项时限超时")


class RescueReport(BaseModel):
    """What became of those who were called for in a span."""

    since: Utc
    until: Utc
    lines: list[OutcomeLine]


class EventView(RescueList):
    """A mass event and its patients."""

    event_id: str
    programme: str
    name: str
    raised_at: Utc


@routes.get("/rescues", operation_id="list_rescues", summary="绿色通道患者", responses=FAILURES)
async def list_rescues(
    request: Request,
    caller: Reader,
    event_id: Annotated[str | None, Query(pattern=EVENT_ID, max_length=23)] = None,
    state: Annotated[Literal["open", "all"], Query()] = "open",
) -> RescueList:
    """The hospital's patients, the most severe first (R594); names are masked."""
    wanted = RescueFilter(
        hospital_id=None if watches(caller) else hospital_of(caller) or "",
        event_id=event_id,
        is_open=state == "open",
    )
    rows = await door_of(request).rescues.rescues(wanted)
    return RescueList(items=[_item(caller, row) for row in rows])


@routes.get(
    "/rescues/{rescue_id}", operation_id="get_rescue", summary="查看救治记录", responses=FAILURES
)
async def get_rescue(rescue_id: RescueId, request: Request, caller: Reader) -> RescueFile:
    """One rescue: what was done when, what is promised, who acts next. Looking is audited."""
    door = door_of(request)
    async with door.books.unit() as unit:
        await seen_rescue(unit, caller, rescue_id)
    found = await door.rescues.rescue(rescue_id, viewer(caller))
    if found is None:
        raise Problem("not-found", "没有此救治记录")
    return _file(door, _shown(caller, found))


def _shown(caller: Caller, view: RescueView) -> RescueView:
    """What those see who watch over the minutes: who did what when, not what is the matter."""
    if view.hospital_id == hospital_of(caller):
        return view
    hidden: dict[str, object] = {"completion": {}, "evidence": None}
    return view.model_copy(
        update={
            "complaint": "",
            "groups": [],
            "steps": [step.model_copy(update={"details": {}}) for step in view.steps],
            "tasks": [task.model_copy(update=hidden) for task in view.tasks],
        }
    )


@routes.get(
    "/reports/rescues",
    operation_id="report_rescues",
    summary="绿色通道质量报表",
    responses=FAILURES,
)
async def report_rescues(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.HOSPITAL_DUTY, Role.SUPERVISOR, Role.AUDITOR))],
    since: Annotated[MomentAsked | None, Query()] = None,
    until: Annotated[MomentAsked | None, Query()] = None,
) -> RescueReport:
    """What became of the patients, and how many promises were broken on the way (R450)."""
    door = door_of(request)
    last = until or door.clock()
    first = since or last - _SPAN_USUAL
    if not timedelta() < last - first <= _SPAN_MAX:
        raise at_field("invalid", "since", "时间范围须在400天以内")
    hospital_id = None if watches(caller) else hospital_of(caller) or ""
    rows = await door.rescues.outcomes(hospital_id, since=first, until=last)
    lines = [
        OutcomeLine(
            **row, outcome_name="" if row["outcome"] is None else OUTCOME_NAMES[row["outcome"]]
        )
        for row in rows
    ]
    return RescueReport(since=first, until=last, lines=lines)


@routes.get(
    "/mass-events/{event_id}",
    operation_id="get_mass_event",
    summary="查看突发事件",
    responses=FAILURES,
)
async def get_mass_event(event_id: EventId, request: Request, caller: Reader) -> EventView:
    """A mass event with its patients, the most severe first."""
    door = door_of(request)
    async with door.books.unit() as unit:
        event = await unit.rescues.event(event_id)
    if event is None or not (watches(caller) or event.hospital_id == hospital_of(caller)):
        raise Problem("not-found", "没有此突发事件")
    rows = await door.rescues.rescues(RescueFilter(event_id=event_id, is_open=False))
    return EventView(
        event_id=event.event_id,
        programme=event.programme,
        name=event.name,
        raised_at=event.raised_at,
        items=[_item(caller, row) for row in rows],
    )


def _item(caller: Caller, row: RescueRow) -> RescueItem:
    groups = row.groups if row.hospital_id == hospital_of(caller) else []
    return RescueItem(**_header(row) | {"groups": groups})


def _header(row: RescueRow) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in RescueItem.model_fields if hasattr(row, name)}
    ended = "" if row.outcome is None else OUTCOME_NAMES[row.outcome]
    return said | {"stage_name": stage_name(row.stage), "outcome_name": ended}


def _file(door: Door, view: RescueView) -> RescueFile:
    programme = door.programme(view.programme, view.raised_at)
    names = {
        (service.code, step.code): step.name
        for service in programme.services
        for step in service.steps
    }
    return RescueFile(
        **_header(view),
        complaint=view.complaint,
        steps=[
            StepView(**dict(step), name=names.get((step.service, step.step), step.step))
            for step in view.steps
        ],
        clocks=[clock_view(clock) for clock in view.clocks],
        tasks=[task_view(row, asked_by(door, row)) for row in view.tasks],
        timeline=[timeline_view(row) for row in view.timeline],
    )
