"""`/v1/emergencies`: a supervisor switches a programme's emergency mode on for an event, and off.

While it is on, claims of its emergency lane are taken: called within the hour, processed within a
day, with relaxed papers (R834, R838). What is promised to the customers of the event is there for
everybody to read (R860), and people lent from other provinces are recorded with their station
(R836). Each change is an audit row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import ANYONE, Caller, allowed
from api.door.problems import Problem, at_field
from api.door.text import Body, Code, StaffNumber, example, not_blank
from api.wiring.door import Unit, UnknownProgramme, door_of
from domain.roles import Role

routes = APIRouter(prefix="/v1", tags=["理赔服务"])

Promise = Annotated[str, Field(min_length=1, max_length=25), AfterValidator(not_blank)]
"""So short that ten of them fit into one notice."""
Supervisor = Annotated[Caller, Depends(allowed(Role.SUPERVISOR))]


class Event(Body):
    """An event, under which programme and a code of its own."""

    model_config = example(programme="china_life_claims", code="flood_2026_07", name="某地洪灾")

    programme: Code
    code: Code
    name: str = Field(min_length=1, max_length=100)
    pledge: list[Promise] = Field(default=[], max_length=10, description="服务承诺, 公布给客户")


class Lent(Body):
    """Who of ours comes to help in an event, from which province, to which station."""

    model_config = example(
        programme="china_life_claims",
        code="flood_2026_07",
        staff_id="agent-07",
        province="浙江省",
        station="县城关镇理赔服务站",
    )

    programme: Code
    code: Code
    staff_id: StaffNumber
    province: Promise
    station: Promise


class Ended(Body):
    """Which event is over."""

    model_config = example(programme="china_life_claims", code="flood_2026_07")

    programme: Code
    code: Code


class EmergencyView(BaseModel):
    """Whether the emergency mode is on for an event."""

    programme: str
    code: str
    on: bool


class LentView(BaseModel):
    """Somebody who helps in an event."""

    staff_id: str
    province: str
    station: str
    lent_at: datetime


class EventView(BaseModel):
    """An event and what its customers are promised; who helps there only for our own people."""

    code: str
    name: str
    began_at: datetime
    pledge: list[str]
    stations: int
    helpers: int
    provinces: int
    staff: list[LentView]


@routes.get(
    "/emergencies",
    operation_id="list_emergencies",
    summary="正在进行的应急理赔",
    responses=FAILURES,
)
async def list_emergencies(
    request: Request,
    programme: Annotated[Code, Query()],
    caller: Annotated[Caller, Depends(allowed(*ANYONE))],
) -> list[EventView]:
    """The events a programme's emergency mode is on for."""
    door = door_of(request)
    async with door.books.unit() as unit:
        events = await unit.emergencies.on(programme)
    ours = bool({*caller.roles} - {Role.CUSTOMER, Role.CHANNEL})
    return [_event_view(row, with_staff=ours) for row in events]


def _event_view(row: dict[str, Any], *, with_staff: bool) -> EventView:
    staff = row["staff"]
    return EventView(
        code=row["code"],
        name=row["name"],
        began_at=row["began_at"],
        pledge=row["pledge"],
        stations=len({one["station"] for one in staff}),
        helpers=len(staff),
        provinces=len({one["province"] for one in staff}),
        staff=[LentView.model_validate(one) for one in staff] if with_staff else [],
    )


@routes.post(
    "/emergencies/staff",
    operation_id="lend_staff",
    summary="调配应急理赔人员",
    response_model=Lent,
    responses=FAILURES,
)
async def lend_staff(
    body: Lent, request: Request, caller: Supervisor, key: IdempotencyKey = None
) -> Response:
    """Somebody of another province comes to help; with the event's end they go home."""
    door = door_of(request)
    said = body.model_dump(mode="json")
    ask, at = ask_of(request, caller, key, said), door.clock()

    async def record(unit: Unit) -> None:
        if not await unit.emergencies.lend({**said, "lent_by": caller.subject, "lent_at": at}):
            raise Problem("not-found", "没有正在进行的应急理赔")
        await _audited(unit, caller, "emergency.staff_lent", body.staff_id, request)

    async def act(_: None) -> Answer:
        return Answer(200, said)

    return await once(request, ask, record=record, act=act)


@routes.post(
    "/emergencies",
    operation_id="begin_emergency",
    summary="启动应急理赔",
    response_model=EmergencyView,
    responses=FAILURES,
)
async def begin_emergency(
    body: Event, request: Request, caller: Supervisor, key: IdempotencyKey = None
) -> Response:
    """Switch the emergency mode on."""
    door = door_of(request)
    ask, at = ask_of(request, caller, key, body), door.clock()

    async def record(unit: Unit) -> None:
        try:
            claims = door.programme(body.programme, at).claims
        except UnknownProgramme:
            raise at_field("unknown-programme", "programme", "没有此服务项目") from None
        if claims is None or not any(lane.in_emergency for lane in claims.lanes):
            raise at_field("unknown-programme", "programme", "该服务项目没有应急理赔")
        begun = await unit.emergencies.begin(**body.model_dump(), by=caller.subject, at=at)
        if not begun:
            raise Problem("wrong-stage", "该事件的应急理赔已启动过")
        await _audited(unit, caller, "emergency.begun", body.code, request)

    async def act(_: None) -> Answer:
        return _answer(body.programme, body.code, on=True)

    return await once(request, ask, record=record, act=act)


@routes.post(
    "/emergencies/end",
    operation_id="end_emergency",
    summary="结束应急理赔",
    response_model=EmergencyView,
    responses=FAILURES,
)
async def end_emergency(
    body: Ended, request: Request, caller: Supervisor, key: IdempotencyKey = None
) -> Response:
    """Switch the emergency mode off; claims that were taken go on as they began."""
    door = door_of(request)
    ask, at = ask_of(request, caller, key, body), door.clock()

    async def record(unit: Unit) -> None:
        ended = await unit.emergencies.end(
            programme=body.programme, code=body.code, by=caller.subject, at=at
        )
        if not ended:
            raise Problem("not-found", "没有正在进行的应急理赔")
        await _audited(unit, caller, "emergency.ended", body.code, request)

    async def act(_: None) -> Answer:
        return _answer(body.programme, body.code, on=False)

    return await once(request, ask, record=record, act=act)


async def _audited(unit: Unit, caller: Caller, action: str, code: str, request: Request) -> None:
    await unit.audit(
        at=door_of(request).clock(),
        actor_role=caller.role.value,
        actor_id=caller.subject,
        action=action,
        subject=code,
    )


def _answer(programme: str, code: str, *, on: bool) -> Answer:
    view = EmergencyView(programme=programme, code=code, on=on)
    return Answer(200, view.model_dump(mode="json"))
