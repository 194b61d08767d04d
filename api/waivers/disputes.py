"""`…/disputes`: the customer says that the insurer's decision on the claim is wrong.

A fact like a top-up: a row of the inbox first, then a signal. While a reviewer decides nothing is
recovered; what becomes of it stands in the case's timeline.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from api.door.access import running_case, seen_case
from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.problems import Problem
from api.door.shapes import Utc
from api.door.text import Body, CaseId, Words, example, not_blank
from api.letters.delivery import DISPUTE, deliver, own_letter, put_own
from api.wiring.door import Unit, door_of
from domain.guards import Letter
from domain.matter import CASE
from domain.roles import Role
from domain.waiver import CLAIM_DECIDED, Stage
from workflows.messages.cases import DisputeClaim

routes = APIRouter(prefix="/v1/deposit-waivers", tags=["住院免押金"])


class ClaimDisputed(Body):
    """Why the decision is said to be wrong."""

    model_config = example(reason="病理报告已补充, 请重新审核")

    reason: Annotated[Words, AfterValidator(not_blank)]


class DisputeReceived(BaseModel):
    """It is written down; a reviewer decides, and the case's timeline says what."""

    id: str
    case_id: str
    state: str = Field(examples=["received"])
    received_at: Utc


_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    **FAILURES,
    202: {"description": "已收到; 结果见案件", "model": DisputeReceived},
}


async def _decided_case(unit: Unit, caller: Caller, case_id: str) -> None:
    """A case whose claim was decided, running or paid, or that asks its customer for money."""
    case = await seen_case(unit, caller, case_id)
    decided = case.claim_state in CLAIM_DECIDED or case.stage == Stage.REPAYMENT
    if not CASE.is_over(case.stage) and not decided:
        raise Problem("wrong-stage", "理赔尚无结论, 有结论后可提出异议", case_id=case_id)
    if CASE.is_over(case.stage) and case.stage != Stage.CLOSED:
        await running_case(unit, caller, case_id)


@routes.post(
    "/{case_id}/disputes",
    operation_id="dispute_claim",
    summary="对理赔结论提出异议",
    status_code=202,
    response_model=DisputeReceived,
    responses=_ACCEPTED,
)
async def dispute_claim(
    case_id: CaseId,
    body: ClaimDisputed,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Say that a denied or partly paid claim was decided wrongly."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = DisputeClaim(
        dispute_id=ask.own_id(door.id_secret, "di"),
        reason=body.reason,
        actor=caller.actor,
        at=door.clock(),
    )

    async def record(unit: Unit) -> Letter:
        await _decided_case(unit, caller, case_id)
        letter = own_letter(message.dispute_id, case_id, DISPUTE, message, at=message.at)
        return await put_own(unit, letter)

    async def act(letter: Letter) -> Answer:
        await deliver(door, letter)
        told = DisputeReceived(
            id=letter.event_id, case_id=case_id, state="received", received_at=letter.received_at
        )
        location = {"Location": f"/v1/deposit-waivers/{case_id}"}
        return Answer(202, told.model_dump(mode="json"), location)

    return await once(request, ask, record=record, act=act)
