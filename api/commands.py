"""`…/authorization` and `…/withdrawal`: commands of the customer that want an answer now.

They go to the case as updates. What the case refuses is a problem document and leaves nothing
behind; what is not known in time is 202 with the case's address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.access import running_case
from api.docs import FAILURES
from api.gateway import CaseNotRunning, NotKnownYet
from api.idempotency import Answer, Ask, IdempotencyKey, ask_of, once
from api.identity import Caller, allowed
from api.problems import Problem, at_field
from api.reporting import stage_name
from api.text import Body, CaseId, DocumentIds, Words, example
from api.wiring import Bookings, Door, Enquiries, Unit, door_of
from api.wiring_rescues import Rescues
from domain.waiver import Role
from workflows.messages import Authorize, Withdraw

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


class CommandAccepted(BaseModel):
    """The case has written it down."""

    case_id: str
    stage: str
    stage_name: str
    accepted: bool


ANSWERED_OR_PENDING: Final[dict[int | str, dict[str, Any]]] = {
    **FAILURES,
    202: {"description": "已收到, 结果未知; 用同一键重试", "model": CommandAccepted},
}
"""What a route that commands may answer."""


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
    ask = ask_of(request, caller, key, body.model_dump(mode="json"))
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
    ask = ask_of(request, caller, key, body.model_dump(mode="json"))
    message = Withdraw(reason=body.reason, actor=caller.actor, at=door.clock())

    async def record(unit: Unit) -> Withdraw:
        await running_case(unit, caller, case_id)
        return message

    return await command(request, ask, case_id, "withdraw", record=record)


async def documents_of_case(
    unit: Unit, case_id: str, named: list[str], *, field: str = "images"
) -> dict[str, list[str]]:
    """The case's file; 422 when a named document is not in it."""
    file = await unit.cases.document_ids(case_id)
    known = {document for ids in file.values() for document in ids}
    for number, document in enumerate(named):
        if document not in known:
            raise at_field("unknown-document", f"{field}.{number}", "没有此文件", case_id=case_id)
    return file


async def command(
    request: Request,
    ask: Ask,
    case_id: str,
    name: str,
    *,
    record: Callable[[Unit], Awaitable[BaseModel]],
    field: str = "",
) -> Response:
    """Send what `record` returns to the case as an update, once; asked again, its first answer.

    `field` is where a refusal by the case's own rules is laid. Raises `Problem` when refused.
    """
    door = door_of(request)

    async def act(message: BaseModel) -> Answer:
        return await _send(door, case_id, name, message, update_id=ask.update_id, field=field)

    async def known() -> Answer | None:
        try:
            told = await door.cases.answered(case_id, update_id=ask.update_id, field=field)
        except NotKnownYet:
            return Answer(202, _view(case_id, None), _at(case_id), settled=False)
        return None if told is None else Answer(200, _view(case_id, told.stage), _at(case_id))

    return await once(request, ask, record=record, act=act, known=known)


async def _send(
    door: Door, case_id: str, name: str, message: Any, *, update_id: str, field: str
) -> Answer:
    """200 when accepted, 202 when not known yet, `Problem` when refused."""
    headers = _at(case_id)
    try:
        accepted = await door.cases.update(case_id, name, message, update_id=update_id, field=field)
    except (NotKnownYet, CaseNotRunning) as failure:
        if isinstance(failure, CaseNotRunning) and await _is_over(door, case_id):
            raise Problem("case-ended", case_id=case_id) from None
        return Answer(202, _view(case_id, None), headers, settled=False)
    return Answer(200, _view(case_id, accepted.stage), headers)


def _at(case_id: str) -> dict[str, str]:
    return {"Location": f"/v1/{_RESOURCES[case_id[:2]]}/{case_id}"}


async def _is_over(door: Door, case_id: str) -> bool:
    """Whether a case without a running workflow has run; one in `opening` is about to."""
    async with door.books.unit() as unit:
        rows: dict[str, Enquiries | Bookings | Rescues] = {
            "en": unit.enquiries,
            "bk": unit.bookings,
            "rs": unit.rescues,
        }
        matter = await rows.get(case_id[:2], unit.cases).access(case_id)
    return matter is not None and matter.stage != "opening"


_RESOURCES: Final = {"dw": "deposit-waivers", "en": "enquiries", "bk": "bookings", "rs": "rescues"}
"""The resource of a matter, by what its id begins with."""


def _view(case_id: str, stage: StrEnum | None) -> dict[str, Any]:
    return CommandAccepted(
        case_id=case_id,
        stage="" if stage is None else stage.value,
        stage_name="" if stage is None else stage_name(stage.value),
        accepted=stage is not None,
    ).model_dump(mode="json")
