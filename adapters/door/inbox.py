"""The inbox: every fact for a case is a row here before it is a signal, so that none is lost.

Partners' events come with the partner's own event id; top-up requests and discharge notices come
from the door under their own ids. A row that has not been signalled is tried again by the sweep.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.encryption.keys import Sealer
from adapters.tables.cases import discharges, notices, payments, top_ups
from adapters.tables.door import inbox
from adapters.tables.ledger import transfers
from domain.guards import Letter

_BODY: Final = "inbox.body"
_WHY: Final = "inbox.closed_why"

FOR_A_PERSON: Final = ("case_ended", "contradicted")
"""Why a letter is tried no more and stays open: only a person can say what is to be done."""


def _left_open(before: datetime) -> ColumnElement[bool]:
    return inbox.c.signalled_at.is_(None) & (
        inbox.c.outcome.in_(FOR_A_PERSON) | (inbox.c.received_at < before)
    )


class InboxRows:
    """The inbox and what it is compared with, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def put(
        self,
        *,
        partner: str,
        event_id: str,
        kind: str,
        case_id: str | None,
        at: datetime,
        body: str,
    ) -> Letter:
        """Store a fact once; the row that stands is returned, with whether it is done."""
        row = {
            "partner": partner,
            "event_id": event_id,
            "kind": kind,
            "case_id": case_id,
            "received_at": at,
            "body": self._sealer.seal(body, _BODY),
        }
        await self._connection.execute(insert(inbox).values(row).on_conflict_do_nothing())
        one = (inbox.c.partner == partner) & (inbox.c.event_id == event_id)
        found = (await self._connection.execute(select(inbox).where(one))).mappings().one()
        return self._letter(found)

    async def find(self, *, partner: str, event_id: str) -> Letter | None:
        """The row of an event that came before, if it did."""
        one = (inbox.c.partner == partner) & (inbox.c.event_id == event_id)
        found = (await self._connection.execute(select(inbox).where(one))).mappings().first()
        return None if found is None else self._letter(found)

    async def waiting(self, *, until: datetime, now: datetime, limit: int) -> list[Letter]:
        """Rows not signalled yet that are to be tried now, whose turn was first first.

        However old a row is, it is tried; what a person has to look at is not.
        """
        turn = func.coalesce(inbox.c.next_try_at, inbox.c.received_at)
        rows = await self._connection.execute(
            select(inbox)
            .where(inbox.c.signalled_at.is_(None), inbox.c.outcome.not_in(FOR_A_PERSON))
            .where(inbox.c.received_at <= until, turn <= now)
            .order_by(turn)
            .limit(limit)
        )
        return [self._letter(row) for row in rows.mappings()]

    async def left_open(self, *, before: datetime, limit: int) -> list[Letter]:
        """What reached no case: for a person, or left since before a moment; oldest first."""
        rows = await self._connection.execute(
            select(inbox)
            .where(_left_open(before))
            .order_by(inbox.c.received_at, inbox.c.event_id)
            .limit(limit)
        )
        return [self._letter(row) for row in rows.mappings()]

    async def closed(self, *, limit: int) -> list[Letter]:
        """What a person closed, the newest first."""
        rows = await self._connection.execute(
            select(inbox)
            .where(inbox.c.closed_by.is_not(None))
            .order_by(inbox.c.signalled_at.desc(), inbox.c.event_id)
            .limit(limit)
        )
        return [self._letter(row) for row in rows.mappings()]

    async def close(
        self, *, partner: str, event_id: str, before: datetime, by: str, why: str, at: datetime
    ) -> bool:
        """A person ends a letter that is left open; False when it is not, or not any more."""
        ended = await self._connection.execute(
            self._of(partner, event_id)
            .where(_left_open(before))
            .values(signalled_at=at, closed_by=by, closed_why=self._sealer.seal(why, _WHY))
            .returning(inbox.c.event_id)
        )
        return ended.first() is not None

    async def left_open_counts(self, *, before: datetime) -> dict[tuple[str, str], int]:
        """How many letters reached no case, by kind and why."""
        rows = await self._connection.execute(
            select(inbox.c.kind, inbox.c.outcome, func.count())
            .where(_left_open(before))
            .group_by(inbox.c.kind, inbox.c.outcome)
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def done(
        self, *, partner: str, event_id: str, at: datetime, outcome: str, case_id: str | None = None
    ) -> None:
        """The fact has reached its case, or needs no further delivery."""
        values: dict[str, Any] = {"signalled_at": at, "outcome": outcome}
        if case_id is not None:
            values["case_id"] = case_id
        await self._connection.execute(self._of(partner, event_id).values(values))

    async def wait(
        self, *, partner: str, event_id: str, outcome: str, next_try_at: datetime
    ) -> None:
        """The fact could not be delivered yet: why, and when it is tried again."""
        await self._connection.execute(
            self._of(partner, event_id).values(
                outcome=outcome, tries=inbox.c.tries + 1, next_try_at=next_try_at
            )
        )

    async def movement(self, movement_id: str) -> tuple[str, int] | None:
        """The case and amount of a movement: as ordered, or as held before it was ordered."""
        ordered = await self._connection.execute(
            select(payments.c.case_id, payments.c.amount_fen).where(
                payments.c.movement_id == movement_id
            )
        )
        row = ordered.first()
        if row is None:
            held = await self._connection.execute(
                select(transfers.c.case_id, transfers.c.amount_fen).where(
                    (transfers.c.movement_id == movement_id)
                    & transfers.c.phase.in_(("hold", "single"))
                )
            )
            row = held.first()
        return None if row is None else (row[0], row[1])

    async def settled_as(self, movement_id: str) -> str | None:
        """How a payment stands in our record."""
        query = select(payments.c.status).where(payments.c.movement_id == movement_id)
        return (await self._connection.execute(query)).scalar()

    async def paid_to_hospital(self, case_id: str) -> int:
        """What has been paid for a case: no refund is larger."""
        rows = await self._connection.execute(
            select(payments.c.amount_fen)
            .where(payments.c.case_id == case_id)
            .where(payments.c.status == "paid")
            .where(payments.c.reason != "payout")
        )
        return sum(row[0] for row in rows)

    async def delivered(self, notice_id: str, delivery: str) -> tuple[str, str] | None:
        """Record what became of a notice: its case and template; None for a notice not ours."""
        result = await self._connection.execute(
            update(notices)
            .where(notices.c.notice_id == notice_id)
            .values(delivery=delivery)
            .returning(notices.c.case_id, notices.c.template)
        )
        row = result.first()
        return None if row is None else (row[0], row[1])

    async def expect_top_up(
        self, *, top_up_id: str, case_id: str, amount_fen: int, at: datetime
    ) -> None:
        """The status URL shows the request before the case has read it."""
        row = {
            "top_up_id": top_up_id,
            "case_id": case_id,
            "requested_fen": amount_fen,
            "state": "received",
            "requested_at": at,
        }
        await self._connection.execute(insert(top_ups).values(row).on_conflict_do_nothing())

    async def expect_discharge(
        self, *, notice_id: str, case_id: str, discharge_on: Any, at: datetime
    ) -> None:
        """The status URL shows the notice before the case has read it."""
        row = {
            "notice_id": notice_id,
            "case_id": case_id,
            "discharge_on": discharge_on,
            "received_at": at,
        }
        await self._connection.execute(insert(discharges).values(row).on_conflict_do_nothing())

    def _of(self, partner: str, event_id: str) -> Any:
        return update(inbox).where((inbox.c.partner == partner) & (inbox.c.event_id == event_id))

    def _letter(self, row: Any) -> Letter:
        return Letter(
            partner=row["partner"],
            event_id=row["event_id"],
            kind=row["kind"],
            case_id=row["case_id"],
            received_at=row["received_at"],
            body=self._sealer.open_text(row["body"], _BODY),
            done=row["signalled_at"] is not None,
            outcome=row["outcome"],
            tries=row["tries"],
            done_at=row["signalled_at"],
            closed_by=row["closed_by"],
            closed_why=(
                self._sealer.open_text(row["closed_why"], _WHY) if row["closed_why"] else ""
            ),
        )
