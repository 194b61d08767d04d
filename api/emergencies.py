"""`/v1/emergencies`: a supervisor switches a programme's emergency mode on for an event, and off.

While it is on, claims of its emergency lane are taken: called within the hour, processed within a
day, with relaxed papers (R834, R838). Each switch is an audit row.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.docs import FAILURES
from api.idempotency import Answer, IdempotencyKey, ask_of, once
from api.identity import Caller, allowed
from api.problems import Problem, at_field
from api.text import Body, Code, example
from api.wiring import Unit, UnknownProgramme, door_of
from domain.waiver import Role

routes = APIRouter(prefix="/v1", tags=["理赔服务"])

Supervisor = Annotated[Caller, Depends(allowed(Role.SUPERVISOR))]


class Event(Body):
    """An event, under which programme and a code of its own."""

    model_config = example(programme="china_life_claims", code="flood_2026_07", name="某地洪灾")

    programme: Code
    code: Code
    name: str = Field(min_length=1, max_length=100)


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
    ask, at = ask_of(request, caller, key, body.model_dump(mode="json")), door.clock()

    async def record(unit: Unit) -> None:
        try:
            claims = door.programme(body.programme, at).claims
        except UnknownProgramme:
            raise at_field("unknown-programme", "programme", "没有此服务项目") from None
        if claims is None or not any(lane.in_emergency for lane in claims.lanes):
            raise at_field("unknown-programme", "programme", "该服务项目没有应急理赔")
        begun = await unit.reference.begin_emergency(
            programme=body.programme, code=body.code, name=body.name, by=caller.subject, at=at
        )
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
    ask, at = ask_of(request, caller, key, body.model_dump(mode="json")), door.clock()

    async def record(unit: Unit) -> None:
        ended = await unit.reference.end_emergency(
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
