"""`/healthz`, `/readyz`, `/metrics`: is the process alive, can it work, how does it do.

Ready means every part answers: PostgreSQL with the newest schema, Temporal with our search
attributes, a working-day calendar that reaches far enough, and a key to seal with. A warning is
something a person should see to, such as a worker that asks for no work; it makes nothing unready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.door.problems import RETRY_AFTER_S
from api.door.upkeep import calendar_warning
from api.reports.letters import count_letters
from api.reports.load import count_load
from api.reports.webhooks import count_stopped
from api.wiring.door import door_of
from domain.calendar import civil_date

routes = APIRouter(tags=["运行状态"])

_CHECK_WITHIN_S: Final = 3.0


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Which part is well; an empty text is well, a reason is not. Warnings are only told."""

    ready: bool
    checks: dict[str, str]
    warnings: dict[str, str]


@routes.get("/healthz", operation_id="healthz", summary="存活")
async def healthz() -> Alive:
    """Whether the process answers."""
    return Alive()


@routes.get(
    "/readyz",
    operation_id="readyz",
    summary="就绪",
    response_model=Readiness,
    responses={503: {"description": "尚未就绪", "model": Readiness}},
)
async def readyz(request: Request) -> Response:
    """Whether every part the door needs is there."""
    door = door_of(request)
    named = {**door.checks, **door.warns}
    said = dict(zip(named, await asyncio.gather(*map(_reason, named.values())), strict=True))
    checks = {name: said[name] for name in door.checks}
    found = Readiness(
        ready=not any(checks.values()),
        checks=checks,
        warnings={"calendar": calendar_warning(door)} | {name: said[name] for name in door.warns},
    )
    headers = {} if found.ready else {"Retry-After": str(RETRY_AFTER_S)}
    status = 200 if found.ready else 503
    return JSONResponse(found.model_dump(), status_code=status, headers=headers)


async def _reason(check: Callable[[], Awaitable[str]]) -> str:
    try:
        async with asyncio.timeout(_CHECK_WITHIN_S):
            return await check()
    except TimeoutError:
        return "no_answer"
    except Exception as failure:  # noqa: BLE001 - a probe says what is wrong, it never breaks
        return type(failure).__name__


@routes.get("/metrics", operation_id="metrics", summary="指标", response_class=Response)
async def metrics(request: Request) -> Response:
    """Measurements for Prometheus; codes and counts only."""
    measures = request.app.state.measures
    door = door_of(request)
    await count_letters(door, measures)
    await count_stopped(door, measures)
    await count_load(door, measures)
    measures.official_days.set(door.calendar.official_days_ahead(civil_date(door.clock())))
    return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)
