"""What a programme's services and an open step want of a client, by code (`domain.steps.asks`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field

from api.door.docs import FAILURES
from api.door.identity import ANYONE, Caller, allowed
from api.door.problems import Problem
from api.reference import ProgrammeSummary, programme_summary
from api.stated import LearnsOfIt, Stated, WayIn, learn_of_it, stated_to, ways_into
from api.wiring.door import Door, UnknownProgramme, door_of
from domain.board import TaskRow
from domain.matter import BOOKING, RESCUE, matter_of
from domain.programmes.programme import NotInProgramme, Programme
from domain.programmes.services import Service, Shape
from domain.roles import Role
from domain.steps.asks import (
    Asks,
    Coded,
    Paper,
    asks_of,
    calls_of,
    choices_of,
    clinics_of,
    details_of,
    groups_of,
    intake_of,
    items_of,
    papers_of_service,
    preconditions_of,
    reported_steps,
    rescue_asks,
    said_of,
    signs,
)
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS

routes = APIRouter(prefix="/v1", tags=["参考与报表"])

ProgrammeCode = Annotated[
    str,
    Path(pattern=r"^[a-z0-9_]{1,64}$", max_length=64, examples=["pingan_oncology_157"]),
]


class StepAsked(BaseModel):
    """A step of a service that is reported by its code: by whom, after what, with which fields."""

    code: str
    name: str
    by: list[Role] = Field(description="可登记的角色; 空为医院任一人员")
    asked: str | None = Field(description="预约的环节; 急救步骤为空")
    when: str | None
    groups: list[str] = Field(description="仅用于这些患者类别")
    after: list[str] = Field(description="须先完成的步骤")
    fields: list[Coded]


class ServiceAsks(BaseModel):
    """What one service wants from who asks for it and who serves it."""

    service: str
    name: str
    served_by: str = Field(description="由谁提供服务; 未约定时为空")
    may_choose: list[Coded] = Field(description="客户可指定的内容")
    preconditions: list[Coded] = Field(description="前提条件 (申请时的 declared.preconditions)")
    intake: list[Coded] = Field(description="首次响应时须登记 (take_request 的 intake)")
    clinics: list[Coded] = Field(description="可选择的门诊类型")
    papers: list[Paper]
    calls: list[Coded] = Field(description="接单后致电须沟通 (call_customer 的 items)")
    items: list[Coded] = Field(description="陪诊事项 (check_out 的 items)")
    steps: list[StepAsked]


class ProgrammeDetail(ProgrammeSummary):
    """A programme with the codes a client sends to it."""

    asks: list[ServiceAsks]
    channels: list[WayIn] = Field(description="客户可用的渠道")
    shares_with: list[LearnsOfIt] = Field(description="个人信息的接收方")
    stated: Stated | None = Field(description="来源所述的网络、方案和数字; 内部资料不对外")
    groups: list[Coded] = Field(description="医院绿色通道的患者类别")
    signs: list[Coded] = Field(description="分诊时可见的征象")


@routes.get(
    "/programmes/{code}", operation_id="get_programme", summary="查看服务项目", responses=FAILURES
)
async def get_programme(
    code: ProgrammeCode, request: Request, caller: Annotated[Caller, Depends(allowed(*ANYONE))]
) -> ProgrammeDetail:
    """One programme: its services, and by code what each of them asks for."""
    door = door_of(request)
    try:
        programme = door.programme(code, door.clock())
    except UnknownProgramme:
        raise Problem("not-found", "没有此服务项目") from None
    channel = groups_of(programme)
    return ProgrammeDetail(
        **dict(programme_summary(programme)),
        asks=[_asks(programme, service) for service in programme.services],
        channels=ways_into(programme),
        shares_with=learn_of_it(programme),
        stated=stated_to(caller, programme),
        groups=channel,
        signs=signs() if channel else [],
    )


def _asks(programme: Programme, service: Service) -> ServiceAsks:
    return ServiceAsks(
        service=service.code,
        name=service.name,
        served_by=service.staffing.who if service.staffing else "",
        may_choose=choices_of(service),
        preconditions=preconditions_of(service),
        intake=intake_of(service),
        clinics=clinics_of(service),
        papers=papers_of_service(programme, service),
        calls=calls_of(programme, service),
        items=items_of(programme, service),
        steps=_steps(service),
    )


def _steps(service: Service) -> list[StepAsked]:
    rescue = service.shape is Shape.EMERGENCY
    ours = reported_steps(service) if rescue else [one for one in service.steps if one.asked]
    return [
        StepAsked(
            code=step.code,
            name=step.name,
            by=list(step.by),
            asked=step.asked,
            when=step.when,
            groups=list(step.groups),
            after=list(step.after),
            fields=details_of(step) if rescue else said_of(step),
        )
        for step in ours
    ]


def chosen_from(options: Iterable[Mapping[str, Any]]) -> Asks:
    """What a choice is made from: the options as they were offered, by their names."""
    named = [Coded(code=one["option"], name=one["words"] or one["option"]) for one in options]
    return {"option": named} if named else {}


def asked_by(door: Door, row: TaskRow) -> Asks:
    """What an open step's form wants, by code; none once it is closed.

    The programme is that of the request, not of the day of the step: its refusals go by it too.
    """
    if row.closed_at is not None or row.kind not in TASKS:
        return {}
    kind, matter = TaskKind(row.kind), matter_of(row.case_id)
    if kind is TaskKind.CHOOSE_OPTION:
        return chosen_from(row.offered)
    if matter not in (BOOKING, RESCUE):
        return {}
    try:
        programme = door.programme(row.programme, row.asked_at or row.opened_at)
        if matter is BOOKING:
            return asks_of(kind, programme, programme.service(row.service), subject=row.subject)
        return rescue_asks(kind, programme, subject=row.subject)
    except (UnknownProgramme, NotInProgramme):  # no file of that year is kept any more
        return {}
