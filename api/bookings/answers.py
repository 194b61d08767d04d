"""`…/bookings/{id}/choice` and `…/confirmation`: what the customer answers, in the app or by phone.

Both finish the step that is open on the worklist, so that nobody needs to know its id.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.door.access import seen_matter
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.idempotency import IdempotencyKey, ask_of
from api.door.identity import Caller, allowed
from api.door.problems import Problem
from api.door.text import Body, BookingId, example
from api.tasks.worklist import completion
from api.wiring.door import Unit, door_of
from domain.bookings.forms import ChooseOption, ConfirmBooking, OptionId
from domain.roles import Role
from domain.steps.forms import Form, Note
from domain.steps.kinds import TaskKind
from workflows.messages.matters import CompleteTask

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])

Answering = Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL))]


class Choice(Body):
    """One of the options that were offered, by its code."""

    model_config = example(option="expert-2")

    option: OptionId


class Confirmation(Body):
    """Yes to the time and place that were offered, or another time please."""

    model_config = example(confirmed=True)

    confirmed: bool
    note: Note = ""


@routes.post(
    "/{booking_id}/choice",
    operation_id="choose_option",
    summary="选择专家或门诊",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def choose_option(
    booking_id: BookingId,
    body: Choice,
    request: Request,
    caller: Answering,
    key: IdempotencyKey = None,
) -> Response:
    """Choose one of the experts, clinics or hospitals that were offered (三选一)."""
    form = ChooseOption(option=body.option)
    return await _answer(request, caller, key, booking_id, TaskKind.CHOOSE_OPTION, form)


@routes.post(
    "/{booking_id}/confirmation",
    operation_id="confirm_booking",
    summary="确认预约",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def confirm_booking(
    booking_id: BookingId,
    body: Confirmation,
    request: Request,
    caller: Answering,
    key: IdempotencyKey = None,
) -> Response:
    """Say yes before it is fixed (落实前取得客户确认), or wish for another time."""
    form = ConfirmBooking(confirmed=body.confirmed, told_by="app", note=body.note)
    return await _answer(request, caller, key, booking_id, TaskKind.CONFIRM_BOOKING, form)


async def _answer(
    request: Request, caller: Caller, key: str | None, booking_id: str, kind: TaskKind, form: Form
) -> Response:
    """Finish the newest step of this kind; 409 `wrong-stage` where none was ever opened."""
    door = door_of(request)
    ask = ask_of(request, caller, key, form)

    async def record(unit: Unit) -> CompleteTask:
        await seen_matter(unit, caller, booking_id)
        task_id = await unit.cases.newest_task(booking_id, kind.value)
        if task_id is None:
            raise Problem("wrong-stage", "目前没有待客户答复的事项", case_id=booking_id)
        return await completion(unit, caller, task_id, form, at=door.clock())

    return await command(request, ask, booking_id, "complete_task", record=record)
