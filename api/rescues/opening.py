"""`/v1/rescues` and `/v1/mass-events`: a patient in a hospital's own channel (HX01-HX09).

Whoever stands there calls; name, papers and money are asked for later, or never found out. A call
is opened like every matter (`api.door.openings`). A mass event brings many patients in one call and
is reported once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.door.access import hospital_of
from api.door.docs import FAILURES
from api.door.idempotency import Answer, Ask, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.openings import RESCUES, Opened, opened_once
from api.door.problems import Problem, at_field
from api.door.shapes import Utc
from api.door.stages import stage_name
from api.door.text import Body, Code, Moment, OpaqueId, Words, example
from api.wiring.door import Door, Unit, UnknownProgramme, door_of
from domain.calendar import civil_date
from domain.matter import RESCUE
from domain.programmes.programme import NotInProgramme, Programme
from domain.programmes.services import Shape
from domain.roles import HOSPITAL_ROLES
from workflows.messages.rescues import RaiseRescue

routes = APIRouter(prefix="/v1", tags=["医院急救绿色通道"])

FIRST_CONTACT_PAST_MAX: Final = timedelta(hours=24)
"""A call may be written down after the fact; a day later it is a mistake."""
BROUGHT_IN_MAX: Final = 50
"""Patients in one call; more of the same event come with the next."""

Raiser = Annotated[Caller, Depends(allowed(*HOSPITAL_ROLES))]


class Patient(Body):
    """What is seen of somebody, in a word, before anything else is known."""

    model_config = example(complaint="外伤, 活动性出血", arrival="ambulance", found_at="emergency")

    complaint: Words = Field(default="", repr=False)
    arrival: Literal["walk_in", "ambulance"] = "walk_in"
    found_at: Literal["outpatient", "emergency", "radiology", "ultrasound", "ward", "other"] = (
        "emergency"
    )


class Call(Patient):
    """Somebody calls for a patient: which channel, which of its services, since when."""

    model_config = example(
        programme="hosp_shuangcheng_surgery",
        service="er_rescue_channel",
        complaint="外伤, 活动性出血",
        arrival="ambulance",
        found_at="emergency",
    )

    programme: Code = Field(examples=["hosp_shuangcheng_surgery"])
    service: Code = Field(examples=["er_rescue_channel"])
    first_contact_at: Moment | None = None
    event_id: OpaqueId | None = Field(default=None, examples=["me-aaaaaaaaaaaaaaaaaaaa"])


class MassEvent(Body):
    """Many were brought in by one event."""

    model_config = example(
        programme="hosp_shuangcheng_surgery",
        service="er_rescue_channel",
        name="某路段客车侧翻",
        patients=[{"complaint": "昏迷", "arrival": "ambulance"}, {"complaint": "骨折"}],
    )

    programme: Code
    service: Code
    name: Annotated[Words, Field(min_length=1, max_length=100)]
    first_contact_at: Moment | None = None
    patients: list[Patient] = Field(min_length=1, max_length=BROUGHT_IN_MAX)


class RescueOpened(BaseModel):
    """Where the rescue is to be found."""

    rescue_id: str
    stage: str
    stage_name: str
    raised_at: Utc


class EventOpened(BaseModel):
    """Where the event and its patients are to be found."""

    event_id: str
    rescues: list[RescueOpened]


@dataclass(frozen=True)
class _Called:
    """A call as the door has understood it."""

    programme: Programme
    service: str
    hospital_id: str
    caller: Caller
    raised_at: datetime
    at: datetime


@routes.post(
    "/rescues",
    operation_id="raise_rescue",
    summary="呼叫急救绿色通道",
    status_code=201,
    response_model=RescueOpened,
    responses={**FAILURES, 202: {"description": "已登记, 正在受理", "model": RescueOpened}},
)
async def raise_rescue(
    body: Call, request: Request, caller: Raiser, key: IdempotencyKey = None
) -> Response:
    """Call for a patient; anybody of the hospital may, and nothing else is asked first."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    called = _called(door, caller, body.programme, body.service, body.first_contact_at)

    rescue_id = ask.own_id(door.id_secret, RESCUE.prefix)

    async def write(unit: Unit) -> RaiseRescue:
        if body.event_id is not None:
            event = await unit.rescues.event(body.event_id)
            theirs = (called.hospital_id, called.programme.code)
            if event is None or (event.hospital_id, event.programme) != theirs:
                raise at_field("invalid", "event_id", "没有此突发事件")
        return await _write(unit, door, called, body, rescue_id, body.event_id)

    return await opened_once(request, ask, RESCUES, rescue_id, door=door, write=write, told=_opened)


