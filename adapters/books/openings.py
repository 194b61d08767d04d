"""How a matter was opened, as the door wrote it down before its workflow started.

Until the workflow has written its first page the row's stage is `opening`; a sweep starts what was
left behind from the start message that stands, sealed, in the row itself.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import Select, Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.encryption.keys import Sealer
from adapters.tables.matter import key_of
from domain.guards import Opening
from domain.matter import OPENING


class OpenedRows:
    """Rows of one kind of matter, in the transaction of the door."""

    table: ClassVar[Table]
    """The matter's own rows: one key, `stage`, `changed_at` and the sealed `opened`."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def opened(self, matter_id: str) -> str | None:
        """The start message as it was written down; None if the matter was never opened."""
        query = _opened(self.table)
        found = (await self._connection.execute(query, {"matter": matter_id})).scalar()
        return None if found is None else self._told(found)

    async def openings(self, *, before: datetime, limit: int) -> list[Opening]:
        """Matters still in `opening` that were written before a moment, the oldest first."""
        query = _openings(self.table)
        asked = {"before": before, "most": limit}
        rows = await self._connection.execute(query, asked)
        return [Opening(row[0], self._told(row[1])) for row in rows]

    def _told(self, sealed: bytes) -> str:
        return self._sealer.open_text(sealed, f"{self.table.name}.opened")


# Built once a table: building them anew costs as much processor time as running them.
@cache
def _opened(table: Table) -> Select[Any]:
    key = key_of(table)
    return select(table.c.opened).where(key == bindparam("matter"))


@cache
def _openings(table: Table) -> Select[Any]:
    key = key_of(table)
    return (
        select(key, table.c.opened)
        .where(table.c.stage == OPENING, table.c.changed_at <= bindparam("before"))
        .order_by(table.c.changed_at)
        .limit(bindparam("most"))
    )
