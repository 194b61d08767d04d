"""`…/authorization` and `…/withdrawal`: what the customer says to a case, answered at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import Field

from api.door.access import documents_of_case, running_case
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.idempotency import IdempotencyKey, ask_of
from api.door.identity import Caller, allowed
from api.door.text import Body, CaseId, DocumentIds, Words, example
from api.wiring.door import Unit, door_of
from domain.roles import Role
from workflows.messages.cases import Authorize, Withdraw

routes = APIRouter(prefix="/v1/deposit-waivers", tags=["住院免押金"])


class Authorization(Body):
    """The customer signs the authorisation with its images, or refuses."""

    model_config = example(signed=True, images=["doc-aaaaaaaaaaaaaaaaaaaa"])

    signed: bool
    images: DocumentIds = Field(default=[])


class Withdrawal(Body):
    """The customer wants no more, and why."""

    model_config = example(reason="改期住院")

    reason: Words = ""


@routes.post(
    "/{case_id}/authorization",
    operation_id="authorize_case",
    summary="签署或拒签委托授权",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def authorize_case(
    case_id: CaseId,
    body: Authorization,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL))],
    key: IdempotencyKey = None,
) -> Response:
    """Sign or refuse."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    # A channel's app carries the customer's own hand; the step is the customer's either way.
    actor = caller.actor.model_copy(update={"role": Role.CUSTOMER})
    message = Authorize(signed=body.signed, images=list(body.images), actor=actor, at=door.clock())

    async def record(unit: Unit) -> Authorize:
        await running_case(unit, caller, case_id)
        await documents_of_case(unit, case_id, body.images)
        return message

    return await command(request, ask, case_id, "authorize", record=record)


@routes.post(
    "/{case_id}/withdrawal",
    operation_id="withdraw_case",
    summary="撤销申请",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def withdraw_case(
    case_id: CaseId,
    body: Withdrawal,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Withdraw, before the first payment."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = Withdraw(reason=body.reason, actor=caller.actor, at=door.clock())

    async def record(unit: Unit) -> Withdraw:
        await running_case(unit, caller, case_id)
        return message

    return await command(request, ask, case_id, "withdraw", record=record)
