"""How claims that follow no advance were served, by service: counts the four words stand on (R794).

Proactive: we called or opened it before we were asked. Timely: no promise of it was broken.
Accurate: nothing of it had to be corrected. Reasonable: nobody disputed it, and who rated it was
satisfied. What an event of the timeline says is a code; no text is opened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.tables.cases import cases, clocks, timeline
from adapters.tables.door import ratings

_OURS: Final = ("consented", "contacted", "home_visit")
_CORRECTED: Final = ("payment_contradiction", "payment_corrected")
_DISPUTED: Final = ("disputed",)
UNSATISFIED_TO: Final = 3
"""Of five: a rating up to here says that the customer found it wrong."""
_DAY: Final = 86_400


class ClaimReport:
    """Counts of claims, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def counted(
        self, *, since: datetime, until: datetime, programmes: list[str], service: str | None
    ) -> list[dict[str, Any]]:
        """Of the claims reported in a span, by programme and service: how many were how."""
        late = exists().where(
            clocks.c.case_id == cases.c.case_id, clocks.c.breached_at.is_not(None)
        )
        wrong = exists().where(
            ratings.c.case_id == cases.c.case_id, ratings.c.score <= UNSATISFIED_TO
        )
        paid_at = (
            select(func.min(timeline.c.at))
            .where(timeline.c.case_id == cases.c.case_id)
            .where(timeline.c.event.in_(("claim_paid", "settled")))
            .scalar_subquery()
        )
        days = func.extract("epoch", paid_at - cases.c.reported_at) / _DAY
        query = (
            select(
                cases.c.programme,
                cases.c.service,
                func.count().label("claims"),
                func.count().filter(_told(*_OURS)).label("proactive"),
                func.count().filter(~late).label("timely"),
                func.count().filter(~_told(*_CORRECTED)).label("accurate"),
                func.count().filter(~_told(*_DISPUTED) & ~wrong).label("reasonable"),
                func.count(paid_at).label("paid"),
                func.coalesce(func.avg(days), 0).label("days"),
            )
            .where(cases.c.programme.in_(programmes), cases.c.service != "")
            .where(cases.c.reported_at >= since, cases.c.reported_at < until)
            .group_by(cases.c.programme, cases.c.service)
            .order_by(cases.c.programme, cases.c.service)
        )
        if service is not None:
            query = query.where(cases.c.service == service)
        return [dict(row) for row in (await self._connection.execute(query)).mappings()]


def _told(*events: str) -> ColumnElement[bool]:
    return exists().where(timeline.c.case_id == cases.c.case_id, timeline.c.event.in_(events))
