"""Paying hospitals and customers. Every call carries the movement id and may be made twice."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ports import (
    PaymentOrder,
    PaymentOutcome,
    PaymentPort,
    PaymentStatus,
    PayoutOrder,
)


class PayHospital:
    """The verbs of the payment partner."""

    def __init__(self, *, payment: PaymentPort) -> None:
        self._payment = payment

    @activity.defn(name="order_payment")
    async def order(self, order: PaymentOrder) -> PaymentOutcome:
        """Order a payment; raises, to be tried again, only while nothing has left the house."""
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
