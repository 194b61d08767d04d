"""`GET /v1/reports/sla` and `/v1/reports/promises`: how promises were kept (I12).

Counted or one by one, by programme, service and provider. The provider is the company that serves a
programme, or the insurer where the programme names none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.problems import at_field
from api.door.shapes import Utc
from api.door.text import Code, MomentAsked
from api.wiring.door import Door, door_of
from domain.board import BadCursor
from domain.clock import Clock, ClockState
from domain.roles import Role

routes = APIRouter(prefix="/v1/reports", tags=["参考与报表"])

Manager = Annotated[Caller, Depends(allowed(Role.SUPERVISOR, Role.FINANCE, Role.AUDITOR))]

_SPAN_MAX: Final = timedelta(days=400)
_SPAN_USUAL: Final = timedelta(days=31)


class Span(BaseModel):
    """From when to when a promise must have begun, and whose it must be."""

    since: datetime
    until: datetime
    programmes: list[str] | None = None
    service: str | None = None


async def _span(
    request: Request,
    since: Annotated[MomentAsked | None, Query()] = None,
    until: Annotated[MomentAsked | None, Query()] = None,
    programme: Annotated[Code | None, Query()] = None,
    service: Annotated[Code | None, Query()] = None,
    provider: Annotated[str | None, Query(min_length=1, max_length=50)] = None,
) -> Span:
    """The last 31 days unless told otherwise, at most 400."""
    door = door_of(request)
    last = until or door.clock()
    _bookable(last, "until")
    first = since or last - _SPAN_USUAL
    _bookable(first, "since")
    if not timedelta() < last - first <= _SPAN_MAX:
        raise at_field("invalid", "since", "时间范围须在400天以内")
    named: set[str] | None = None
    if provider is not None:
        named = {code for code, one in providers_of(door).items() if one == provider}
    if programme is not None:
        named = {programme} if named is None else named & {programme}
    codes = None if named is None else sorted(named)
    return Span(since=first, until=last, programmes=codes, service=service)


Asked = Annotated[Span, Depends(_span)]


def _bookable(at: datetime, field: str) -> None:
    if not 1900 <= at.year <= 9000:  # noqa: PLR2004 - far from either end of what dates can say
        raise at_field("invalid", field, "时刻超出合理范围")


def providers_of(door: Door) -> dict[str, str]:
    """Who serves each programme."""
    return {one.code: one.provider or one.insurer for one in door.programmes}


class SlaLine(BaseModel):
    """How many instances of one promise stand in one state."""

    programme: str
    service: str
    provider: str
    clock: str
    state: ClockState
    count: int
    after_target: int = Field(description="其中晚于目标时限完成的, 如承诺3至5个工作日而超过3个")


class SlaReport(BaseModel):
    """How promises begun in a span were kept."""

    since: datetime
    until: datetime
    lines: list[SlaLine]


class PromiseResult(BaseModel):
    """One promise and what became of it; `reason` where there is one to tell."""

    matter_id: str
    programme: str
    service: str
    provider: str
    clock: str
    instance: str
    name: str
    state: ClockState
    started_at: Utc
    first_due_at: Utc
    due_at: Utc
    target_at: Utc | None = Field(description="承诺为区间时的下限; 晚于此非超时")
    met_at: Utc | None
    after_target: bool
    breached_at: Utc | None
    reason: str = Field(repr=False)


class PromisePage(BaseModel):
    """A page of results, the oldest first."""

    items: list[PromiseResult]
    next_cursor: str | None = None


@routes.get("/sla", operation_id="report_sla", summary="时效报表", responses=FAILURES)
async def report_sla(request: Request, _: Manager, asked: Asked) -> SlaReport:
    """How promises were kept, counted."""
    door = door_of(request)
    async with door.books.unit() as unit:
        rows = await unit.promises.counted(**asked.model_dump())
    providers = providers_of(door)
    lines = [
        SlaLine.model_validate({**row, "provider": providers.get(row["programme"], "")})
        for row in rows
    ]
    return SlaReport(since=asked.since, until=asked.until, lines=lines)


@routes.get("/promises", operation_id="report_promises", summary="时效明细", responses=FAILURES)
async def report_promises(
    request: Request,
    _: Manager,
    asked: Asked,
    state: Annotated[ClockState | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> PromisePage:
    """Each promise: due, met, breached, and why."""
    door = door_of(request)
    try:
        async with door.books.unit() as unit:
            rows, after = await unit.promises.results(
                **asked.model_dump(), state=state and state.value, cursor=cursor, limit=limit
            )
    except BadCursor:
        raise at_field("invalid", "cursor", "游标无效") from None
    providers = providers_of(door)
    return PromisePage(items=[_result(row, providers) for row in rows], next_cursor=after)


def _result(row: dict[str, Any], providers: dict[str, str]) -> PromiseResult:
    clock: Clock = row["clock"]
    return PromiseResult(
        matter_id=row["matter_id"],
        programme=row["programme"],
        service=row["service"],
        provider=providers.get(row["programme"], ""),
        clock=clock.id,
        instance=clock.instance,
        name=clock.name,
        state=clock.state,
        started_at=clock.started_at,
        first_due_at=clock.first_due_at,
        due_at=clock.due_at,
        target_at=clock.target_at,
        met_at=clock.met_at,
        after_target=clock.met_after_target,
        breached_at=clock.breached_at,
        reason=row["reason"],
    )
