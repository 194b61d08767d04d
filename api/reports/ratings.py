"""`…/ratings` and `GET /v1/reports/satisfaction`: customers say how they were served (R848).

A case is rated once, when it is over. The report adds what follow-up calls of bookings heard, so
that every service is measured by the same scale of five.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.door.access import seen_case
from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.problems import Problem
from api.door.text import Body, CaseId, Words, example
from api.reports.promises import Asked, Manager, providers_of
from api.wiring.door import Unit, door_of
from domain.matter import CASE
from domain.roles import Role

routes = APIRouter(prefix="/v1", tags=["参考与报表"])

SATISFIED_FROM = 4
"""Of five: the scores that count as satisfied."""


class Rating(Body):
    """How satisfied the customer is, from 1 to 5."""

    model_config = example(score=5, words="很及时")

    score: Annotated[int, Field(ge=1, le=5)]
    words: Words = ""


class Rated(BaseModel):
    """The rating is written down."""

    case_id: str
    score: int


class SatisfactionLine(BaseModel):
    """What customers of one service say; `average` with two places."""

    programme: str
    service: str
    provider: str
    ratings: int
    average: str = Field(examples=["4.62"])
    satisfied_percent: int


class SatisfactionReport(BaseModel):
    """Satisfaction by programme, service and provider."""

    since: datetime
    until: datetime
    lines: list[SatisfactionLine]


@routes.post(
    "/deposit-waivers/{case_id}/ratings",
    operation_id="rate_case",
    summary="服务评价",
    response_model=Rated,
    responses=FAILURES,
)
async def rate_case(
    case_id: CaseId,
    body: Rating,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL))],
    key: IdempotencyKey = None,
) -> Response:
    """Rate a case that is over, once."""
    door = door_of(request)
    ask, at = ask_of(request, caller, key, body), door.clock()

    async def record(unit: Unit) -> None:
        case = await seen_case(unit, caller, case_id)
        if not CASE.is_over(case.stage):
            raise Problem("wrong-stage", "服务尚未结束, 暂不能评价", case_id=case_id)
        if not await unit.ratings.rate(
            case_id, score=body.score, words=body.words, by=caller.subject, at=at
        ):
            raise Problem("wrong-stage", "该服务已评价", case_id=case_id)

    async def act(_: None) -> Answer:
        return Answer(200, Rated(case_id=case_id, score=body.score).model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


@routes.get(
    "/reports/satisfaction",
    operation_id="report_satisfaction",
    summary="满意度报表",
    responses=FAILURES,
)
async def report_satisfaction(request: Request, _: Manager, asked: Asked) -> SatisfactionReport:
    """What customers said in a span, by service."""
    door = door_of(request)
    async with door.books.unit() as unit:
        rows = await unit.ratings.given(since=asked.since, until=asked.until)
    scores: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        wanted = asked.programmes is None or row["programme"] in asked.programmes
        if wanted and asked.service in (None, row["service"]):
            scores[row["programme"], row["service"]].append(row["score"])
    providers = providers_of(door)
    lines = [
        _line(programme, service, providers.get(programme, ""), given)
        for (programme, service), given in sorted(scores.items())
    ]
    return SatisfactionReport(since=asked.since, until=asked.until, lines=lines)


def _line(programme: str, service: str, provider: str, given: list[int]) -> SatisfactionLine:
    hundredths = sum(given) * 100 // len(given)
    satisfied = sum(score >= SATISFIED_FROM for score in given)
    return SatisfactionLine(
        programme=programme,
        service=service,
        provider=provider,
        ratings=len(given),
        average=f"{hundredths // 100}.{hundredths % 100:02d}",
        satisfied_percent=satisfied * 100 // len(given),
    )
