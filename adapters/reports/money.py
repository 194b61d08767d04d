"""How old the money is that is still out, who owes it, and which claim nobody has decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.tables.cases import cases, tasks
from domain.steps.kinds import TaskKind
from domain.waiver import Stage

_AGES = ((30, "0-30"), (60, "31-60"), (90, "61-90"))
_OLDER = "91-"


class ReportRows:
    """Sums, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def aging(self, *, on: datetime) -> list[dict[str, Any]]:
        """What is advanced and not back, by days since the report."""
        days = func.extract("epoch", on - cases.c.reported_at) / 86_400
        age = case(*((days <= limit, name) for limit, name in _AGES), else_=_OLDER).label("age")
        rows = await self._connection.execute(
            select(
                cases.c.programme,
                age,
                func.count().label("cases"),
                func.sum(cases.c.outstanding_fen).label("outstanding_fen"),
                func.sum(cases.c.owed_fen).label("owed_fen"),
            )
            .where(cases.c.outstanding_fen > 0)
            .group_by(cases.c.programme, age)
            .order_by(cases.c.programme, age)
        )
        return [dict(row) for row in rows.mappings()]

    async def undecided(self, *, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Claims with the insurer that nothing has been heard of, and nobody is asked about."""
        is_open = tasks.c.closed_at.is_(None)
        waits = exists().where(tasks.c.case_id == cases.c.case_id, is_open)
        chased = exists().where(
            tasks.c.kind == TaskKind.CHASE_DECISION.value,
            tasks.c.subject.startswith(func.concat("claim ", cases.c.case_id)),
            is_open,
        )
        rows = await self._connection.execute(
            select(cases.c.case_id, cases.c.changed_at)
            .where(cases.c.stage == Stage.ADJUDICATION.value, cases.c.changed_at <= before)
            .where(~waits, ~chased)
            .order_by(cases.c.changed_at)
            .limit(limit)
        )
        return [(row.case_id, row.changed_at) for row in rows]

    async def repayments(self) -> list[dict[str, Any]]:
        """Every case a customer owes something in: how much, due when, and what waits meanwhile."""
        open_step = (tasks.c.case_id == cases.c.case_id) & tasks.c.closed_at.is_(None)
        rows = await self._connection.execute(
            select(
                cases.c.case_id,
                cases.c.programme,
                cases.c.owed_fen,
                func.min(tasks.c.due_at)
                .filter(tasks.c.kind == TaskKind.RECORD_REPAYMENT.value)
                .label("due_at"),
                func.array_agg(tasks.c.kind).label("waits"),
            )
            .join(tasks, open_step, isouter=True)
            .where(cases.c.owed_fen > 0)
            .group_by(cases.c.case_id)
        )
        return [dict(row) for row in rows.mappings()]
