"""`/v1/readiness`: whether a hospital's channel is ready, checked when a shift begins (HX08).

What is lacking is recorded and becomes a step of the hospital's duty office, in the transaction of
the check; it closes no channel and holds up no patient.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from activities.ports.house import HouseTask
from api.door.access import hospital_of
from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.problems import Problem, at_field
from api.door.shapes import Utc
from api.door.text import Body, Code, Moment, StaffNumber, Words, example
from api.wiring.door import Door, Unit, UnknownProgramme, door_of
from domain.rescues.readiness import LACK_NAMES, SHIFT_MAX, Lack, lacks, said, unmanned
from domain.roles import HOSPITAL_ROLES, Role
from domain.steps.kinds import TaskKind

routes = APIRouter(prefix="/v1/readiness", tags=["医院急救绿色通道"])

Checker = Annotated[
    Caller,
    Depends(allowed(Role.HOSPITAL_NURSE, Role.HOSPITAL_DOCTOR, Role.HOSPITAL_DUTY)),
]
_Staff = Annotated[list[StaffNumber], Field(max_length=50)]


class ShiftCheck(Body):
    """Who is on duty until when, and whether everything lies there."""

    model_config = example(
        programme="hosp_rescue_channel",
        until="2026-10-04T20:00:00+08:00",
        doctors=["d-1"],
        nurses=["n-1", "n-2"],
        equipment_complete=True,
        supplies_complete=False,
        missing="肾上腺素不足",
    )

    programme: Code
    until: Moment
    doctors: _Staff = Field(default=[])
    nurses: _Staff = Field(default=[])
    equipment_complete: bool
    supplies_complete: bool
    missing: Words = ""


class Lacking(BaseModel):
    """Something that is lacking."""

    code: Lack
    name: str


class Readiness(BaseModel):
    """Whether the channel is ready now."""

    programme: str
    ready: bool
    lacks: list[Lacking]
    checked_at: Utc | None
    until: Utc | None
    doctors: list[str]
    nurses: list[str]
    unmanned_minutes: int = Field(description="过去24小时内无医师或无护士值班的分钟数")


@routes.post(
    "",
    operation_id="check_readiness",
    summary="登记本班就绪检查",
    response_model=Readiness,
    responses=FAILURES,
)
async def check_readiness(
    body: ShiftCheck, request: Request, caller: Checker, key: IdempotencyKey = None
) -> Response:
    """Record what was found when the shift began."""
    door = door_of(request)
    ask, at = ask_of(request, caller, key, body), door.clock()
    hospital_id = _ours(door, caller, body.programme, at)
    if not at < body.until <= at + SHIFT_MAX:
        raise at_field("invalid", "until", "本班须在24小时内结束")
    if not (body.equipment_complete and body.supplies_complete) and not body.missing.strip():
        raise at_field("invalid", "missing", "不齐时须写明缺少什么")

    async def record(unit: Unit) -> Readiness:
        row = body.model_dump() | {"hospital_id": hospital_id, "checked_at": at}
        await unit.rescues.add_check(row | {"checked_by": caller.subject})
        found = await _now(unit, hospital_id, body.programme, at)
        await _see_to(unit, caller, hospital_id, found, at)
        return found

    async def act(found: Readiness) -> Answer:
        return Answer(200, found.model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


@routes.get("", operation_id="get_readiness", summary="查看就绪情况", responses=FAILURES)
async def get_readiness(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(*HOSPITAL_ROLES))],
    programme: Annotated[str, Query(pattern=r"^[a-z0-9_]{1,64}$", max_length=64)],
) -> Readiness:
    """Whether the channel is ready now, and how long of the last day it was not manned."""
    door = door_of(request)
    at = door.clock()
    hospital_id = _ours(door, caller, programme, at)
    async with door.books.unit() as unit:
        return await _now(unit, hospital_id, programme, at)


def _ours(door: Door, caller: Caller, code: str, at: datetime) -> str:
    hospital_id = hospital_of(caller)
    if hospital_id is None:
        raise Problem("forbidden", "令牌未指明医院")
    try:
        programme = door.programme(code, at)
    except UnknownProgramme:
        raise at_field("unknown-programme", "programme", "没有此服务项目") from None
    if programme.emergency is None:
        raise at_field("unknown-programme", "programme", "该服务项目不是医院绿色通道")
    return hospital_id


async def _see_to(
    unit: Unit, caller: Caller, hospital_id: str, found: Readiness, at: datetime
) -> None:
    """What is lacking is a step of the duty office, at once, until a check finds everything."""
    about, kind = f"readiness {hospital_id} {found.programme}", TaskKind.MAKE_READY
    if found.ready:
        who = {"role": caller.role.value, "subject": caller.subject}
        await unit.house.seen_to(about, kind, at=at, reason="检查已齐全", **who)
        return
    step = HouseTask(
        about=about,
        subject=said(one.code for one in found.lacks),
        hospital_id=hospital_id,
        kind=kind,
        at=at,
        due_at=at,
    )
    await unit.house.ask(step)


async def _now(unit: Unit, hospital_id: str, programme: str, at: datetime) -> Readiness:
    checks = await unit.rescues.checks(hospital_id, programme, since=at - 2 * SHIFT_MAX)
    last = checks[-1] if checks else None
    found = lacks(last, at)
    return Readiness(
        programme=programme,
        ready=not found,
        lacks=[Lacking(code=one, name=LACK_NAMES[one]) for one in found],
        checked_at=None if last is None else last.checked_at,
        until=None if last is None else last.until,
        doctors=[] if last is None else list(last.doctors),
        nurses=[] if last is None else list(last.nurses),
        unmanned_minutes=int(unmanned(checks, at=at).total_seconds() // 60),
    )
