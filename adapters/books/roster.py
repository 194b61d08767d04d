"""Rosters in PostgreSQL: slots published, taken, given back, and the line for a doctor on duty.

A slot asked for by many at once goes to one, because its taking is a row under the slot's own key.
Whoever takes a slot locks its row until that stands, so that it is not withdrawn in between unseen.
Orders for a doctor on duty look one after the other: the line of a programme is locked while one
of them looks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Delete, Row, Select, delete, exists, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.rosters import LineUp, Place, Take
from adapters.tables.roster import direct_orders, roster_slots, slot_takings
from domain.bookings.roster import Slot, Turn, levels, turn, wanted
from domain.programmes.services import Service

IN_LINE_FOR: Final = timedelta(minutes=5)
"""An order that has not looked for so long holds up nobody; it keeps its place if it comes back."""

_LINE: Final = text("SELECT pg_advisory_xact_lock(hashtext('direct_orders:' || :programme))")


class Roster:
    """`RosterPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def take(self, wish: Take) -> bool:
        """Give the booking the slot; False when somebody else has it or nobody may have it."""
        rows = (wish.slot_id, wish.booking_id)
        try:
            async with self._engine.begin() as connection:
                if await _locked(connection, wish.programme, wish.slot_id) is None:
                    return False
                await connection.execute(_give_back(wish.booking_id, but=wish.slot_id))
                if await _holder(connection, wish.slot_id) != wish.booking_id:
                    await _take(connection, *rows, wish.at)
        except IntegrityError:  # somebody else has it; what the booking held stays its own
            return False
        return True

    async def line_up(self, order: LineUp) -> Place:
        """Take the free slot of a doctor on duty when the order is first in line; else wait."""
        async with self._engine.begin() as connection:
            await connection.execute(_LINE, {"programme": order.programme})
            held = await _held(connection, order.booking_id)
            if held is not None:
                return Place(turn=Turn.NOW, slot=held)
            ahead = await _ahead(connection, order)
            duty = await _on_duty(connection, order)
            taken = await _taken(connection, duty)
            whose, slot = turn(
                duty,
                taken,
                ahead=ahead,
                at=order.at,
                within=timedelta(seconds=order.call_within_s),
            )
            if whose is not Turn.WAITS:
                await _out_of_line(connection, order.booking_id)
            if slot is not None:
                await connection.execute(_give_back(order.booking_id))  # one that was withdrawn
                await _take(connection, slot.slot_id, order.booking_id, order.at)
            return Place(turn=whose, ahead=ahead, slot=slot)

    async def leave(self, booking_id: str) -> None:
        """Give the booking's slot back and leave the line; again changes nothing."""
        async with self._engine.begin() as connection:
            await _out_of_line(connection, booking_id)
            await connection.execute(_give_back(booking_id))


class RosterRows:
    """Slots as the door reads and takes them, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def publish(self, programme: str, slots: Sequence[Slot], *, at: datetime) -> None:
        """Write slots down; one that stands already keeps its time and its holder."""
        rows = [{**slot.model_dump(), "programme": programme, "published_at": at} for slot in slots]
        if rows:
            await self._connection.execute(insert(roster_slots).on_conflict_do_nothing(), rows)

    async def withdraw(self, slot_id: str, *, at: datetime) -> tuple[bool, str | None]:
        """Nobody may take the slot any more; whether it is known, and the booking that holds it.

        The holder is read after the row is ours: whoever was taking the slot has it by then.
        """
        known = await self._connection.execute(
            update(roster_slots)
            .where(roster_slots.c.slot_id == slot_id)
            .values(withdrawn_at=func.coalesce(roster_slots.c.withdrawn_at, at))
            .returning(roster_slots.c.slot_id)
        )
        return known.first() is not None, await _holder(self._connection, slot_id)

    async def free(
        self,
        programme: str,
        service: Service,
        *,
        since: datetime,
        department: str | None,
        doctor: str | None,
        after: str | None,
        limit: int,
        not_by: Collection[str] = (),
    ) -> list[Slot]:
        """Free slots of the doctors a service promises that begin after a moment, in order.

        `after` is the last slot of the page before; `not_by` are doctors who are not wanted.
        """
        query = _standing(programme).where(
            roster_slots.c.starts_at > since,
            roster_slots.c.doctor_level.in_(levels(service)),
            ~exists().where(slot_takings.c.slot_id == roster_slots.c.slot_id),
            roster_slots.c.doctor.not_in(not_by),
        )
        if service.staffing is not None and service.staffing.ranking_top is not None:
            query = query.where(roster_slots.c.hospital_rank <= service.staffing.ranking_top)
        for column, named in (("department", department), ("doctor", doctor)):
            if named is not None:
                query = query.where(roster_slots.c[column] == named)
        if after is not None:
            last = select(roster_slots.c.starts_at, roster_slots.c.slot_id)
            last = last.where(roster_slots.c.slot_id == after)
            query = query.where(
                tuple_(roster_slots.c.starts_at, roster_slots.c.slot_id) > last.scalar_subquery()
            )
        ordered = query.order_by(roster_slots.c.starts_at, roster_slots.c.slot_id).limit(limit)
        return [_slot(row) for row in await self._connection.execute(ordered)]

    async def slot(self, programme: str, slot_id: str) -> Slot | None:
        """A slot of a programme's roster that was not withdrawn."""
        return await _slot_of(self._connection, programme, slot_id)


def _standing(programme: str) -> Select[Any]:
    return select(roster_slots).where(
        roster_slots.c.programme == programme, roster_slots.c.withdrawn_at.is_(None)
    )


async def _take(connection: AsyncConnection, slot_id: str, booking_id: str, at: datetime) -> None:
    row = {"slot_id": slot_id, "booking_id": booking_id, "taken_at": at}
    await connection.execute(insert(slot_takings).values(row))


def _give_back(booking_id: str, *, but: str = "") -> Delete:
    """The booking holds no slot any more, or none but this."""
    mine = (slot_takings.c.booking_id == booking_id) & (slot_takings.c.slot_id != but)
    return delete(slot_takings).where(mine)


async def _holder(connection: AsyncConnection, slot_id: str) -> str | None:
    query = select(slot_takings.c.booking_id).where(slot_takings.c.slot_id == slot_id)
    holder: str | None = await connection.scalar(query)
    return holder


async def _slot_of(connection: AsyncConnection, programme: str, slot_id: str) -> Slot | None:
    query = _standing(programme).where(roster_slots.c.slot_id == slot_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _slot(row)


async def _locked(connection: AsyncConnection, programme: str, slot_id: str) -> Slot | None:
    """The slot as it stands now, and stays until we are done."""
    query = _standing(programme).where(roster_slots.c.slot_id == slot_id)
    row = (await connection.execute(query.with_for_update(read=True))).one_or_none()
    return None if row is None else _slot(row)


async def _held(connection: AsyncConnection, booking_id: str) -> Slot | None:
    query = (
        select(roster_slots)
        .join_from(slot_takings, roster_slots, slot_takings.c.slot_id == roster_slots.c.slot_id)
        .where(slot_takings.c.booking_id == booking_id, roster_slots.c.withdrawn_at.is_(None))
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _slot(row)


async def _ahead(connection: AsyncConnection, order: LineUp) -> int:
    """Stand in line; how many orders stand before this one."""
    row = {
        "booking_id": order.booking_id,
        "programme": order.programme,
        "placed_at": order.placed_at,
        "looked_at": order.at,
    }
    await connection.execute(
        insert(direct_orders)
        .values(row)
        .on_conflict_do_update(index_elements=["booking_id"], set_={"looked_at": order.at})
    )
    mine = (order.placed_at, order.booking_id)
    rows = await connection.execute(
        select(direct_orders.c.placed_at, direct_orders.c.booking_id).where(
            direct_orders.c.programme == order.programme,
            direct_orders.c.looked_at > order.at - IN_LINE_FOR,
        )
    )
    return sum((one.placed_at, one.booking_id) < mine for one in rows)


async def _on_duty(connection: AsyncConnection, order: LineUp) -> list[Slot]:
    """The slots that run now or soon; they stay as they are until we are done."""
    query = _standing(order.programme).where(
        roster_slots.c.starts_at <= order.at + timedelta(seconds=order.call_within_s),
        roster_slots.c.ends_at > order.at,
    )
    locked = query.with_for_update(read=True)
    slots = [_slot(row) for row in await connection.execute(locked)]
    return wanted(slots, order.service, not_by=order.not_by)


async def _taken(connection: AsyncConnection, slots: Sequence[Slot]) -> frozenset[str]:
    ids = [slot.slot_id for slot in slots]
    query = select(slot_takings.c.slot_id).where(slot_takings.c.slot_id.in_(ids))
    return frozenset((await connection.execute(query)).scalars())


async def _out_of_line(connection: AsyncConnection, booking_id: str) -> None:
    await connection.execute(delete(direct_orders).where(direct_orders.c.booking_id == booking_id))


def _slot(row: Row[Any]) -> Slot:
    return Slot.model_validate(
        {name: value for name, value in row._asdict().items() if name in Slot.model_fields}
    )
