"""`GET /v1/reports/claims`: 主动、及时、准确、合理, measured (R794), and the days a claim takes.

By service, in percent of the claims reported in the span.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.door.docs import FAILURES
from api.reports.promises import Asked, Manager
from api.wiring.door import door_of

routes = APIRouter(prefix="/v1/reports", tags=["参考与报表"])


class ClaimLine(BaseModel):
    """Claims of one service; `average_days` from the report to the money, with two places."""

    programme: str
    service: str
    claims: int
    proactive_percent: int = Field(description="主动: 由我方先联系或上门")
    timely_percent: int = Field(description="及时: 无超时")
    accurate_percent: int = Field(description="准确: 付款无更正")
    reasonable_percent: int = Field(description="合理: 无异议, 评价满意")
    paid: int
    average_days: str = Field(examples=["0.43"])


class ClaimsReport(BaseModel):
    """How claims were served."""

    since: datetime
    until: datetime
    lines: list[ClaimLine]


@routes.get("/claims", operation_id="report_claims", summary="理赔服务报表", responses=FAILURES)
async def report_claims(request: Request, _: Manager, asked: Asked) -> ClaimsReport:
    """Claims that follow no advance, by service."""
    door = door_of(request)
    with_claims = {one.code for one in door.programmes if one.claims is not None}
    wanted = with_claims if asked.programmes is None else with_claims & {*asked.programmes}
    async with door.books.unit() as unit:
        rows = await unit.claims.counted(
            since=asked.since,
            until=asked.until,
            programmes=sorted(wanted),
            service=asked.service,
        )
    return ClaimsReport(since=asked.since, until=asked.until, lines=[_line(row) for row in rows])


def _line(row: dict[str, Any]) -> ClaimLine:
    share = {
        f"{name}_percent": row[name] * 100 // row["claims"]
        for name in ("proactive", "timely", "accurate", "reasonable")
    }
    counted = {name: row[name] for name in ("programme", "service", "claims", "paid")}
    return ClaimLine(**counted, **share, average_days=f"{row['days']:.2f}")
