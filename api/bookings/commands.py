"""What is done with a booking that was asked for: given up, wished for another day, ended.

Asking stands in `api.bookings.opening`, looking in `…files`, its papers in `…papers`; choice and
confirmation are steps like any other (`api.tasks.worklist`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.door.access import seen_matter
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.idempotency import Ask, IdempotencyKey, ask_of
from api.door.identity import Caller, allowed
from api.door.problems import Problem
from api.door.text import Body, BookingId, example
from api.wiring.door import Unit, door_of
from domain.matter import BOOKING
from domain.roles import Role
from workflows.messages.bookings import CancelBooking, ChangeDate, EndContract

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])


class Cancelling(Body):
    """The customer gives the booking up; `accept_use` where that counts as used."""

    model_config = example(accept_use=False)

    accept_use: bool = False


class Redating(Body):
    """The customer wishes another day."""

    model_config = example(wished_on="2026-10-09")

    wished_on: date


class ContractEnding(Body):
    """The insurance contract ends before its time."""

    model_config = example(ends_on="2026-10-31")

    ends_on: Annotated[date | None, Field(description="合同的最后一天; 不填即已解除")] = None


@routes.post(
    "/{booking_id}/cancellation",
    operation_id="cancel_booking",
    summary="取消预约",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def cancel_booking(
    booking_id: BookingId,
    body: Cancelling,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Give the booking up: free, used, or not possible, by the programme's own rule."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = CancelBooking(accept_use=body.accept_use, actor=caller.actor, at=door.clock())
    return await _told(request, caller, ask, booking_id, "cancel_booking", message)


@routes.post(
    "/{booking_id}/date",
    operation_id="change_booking_date",
    summary="改期",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def change_booking_date(
    booking_id: BookingId,
    body: Redating,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Wish for another day, until the visit; what stands is coordinated anew, nothing is used."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = ChangeDate(wished_on=body.wished_on, actor=caller.actor, at=door.clock())
    return await _told(request, caller, ask, booking_id, "change_date", message)


@routes.post(
    "/{booking_id}/contract-end",
    operation_id="end_booking_contract",
    summary="保险合同解除",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def end_booking_contract(
    booking_id: BookingId,
    body: ContractEnding,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.INSURER, Role.SUPERVISOR))],
    key: IdempotencyKey = None,
) -> Response:
    """The contract ends early: the service ends with it, and what is under way is called off."""
    ask = ask_of(request, caller, key, body)
    at = door_of(request).clock()
    message = EndContract(actor=caller.actor, at=at, ends_on=body.ends_on)
    return await _told(request, caller, ask, booking_id, "end_contract", message)


async def _told(
    request: Request, caller: Caller, ask: Ask, booking_id: str, name: str, message: BaseModel
) -> Response:
    """Tell a booking that has not ended, once; it answers whether it takes it."""

    async def record(unit: Unit) -> BaseModel:
        booking = await seen_matter(unit, caller, booking_id)
        if BOOKING.is_over(booking.stage):
            raise Problem("case-ended", case_id=booking_id)
        return message

    return await command(request, ask, booking_id, name, record=record)
