"""Who of a customer's family may act in a case, in one transaction of the door.

Names and numbers are sealed. After a death one of them speaks: what the customer would be told goes
to that number.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CompoundSelect, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.encryption.keys import Sealer
from adapters.tables.cases import cases
from adapters.tables.family import family

_SEALED: Final = ("name", "phone")


class FamilyRows:
    """Family members of cases."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def record(self, row: dict[str, Any]) -> None:
        """Let somebody act, or bring what is known of them up to date; `speaks` moves to them."""
        sealed = {name: self._sealer.seal(row[name], f"family.{name}") for name in _SEALED}
        if row["speaks"]:
            others = update(family).where(family.c.case_id == row["case_id"])
            await self._connection.execute(others.values(speaks=False))
        written = insert(family).values({**row, **sealed})
        known = ("case_id", "subject", "speaks")
        told: dict[str, Any] = {name: written.excluded[name] for name in row if name not in known}
        told["ended_at"] = None
        told["speaks"] = or_(family.c.speaks, written.excluded.speaks)
        await self._connection.execute(
            written.on_conflict_do_update(index_elements=["case_id", "subject"], set_=told)
        )

    async def end(self, case_id: str, subject: str, *, at: datetime) -> bool:
        """Let somebody act no more; False for nobody who may, or who speaks after a death."""
        ended = await self._connection.execute(
            update(family)
            .where(family.c.case_id == case_id, family.c.subject == subject)
            .where(family.c.ended_at.is_(None), ~family.c.speaks)
            .values(ended_at=at)
        )
        return ended.rowcount == 1


def cases_of(subject: Any) -> CompoundSelect[Any]:
    """The cases that are a customer's own, and those in which they act for their family.

    Found first and looked up then: asked of each case whether it is theirs, every case is read.
    """
    own = cases.alias("own")
    acts = select(family.c.case_id).where(family.c.subject == subject, family.c.ended_at.is_(None))
    return select(own.c.case_id).where(own.c.customer_subject == subject).union(acts)
