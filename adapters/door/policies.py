"""The early end of a policy: written down beside its row, and who still has to be told of it.

A matter has been told when its row names the moment at which the end was said. So a door that dies
in between goes on where it stopped, an end that is said anew is told anew, and a request that was
judged just before by the old last day is behind like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.encryption.keys import Sealer
from adapters.tables.cases import policies
from adapters.tables.matter import ROWS_OF, key_of
from adapters.tables.policy_end import OF_THIS_TERM, policy_ends
from domain.matter import BOOKING, CASE, OPENING, Matter, matter_of
from domain.policy import PolicyRow, PolicyTerm, Unheard
from domain.roles import Role

_KINDS: Final = (CASE, BOOKING)
"""What rests on a policy."""

_UNTOLD: Final = policy_ends.c.told_at.is_(None)


class PolicyRows:
    """Policies as the door ends them, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    def name_in(self, row: Mapping[str, Any]) -> str:
        """The name in a policy's row as it was read; empty where there is none."""
        sealed = row.get("name")
        return "" if sealed is None else self._sealer.open_text(sealed, "policies.name")

    async def numbered(self, policy_no: str, programmes: Collection[str]) -> list[PolicyRow]:
        """The rows of a policy in these programmes, kept for this transaction.

        Who is on the list no more may still have something under way.
        """
        found = await self._connection.execute(
            select(policies, policy_ends.c.last_day)
            .join_from(policies, policy_ends, isouter=True)
            .where(policies.c.policy_no_hash == self._sealer.lookup_hash(policy_no))
            .where(policies.c.programme.in_(programmes))
            .order_by(policies.c.policy_id)
            .with_for_update(of=policies)
        )
        return [
            PolicyRow(
                policy_id=row["policy_id"],
                programme=row["programme"],
                term=PolicyTerm(row["valid_from"], row["valid_to"], row["last_day"]),
            )
            for row in found.mappings()
        ]

    async def end(
        self, policy_ids: Collection[str], *, on: date, role: Role, by: str, at: datetime
    ) -> None:
        """Write the last day down, and that it is still to be told; a later word replaces it."""
        word = {"last_day": on, "said_role": role.value, "said_by": by, "said_at": at}
        await self._connection.execute(
            insert(policy_ends)
            .values([{"policy_id": one, **word} for one in policy_ids])
            .on_conflict_do_update(index_elements=["policy_id"], set_=word | {"told_at": None})
        )

    async def under_way(self, policy_ids: Collection[str]) -> int:
        """How many cases and bookings of these policies have not ended."""
        total = 0
        for kind in _KINDS:
            columns = ROWS_OF[kind].c
            counted = select(func.count()).where(
                columns.policy_id.in_(policy_ids), columns.stage.not_in(kind.ended)
            )
            total += (await self._connection.execute(counted)).scalar_one()
        return total

    async def unheard(self, *, limit: int) -> list[Unheard]:
        """Who has not heard of their policy's end; what is being opened is left for later."""
        found: list[Unheard] = []
        for kind in _KINDS:
            own = ROWS_OF[kind]
            rows = await self._connection.execute(
                select(key_of(own).label("matter_id"), policy_ends)
                .where(_UNTOLD, *_is_behind(kind), own.c.stage != OPENING)
                .order_by(policy_ends.c.said_at, key_of(own))
                .limit(limit - len(found))
            )
            found += [
                Unheard(
                    matter_id=row["matter_id"],
                    last_day=row["last_day"],
                    said_role=Role(row["said_role"]),
                    said_by=row["said_by"],
                    said_at=row["said_at"],
                )
                for row in rows.mappings()
            ]
        return found

    async def heard(self, matter_id: str, said_at: datetime) -> None:
        """A matter has been told of an end, by the moment at which it was said."""
        own = ROWS_OF[matter_of(matter_id)]
        await self._connection.execute(
            update(own).where(key_of(own) == matter_id).values(told_end_at=said_at)
        )

    async def settle(self, *, at: datetime, said_before: datetime, over_before: date) -> None:
        """Ends that have come, and left nobody behind who was judged by the old day, are told."""
        anybody = or_(*(exists().where(*_is_behind(kind)) for kind in _KINDS))
        await self._connection.execute(
            update(policy_ends)
            .where(_UNTOLD, policy_ends.c.said_at < said_before)
            .where(policy_ends.c.last_day < over_before, ~anybody)
            .values(told_at=at)
        )


def _is_behind(kind: Matter) -> tuple[ColumnElement[bool], ...]:
    """An open matter whose policy has an end that it was not told of; a renewal has none."""
    columns = ROWS_OF[kind].c
    return (
        columns.policy_id == policy_ends.c.policy_id,
        policies.c.policy_id == policy_ends.c.policy_id,
        OF_THIS_TERM,
        columns.stage.not_in(kind.ended),
        columns.told_end_at.is_distinct_from(policy_ends.c.said_at),
    )
