"""What supervisors and insurers may do to a running case beside its steps.

A hold stops payments until its own step on the supervisors' worklist is done; a step or a place in
the team goes to somebody else; a policy has ended. Each is an update that the case answers now.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AfterValidator

from api.door.access import running_case
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.idempotency import IdempotencyKey, ask_of
from api.door.identity import Caller, allowed
from api.door.text import Body, CaseId, StaffNumber, TaskId, Words, example, not_blank
from api.wiring.door import Unit, door_of
from domain.roles import Role
from workflows.messages.cases import Intervene

routes = APIRouter(prefix="/v1", tags=["住院免押金"])


class Held(Body):
    """Why no payment may be ordered for now."""

    model_config = example(reason="身份存疑, 待核实")

    reason: Annotated[Words, AfterValidator(not_blank)]


class Reassigned(Body):
    """Who does a step from now on."""

    model_config = example(staff_id="agent-8", reason="原客服休假")

    staff_id: StaffNumber
    reason: Words = ""


class Replaced(Reassigned):
    """Who takes a place in the team, with the open steps of the one before."""

    model_config = example(role="nurse", staff_id="nurse-8", reason="原护士无法到院")

    role: Literal["agent", "nurse", "doctor"]


class PolicyEnded(Body):
    """Why the policy does not cover any more."""

    model_config = example(reason="投保人退保")

    reason: Annotated[Words, AfterValidator(not_blank)]


@routes.post(
    "/deposit-waivers/{case_id}/hold",
    operation_id="hold_case",
    summary="暂停付款",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def hold_case(
    case_id: CaseId,
    body: Held,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.SUPERVISOR))],
    key: IdempotencyKey = None,
) -> Response:
    """Order no payment until the step `release_hold` is done; the promises run on."""
    message = {"act": "hold", "reason": body.reason}
    return await intervene(request, caller, key, case_id, body, message)


@routes.post(
    "/tasks/{task_id}/reassignment",
    operation_id="reassign_task",
    summary="改派任务",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def reassign_task(
    task_id: TaskId,
    body: Reassigned,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.SUPERVISOR, Role.DISPATCHER))],
    key: IdempotencyKey = None,
) -> Response:
    """Give an open step of a case to somebody else; whoever had claimed it holds it no more."""
    message = {"act": "reassign", "task_id": task_id, **body.model_dump()}
    return await intervene(request, caller, key, task_id.partition(".")[0], body, message)


@routes.post(
    "/deposit-waivers/{case_id}/team",
    operation_id="replace_team_member",
    summary="更换服务人员",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def replace_team_member(
    case_id: CaseId,
    body: Replaced,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.SUPERVISOR, Role.DISPATCHER))],
    key: IdempotencyKey = None,
) -> Response:
    """Put somebody else into the team of a case."""
    message = {"act": "staff", **body.model_dump()}
    return await intervene(request, caller, key, case_id, body, message)


@routes.post(
    "/deposit-waivers/{case_id}/policy-end",
    operation_id="end_policy",
    summary="保单终止",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def end_policy(
    case_id: CaseId,
    body: PolicyEnded,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.INSURER, Role.SUPERVISOR))],
    key: IdempotencyKey = None,
) -> Response:
    """Before the first payment the case ends; after it the stay is settled without top-ups."""
    message = {"act": "policy_ended", "reason": body.reason}
    return await intervene(request, caller, key, case_id, body, message)


async def intervene(
    request: Request,
    caller: Caller,
    key: str | None,
    case_id: str,
    body: Body,
    message: dict[str, Any],
) -> Response:
    """Send it to the case as the caller's act, once."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    act = Intervene(**message, actor=caller.actor, at=door.clock())

    async def record(unit: Unit) -> Intervene:
        await running_case(unit, caller, case_id)
        return act

    return await command(request, ask, case_id, "intervene", record=record)
