"""What became of bookings, summed: by service how many ended how, and what surveys found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.books.pages import TASK_FORM
from adapters.encryption.keys import Sealer
from adapters.tables.booking import bookings
from adapters.tables.cases import tasks, timeline
from domain.steps.kinds import TaskKind

PROVIDER_FAILED: Final = "provider_failed"


class BookingReportRows:
    """Sums and findings, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def outcomes(
        self, *, since: datetime, until: datetime, programmes: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """How many bookings asked for in a span stand where; of a terminated one also why."""
        rows = await self._connection.execute(
            select(
                bookings.c.programme,
                bookings.c.service,
                bookings.c.stage,
                bookings.c.loss.label("reason"),
                func.count().label("count"),
            )
            .where(*_asked(since, until, programmes))
            .group_by(bookings.c.programme, bookings.c.service, bookings.c.stage, bookings.c.loss)
        )
        return [dict(row) for row in rows.mappings()]

    async def failures(
        self, *, since: datetime, until: datetime, programmes: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """How often a provider did not keep its word, in the bookings of a span."""
        rows = await self._connection.execute(
            select(bookings.c.programme, bookings.c.service, func.count().label("count"))
            .join_from(bookings, timeline, timeline.c.case_id == bookings.c.booking_id)
            .where(timeline.c.event == PROVIDER_FAILED, *_asked(since, until, programmes))
            .group_by(bookings.c.programme, bookings.c.service)
        )
        return [dict(row) for row in rows.mappings()]

    async def surveys(
        self, *, since: datetime, until: datetime, programmes: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """What surveys reported in a span, the oldest first."""
        query = (
            select(
                bookings.c.booking_id,
                bookings.c.programme,
                bookings.c.service,
                tasks.c.closed_at,
                tasks.c.form,
            )
            .join_from(tasks, bookings, tasks.c.case_id == bookings.c.booking_id)
            .where(tasks.c.kind == TaskKind.SURVEY_REPORT.value, tasks.c.form.is_not(None))
            .where(tasks.c.closed_at >= since, tasks.c.closed_at < until)
            .order_by(tasks.c.closed_at, tasks.c.task_id)
        )
        if programmes is not None:
            query = query.where(bookings.c.programme.in_(programmes))
        rows = (await self._connection.execute(query)).all()
        return [
            {
                "booking_id": row.booking_id,
                "programme": row.programme,
                "service": row.service,
                "reported_at": row.closed_at,
                **json.loads(self._sealer.open_text(row.form, TASK_FORM)),
            }
            for row in rows
        ]


def _asked(
    since: datetime, until: datetime, programmes: Sequence[str] | None
) -> list[ColumnElement[bool]]:
    span = [bookings.c.requested_at >= since, bookings.c.requested_at < until]
    return span if programmes is None else [*span, bookings.c.programme.in_(programmes)]
