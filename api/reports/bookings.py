"""`GET /v1/reports/bookings` and `/v1/reports/surveys`: how services fare, for those who pay them.

Numbers and findings by programme and service, and nobody's name: an insurer reads them as well as
our own management. How promises were kept and what customers say of a service stand in
`api.reports.promises` and `api.reports.ratings`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.shapes import Utc
from api.reports.promises import Asked, providers_of
from api.wiring.door import door_of
from domain.bookings.booking import BOOKING_ENDED, BookingStage, VisitOutcome
from domain.roles import Role

routes = APIRouter(prefix="/v1/reports", tags=["参考与报表"])

Reader = Annotated[Caller, Depends(allowed(Role.SUPERVISOR, Role.INSURER, Role.AUDITOR))]

_LOST: Final = (
    VisitOutcome.NO_SHOW,
    VisitOutcome.NOT_ON_TIME,
    VisitOutcome.NOT_ADMITTED,
    VisitOutcome.GIVEN_UP,
)


class BookingLineReport(BaseModel):
    """What became of the bookings of one service; `no_show_percent` of those that had a visit."""

    programme: str
    service: str
    provider: str
    requested: int
    open: int
    ended: dict[BookingStage, int]
    lost: dict[VisitOutcome, int] = Field(description="客户原因未成行, 按原因")
    provider_failures: int = Field(description="服务方未能按约提供的次数")
    no_show_percent: int


class BookingReport(BaseModel):
    """What became of the bookings asked for in a span."""

    since: datetime
    until: datetime
    lines: list[BookingLineReport]


class SurveyLine(BaseModel):
    """What the survey after one service found (R434)."""

    booking_id: str
    programme: str
    service: str
    provider: str
    reported_at: Utc
    satisfaction: int
    on_time: bool
    findings: str = Field(repr=False)


class SurveyReports(BaseModel):
    """The surveys reported in a span, the oldest first."""

    since: datetime
    until: datetime
    items: list[SurveyLine]


@routes.get("/bookings", operation_id="report_bookings", summary="预约结果报表", responses=FAILURES)
async def report_bookings(request: Request, _: Reader, asked: Asked) -> BookingReport:
    """How many bookings ended how: delivered, given up, not turned up for, failed by a provider."""
    door = door_of(request)
    span = {"since": asked.since, "until": asked.until}
    async with door.books.unit() as unit:
        outcomes = await unit.booking_reports.outcomes(**span, programmes=asked.programmes)
        failures = await unit.booking_reports.failures(**span, programmes=asked.programmes)
    counts: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in outcomes:
        counts[row["programme"], row["service"]][row["stage"], row["reason"]] += row["count"]
    failed = {(row["programme"], row["service"]): row["count"] for row in failures}
    providers = providers_of(door)
    lines = [
        _line(service, counted, provider=providers.get(service[0], ""), failed=failed)
        for service, counted in sorted(counts.items())
        if asked.service in (None, service[1])
    ]
    return BookingReport(**span, lines=lines)


def _line(
    service: tuple[str, str],
    counted: Counter[tuple[str, str]],
    *,
    provider: str,
    failed: dict[tuple[str, str], int],
) -> BookingLineReport:
    ended = {
        stage: sum(count for (where, _), count in counted.items() if where == stage.value)
        for stage in BookingStage
        if stage in BOOKING_ENDED
    }
    lost = {one: counted[BookingStage.TERMINATED.value, one.value] for one in _LOST}
    requested = counted.total()
    visited = ended[BookingStage.CLOSED] + ended[BookingStage.TERMINATED]
    return BookingLineReport(
        programme=service[0],
        service=service[1],
        provider=provider,
        requested=requested,
        open=requested - sum(ended.values()),
        ended=ended,
        lost=lost,
        provider_failures=failed.get(service, 0),
        no_show_percent=lost[VisitOutcome.NO_SHOW] * 100 // visited if visited else 0,
    )


@routes.get(
    "/surveys", operation_id="report_surveys", summary="服务质量调查报告", responses=FAILURES
)
async def report_surveys(request: Request, _: Reader, asked: Asked) -> SurveyReports:
    """The surveys of a span, as the insurer is owed them (P07)."""
    door = door_of(request)
    span = {"since": asked.since, "until": asked.until}
    async with door.books.unit() as unit:
        rows = await unit.booking_reports.surveys(**span, programmes=asked.programmes)
    providers = providers_of(door)
    items = [
        SurveyLine(**row, provider=providers.get(row["programme"], ""))
        for row in rows
        if asked.service in (None, row["service"])
    ]
    return SurveyReports(**span, items=items)
