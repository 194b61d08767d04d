"""What became of each promise, by programme and service: counted, and one by one (I12).

The reason of a result stands where it arose: why a deadline moved, why nobody owed the step any
more, what a supervisor did about a breach.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.books.cursors import cursor_after, cursor_read
from adapters.books.pages import TASK_FORM
from adapters.encryption.keys import Sealer
from adapters.tables.booking import bookings
from adapters.tables.cases import cases, clocks, tasks
from adapters.tables.enquiry import enquiries
from adapters.tables.rescue import rescues
from domain.clock import Clock
from domain.steps.kinds import TaskKind

_PROGRAMME = func.coalesce(
    cases.c.programme, enquiries.c.programme, bookings.c.programme, rescues.c.programme
)
_SERVICE = func.coalesce(cases.c.service, enquiries.c.kind, bookings.c.service, rescues.c.service)
_TARGET_AT = clocks.c.body["target_at"].astext.cast(clocks.c.met_at.type)


class PromiseRows:
    """Promises that began in a span, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def counted(
        self,
        *,
        since: datetime,
        until: datetime,
        programmes: Sequence[str] | None,
        service: str | None,
    ) -> list[dict[str, Any]]:
        """How many of each promise of each service stand in each state."""
        programme, of_service = _PROGRAMME.label("programme"), _SERVICE.label("service")
        query = (
            _of_matters(
                select(
                    programme,
                    of_service,
                    clocks.c.clock,
                    clocks.c.state,
                    func.count().label("count"),
                    func.count().filter(clocks.c.met_at > _TARGET_AT).label("after_target"),
                )
            )
            .where(clocks.c.started_at >= since, clocks.c.started_at < until)
            .group_by(programme, of_service, clocks.c.clock, clocks.c.state)
            .order_by(programme, of_service, clocks.c.clock, clocks.c.state)
        )
        rows = await self._connection.execute(_narrowed(query, programmes, service))
        return [dict(row) for row in rows.mappings()]

    async def results(
        self,
        *,
        since: datetime,
        until: datetime,
        programmes: Sequence[str] | None,
        service: str | None,
        state: str | None,
        cursor: str | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of them, the oldest first, and where the next one begins. Raises `BadCursor`."""
        breach = (
            select(tasks.c.form)
            .where(tasks.c.case_id == clocks.c.case_id, tasks.c.subject == clocks.c.instance)
            .where(tasks.c.kind == TaskKind.BREACH.value, tasks.c.form.is_not(None))
            .limit(1)
            .scalar_subquery()
        )
        query = (
            _of_matters(
                select(
                    clocks.c.case_id,
                    _PROGRAMME.label("programme"),
                    _SERVICE.label("service"),
                    clocks.c.body,
                    clocks.c.started_at,
                    clocks.c.instance,
                    breach.label("breach"),
                )
            )
            .where(clocks.c.started_at >= since, clocks.c.started_at < until)
            .order_by(clocks.c.started_at, clocks.c.case_id, clocks.c.instance)
            .limit(limit + 1)
        )
        if state is not None:
            query = query.where(clocks.c.state == state)
        if cursor is not None:
            at, key = cursor_read(cursor)
            case_id, _, instance = key.partition(" ")
            place = tuple_(clocks.c.started_at, clocks.c.case_id, clocks.c.instance)
            query = query.where(place.op(">", is_comparison=True)(tuple_(at, case_id, instance)))
        rows = (await self._connection.execute(_narrowed(query, programmes, service))).all()
        items = [self._result(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return items, None
        last = rows[limit - 1]
        return items, cursor_after(last.started_at, f"{last.case_id} {last.instance}")

    def _result(self, row: Any) -> dict[str, Any]:
        clock = Clock.model_validate(row.body)
        said = {}
        if row.breach is not None:
            said = json.loads(self._sealer.open_text(row.breach, TASK_FORM))
        moved = clock.moves[-1].why if clock.moves else ""
        return {
            "matter_id": row.case_id,
            "programme": row.programme,
            "service": row.service,
            "clock": clock,
            "reason": said.get("action") or clock.dropped_why or moved,
        }


def _of_matters(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(clocks)
        .join(cases, clocks.c.case_id == cases.c.case_id, isouter=True)
        .join(enquiries, clocks.c.case_id == enquiries.c.enquiry_id, isouter=True)
        .join(bookings, clocks.c.case_id == bookings.c.booking_id, isouter=True)
        .join(rescues, clocks.c.case_id == rescues.c.rescue_id, isouter=True)
    )


def _narrowed(
    query: Select[Any], programmes: Sequence[str] | None, service: str | None
) -> Select[Any]:
    if programmes is not None:
        query = query.where(_PROGRAMME.in_(programmes))
    return query if service is None else query.where(_SERVICE.in_((service,)))
