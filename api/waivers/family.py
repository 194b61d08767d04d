"""`…/family` and `…/death`: who of the family may act, and who is told when the customer has died.

A family member acts with a customer's token of their own. What lets them is recorded: who says so,
the image that proves it, when. After a death the stay is only settled, and the family is told.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.door.access import documents_of_case, running_case
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.problems import Problem
from api.door.shapes import Utc
from api.door.text import Body, CaseId, Name, OpaqueId, Phone, example
from api.wiring.door import Unit, door_of
from domain.roles import Role
from domain.strict import Yes
from workflows.messages.cases import Intervene

routes = APIRouter(prefix="/v1/deposit-waivers", tags=["住院免押金"])

Speaking = Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.AGENT))]


class Member(Body):
    """A family member, and the paper that says they may act."""

    subject: OpaqueId = Field(description="其访问令牌中的 sub")
    name: Name = Field(repr=False)
    phone: Phone = Field(repr=False)
    relation: Literal["spouse", "parent", "child", "sibling", "guardian", "other"]
    document_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$", max_length=64)]


class Authorised(Member):
    """The customer lets a family member act, and agrees to the use of that person's data."""

    model_config = example(
        subject="family-1",
        name="客户某乙",
        phone="13900139000",
        relation="spouse",
        document_id="doc-aaaaaaaaaaaaaaaaaaaa",
        consent=True,
    )

    consent: Yes


class Death(Body):
    """The customer has died; this member of the family is told from now on."""

    model_config = example(
        family={
            "subject": "family-1",
            "name": "客户某乙",
            "phone": "13900139000",
            "relation": "spouse",
            "document_id": "doc-aaaaaaaaaaaaaaaaaaaa",
        }
    )

    family: Member


class MayAct(BaseModel):
    """Whether the family member acts with their own token from now on."""

    case_id: str
    subject: str
    recorded_at: Utc
    may_act: bool = True


@routes.post(
    "/{case_id}/family",
    operation_id="authorise_family",
    summary="授权家属",
    response_model=MayAct,
    responses=FAILURES,
)
async def authorise_family(
    case_id: CaseId,
    body: Authorised,
    request: Request,
    caller: Speaking,
    key: IdempotencyKey = None,
) -> Response:
    """Let a family member do what the customer may do; nobody of the family lets in another."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    at = door.clock()

    async def record(unit: Unit) -> MayAct:
        case = await running_case(unit, caller, case_id)
        if caller.role is Role.CUSTOMER and caller.subject in case.family:
            raise Problem("forbidden", "家属不能再授权他人", case_id=case_id)
        await _recorded(unit, case_id, body, caller, at=at, speaks=False)
        return MayAct(case_id=case_id, subject=body.subject, recorded_at=at)

    async def act(done: MayAct) -> Answer:
        return Answer(200, done.model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


@routes.post(
    "/{case_id}/family/{subject}/end",
    operation_id="end_family",
    summary="撤回家属授权",
    response_model=MayAct,
    responses=FAILURES,
)
async def end_family(
    case_id: CaseId,
    subject: Annotated[OpaqueId, Path()],
    request: Request,
    caller: Speaking,
    key: IdempotencyKey = None,
) -> Response:
    """Let a family member act no more; who speaks after a death stays."""
    door = door_of(request)
    ask = ask_of(request, caller, key, {})
    at = door.clock()

    async def record(unit: Unit) -> MayAct:
        case = await running_case(unit, caller, case_id)
        if caller.role is Role.CUSTOMER and caller.subject in case.family - {subject}:
            raise Problem("forbidden", "家属不能撤回他人的授权", case_id=case_id)
        if not await unit.family.end(case_id, subject, at=at):
            raise Problem("not-found", "没有可撤回的授权", case_id=case_id)
        await unit.audit(
            at=at,
            actor_role=caller.role.value,
            actor_id=caller.subject,
            action="family.ended",
            case_id=case_id,
            subject=subject,
        )
        return MayAct(case_id=case_id, subject=subject, recorded_at=at, may_act=False)

    async def act(done: MayAct) -> Answer:
        return Answer(200, done.model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


@routes.post(
    "/{case_id}/death",
    operation_id="report_death",
    summary="报告患者身故",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def report_death(
    case_id: CaseId,
    body: Death,
    request: Request,
    caller: Speaking,
    key: IdempotencyKey = None,
) -> Response:
    """The stay is settled without further top-ups or care, and the family is told of it."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = Intervene(act="died", actor=caller.actor, at=door.clock())

    async def record(unit: Unit) -> Intervene:
        await running_case(unit, caller, case_id)
        await _recorded(unit, case_id, body.family, caller, at=message.at, speaks=True)
        return message

    return await command(request, ask, case_id, "intervene", record=record)


async def _recorded(
    unit: Unit, case_id: str, member: Member, caller: Caller, *, at: Any, speaks: bool
) -> None:
    await documents_of_case(unit, case_id, [member.document_id], field="document_id")
    await unit.family.record(
        {
            "case_id": case_id,
            "subject": member.subject,
            "name": member.name,
            "phone": member.phone,
            "relation": member.relation,
            "document_id": member.document_id,
            "recorded_role": caller.role.value,
            "recorded_by": caller.subject,
            "recorded_at": at,
            "speaks": speaks,
        }
    )
    await unit.audit(
        at=at,
        actor_role=caller.role.value,
        actor_id=caller.subject,
        action="family.speaks" if speaks else "family.authorised",
        case_id=case_id,
        subject=member.subject,
    )
