"""The end of a policy on its way to what rests on it, a few at a time, until nobody is behind.

The row of the end was written first (`api.policy_ends`), so that it does not matter who dies in
between, nor what was being opened at that very moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from api.door.gateway import CaseGateway
from api.door.telling import has_heard
from api.wiring.door import Books
from domain.calendar import civil_date
from domain.policy import Unheard
from workflows.messages.matters import Actor, PolicyEnds

AT_ONCE: Final = 40
"""Matters told in one round; with a pause after each, the workers keep time for everything else."""

JUDGED_BEFORE: Final = timedelta(hours=1)
"""So long after an end was said, whoever was judged by the old last day surely stands in the books,
however far the clocks of two doors are apart."""


async def tell_some(books: Books, cases: CaseGateway, *, limit: int = AT_ONCE) -> int:
    """Tell some of those who have not heard yet; how many were told. NotKnownYet: no server."""
    async with books.unit() as unit:
        unheard = await unit.policies.unheard(limit=limit)
    return sum([await _tell(books, cases, one) for one in unheard])


async def settle_some(books: Books, *, at: datetime) -> None:
    """Look no more for those behind an end that has come and that nobody is behind."""
    said_before, today = at - JUDGED_BEFORE, civil_date(at)
    async with books.statement() as unit:
        await unit.policies.settle(at=at, said_before=said_before, over_before=today)


async def _tell(books: Books, cases: CaseGateway, one: Unheard) -> bool:
    """Tell one; it is marked only once the server has the signal, which may be told twice."""
    actor = Actor(role=one.said_role, id=one.said_by)
    heard = await has_heard(
        cases,
        one.matter_id,
        "policy_ends",
        PolicyEnds(actor=actor, at=one.said_at, ends_on=one.last_day),
        nobody="policy_end_told_nobody",
        failed="policy_end_not_told",
    )
    if not heard:
        return False
    async with books.unit() as unit:
        await unit.policies.heard(one.matter_id, one.said_at)
    return True
