"""`GET /v1/reports/letters`: what partners reported and no case has taken.

A payment, refund, decision or undelivered notice that comes for an ended case, an event that
contradicts an earlier one, and whatever has fitted nothing of ours for a while, stays open in the
inbox until finance closes it with a reason. `/metrics` counts what is open.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from api.callbacks import Partner
from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.middleware import Measures
from api.door.problems import Problem
from api.door.shapes import Utc
from api.door.text import Body, example, not_blank
from api.letters.delivery import DOOR, LEFT_OPEN_AFTER
from api.letters.events import EVENTS, amount_of, subject_of
from api.wiring.door import Door, Unit, door_of
from domain.guards import Letter
from domain.money import Money
from domain.roles import Role

routes = APIRouter(prefix="/v1", tags=["参考与报表"])

Sender = Partner | Literal["door"]
EventId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]

_COUNT_WITHIN_S: Final = 1.0
_WHY: Final = {
    "case_ended": "案件已结束",
    "case_stopped": "案件流程中断, 恢复后自动送达",
    "contradicted": "同一事件编号内容不同",
    "case_not_started": "案件尚未启动",
    "unmatched": "未找到对应记录",
    "unknown_notice": "未找到对应通知",
    "not_known_yet": "案件暂未答复",
    "failed": "处理失败",
}


class OpenLetter(BaseModel):
    """A partner's word that reached no case."""

    partner: str
    event_id: str
    kind: str
    case_id: str | None
    subject: str
    amount: Money | None
    why: str
    why_name: str
    tries: int
    received_at: Utc
    closed_at: Utc | None = None
    closed_by: str | None = None
    reason: str = Field(default="", repr=False)


class Closing(Body):
    """Why a letter needs no case any more."""

    model_config = example(reason="已与合作方核对, 款项退回原账户")

    reason: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(not_blank)]


class LetterClosed(BaseModel):
    """The letter is dealt with."""

    partner: str
    event_id: str
    closed_at: Utc


class LetterReport(BaseModel):
    """What waits for a person, the oldest first; what people closed, the newest first."""

    on: datetime
    items: list[OpenLetter]


@routes.get(
    "/reports/letters", operation_id="report_letters", summary="未送达来信", responses=FAILURES
)
async def report_letters(
    request: Request,
    _: Annotated[Caller, Depends(allowed(Role.FINANCE, Role.SUPERVISOR, Role.AUDITOR))],
    state: Annotated[Literal["open", "closed"], Query()] = "open",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> LetterReport:
    """Letters of the inbox that a person has to look at, or has closed."""
    door = door_of(request)
    on = door.clock()
    async with door.books.unit() as unit:
        if state == "closed":
            letters = await unit.inbox.closed(limit=limit)
        else:
            letters = await unit.inbox.left_open(before=on - LEFT_OPEN_AFTER, limit=limit)
    return LetterReport(on=on, items=[_open(letter) for letter in letters])


def _open(letter: Letter) -> OpenLetter:
    subject, amount = letter.event_id, None
    if letter.partner != DOOR:
        try:
            event = EVENTS.validate_json(letter.body)
        except ValidationError:  # an earlier release took what this one would refuse
            subject = ""
        else:
            subject, amount = subject_of(event), amount_of(event)
    return OpenLetter(
        partner=letter.partner,
        event_id=letter.event_id,
        kind=letter.kind,
        case_id=letter.case_id,
        subject=subject,
        amount=amount,
        why=letter.outcome,
        why_name=_WHY.get(letter.outcome, ""),
        tries=letter.tries,
        received_at=letter.received_at,
        closed_at=letter.done_at,
        closed_by=letter.closed_by,
        reason=letter.closed_why,
    )


@routes.post(
    "/reports/letters/{partner}/{event_id:path}/close",
    operation_id="close_letter",
    summary="人工了结来信",
    response_model=LetterClosed,
    responses=FAILURES,
)
async def close_letter(
    partner: Sender,
    event_id: EventId,
    body: Closing,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.FINANCE))],
    key: IdempotencyKey = None,
) -> Response:
    """Finance has dealt with a letter outside its case, and says how."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    at = door.clock()

    async def record(unit: Unit) -> LetterClosed:
        letter = await unit.inbox.find(partner=partner, event_id=event_id)
        if letter is None:
            raise Problem("not-found", "没有此来信")
        ended = await unit.inbox.close(
            partner=partner,
            event_id=event_id,
            before=at - LEFT_OPEN_AFTER,
            by=caller.subject,
            why=body.reason,
            at=at,
        )
        if not ended:
            raise Problem("letter-not-open", case_id=letter.case_id)
        await unit.audit(
            at=at,
            actor_role=caller.role.value,
            actor_id=caller.subject,
            action="letter.closed",
            case_id=letter.case_id,
            subject=f"{partner}:{event_id}",
        )
        return LetterClosed(partner=partner, event_id=event_id, closed_at=at)

    async def act(closed: LetterClosed) -> Answer:
        return Answer(200, closed.model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


async def count_letters(door: Door, measures: Measures) -> None:
    """Bring the gauge of open letters up to date; it keeps its last value while books are away."""
    try:
        async with asyncio.timeout(_COUNT_WITHIN_S), door.books.unit() as unit:
            counts = await unit.inbox.left_open_counts(before=door.clock() - LEFT_OPEN_AFTER)
    except Exception:  # noqa: BLE001 - measurements are shown whatever is away
        return
    measures.letters.clear()
    for (kind, why), count in counts.items():
        measures.letters.labels(kind, why).set(count)
