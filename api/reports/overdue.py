"""`GET /v1/reports/overdue`: which desks have steps past their moment, the longest overdue first.

Each step itself stands first on the worklist (`GET /v1/tasks`, `due_before`); a broken promise has
its own reports.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.shapes import Utc
from api.wiring.door import door_of
from domain.roles import ROLE_NAMES, Role
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS

routes = APIRouter(prefix="/v1/reports", tags=["参考与报表"])


class OverdueLine(BaseModel):
    """Steps of one kind that wait for the same desk in one programme."""

    programme: str = Field(description="空: 平台自身的待办")
    kind: TaskKind
    title: str
    roles: list[Role]
    role_names: list[str]
    steps: int
    promised: int = Field(description="其中有对客时效的")
    claimed: int = Field(description="其中已认领的")
    oldest_due_at: Utc
    days_overdue: int


class OverdueReport(BaseModel):
    """What is past due."""

    on: datetime
    lines: list[OverdueLine]


@routes.get("/overdue", operation_id="report_overdue", summary="逾期待办", responses=FAILURES)
async def report_overdue(
    request: Request,
    _: Annotated[Caller, Depends(allowed(Role.SUPERVISOR, Role.FINANCE, Role.AUDITOR))],
) -> OverdueReport:
    """Every kind of step that is past due, by programme and desk."""
    door = door_of(request)
    on = door.clock()
    async with door.books.unit() as unit:
        rows = await unit.steps.overdue(on=on)
    return OverdueReport(on=on, lines=[_line(row, on) for row in rows])


def _line(row: dict[str, Any], on: datetime) -> OverdueLine:
    return OverdueLine(
        **row,
        title=TASKS[row["kind"]].title,
        role_names=[ROLE_NAMES[Role(role)] for role in row["roles"]],
        days_overdue=(on - row["oldest_due_at"]).days,
    )
