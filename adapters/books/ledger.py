"""The books: holds against a limit, posts, voids and one-phase transfers, each exactly once.

Every call that writes first locks the case's limit row, so that the movements of one case happen
one after the other; different cases never wait for each other. A movement id is written once by a
unique index: the same content again is the same answer, other content is `MovementConflict`.
What the database itself refuses (changed rows, a post without its hold) stands in the migrations.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.cases import Balances, HoldAnswer, HoldOrder, MovementConflict, TopUpState
from adapters.database import looks
from adapters.tables.booking import bookings
from adapters.tables.cases import cases, top_ups
from adapters.tables.ledger import limits, transfers
from domain.board import LedgerRow
from domain.matter import BOOKING, CASE
from domain.posting import Account, Reason, Transfer, transfer
from domain.waiver import STILL_PAYING, Stage

Operator = Literal["at_most", "below"]

_ADVANCING: Final = transfer("case", Reason.DEPOSIT, 1)
"""The two accounts of every payment to a hospital: what counts against the limit."""


_COUNTED: Final = transfers.c.phase.in_(["single", "post"])
_LEGS: Final = union_all(
    select(
        transfers.c.case_id, transfers.c.debit.label("account"), transfers.c.amount_fen.label("fen")
    ).where(_COUNTED),
    select(transfers.c.case_id, transfers.c.credit, -transfers.c.amount_fen).where(_COUNTED),
).subquery("legs")
"""Each counted transfer as its debit and its credit, debit-positive."""

_HELD: Final = func.sum(
    case(
        (transfers.c.phase == "single", 0),
        (transfers.c.phase == "hold", transfers.c.amount_fen),
        else_=-transfers.c.amount_fen,
    )
)
"""What is reserved and neither posted nor given back."""

_ENDED: Final = (
    select(cases.c.case_id)
    .where(cases.c.stage.in_(CASE.ended))
    .union_all(select(bookings.c.booking_id).where(bookings.c.stage.in_(BOOKING.ended)))
)
"""Cases and bookings that are over."""

_UNSETTLED: Final = union_all(
    select(_LEGS.c.case_id)
    .group_by(_LEGS.c.case_id, _LEGS.c.account)
    .having(func.sum(_LEGS.c.fen) != 0),
    select(transfers.c.case_id).group_by(transfers.c.case_id).having(_HELD != 0),
).subquery("unsettled")
"""Where a balance or a hold is left. Few are; asked of them, whether they are over costs little."""

_WRONG: Final = union_all(
    select(_LEGS.c.case_id).group_by(_LEGS.c.case_id).having(func.sum(_LEGS.c.fen) != 0),
    select(_UNSETTLED.c.case_id).where(_UNSETTLED.c.case_id.in_(_ENDED)),
)


class LimitConflict(MovementConflict):
    """A case came back with another limit; the first one stands."""


class LimitMissing(LookupError):
    """The books of this case were never opened: no limit was set."""


class Ledger:
    """`LedgerPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._looks = looks(engine)

    async def set_limit(self, case_id: str, *, limit_fen: int, operator: Operator) -> None:
        """Open the books of a case. Raises `LimitConflict` when they say another limit."""
        opened = insert(limits).values(case_id=case_id, limit_fen=limit_fen, operator=operator)
        async with self._engine.begin() as connection:
            await connection.execute(opened.on_conflict_do_nothing())
            row = await _locked(connection, case_id)
        if (row.limit_fen, row.operator) != (limit_fen, operator):
            raise LimitConflict(f"{case_id} has another limit")

    async def hold(self, order: HoldOrder) -> HoldAnswer:
        """Reserve an amount if it fits; a refused hold leaves nothing behind.

        Raises `MovementConflict` for other content under the same id, and for a movement that has
        already been given back: its id is used up.
        """
        wanted = transfer(
            order.case_id,
            Reason(order.reason),
            order.amount_fen,
            movement_id=order.movement_id,
        )
        async with self._engine.begin() as connection:
            await _locked(connection, order.case_id)
            before = await _holdable(connection, order.case_id)
            written = await _written(connection, order.movement_id)
            if written:
                _same_or_conflict(written, order.case_id, "hold", wanted)
                if "void" in written:
                    raise MovementConflict(f"{order.movement_id} was given back already")
                return HoldAnswer(held=True, left_fen=before)
            if order.amount_fen > before:
                return HoldAnswer(held=False, left_fen=before)
            await _write(connection, order.case_id, "hold", wanted, order.at)
            return HoldAnswer(held=True, left_fen=before - order.amount_fen)

    async def post(self, case_id: str, movement_id: str, *, at: datetime) -> None:
        """Turn a hold into a transfer. Raises `MovementConflict` without a hold or after a void."""
        await self._end(case_id, movement_id, "post", at)

    async def void(self, case_id: str, movement_id: str, *, at: datetime) -> None:
        """Give a hold back. Raises `MovementConflict` without a hold or after a post."""
        await self._end(case_id, movement_id, "void", at)

    async def book(self, case_id: str, transfers: list[Transfer], *, at: datetime) -> None:
        """Book one-phase transfers, all or none. Raises `MovementConflict` and books none."""
        async with self._engine.begin() as connection:
            await _locked(connection, case_id)
            for one in transfers:
                written = await _written(connection, one.movement_id)
                if written:
                    _same_or_conflict(written, case_id, "single", one)
                else:
                    await _write(connection, case_id, "single", one, at)

    async def balances(self, case_id: str) -> Balances:
        """The six accounts; all zero for a case whose books were never opened."""
        async with self._engine.connect() as connection:
            # One snapshot for the three questions.
            await connection.execution_options(isolation_level="REPEATABLE READ")
            sums = await _sums(connection, case_id)
            left = (await connection.execute(left_of(case_id))).scalar_one_or_none()
            held = await _held(connection, case_id)
        return Balances(**sums, held=held, left=left or 0)

    async def entries(self, case_id: str) -> list[LedgerRow]:
        """Every phase of every movement of a case, as it was written."""
        query = select(transfers).where(transfers.c.case_id == case_id).order_by(transfers.c.id)
        async with self._looks.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [LedgerRow.model_validate(row, from_attributes=True) for row in rows]

    async def _end(
        self, case_id: str, movement_id: str, phase: Literal["post", "void"], at: datetime
    ) -> None:
        async with self._engine.begin() as connection:
            await _locked(connection, case_id)
            written = await _written(connection, movement_id)
            hold = written.get("hold")
            if hold is None or hold.case_id != case_id:
                raise MovementConflict(f"{movement_id} has no hold in {case_id}")
            if phase in written:
                return
            if len(written) > 1:
                raise MovementConflict(f"{movement_id} has ended the other way")
            await _write(connection, case_id, phase, _as_transfer(hold), at)


WHOLE_LEDGER_MS: Final = 300_000
"""So long the sum over all books may take; nobody waits for it, and it grows with the years."""


async def conserved(engine: AsyncEngine) -> list[str]:
    """The cases and bookings whose books are wrong: a sum not zero, or a balance at the end.

    Empty in a healthy house; asked by tests after each movement and by the schedule every day.
    """
    async with engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL statement_timeout = {WHOLE_LEDGER_MS}"))
        return sorted(set((await connection.execute(_WRONG)).scalars()))


async def _locked(connection: AsyncConnection, case_id: str) -> Row[Any]:
    row = (await connection.execute(_LOCK, {"case": case_id})).one_or_none()
    if row is None:
        raise LimitMissing(f"{case_id} has no limit")
    return row


def _used_query() -> ScalarSelect[Any]:
    """What counts against a limit, by the books.

    What was paid counts in full for the whole stay: a hospital's refund gives nothing back, a
    payment that turned out never to have left does.
    """
    given_back = transfers.alias("given_back")
    never_left = transfers.c.reason == Reason.REVERSAL.value
    signed = case((never_left, -transfers.c.amount_fen), else_=transfers.c.amount_fen)
    counted = select(func.coalesce(func.sum(signed), 0)).where(
        transfers.c.case_id == limits.c.case_id,
        transfers.c.phase.in_(["single", "hold"]),
        never_left
        | and_(
            transfers.c.debit == _ADVANCING.debit.value,
            transfers.c.credit == _ADVANCING.credit.value,
            # A refund sent back was the hospital's all the time.
            transfers.c.reason != Reason.SENT_BACK.value,
        ),
        ~select(literal(1))
        .where(given_back.c.movement_id == transfers.c.movement_id, given_back.c.phase == "void")
        .exists(),
    )
    return counted.scalar_subquery()


def _granted_query() -> ScalarSelect[Any]:
    """What counts against a limit, by the case: paid, or granted and perhaps not held yet."""
    whole = cases.alias("whole")
    granted = (
        select(func.coalesce(func.sum(top_ups.c.granted_fen), 0))
        .where(top_ups.c.case_id == whole.c.case_id)
        .where(top_ups.c.state.in_([TopUpState.ACCEPTED, TopUpState.PARTLY_ACCEPTED]))
        .scalar_subquery()
    )
    known = select(whole.c.advanced_fen + granted).where(whole.c.case_id == limits.c.case_id)
    return known.scalar_subquery()


def _no_more_paid() -> ColumnElement[bool]:
    """Whether the case's bill is read, so that nothing may be asked for any more."""
    past = sorted({*Stage} - STILL_PAYING)
    this = cases.alias("this")
    return exists().where(this.c.case_id == limits.c.case_id, this.c.stage.in_(past))


def _fits(used: ColumnElement[Any]) -> ColumnElement[Any]:
    """The largest amount that still fits: up to the limit, or one fen short of it (C-16)."""
    reached = case(
        (limits.c.operator == "at_most", limits.c.limit_fen), else_=limits.c.limit_fen - 1
    )
    return cast(func.greatest(0, reached - used), BigInteger)


_USED: Final = _used_query()
_LEFT: Final = select(
    case((_no_more_paid(), 0), else_=_fits(func.greatest(_USED, _granted_query())))
)


def left_of(case_id: str | ColumnElement[str]) -> Select[Any]:
    """What may still be asked for, as everybody is shown it; no row before a limit is fixed."""
    return _LEFT.where(limits.c.case_id == case_id)


# Built once: building them anew costs as much processor time as running them.
_LOCK: Final = select(limits).where(limits.c.case_id == bindparam("case")).with_for_update()
_HOLDABLE: Final = select(_fits(_USED)).where(limits.c.case_id == bindparam("case"))
_WRITTEN: Final = select(transfers).where(transfers.c.movement_id == bindparam("movement"))
_WRITE: Final = insert(transfers)


async def _holdable(connection: AsyncConnection, case_id: str) -> int:
    return int((await connection.execute(_HOLDABLE, {"case": case_id})).scalar_one())


async def _held(connection: AsyncConnection, case_id: str) -> int:
    query = select(func.coalesce(_HELD, 0)).where(transfers.c.case_id == case_id)
    return int((await connection.execute(query)).scalar_one())


async def _sums(connection: AsyncConnection, case_id: str) -> dict[str, int]:
    query = (
        select(_LEGS.c.account, func.sum(_LEGS.c.fen))
        .where(_LEGS.c.case_id == case_id)
        .group_by(_LEGS.c.account)
    )
    rows = (await connection.execute(query)).all()
    return {Account(name).value: int(total) for name, total in rows}


async def _written(connection: AsyncConnection, movement_id: str) -> dict[str, Row[Any]]:
    """What stands under a movement id: one beginning and at most one end, by phase."""
    found = await connection.execute(_WRITTEN, {"movement": movement_id})
    return {row.phase: row for row in found.all()}


def _same_or_conflict(
    written: dict[str, Row[Any]], case_id: str, phase: str, wanted: Transfer
) -> None:
    begun = written.get(phase)
    if begun is None or begun.case_id != case_id or _as_transfer(begun) != wanted:
        raise MovementConflict(f"{wanted.movement_id} stands with another content")


def _as_transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        movement_id=row.movement_id,
        debit=row.debit,
        credit=row.credit,
        amount_fen=row.amount_fen,
        reason=row.reason,
    )


async def _write(
    connection: AsyncConnection, case_id: str, phase: str, one: Transfer, at: datetime
) -> None:
    row = {"case_id": case_id, "phase": phase, "at": at, **one.model_dump(mode="json")}
    await connection.execute(_WRITE, row)
