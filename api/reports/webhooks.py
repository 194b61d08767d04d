"""`GET /v1/reports/webhooks`: what channels were to be told and have not taken.

Registering a channel and sending again are the operator's commands (`cli.py webhooks`); here people
see that it is needed, and `/metrics` counts what has stopped.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.middleware import Measures
from api.door.shapes import Utc
from api.wiring.door import Door, door_of
from domain.roles import Role

routes = APIRouter(prefix="/v1", tags=["参考与报表"])

_COUNT_WITHIN_S: Final = 1.0


class HeldMessage(BaseModel):
    """A message that a channel has not taken; what follows in its case waits behind it."""

    channel: str
    case_id: str
    event: str
    happened_at: Utc
    tries: int
    last_answer: str
    next_try_at: Utc | None
    stopped_at: Utc | None


class WebhookReport(BaseModel):
    """What channels have not taken: the stopped first, then the oldest."""

    on: datetime
    items: list[HeldMessage]


@routes.get(
    "/reports/webhooks",
    operation_id="report_webhooks",
    summary="未送达渠道通知",
    responses=FAILURES,
)
async def report_webhooks(
    request: Request,
    _: Annotated[Caller, Depends(allowed(Role.SUPERVISOR, Role.AUDITOR))],
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> WebhookReport:
    """Messages that failed at least once and still wait, or have stopped."""
    door = door_of(request)
    held = await door.outbox.held(limit=limit)
    items = [
        HeldMessage(
            channel=one.channel,
            case_id=one.case_id,
            event=one.event,
            happened_at=one.at,
            tries=one.tries,
            last_answer=one.last_answer,
            next_try_at=None if one.stopped_at else one.next_try_at,
            stopped_at=one.stopped_at,
        )
        for one in held
    ]
    return WebhookReport(on=door.clock(), items=items)


async def count_stopped(door: Door, measures: Measures) -> None:
    """Bring the gauge up to date; it keeps its last value while books are away."""
    try:
        async with asyncio.timeout(_COUNT_WITHIN_S):
            measures.webhooks_stopped.set(await door.outbox.stopped())
    except Exception:  # noqa: BLE001 - measurements are shown whatever is away
        return
