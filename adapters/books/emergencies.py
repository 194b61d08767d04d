"""Events a programme's emergency mode is on for: what was promised, who was lent (R834–R836)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.tables.cases import cases
from adapters.tables.door import emergencies, emergency_staff

_NOW = emergencies.c.ended_at.is_(None)
_LENT = emergency_staff.c.returned_at.is_(None)


class EmergencyRows:
    """Emergencies, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def on(self, programme: str) -> list[dict[str, Any]]:
        """The events that are on now, the newest first, with the people lent for each."""
        found = await self._connection.execute(
            select(emergencies)
            .where(emergencies.c.programme == programme, _NOW)
            .order_by(emergencies.c.began_at.desc(), emergencies.c.code)
        )
        lent = await self._connection.execute(
            select(emergency_staff)
            .where(emergency_staff.c.programme == programme, _LENT)
            .order_by(emergency_staff.c.staff_id)
        )
        people = [dict(row) for row in lent.mappings()]
        return [
            {**row, "staff": [one for one in people if one["code"] == row["code"]]}
            for row in found.mappings()
        ]

    async def begin(
        self,
        *,
        programme: str,
        code: str,
        name: str,
        pledge: Sequence[str],
        by: str,
        at: datetime,
    ) -> bool:
        """Switch the emergency mode on for an event; False when it has been on before."""
        done = await self._connection.execute(
            insert(emergencies)
            .values(
                programme=programme,
                code=code,
                name=name,
                pledge=list(pledge),
                began_by=by,
                began_at=at,
            )
            .on_conflict_do_nothing()
            .returning(emergencies.c.code)
        )
        return done.scalar() is not None

    async def end(self, *, programme: str, code: str, by: str, at: datetime) -> bool:
        """Switch it off, and everybody goes home; False when it is not on."""
        done = await self._connection.execute(
            update(emergencies)
            .where(emergencies.c.programme == programme, emergencies.c.code == code, _NOW)
            .values(ended_by=by, ended_at=at)
        )
        if done.rowcount != 1:
            return False
        await self._connection.execute(
            update(emergency_staff)
            .where(emergency_staff.c.programme == programme, emergency_staff.c.code == code, _LENT)
            .values(returned_at=at)
        )
        return True

    async def lend(self, row: dict[str, Any]) -> bool:
        """Somebody is lent to an event that is on; once more is the same. False when it is not on.

        Whoever comes to a second event has left the first.
        """
        event = await self._connection.execute(
            select(emergencies.c.code)
            .where(emergencies.c.programme == row["programme"])
            .where(emergencies.c.code == row["code"], _NOW)
            .with_for_update()
        )
        if event.scalar() is None:
            return False
        await self._connection.execute(
            update(emergency_staff)
            .where(emergency_staff.c.staff_id == row["staff_id"], _LENT)
            .where(emergency_staff.c.code != row["code"])
            .values(returned_at=row["lent_at"])
        )
        again = {name: row[name] for name in ("province", "station", "lent_by", "lent_at")}
        await self._connection.execute(
            insert(emergency_staff)
            .values(row)
            .on_conflict_do_update(
                index_elements=["programme", "code", "staff_id"],
                set_={**again, "returned_at": None},
            )
        )
        return True

    async def claims_before(self, policy_id: str, *, since: datetime) -> int:
        """How many claims a policy has had since a moment, whatever became of them."""
        counted = await self._connection.execute(
            select(func.count())
            .select_from(cases)
            .where(cases.c.policy_id == policy_id, cases.c.reported_at >= since)
        )
        return int(counted.scalar_one())
