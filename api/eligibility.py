"""`POST /v1/eligibility-checks`: does this person qualify? Answered at once; no case is opened.

The question is recorded with its promise (K01) and the moment of the answer.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.applications import Application, Declared, Identified, Known, gather
from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.problems import at_field
from api.door.text import Body, Code, Name, OpaqueId, example
from api.wiring.door import Door, door_of
from domain.clock import Clock
from domain.eligibility import Outcome, Reason
from domain.money import Money
from domain.programmes.programme import NotInProgramme
from domain.roles import Role

routes = APIRouter(prefix="/v1", tags=["资格查询"])

OUTCOME_NAMES: Final = {
    Outcome.ELIGIBLE: "符合资格",
    Outcome.REJECTED: "不符合资格",
    Outcome.NEEDS_PERSON: "需人工判断",
}
_ANSWER_CLOCK: Final = "K01"


class AskedAbout(Identified):
    """The person a question is about."""

    name: Name | None = Field(
        default=None, repr=False, description="客户本人查询时必填", examples=["张某某"]
    )


class EligibilityQuestion(Body):
    """Who asks about which programme; hospital, disease and date may still be open."""

    model_config = example(
        programme="bainian_deposit_waiver",
        insured={
            "name": "客户某甲",
            "id_type": "resident_id",
            "id_number": "110101199003070732",
        },
        disease="lung_cancer",
    )

    programme: Code = Field(examples=["bainian_deposit_waiver"])
    insured: AskedAbout
    hospital_id: OpaqueId | None = None
    disease: Code | None = Field(default=None, examples=["lung_cancer"])
    planned_admission: date | None = None
    service: Code | None = Field(default=None, examples=["expert_outpatient"])
    declared: Declared | None = None


class EligibilityAnswer(BaseModel):
    """The verdict, its reasons in the programme's own words, and when it was given."""

    check_id: str
    programme: str
    version: str
    outcome: Outcome
    outcome_name: str
    reasons: list[Reason] = []
    flags: list[Reason] = []
    open: list[str] = []
    limit: Money | None = None
    asked_at: datetime
    due_at: datetime | None = None
    answered_at: datetime


@routes.post(
    "/eligibility-checks",
    operation_id="check_eligibility",
    summary="查询服务资格",
    responses=FAILURES,
)
async def check_eligibility(
    body: EligibilityQuestion,
    request: Request,
    caller: Annotated[
        Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT, Role.SUPERVISOR))
    ],
) -> EligibilityAnswer:
    """Answer at once, and record that we did."""
    door = door_of(request)
    asked_at = door.clock()
    if caller.role is Role.CUSTOMER and body.insured.name is None:
        raise at_field("invalid", "insured.name", "须提供被保险人姓名")
    asked = Application(
        programme=body.programme,
        id_number=body.insured.number,
        hospital_id=body.hospital_id,
        disease=body.disease,
        planned=body.planned_admission,
        at=asked_at,
        name=body.insured.name or "",
        by_customer=caller.role is Role.CUSTOMER,
        service=body.service,
        declared={} if body.declared is None else dict(body.declared),
    )
    async with door.books.unit() as unit:
        known = await gather(unit, door, asked)
        _must_offer(known, body.service)
        answer = _answer(known, asked_at, door)
        await unit.reference.note_check(_row(answer, known, body, caller))
    return answer


def _must_offer(known: Known, service: str | None) -> None:
    """A service that was named exists, whether or not the programme has a rule about it."""
    if service is None:
        return
    try:
        known.programme.service(service)
    except NotInProgramme:
        raise at_field("invalid", "service", "该项目不提供此服务") from None


def _answer(known: Known, asked_at: datetime, door: Door) -> EligibilityAnswer:
    verdict, promise = known.verdict, _promise(known, asked_at, door)
    return EligibilityAnswer(
        check_id=f"ec-{secrets.token_hex(10)}",
        programme=verdict.programme,
        version=verdict.version,
        outcome=verdict.outcome,
        outcome_name=OUTCOME_NAMES[verdict.outcome],
        reasons=list(verdict.reasons),
        flags=list(verdict.flags),
        open=[code.value for code in verdict.open],
        limit=None if verdict.limit_fen is None else Money.of(verdict.limit_fen),
        asked_at=asked_at,
        due_at=None if promise is None else promise.due_at,
        answered_at=door.clock(),
    )


def _promise(known: Known, asked_at: datetime, door: Door) -> Clock | None:
    try:
        terms = known.programme.clock(_ANSWER_CLOCK)
    except NotInProgramme:
        return None
    return terms.start(
        number=1,
        started_at=asked_at,
        calendar=door.calendar,
        hours=known.programme.hours_of(terms),
    )


def _row(
    answer: EligibilityAnswer, known: Known, body: EligibilityQuestion, caller: Caller
) -> dict[str, Any]:
    return {
        "check_id": answer.check_id,
        "programme": answer.programme,
        "hospital_id": body.hospital_id,
        "person_hash": known.person_hash,
        "channel": caller.channel or caller.role.value,
        "asked_at": answer.asked_at,
        "due_at": answer.due_at,
        "answered_at": answer.answered_at,
        "outcome": answer.outcome.value,
        "reasons": [reason.code.value for reason in answer.reasons],
    }
