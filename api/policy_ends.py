"""`/v1/policy-ends`: the insurer ends a policy, and everything that rests on it hears of it.

The end is written into the policy's row first; from then on requests are judged by the new last
day. Open cases and bookings are told from that row (`api.door.policy_ends`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.problems import Problem, at_field
from api.door.text import Body, Code, Words, example, not_blank
from api.wiring.door import Door, Unit, UnknownProgramme, door_of
from domain.calendar import civil_date
from domain.hospital import tidy
from domain.policy import EndRefused, PolicyOver, PolicyRow
from domain.roles import Role

routes = APIRouter(prefix="/v1/policy-ends", tags=["保单"])


class PolicyEnding(Body):
    """Which policy ends, and with which day; in one programme alone, or wherever it counts."""

    model_config = example(
        programme="pingan_oncology_157", policy_no="P00012026", ends_on="2026-10-31"
    )

    programme: Code
    policy_no: Annotated[Words, AfterValidator(not_blank)] = Field(max_length=64, repr=False)
    ends_on: date = Field(description="保单最后一天, 可早于今天; 须在保险期间内且不超出一年")
    only_here: bool = Field(default=False, description="只退出本服务项目, 保单仍有效")


class PolicyEnded(BaseModel):
    """Where the end was written down, and how many hear of it."""

    ends_on: date
    programmes: list[str]
    under_way: int = Field(description="将被告知的未结案件与预约数")


@routes.post(
    "",
    operation_id="end_policy_everywhere",
    summary="登记保单提前终止",
    response_model=PolicyEnded,
    responses=FAILURES,
)
async def end_policy_everywhere(
    body: PolicyEnding,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.INSURER, Role.SUPERVISOR))],
    key: IdempotencyKey = None,
) -> Response:
    """Write the last day down; every open case and booking of the policy is told of it."""
    door = door_of(request)
    ask, at = ask_of(request, caller, key, body), door.clock()
    programmes = _programmes(door, body, at)

    async def record(unit: Unit) -> PolicyEnded:
        rows = await unit.policies.numbered(tidy(body.policy_no), programmes)
        ending = _ending(rows, body, today=civil_date(at))
        ids = [row.policy_id for row in ending]
        await unit.policies.end(ids, on=body.ends_on, role=caller.role, by=caller.subject, at=at)
        for policy_id in ids:
            await unit.audit(
                at=at,
                actor_role=caller.role.value,
                actor_id=caller.subject,
                action="policy.ended",
                case_id=None,
                subject=f"{policy_id} {body.ends_on}",
            )
        return PolicyEnded(
            ends_on=body.ends_on,
            programmes=[row.programme for row in ending],
            under_way=await unit.policies.under_way(ids),
        )

    async def act(found: PolicyEnded) -> Answer:
        return Answer(200, found.model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


def _programmes(door: Door, body: PolicyEnding, at: datetime) -> set[str]:
    """The named programme, and the others of its insurer: another's number is another policy."""
    try:
        named = door.programme(body.programme, at)
    except UnknownProgramme:
        raise at_field("unknown-programme", "programme", "没有此服务项目") from None
    if body.only_here:
        return {named.code}
    return {one.code for one in door.programmes if one.insurer == named.insurer} | {named.code}


def _ending(rows: Sequence[PolicyRow], body: PolicyEnding, *, today: date) -> list[PolicyRow]:
    """The rows the day can be the last of; the named programme's own must be one of them."""
    ending = []
    for row in rows:
        try:
            row.term.may_end(body.ends_on, today=today)
        except PolicyOver:
            if row.programme == body.programme:
                raise Problem("policy-over") from None
        except EndRefused as refused:
            if row.programme == body.programme:
                raise at_field("invalid", "ends_on", str(refused)) from None
        else:
            ending.append(row)
    if all(row.programme != body.programme for row in rows):
        raise at_field("unknown-policy", "policy_no", "该服务项目名单中没有此保单")
    return ending
