"""Matters of any kind as the door looks after them: which are open, and what lies with them.

The sums are read at every scrape, each by an index of what is open, however much is over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.ports.cases import PaymentStatus
from adapters.tables.cases import payments, tasks
from adapters.tables.door import audit_checks, inbox
from adapters.tables.matter import ROWS_OF, key_of
from adapters.tables.outbox import outbox
from domain.steps.kinds import TaskKind


class MatterRows:
    """Cases, bookings, rescues and enquiries, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open_among(self, ids: Collection[str]) -> set[str]:
        """Of these, the matters that have not ended, or that still wait for somebody's step."""
        running = [
            select(key_of(rows)).where(key_of(rows).in_(ids), rows.c.stage.not_in(kind.ended))
            for kind, rows in ROWS_OF.items()
        ]
        waiting = select(tasks.c.case_id).where(
            tasks.c.case_id.in_(ids), tasks.c.closed_at.is_(None)
        )
        return set((await self._connection.execute(union_all(*running, waiting))).scalars())

    async def told_stopped(self) -> list[str]:
        """The matters whose workflow a supervisor has been asked to bring back, and has not yet."""
        asked = select(tasks.c.subject).where(_BRING_BACK).order_by(tasks.c.opened_at)
        return list((await self._connection.execute(asked)).scalars())

    async def load(self, on: datetime) -> dict[str, dict[str, float]]:
        """What is open, by what it is counted under: numbers, and ages in seconds."""
        open_ = tasks.c.closed_at.is_(None)
        late = select(tasks.c.kind, _NUMBER).where(open_, tasks.c.due_at < on)
        unsettled = select(payments.c.status.label("kind"), _NUMBER).where(
            payments.c.status.in_(_UNSETTLED)
        )
        return {
            "steps_past_due": await self._pairs(late.group_by(tasks.c.kind)),
            "payments_unsettled": await self._pairs(unsettled.group_by(payments.c.status)),
            "alarms": {"": await self._count(TaskKind.BREACH)},
            "stopped": {"": await self._count(TaskKind.RESUME_MATTER)},
            "audit_breaks": {"": float((await self._connection.execute(_BREAKS)).scalar_one())},
            "waits": {
                "inbox": await self._age(on, inbox.c.received_at, inbox.c.signalled_at.is_(None)),
                "outbox": await self._age(
                    on, outbox.c.at, outbox.c.delivered_at.is_(None) & outbox.c.stopped_at.is_(None)
                ),
            },
        }

    async def _pairs(self, query: Select[Any]) -> dict[str, float]:
        rows = await self._connection.execute(query)
        return {row.kind: float(row.number) for row in rows}

    async def _count(self, kind: TaskKind) -> float:
        open_ = (tasks.c.kind == kind.value) & tasks.c.closed_at.is_(None)
        return float(
            (
                await self._connection.execute(select(func.count()).select_from(tasks).where(open_))
            ).scalar_one()
        )

    async def _age(
        self, on: datetime, since: Column[datetime], waits: ColumnElement[bool]
    ) -> float:
        """How long the oldest of what waits has waited; nothing where nothing does."""
        oldest = (await self._connection.execute(select(func.min(since)).where(waits))).scalar()
        return 0.0 if oldest is None else max(0.0, (on - oldest).total_seconds())


_NUMBER: Final = func.count().label("number")

_BREAKS: Final = select(
    func.count(select(func.unnest(audit_checks.c.broken).label("row")).subquery().c.row.distinct())
)

_UNSETTLED: Final = [
    status.value
    for status in PaymentStatus
    if status not in (PaymentStatus.PAID, PaymentStatus.REFUSED)
]

_BRING_BACK: Final[ColumnElement[bool]] = (
    tasks.c.kind == TaskKind.RESUME_MATTER.value
) & tasks.c.closed_at.is_(None)
