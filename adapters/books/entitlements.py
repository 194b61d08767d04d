"""Entitlements in PostgreSQL: the last unit asked for by many at once goes to exactly one.

A reservation first locks its counter's row, so that uses of one counter happen one after the
other; different counters never wait for each other. A use id is reserved once: the same again is
the same answer, other content is `UseConflict`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database import looks
from adapters.tables.entitlement import entitlement_uses, entitlements
from domain.entitlement import Counter, EntitlementUsedUp, UseConflict, UseState, moved_on

# Built once: building them anew costs as much processor time as running them.
_NEW: Final = insert(entitlements)
_LOCK: Final = _NEW.on_conflict_do_update(
    index_elements=entitlements.primary_key, set_={"pool": _NEW.excluded.pool}
)
"""The counter's row, made by the first who asks, is theirs until the transaction ends: written
again as it stands, because a conflict that changes nothing locks nothing."""
_USED: Final = select(func.count()).where(
    and_(*(entitlement_uses.c[name] == bindparam(name) for name in Counter.model_fields)),
    entitlement_uses.c.state != UseState.GIVEN_BACK.value,
)
_USE: Final = select(entitlement_uses).where(entitlement_uses.c.use_id == bindparam("use"))
_USE_LOCKED: Final = _USE.with_for_update()
# The same id under two counters at once: the primary key lets one through.
_RESERVE: Final = (
    insert(entitlement_uses).on_conflict_do_nothing().returning(entitlement_uses.c.use_id)
)


class Entitlements:
    """Units reserved, consumed and given back."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._looks = looks(engine)

    async def reserve(self, use_id: str, counter: Counter, *, count: int, at: datetime) -> int:
        """Reserve a unit and say how many are left; a use that has one keeps it.

        Raises `EntitlementUsedUp` when none is left and leaves nothing behind, `UseConflict` for
        a use id of another counter or of a unit that was given back.
        """
        async with self._engine.begin() as connection:
            return await reserve_in(connection, use_id, counter, count=count, at=at)

    async def consume(self, use_id: str, *, at: datetime, why: str = "completed") -> None:
        """Use the unit up; again changes nothing. `UseConflict` when it was given back."""
        await self._move(use_id, UseState.CONSUMED, at=at, why=why)

    async def give_back(self, use_id: str, *, at: datetime, why: str) -> None:
        """Give the unit back to its period; again changes nothing."""
        await self._move(use_id, UseState.GIVEN_BACK, at=at, why=why)

    async def used(self, counter: Counter) -> int:
        """How many units are reserved or consumed in a period."""
        async with self._looks.connect() as connection:
            return await used_in(connection, counter)

    async def _move(self, use_id: str, to: UseState, *, at: datetime, why: str) -> None:
        async with self._engine.begin() as connection:
            known = await _use(connection, use_id, locked=True)
            if known is None:
                raise UseConflict(f"{use_id} was never reserved")
            state = UseState(known["state"])
            if moved_on(state, to) is state:
                return
            await connection.execute(
                update(entitlement_uses)
                .where(entitlement_uses.c.use_id == use_id)
                .values(state=to.value, changed_at=at, why=why)
            )


async def reserve_in(
    connection: AsyncConnection, use_id: str, counter: Counter, *, count: int, at: datetime
) -> int:
    """`Entitlements.reserve` in the transaction of the one who asks."""
    ours = counter.model_dump()
    await connection.execute(_LOCK, ours)
    used = await used_in(connection, counter)
    known = await _use(connection, use_id)
    if known is not None:
        if _counter_of(known) != counter or known["state"] == UseState.GIVEN_BACK:
            raise UseConflict(f"{use_id} is used up already")
        return max(0, count - used)
    if used >= count:
        raise EntitlementUsedUp(f"{counter.pool} is used up in {counter.period}")
    row = {
        "use_id": use_id,
        **ours,
        "state": UseState.RESERVED.value,
        "reserved_at": at,
        "changed_at": at,
    }
    if await connection.scalar(_RESERVE, row) is None:
        raise UseConflict(f"{use_id} belongs to another counter")
    return count - used - 1


async def used_in(connection: AsyncConnection, counter: Counter) -> int:
    """How many units are reserved or consumed, in the transaction of the one who asks."""
    return int(await connection.scalar(_USED, counter.model_dump()) or 0)


async def _use(
    connection: AsyncConnection, use_id: str, *, locked: bool = False
) -> dict[str, Any] | None:
    found = await connection.execute(_USE_LOCKED if locked else _USE, {"use": use_id})
    row = found.mappings().first()
    return None if row is None else dict(row)


def _counter_of(row: dict[str, Any]) -> Counter:
    return Counter.model_validate({name: row[name] for name in Counter.model_fields})
