"""What a matter knows of its payments, and how that is written down.

Who orders them, and what happens when two sides differ, is told in `workflows.money.desk`.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from pydantic import Field

from activities.ports.cases import PaymentRecord, PaymentStatus
from domain.money import Fen
from domain.posting import Transfer
from domain.steps.kinds import TaskKind
from workflows.matter import MatterPen, MatterState, Page
from workflows.messages.payments import PaymentResult


class PayingPage(Page, Protocol):
    """A page with room for payments and what they move in the books."""

    @property
    def payments(self) -> list[PaymentRecord]: ...
    @property
    def transfers(self) -> list[Transfer]: ...


class PayingState(MatterState):
    """What a matter knows of its payments."""

    limit_fen: Fen = 0
    payments: dict[str, PaymentRecord] = Field(default_factory=dict)
    payment_results: dict[str, PaymentResult] = Field(default_factory=dict)
    corrections: dict[str, str] = Field(default_factory=dict)  # open step -> the movement
    differences: list[str] = Field(default_factory=list)  # what reconciliation told so far
    phoned: list[str] = Field(default_factory=list)  # notices that became a phone call

    @abstractmethod
    def open_page(self, now: datetime) -> PayingPage:
        """The page being written; a new one if the last was turned."""

    @property
    def held(self) -> bool:
        """Whether a supervisor has stopped payments."""
        return any(task.kind is TaskKind.RELEASE_HOLD for task in self.tasks.values())

    @property
    def on_the_way(self) -> list[PaymentRecord]:
        """Payments without a certain end, the oldest first."""
        return [payment for payment in self.payments.values() if payment.settled_at is None]

    @property
    def on_the_way_fen(self) -> int:
        """What is held for the hospital and may still reach it."""
        return sum(
            payment.amount_fen
            for payment in self.on_the_way
            if payment.held and payment.reason != "payout"
        )

    @property
    def at_the_ward(self) -> bool:
        """Whether somebody stands at a cashier's desk, so that a code may wait to be scanned."""
        return False

    def returnable_fen(self, record: PaymentRecord) -> int:
        """How much of a booked payment may still turn out never to have left."""
        return booked_fen(record)


class PayingPen(MatterPen):
    """Writes down what became of payments."""

    def __init__(self, state: PayingState) -> None:
        super().__init__(state)
        self._paying = state

    def payment(self, record: PaymentRecord, now: datetime) -> None:
        """A payment changed."""
        self._paying.payments[record.movement_id] = record
        page = self._paying.open_page(now)
        page.payments[:] = [
            kept for kept in page.payments if kept.movement_id != record.movement_id
        ]
        page.payments.append(record)


def booked_fen(record: PaymentRecord) -> int:
    """What our books say is out under a movement."""
    return record.amount_fen if record.status is PaymentStatus.PAID else 0
