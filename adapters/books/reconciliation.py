"""Both sides of a reconciliation: the partner's signed statement, and what our ledger has.

A statement counts only when its signature fits its bytes and it is about the day that was asked
for; anything else is no statement, and is asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field
from sqlalchemy import CollectionAggregate, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.books.audit_reading import read_this_morning
from adapters.books.ledger import conserved
from adapters.database import looks
from adapters.partners.line import NoBelievableAnswer, PartnerLine, Reply, code_of
from adapters.partners.signing import SignatureRefused, verified
from adapters.tables.booking import bookings
from adapters.tables.cases import cases, tasks
from adapters.tables.ledger import transfers
from domain.calendar import SHANGHAI
from domain.matter import BOOKING, CASE, OPENING
from domain.money import AmountRefused, parse_fen
from domain.posting import Account, Reason
from domain.reconciliation import Booked, Line
from domain.steps.kinds import TaskKind

ACROSS_THE_DOOR: Final = (
    Reason.DEPOSIT,
    Reason.TOP_UP,
    Reason.REVERSAL,
    Reason.REFUND,
    Reason.PAYOUT,
    Reason.PAYOUT_REVERSAL,
)
"""What the payment partner moves; repayments and claim money reach us by other ways."""


_STEPS: Final = (TaskKind.EXPLAIN_DIFFERENCE.value, TaskKind.CORRECT_PAYMENT.value)
"""The steps a difference is given to people as."""


class _Amount(Reply):
    amount: str
    currency: Literal["CNY"]


class _Entry(Reply):
    kind: Literal["payment", "payout", "refund"]
    movement_id: Annotated[str, Field(max_length=120, pattern=r"^[A-Za-z0-9._:-]+$")]
    amount: _Amount
    receipt_no: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._:/-]*$")] = ""
    status: Annotated[str, Field(max_length=64)]
    at: AwareDatetime


class _Statement(Reply):
    day: date
    entries: Annotated[list[_Entry], Field(max_length=100_000)]


class PartnerStatements:
    """`StatementPort` over HTTP."""

    def __init__(
        self,
        line: PartnerLine,
        *,
        secret: str,
        process_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._line = line
        self._secret = secret
        self._now = process_clock

    async def of_day(self, day: date) -> list[Line]:
        """What moved on a day. Raises `PartnerFailure` without a believable statement."""
        answer = await self._line.ask_signed(f"/statement?day={day.isoformat()}", self._check)
        if answer.status != HTTPStatus.OK:
            raise answer.unexpected()
        told = answer.read(_Statement)
        if told.day != day:
            raise NoBelievableAnswer("statement_of_another_day")
        return [_line(entry) for entry in told.entries]

    def _check(self, headers: Mapping[str, str], body: bytes) -> None:
        try:
            verified(headers, body, secrets=[self._secret], now=self._now())
        except SignatureRefused as refused:
            raise NoBelievableAnswer(refused.code) from None


def _line(entry: _Entry) -> Line:
    try:
        amount_fen = parse_fen(entry.amount.amount)
    except AmountRefused:
        raise NoBelievableAnswer("answer_of_another_shape") from None
    return Line(
        kind=entry.kind,
        movement_id=entry.movement_id,
        amount_fen=amount_fen,
        done=entry.status == "done",
        status=code_of(entry.status),
        receipt_no=entry.receipt_no,
        at=entry.at,
    )


class CompareBooks:
    """`CompareBookPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._looks = looks(engine)

    async def booked(self, day: date, cases: Iterable[str]) -> list[Booked]:
        """What crossed the door in these cases, and in all in which something did that day."""
        begins = datetime.combine(day, time(), SHANGHAI)
        on_the_day = select(transfers.c.case_id).where(
            transfers.c.at >= begins, transfers.c.at < begins + timedelta(days=1)
        )
        query = (
            select(transfers)
            .where(transfers.c.reason.in_([reason.value for reason in ACROSS_THE_DOOR]))
            .where(transfers.c.case_id.in_(on_the_day) | (transfers.c.case_id == _one_of(cases)))
            .order_by(transfers.c.id)
        )
        async with self._looks.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Booked(
                case_id=row.case_id,
                movement_id=row.movement_id,
                phase=row.phase,
                debit=Account(row.debit),
                reason=Reason(row.reason),
                amount_fen=row.amount_fen,
                at=row.at,
            )
            for row in rows
        ]

    async def unbalanced(self) -> list[str]:
        """The cases whose books are wrong in themselves; reads every transfer there is."""
        return await conserved(self._engine)

    async def audit_breaks(self) -> list[int]:
        """Read on in the audit's chain; the rows at which it ever did not fit."""
        return await read_this_morning(self._engine)

    async def running(self, cases_named: Iterable[str]) -> set[str]:
        """Which of these cases and bookings are open."""
        over = [OPENING, *CASE.ended]
        named = sorted(cases_named)
        query = select(cases.c.case_id).where(
            cases.c.case_id == _one_of(named), cases.c.stage.not_in(over)
        )
        closed = [OPENING, *BOOKING.ended]
        asked_for = select(bookings.c.booking_id).where(
            bookings.c.booking_id == _one_of(named), bookings.c.stage.not_in(closed)
        )
        async with self._looks.connect() as connection:
            return set((await connection.execute(query.union_all(asked_for))).scalars())

    async def raised(self, abouts: Iterable[str]) -> set[str]:
        """Which of these differences have been a step before, done or not."""
        query = select(tasks.c.subject).where(
            tasks.c.kind.in_(_STEPS), tasks.c.subject == _one_of(abouts)
        )
        async with self._looks.connect() as connection:
            return set((await connection.execute(query)).scalars())


def _one_of(names: Iterable[str]) -> CollectionAggregate[Any]:
    """Any of these, as one parameter: a day may name more cases than a statement takes."""
    return any_(literal(sorted(set(names)), ARRAY(Text)))
