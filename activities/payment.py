"""Paying hospitals and customers. Every call carries the movement id and may be made twice."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ports import (
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


class PayHospital:
    """The verbs of the payment partner, and the hold that goes before each payment."""

    def __init__(self, *, payment: PaymentPort, ledger: LedgerPort) -> None:
        self._payment = payment
        self._ledger = ledger

    @activity.defn(name="order_payment")
    async def order(self, hold: HoldOrder, order: PaymentOrder) -> PaymentOutcome:
        """Hold the amount against the limit, then order the payment, both under one movement id.

        Raises, to be tried again, only while nothing has left the house.
        """
        try:
            answer = await self._ledger.hold(hold)
        except MovementConflict:
            # The id stands in the books with another content: a person must look, nothing is paid.
            return PaymentOutcome(status=PaymentStatus.UNKNOWN, reason="movement_conflict")
        if not answer.held:
            return PaymentOutcome(status=PaymentStatus.REFUSED, reason=LIMIT_EXCEEDED)
        return _left_the_house(await self._payment.pay(order))

    @activity.defn(name="order_payout")
    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        """Pay the residual of a claim to the customer."""
        return _left_the_house(await self._payment.pay_out(order))

    @activity.defn(name="look_up_payment")
    async def look_up(self, movement_id: str) -> PaymentOutcome:
        """Ask the partner what became of a movement."""
        return _left_the_house(await self._payment.look_up(movement_id))


def _left_the_house(outcome: PaymentOutcome) -> PaymentOutcome:
    if outcome.status is PaymentStatus.UNREACHABLE:
        raise ApplicationError("payment partner not reachable", type="PartnerUnreachable")
    return outcome
