"""`GET /v1/reports/letters`: what partners reported and no case has taken.

A payment, refund or decision that comes for an ended case, and whatever has fitted nothing of ours
for a while, stays open in the inbox. Finance and supervisors see it here; `/metrics` counts it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ValidationError

from api.delivery import DOOR, LEFT_OPEN_AFTER
from api.docs import FAILURES
from api.identity import Caller, allowed
from api.middleware import Measures
from api.partner_events import EVENTS, amount_of, subject_of
from api.shapes import Utc
from api.wiring import Door, Letter, door_of
from domain.money import Money
from domain.waiver import Role

routes = APIRouter(prefix="/v1", tags=["参考与报表"])

_COUNT_WITHIN_S: Final = 1.0
_WHY: Final = {
    "case_ended": "案件已结束",
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


class LetterReport(BaseModel):
    """What waits for a person, the oldest first."""

    on: datetime
    items: list[OpenLetter]


@routes.get(
    "/reports/letters", operation_id="report_letters", summary="未送达来信", responses=FAILURES
)
async def report_letters(
    request: Request,
    _: Annotated[Caller, Depends(allowed(Role.FINANCE, Role.SUPERVISOR, Role.AUDITOR))],
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> LetterReport:
    """Letters of the inbox that a person has to look at."""
    door = door_of(request)
    on = door.clock()
    async with door.books.unit() as unit:
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
    )


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
