"""Paying hospitals and customers. Every call carries the movement id and may be made twice."""

from __future__ import annotations

from temporalio import activity

from activities.ports.cases import (
    HoldOrder,
    LedgerPort,
    MovementConflict,
    PaymentOrder,
    PaymentOutcome,
    PaymentPort,
    PaymentStatus,
    PayoutOrder,
)

LIMIT_EXCEEDED = "limit_exceeded"
"""The reason of a refusal by our own ledger; the partner was not called."""
CONFLICT = PaymentOutcome(status=PaymentStatus.UNKNOWN, reason="movement_conflict", conflict=True)
"""The id stands somewhere with another content: a person must look, and nothing is paid again."""


class PayHospital:
    """The verbs of the payment partner, and the hold that goes before each payment."""

    def __init__(self, *, payment: PaymentPort, ledger: LedgerPort) -> None:
        self._payment = payment
        self._ledger = ledger

    @activity.defn(name="order_payment")
    async def order(self, hold: HoldOrder, order: PaymentOrder) -> PaymentOutcome:
        """Hold the amount against the limit, then order the payment, both under one movement id.

        Raises, to be tried again, only while our own ledger is away. What the partner says, and
        that it cannot be reached, is an outcome: whoever waits for it hears other news meanwhile.
        """
        try:
            answer = await self._ledger.hold(hold)
        except MovementConflict:
            return CONFLICT.model_copy(update={"held": False})
        if not answer.held:
            return PaymentOutcome(status=PaymentStatus.REFUSED, reason=LIMIT_EXCEEDED, held=False)
        try:
            return await self._payment.pay(order)
        except MovementConflict:
            return CONFLICT

    @activity.defn(name="order_payout")
    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        """Pay the residual of a claim to the customer."""
        try:
            return await self._payment.pay_out(order)
        except MovementConflict:
            return CONFLICT

    @activity.defn(name="look_up_payment")
    async def look_up(self, movement_id: str, amount_fen: int) -> PaymentOutcome:
        """Ask the partner what became of a movement of this amount."""
        try:
            return await self._payment.look_up(movement_id, amount_fen=amount_fen)
        except MovementConflict:
            return CONFLICT

    @activity.defn(name="cancel_payment")
    async def cancel(self, movement_id: str, amount_fen: int) -> PaymentOutcome:
        """Take a code back that nobody scanned; the answer tells how the movement stands."""
        try:
            return await self._payment.cancel(movement_id, amount_fen=amount_fen)
        except MovementConflict:
            return CONFLICT
