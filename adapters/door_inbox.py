"""The inbox: every fact for a case is a row here before it is a signal, so that none is lost.

Partners' events come with the partner's own event id; top-up requests and discharge notices come
from the door under their own ids. A row that has not been signalled is tried again by the sweep.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.encryption import Sealer
from adapters.tables import discharges, notices, payments, top_ups
from adapters.tables_door import inbox
from adapters.tables_ledger import transfers

_BODY = "inbox.body"


class Letter(NamedTuple):
    """One row of the inbox."""

    partner: str
    event_id: str
    kind: str
    case_id: str | None
    received_at: datetime
    body: str
    done: bool
    outcome: str


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

    async def waiting(self, *, since: datetime, until: datetime, limit: int) -> list[Letter]:
        """Rows received in a span that have not been signalled yet, the oldest first."""
        rows = await self._connection.execute(
            select(inbox)
            .where(inbox.c.signalled_at.is_(None))
            .where(inbox.c.received_at.between(since, until))
            .order_by(inbox.c.received_at)
            .limit(limit)
        )
        return [self._letter(row) for row in rows.mappings()]

    async def done(
        self, *, partner: str, event_id: str, at: datetime, outcome: str, case_id: str | None = None
    ) -> None:
        """The fact has reached its case, or needs no further delivery."""
        values: dict[str, Any] = {"signalled_at": at, "outcome": outcome}
        if case_id is not None:
            values["case_id"] = case_id
        await self._connection.execute(self._of(partner, event_id).values(values))

    async def wait(self, *, partner: str, event_id: str, outcome: str) -> None:
        """The fact could not be delivered yet; why."""
        await self._connection.execute(self._of(partner, event_id).values(outcome=outcome))

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

    async def paid_to_hospital(self, case_id: str) -> int:
        """What has been paid for a case: no refund is larger."""
        rows = await self._connection.execute(
            select(payments.c.amount_fen)
            .where(payments.c.case_id == case_id)
            .where(payments.c.status == "paid")
            .where(payments.c.reason != "payout")
        )
        return sum(row[0] for row in rows)

    async def delivered(self, notice_id: str, delivery: str) -> bool:
        """Record what became of a notice; False when there is none of that id."""
        result = await self._connection.execute(
            update(notices)
            .where(notices.c.notice_id == notice_id)
            .values(delivery=delivery)
            .returning(notices.c.notice_id)
        )
        return result.first() is not None

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
        )