@routes.post(
    "/mass-events",
    operation_id="raise_mass_event",
    summary="登记突发事件与伤病员",
    status_code=201,
    response_model=EventOpened,
    responses={**FAILURES, 202: {"description": "已登记, 正在受理", "model": EventOpened}},
)
async def raise_mass_event(
    body: MassEvent, request: Request, caller: Raiser, key: IdempotencyKey = None
) -> Response:
    """Call for many at once; the record of the first reports the event for all of them."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    called = _called(door, caller, body.programme, body.service, body.first_contact_at)
    event_id = ask.own_id(door.id_secret, "me")

    async def record(unit: Unit) -> list[Opened[RaiseRescue]]:
        await unit.rescues.add_event(
            {
                "event_id": event_id,
                "programme": called.programme.code,
                "hospital_id": called.hospital_id,
                "name": body.name,
                "raised_by": caller.subject,
                "raised_at": called.raised_at,
            }
        )
        opened = []
        for n, patient in enumerate(body.patients):
            rescue_id = _nth_id(ask, door, n)
            opened.append(
                await RESCUES.standing(unit, rescue_id)
                or Opened(
                    await _write(unit, door, called, patient, rescue_id, event_id, leads=n == 0)
                )
            )
        return opened

    async def act(opened: list[Opened[RaiseRescue]]) -> Answer:
        runs = await _all_run(door, opened)
        told = [_opened(one.message, RESCUES.first_stage if runs else one.stage) for one in opened]
        answer = EventOpened(event_id=event_id, rescues=told).model_dump(mode="json")
        headers = {"Location": f"/v1/mass-events/{event_id}"}
        return Answer(201 if runs else 202, answer, headers, settled=runs)

    return await once(request, ask, record=record, act=act)


def _nth_id(ask: Ask, door: Door, n: int) -> str:
    """The id of the n-th patient of a call: the same for a replay."""
    made = ask.own_id(door.id_secret, f"{RESCUE.prefix}{n}")
    return f"{RESCUE.prefix}-{made.partition('-')[2]}"


def _called(door: Door, caller: Caller, code: str, service: str, since: datetime | None) -> _Called:
    hospital_id = hospital_of(caller)
    if hospital_id is None:
        raise Problem("forbidden", "令牌未指明医院")
    at = door.clock()
    try:
        programme = door.programme(code, at)
    except UnknownProgramme:
        raise at_field("unknown-programme", "programme", "没有此服务项目") from None
    if programme.emergency is None:
        raise at_field("unknown-programme", "programme", "该服务项目不是医院绿色通道")
    try:
        is_ours = programme.service(service).shape is Shape.EMERGENCY
    except NotInProgramme:
        is_ours = False
    if not is_ours:
        raise at_field("invalid", "service", "该项目不提供此服务")
    if since is not None and not at - FIRST_CONTACT_PAST_MAX <= since <= at:
        raise at_field("invalid", "first_contact_at", "首次接诊时间须在过去24小时内")
    return _Called(programme, service, hospital_id, caller, since or at, at)


async def _write(
    unit: Unit,
    door: Door,
    called: _Called,
    patient: Patient,
    rescue_id: str,
    event_id: str | None,
    *,
    leads: bool = False,
) -> RaiseRescue:
    year = civil_date(called.at).year
    message = RaiseRescue(
        rescue_id=rescue_id,
        programme=called.programme.for_rescue(),
        calendar=door.window(year - 1, year + 1),
        service=called.service,
        hospital_id=called.hospital_id,
        arrival=patient.arrival,
        found_at=patient.found_at,
        event_id=event_id,
        leads_event=leads,
        raised_by=called.caller.actor,
        raised_at=called.raised_at,
    )
    await unit.rescues.add(_row(message, patient, called))
    return message


def _row(message: RaiseRescue, patient: Patient, called: _Called) -> dict[str, Any]:
    return {
        "rescue_id": message.rescue_id,
        "programme": message.programme.code,
        "programme_version": message.programme.version,
        "service": message.service,
        "services": [message.service],
        "hospital_id": message.hospital_id,
        "event_id": message.event_id,
        "arrival": message.arrival,
        "found_at": message.found_at,
        "complaint": patient.complaint,
        "owner": called.caller.subject,
        "raised_role": called.caller.role.value,
        "raised_by": called.caller.subject,
        "raised_at": message.raised_at,
        "changed_at": called.at,
        "opened": message.model_dump_json(),
    }


async def _all_run(door: Door, opened: Sequence[Opened[RaiseRescue]]) -> bool:
    """Start them, until the server is away; the sweep starts what is left."""
    for one in opened:
        if not await RESCUES.start(door, one.message):
            return False
    return True


def _opened(message: RaiseRescue, stage: str) -> RescueOpened:
    return RescueOpened(
        rescue_id=message.rescue_id,
        stage=stage,
        stage_name=stage_name(stage),
        raised_at=message.raised_at,
    )
