"""Keeping the books: the ledger first, then the casebook, each write idempotent."""

from __future__ import annotations

from datetime import datetime

from temporalio import activity

from activities.ports import (
    Balances,
    CasebookPort,
    CasePage,
    HoldAnswer,
    HoldOrder,
    LedgerPort,
    Message,
    PaymentStatus,
)
from domain.money import Fen
from domain.terms import LimitRule


class SetLimit(Message):
    """The limit a case may be advanced up to, and whether it may be reached."""

    case_id: str
    limit_fen: Fen
    rule: LimitRule


class KeepBooks:
    """The verbs of the ledger and the casebook."""

    def __init__(self, *, ledger: LedgerPort, casebook: CasebookPort) -> None:
        self._ledger = ledger
        self._casebook = casebook

    @activity.defn(name="write_page")
    async def write(self, page: CasePage) -> None:
        """Book what the page moved, then write it; doing both twice changes nothing."""
        for payment in page.payments:
            if payment.settled_at is None or payment.reason == "payout":
                continue
            end = (
                self._ledger.post if payment.status is PaymentStatus.PAID else self._ledger.void
            )
            await end(page.case_id, payment.movement_id, at=payment.settled_at)
        if page.transfers:
            await self._ledger.book(page.case_id, page.transfers, at=page.at)
        await self._casebook.write(page)

    @activity.defn(name="set_limit")
    async def set_limit(self, order: SetLimit) -> None:
        """Fix the limit before anything can be held against it."""
        await self._ledger.set_limit(
            order.case_id, limit_fen=order.limit_fen, operator=order.rule.operator
        )

    @activity.defn(name="hold_amount")
    async def hold(self, order: HoldOrder) -> HoldAnswer:
        """Reserve an amount, or say what is left."""
        return await self._ledger.hold(order)

    @activity.defn(name="void_hold")
    async def void(self, case_id: str, movement_id: str, at: datetime) -> None:
        """Give back a hold whose payment was never ordered."""
        await self._ledger.void(case_id, movement_id, at=at)

    @activity.defn(name="read_balances")
    async def balances(self, case_id: str) -> Balances:
        """What the accounts say."""
        return await self._ledger.balances(case_id)
