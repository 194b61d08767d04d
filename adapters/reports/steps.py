"""Steps that are past their moment: counted for management, and found for whoever must hear of it.

A step that a promise stands behind is told by its breach. What is asked after here is the rest:
work that broke no promise to a customer and still lies.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, cast, exists, func, literal, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.tables.booking import bookings
from adapters.tables.cases import cases, tasks
from adapters.tables.enquiry import enquiries
from adapters.tables.rescue import rescues
from domain.roles import HOSPITAL_ROLES, Role
from domain.steps.kinds import TaskKind

_HEARD_OF: Final = (
    TaskKind.BREACH,  # a supervisor's own list
    TaskKind.REPORT_VISIT,  # the story itself alarms for the steps of a visit
    TaskKind.CHECK_IN,
    TaskKind.MEET_CUSTOMER,
    TaskKind.CHECK_OUT,
    TaskKind.RATE_SERVICE,  # nobody must
    TaskKind.RECORD_REPAYMENT,  # customers are reminded, and debts have a report of their own
)
_OWN_ALARM: Final = [role.value for role in (Role.SUPERVISOR, *HOSPITAL_ROLES)]
"""Whose steps no supervisor of ours is told of: his own, and those of a hospital's channel."""

_PROGRAMME: Final = func.coalesce(
    cases.c.programme, enquiries.c.programme, bookings.c.programme, rescues.c.programme, ""
)


class StepRows:
    """Steps past due, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def overdue(self, *, on: datetime) -> list[dict[str, Any]]:
        """How many steps of each kind and desk are past due in each programme, since when."""
        programme = _PROGRAMME.label("programme")
        rows = await self._connection.execute(
            select(
                programme,
                tasks.c.kind,
                tasks.c.roles,
                func.count().label("steps"),
                func.count(tasks.c.clock).label("promised"),
                func.count(tasks.c.claimed_by).label("claimed"),
                func.min(tasks.c.due_at).label("oldest_due_at"),
            )
            .select_from(
                tasks.join(cases, tasks.c.case_id == cases.c.case_id, isouter=True)
                .join(enquiries, tasks.c.case_id == enquiries.c.enquiry_id, isouter=True)
                .join(bookings, tasks.c.case_id == bookings.c.booking_id, isouter=True)
                .join(rescues, tasks.c.case_id == rescues.c.rescue_id, isouter=True)
            )
            .where(*_past(on))
            .group_by(programme, tasks.c.kind, tasks.c.roles)
            .order_by(func.min(tasks.c.due_at), programme, tasks.c.kind)
        )
        return [dict(row) for row in rows.mappings()]

    async def lying(
        self, *, now: datetime, by: timedelta, every: timedelta, limit: int
    ) -> list[str]:
        """What a supervisor is to hear of: each such step once in every span it lies on.

        A hospital's own steps are its duty office's to see, on a worklist of its own.
        """
        lain = func.extract("epoch", literal(now) - tasks.c.due_at) / every.total_seconds()
        about = func.concat("overdue ", tasks.c.task_id, " #", cast(func.floor(lain), Integer))
        told = tasks.alias("told")
        rows = await self._connection.execute(
            select(about)
            .where(*_past(now - by), tasks.c.clock.is_(None))
            .where(tasks.c.kind.not_in([kind.value for kind in _HEARD_OF]))
            .where(~tasks.c.roles.overlap(_OWN_ALARM))
            .where(~exists().where(told.c.kind == TaskKind.BREACH.value, told.c.subject == about))
            .order_by(tasks.c.due_at, tasks.c.task_id)
            .limit(limit)
        )
        return list(rows.scalars())


def _past(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    """Open steps that were due before a moment, by the index of the worklist."""
    due = func.coalesce(tasks.c.due_at, literal_column("'infinity'::timestamptz"))
    return tasks.c.closed_at.is_(None), due < moment
