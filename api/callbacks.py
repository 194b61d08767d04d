"""`POST /v1/callbacks/{partner}`: signed results. A row of the inbox first, a signal after.

The signature is checked over the bytes as they came. An event that comes twice is answered twice
and done once; one that fits nothing of ours is kept and answered 202. What is signed and refused
leaves an audit row; an id that comes again with another content waits for a person as well.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ValidationError

from api.door.docs import FAILURES
from api.door.errors import invalid
from api.door.problems import Problem
from api.door.strict import no_key_twice
from api.letters.codes import Event
from api.letters.delivery import deliver
from api.letters.events import (
    EVENTS,
    SENT_BY,
    case_of,
    check_amounts,
    named_in,
    subject_of,
)
from api.wiring.door import Door, Unit, door_of
from domain.guards import Letter
from domain.roles import Role

routes = APIRouter(prefix="/v1/callbacks", tags=["合作方回调"])

Partner = Literal[
    "payment",
    "nurse",
    "message",
    "claims",
    "social",
    "telephone",
    "roster",
    "courier",
    "lab",
    "hospitals",
]
_EVENT_ID_MAX: Final = 128
_DIGEST_LETTERS: Final = 12
_SIGNED: Final = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "schema": {"type": "string", "maxLength": 1024},
    }
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
]


class Taken(BaseModel):
    """The event is ours now; it need not be sent again."""

    id: str
    state: Literal["delivered", "stored"]


@routes.post(
    "/{partner}",
    operation_id="take_callback",
    summary="接收合作方签名回调",
    response_model=Taken,
    responses={**FAILURES, 202: {"description": "已保存, 待匹配", "model": Taken}},
    openapi_extra={
        "parameters": _SIGNED,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": EVENTS.json_schema()}},
        },
    },
)
async def take_callback(partner: Partner, request: Request) -> Response:
    """Check, store, signal."""
    door = door_of(request)
    raw = await request.body()
    event_id = _signed_id(door, partner, request, raw)
    try:
        letter = await _store(door, partner, event_id, _event(partner, raw))
    except Problem as problem:
        await _audit_refusal(door, partner, raw, problem)
        raise
    if letter.done:
        return _taken(event_id, delivered=True)
    return _taken(event_id, delivered=await deliver(door, letter))


def _signed_id(door: Door, partner: Partner, request: Request, raw: bytes) -> str:
    if door.verify_callback is None:
        raise Problem("unavailable")
    try:
        event_id = door.verify_callback(partner, request.headers, raw)
    except door.callback_refused as failure:
        raise Problem("signature-refused", _WHY.get(str(failure), "")) from None
    if len(event_id) > _EVENT_ID_MAX or not event_id.isascii() or not event_id.isprintable():
        raise Problem("signature-refused", "webhook-id 格式不正确")
    return event_id


_WHY: Final = {
    "signature_missing": "缺少签名请求头",
    "timestamp_malformed": "webhook-timestamp 格式不正确",
    "timestamp_not_fresh": "webhook-timestamp 超出5分钟",
    "signature_wrong": "签名不正确",
}


def _event(partner: Partner, raw: bytes) -> Event:
    no_key_twice(raw)
    try:
        event = EVENTS.validate_json(raw)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise Problem("malformed-request", "请求体不是有效的 JSON") from None
        raise invalid(error) from None
    if not isinstance(event, SENT_BY[partner]):
        raise Problem("forbidden", "该合作方不能报告此类事件")
    return event


async def _store(door: Door, partner: Partner, event_id: str, event: Event) -> Letter:
    async with door.books.unit() as unit:
        letter = await unit.inbox.find(partner=partner, event_id=event_id)
        if letter is None:
            await check_amounts(unit, event)
            letter = await _put(unit, door, partner, event_id, event)
        if _same(letter, event):  # also of two that came at once, one stands
            return letter
        # Kept under an id of its own: one of the two is wrong, and only a person can tell which.
        digest = hashlib.sha256(event.model_dump_json().encode()).hexdigest()[:_DIGEST_LETTERS]
        other = await _put(unit, door, partner, f"{event_id}~{digest}", event)
        if not other.outcome:
            await unit.inbox.wait(
                partner=partner,
                event_id=other.event_id,
                outcome="contradicted",
                next_try_at=door.clock(),
            )
    raise Problem("event-id-reused", case_id=case_of(subject_of(event)))


async def _put(unit: Unit, door: Door, partner: Partner, event_id: str, event: Event) -> Letter:
    return await unit.inbox.put(
        partner=partner,
        event_id=event_id,
        kind=str(getattr(event, "event", "")),
        case_id=case_of(subject_of(event)),
        at=door.clock(),
        body=event.model_dump_json(),
    )


def _same(known: Letter, event: Event) -> bool:
    """Whether an event comes again, or only its id does."""
    try:
        return EVENTS.validate_json(known.body) == event
    except ValidationError:  # an earlier release took what this one would refuse
        return known.body == event.model_dump_json()


async def _audit_refusal(door: Door, partner: Partner, raw: bytes, problem: Problem) -> None:
    """What was signed and refused all the same is stored nowhere else."""
    subject = named_in(raw)
    async with door.books.unit() as unit:
        await unit.audit(
            at=door.clock(),
            actor_role=Role.PARTNER.value,
            actor_id=partner,
            action="callback.refused",
            case_id=case_of(subject),
            subject=f"{problem.code}:{subject}",
        )


def _taken(event_id: str, *, delivered: bool) -> Response:
    body: dict[str, Any] = {"id": event_id, "state": "delivered" if delivered else "stored"}
    return JSONResponse(body, status_code=200 if delivered else 202)
