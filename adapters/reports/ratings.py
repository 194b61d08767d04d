"""What customers say of a service: their own ratings, and what follow-up calls heard (R848)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.books.pages import TASK_FORM
from adapters.encryption.keys import Sealer
from adapters.tables.booking import bookings
from adapters.tables.cases import cases, tasks
from adapters.tables.door import ratings
from domain.steps.kinds import TaskKind

_WORDS = "ratings.words"
_HEARD_IN = (TaskKind.FOLLOW_UP_CALL.value, TaskKind.RATE_SERVICE.value)
"""Steps of bookings in which a customer says how satisfied he is."""


class RatingRows:
    """Ratings, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def rate(self, case_id: str, *, score: int, words: str, by: str, at: datetime) -> bool:
        """Write one rating down; False when the case has one already."""
        done = await self._connection.execute(
            insert(ratings)
            .values(
                case_id=case_id,
                score=score,
                words=self._sealer.seal(words, _WORDS) if words else None,
                rated_by=by,
                rated_at=at,
            )
            .on_conflict_do_nothing()
            .returning(ratings.c.case_id)
        )
        return done.scalar() is not None

    async def given(self, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Programme, service and score of every rating of a span, however it was heard."""
        own = await self._connection.execute(
            select(cases.c.programme, func.coalesce(cases.c.service, ""), ratings.c.score)
            .join_from(ratings, cases, ratings.c.case_id == cases.c.case_id)
            .where(ratings.c.rated_at >= since, ratings.c.rated_at < until)
        )
        calls = await self._connection.execute(
            select(bookings.c.programme, bookings.c.service, tasks.c.form)
            .join_from(tasks, bookings, tasks.c.case_id == bookings.c.booking_id)
            .where(tasks.c.kind.in_(_HEARD_IN), tasks.c.form.is_not(None))
            .where(tasks.c.closed_at >= since, tasks.c.closed_at < until)
        )
        return [*_rows(own.all()), *_rows(self._heard(calls.all()))]

    def _heard(self, rows: Iterable[Any]) -> list[tuple[str, str, int]]:
        heard = []
        for programme, service, form in rows:
            said = json.loads(self._sealer.open_text(form, TASK_FORM))
            score = said.get("satisfaction")
            if score is not None:
                heard.append((programme, service, int(score)))
        return heard


def _rows(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {"programme": programme, "service": service, "score": score}
        for programme, service, score in rows
    ]
