"""What every counterparty shares: books, clock, switches, the reporter, and how orders are taken.

An order is placed under the id in its `Idempotency-Key` header. The same order again gets the
answer as it stands today; another body under the same id gets 409 and changes nothing.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Header, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from simulator.books import Books, Order, OtherContent, Settlement
from simulator.callbacks import Reporter
from simulator.clock import StoryClock
from simulator.faults import Fault, Faults
from simulator.settings import Settings

_REMEMBERED_REQUESTS: Final = 2000
_MAX_FEN: Final = 2**63 - 1

IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
OrderId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:-]+$")]


class Body(BaseModel):
    """What a partner agreed to receive: these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Amount(Body):
    """A decimal string with two places and a currency."""

    amount: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,16})\.[0-9]{2}$")]
    currency: Annotated[str, Field(min_length=3, max_length=3)]

    @property
    def fen(self) -> int:
        """The amount in fen."""
        return int(self.amount.replace(".", ""))

    @property
    def is_payable(self) -> bool:
        """Whether it can be paid at all: yuan, more than nothing, within 64 bits."""
        return self.currency == "CNY" and 0 < self.fen <= _MAX_FEN


def as_amount(fen: int) -> dict[str, str]:
    """Fen as the wire carries them."""
    yuan, rest = divmod(fen, 100)
    return {"amount": f"{yuan}.{rest:02d}", "currency": "CNY"}


Settler = Callable[[Order, bool], dict[str, Any] | None]
"""Brings a pending order to its end, refused or not, and returns the event to report, if any."""


class Desk:
    """One simulator's insides, handed to each counterparty."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.books = Books(settings.state_file)
        self.clock = StoryClock(self.books)
        self.faults = Faults()
        self.falsifications: list[Any] = []  # what statements say wrongly; see `statement`
        self.reporter = Reporter(settings, self.books, self._settle)
        self.received: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.is_closing = False
        self._settlers: dict[str, tuple[str, Settler]] = {}

    def settles(self, kind: str, partner: str, settler: Settler) -> None:
        """Name who brings pending orders of a kind to their end, and whose callback it is."""
        self._settlers[kind] = (partner, settler)

    def place(self, kind: str, order_id: str, key: str, body: Body) -> Order:
        """Take an order; 400 when key and id differ, 409 when the id is taken by another order."""
        if key != order_id:
            raise HTTPException(400, "key_is_not_the_id")
        try:
            content = body.model_dump(mode="json")
            order = self.books.place(kind, order_id, content, at=self.clock.stamp())
        except OtherContent:
            raise HTTPException(409, "same_id_other_content") from None
        self.received.append({"kind": kind, "id": order_id, "body": content})
        return order

    def found(self, kind: str, order_id: str) -> Order:
        """An order by its id; 404 when it never arrived."""
        order = self.books.find(kind, order_id)
        if order is None:
            raise HTTPException(404, "not_found")
        return order

    def settle_later(self, order: Order, fault: Fault, seconds: float) -> None:
        """Let the outcome come after some seconds, with a callback."""
        due = time.time() + seconds
        self.books.settle_at(
            order.kind, order.id, due=due, refused=fault.refuses, copies=fault.copies
        )
        self.reporter.nudge()

    def report(self, partner: str, event: Mapping[str, Any], *, copies: int = 1) -> None:
        """Put a result on its way."""
        named = {"event": event["event"], "id": f"evt-{uuid.uuid4().hex}", **event}
        self.books.enqueue(partner, named, due=time.time(), copies=copies)
        self.reporter.nudge()

    def _settle(self, settlement: Settlement) -> None:
        partner, settler = self._settlers[settlement.kind]
        with self.books.together():
            order = self.books.find(settlement.kind, settlement.id)
            if order is not None and order.state["status"] == "pending":
                event = settler(order, settlement.refused)
                if event is not None:
                    self.report(partner, event, copies=settlement.copies)
            self.books.settled(settlement.kind, settlement.id)


def _desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk_of)]
