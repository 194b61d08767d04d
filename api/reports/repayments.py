"""`GET /v1/reports/repayments`: who owes what since when, the longest overdue first.

Days count from the next day something is due, by the plan that was agreed. What is disputed or
waits for a signature says so, because nobody is to be reminded of it meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from api.door.docs import FAILURES
from api.door.identity import Caller, allowed
from api.door.shapes import Utc
from api.wiring.door import door_of
from domain.money import Money
from domain.roles import Role
from domain.settlement import AGES, age_of, overdue_days

routes = APIRouter(prefix="/v1/reports", tags=["参考与报表"])

_HELD: Final = {"decide_dispute": "disputed", "sign_write_off": "write_off"}


class RepaymentLine(BaseModel):
    """One case that a customer owes something in."""

    case_id: str
    programme: str
    owed: Money
    due_at: Utc | None
    days_overdue: int
    age: str
    held: str


class RepaymentAge(BaseModel):
    """All that is owed and overdue for about as long."""

    age: str
    cases: int
    owed: Money


class RepaymentReport(BaseModel):
    """What customers owe, by age and by case."""

    on: datetime
    ages: list[RepaymentAge]
    lines: list[RepaymentLine]


@routes.get("/repayments", operation_id="report_repayments", summary="还款账龄", responses=FAILURES)
async def report_repayments(
    request: Request,
    _: Annotated[Caller, Depends(allowed(Role.FINANCE, Role.SUPERVISOR, Role.AUDITOR))],
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> RepaymentReport:
    """Every age, and the cases that are overdue longest."""
    door = door_of(request)
    on = door.clock()
    async with door.books.unit() as unit:
        rows = await unit.reports.repayments()
    lines = [_line(row, on) for row in rows]
    lines.sort(key=lambda one: (-one.days_overdue, one.case_id))
    return RepaymentReport(on=on, ages=_ages(lines), lines=lines[:limit])


def _line(row: dict[str, Any], on: datetime) -> RepaymentLine:
    due_at = row["due_at"]
    late = 0 if due_at is None else overdue_days(due_at, on)
    return RepaymentLine(
        case_id=row["case_id"],
        programme=row["programme"],
        owed=Money.of(row["owed_fen"]),
        due_at=due_at,
        days_overdue=late,
        age=age_of(late),
        held=next((word for kind, word in _HELD.items() if kind in row["waits"]), ""),
    )


def _ages(lines: list[RepaymentLine]) -> list[RepaymentAge]:
    ages = []
    for age in AGES:
        owed = [one.owed.fen for one in lines if one.age == age]
        if owed:
            ages.append(RepaymentAge(age=age, cases=len(owed), owed=Money.of(sum(owed))))
    return ages
