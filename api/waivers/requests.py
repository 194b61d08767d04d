"""`…/top-ups` and `…/discharge-notices`: facts a case is told by signal and answers in its record.

Each is a row of the inbox first, then a signal; what could not be delivered is delivered by the
sweep. The caller gets 202 and a status address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.door.access import running_case
from api.door.docs import FAILURES
from api.door.idempotency import Answer, Ask, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.problems import Problem, at_field
from api.door.text import Body, CaseId, PositiveMoney, example
from api.letters.delivery import deliver, own_letter, put_own
from api.wiring.door import Unit, door_of
from domain.doubts import of_discharge_day
from domain.guards import CaseAccess, Letter
from domain.roles import Role
from workflows.messages.cases import NoticeDischarge, RequestTopUp

routes = APIRouter(prefix="/v1/deposit-waivers", tags=["住院免押金"])

TOP_UP: Final = "request_top_up"
DISCHARGE: Final = "notify_discharge"

TOP_UP_BELIEVED: Final = 2
"""A top-up of more than so many whole limits is read a second time before it is asked for."""


class TopUpAsked(Body):
    """More deposit is needed: how much and why."""

    model_config = example(
        amount={"amount": "100000.00", "currency": "CNY"}, reason="deposit_used_up", channel="app"
    )

    amount: PositiveMoney
    reason: Literal["deposit_used_up", "plan_changed", "other"]
    channel: Literal["hotline", "wechat", "app", "email"] = "app"
    amount_confirmed: bool = False  # read again, where it is far above the limit


class DischargeNoticed(Body):
    """The day of discharge is known, or has changed."""

    model_config = example(discharge_on="2026-06-25")

    discharge_on: date


class Received(BaseModel):
    """It is written down; the status address shows what becomes of it."""

    id: str
    case_id: str
    state: str = Field(examples=["received"])
    received_at: datetime


_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    **FAILURES,
    202: {"description": "已收到; 结果见 Location", "model": Received},
}


@routes.post(
    "/{case_id}/top-ups",
    operation_id="request_top_up",
    summary="申请续费",
    status_code=202,
    response_model=Received,
    responses=_ACCEPTED,
)
async def request_top_up(
    case_id: CaseId,
    body: TopUpAsked,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Ask for more deposit; the case answers within the limit."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = RequestTopUp(
        top_up_id=ask.own_id(door.id_secret, "tu"),
        amount_fen=body.amount.fen,
        reason=body.reason,
        channel=body.channel,
        actor=caller.actor,
        at=door.clock(),
    )

    async def expect(unit: Unit, case: CaseAccess) -> None:
        _believable(body, case)
        await unit.inbox.expect_top_up(
            top_up_id=message.top_up_id,
            case_id=case_id,
            amount_fen=message.amount_fen,
            at=message.at,
        )

    fact = _Fact(TOP_UP, "top-ups", message.top_up_id, message, expect)
    return await _told(request, caller, case_id, ask, fact)


def _believable(body: TopUpAsked, case: CaseAccess) -> None:
    """What is beyond the limit is offered what is left; far beyond it was mistyped."""
    most = TOP_UP_BELIEVED * (case.limit_fen or 0)
    if most and body.amount.fen > most and not body.amount_confirmed:
        reason = "金额远高于案件额度, 请核对; 无误则以 amount_confirmed 确认"
        raise at_field("invalid", "amount", reason, case_id=case.case_id)


@routes.post(
    "/{case_id}/discharge-notices",
    operation_id="notice_discharge",
    summary="通知出院日期",
    status_code=202,
    response_model=Received,
    responses=_ACCEPTED,
)
async def notice_discharge(
    case_id: CaseId,
    body: DischargeNoticed,
    request: Request,
    caller: Annotated[
        Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.AGENT, Role.NURSE))
    ],
    key: IdempotencyKey = None,
) -> Response:
    """Say when the customer leaves hospital; a new date replaces the old one."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = NoticeDischarge(
        notice_id=ask.own_id(door.id_secret, "dn"),
        discharge_on=body.discharge_on,
        actor=caller.actor,
        at=door.clock(),
    )

    async def expect(unit: Unit, case: CaseAccess) -> None:
        day, told_at = message.discharge_on, case.reported_at
        if doubt := of_discharge_day(day, reported_at=told_at, now=message.at):
            raise at_field("invalid", "discharge_on", doubt, case_id=case_id)
        await unit.inbox.expect_discharge(
            notice_id=message.notice_id,
            case_id=case_id,
            discharge_on=message.discharge_on,
            at=message.at,
        )

    fact = _Fact(DISCHARGE, "discharge-notices", message.notice_id, message, expect)
    return await _told(request, caller, case_id, ask, fact)


@dataclass(frozen=True)
class _Fact:
    """What a case is told: its signal, its status address, and the row that address shows."""

    signal: str
    collection: str
    fact_id: str
    message: RequestTopUp | NoticeDischarge
    expect: Callable[[Unit, CaseAccess], Awaitable[None]]


async def _told(request: Request, caller: Caller, case_id: str, ask: Ask, fact: _Fact) -> Response:
    """A row of the inbox and of the record, then the signal; the caller looks for the answer."""
    door = door_of(request)

    async def record(unit: Unit) -> Letter:
        case = await running_case(unit, caller, case_id)
        if not door.programme(case.programme, case.reported_at).advances(case.service):
            # A claim that follows no advance knows neither; nobody would ever answer.
            raise Problem("wrong-stage", "该理赔没有垫付", case_id=case_id)
        await fact.expect(unit, case)
        told = fact.message
        letter = own_letter(fact.fact_id, case_id, fact.signal, told, at=told.at)
        return await put_own(unit, letter)

    async def act(letter: Letter) -> Answer:
        await deliver(door, letter)
        body = Received(
            id=fact.fact_id, case_id=case_id, state="received", received_at=letter.received_at
        )
        location = f"/v1/deposit-waivers/{case_id}/{fact.collection}/{fact.fact_id}"
        return Answer(202, body.model_dump(mode="json"), {"Location": location})

    return await once(request, ask, record=record, act=act)
