"""How an order to pay leaves the house, and how its outcome is asked for: never under another id.

When it is sent, asked about or left to a person is told in `workflows.money.deposit_payment`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from activities.payment import PayHospital
from activities.ports.cases import (
    HoldOrder,
    PaymentOrder,
    PaymentOutcome,
    PaymentStatus,
    PayoutOrder,
)
from domain.money import spoken
from domain.waiver import MODE_NAMES
from workflows.money.desk import SETTLED, PayingDesk

ORDER_WITHIN: Final = timedelta(seconds=15)
"""The adapter gives a partner nine seconds; after this a dead worker's order is made again."""
ASK_RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)
"""An asking that fails on our side is soon made again; then other news is heard first."""
UNANSWERED: Final = PaymentOutcome(status=PaymentStatus.UNKNOWN, reason="order_unanswered")
"""Our own books are away, or a worker died over the order: whether a hold stands is not known, and
nobody is asked to settle it before the order was answered or the partner has seen it."""
_SEEN: Final = frozenset({PaymentStatus.PENDING, *SETTLED})
"""Words of a partner that knows the order; it was held before it left."""
_NEVER_LEFT: Final = frozenset({PaymentStatus.UNREACHABLE, PaymentStatus.NOT_FOUND})
"""Words after which the order is sent again, which for the partner is the first time."""


def is_to_send(outcome: PaymentOutcome) -> bool:
    """Whether the order is sent again, under its id, as soon as that may be."""
    return outcome.status in _NEVER_LEFT or outcome == UNANSWERED


class Orders:
    """The orders of one matter at the payment partner."""

    def __init__(self, desk: PayingDesk) -> None:
        self._desk = desk

    async def send(self, order: PaymentOrder | PayoutOrder) -> PaymentOutcome:
        """Send the order, once: it goes out again only where nobody has stopped it meanwhile."""

        async def deposit(order: PaymentOrder, retry: RetryPolicy) -> PaymentOutcome:
            return await workflow.execute_activity_method(
                PayHospital.order,
                args=[self._hold(order), order],
                start_to_close_timeout=ORDER_WITHIN,
                retry_policy=retry,
                summary=f"付款 {spoken(order.amount_fen)} {MODE_NAMES[order.mode]}",
            )

        async def residual(order: PayoutOrder, retry: RetryPolicy) -> PaymentOutcome:
            return await workflow.execute_activity_method(
                PayHospital.pay_out,
                order,
                start_to_close_timeout=ORDER_WITHIN,
                retry_policy=retry,
                summary=f"支付给客户 {spoken(order.amount_fen)}",
            )

        if isinstance(order, PaymentOrder):
            answer = await self._desk.ask_once(partial(deposit, order))
        else:
            answer = await self._desk.ask_once(partial(residual, order))
        return answer or UNANSWERED

    def _hold(self, order: PaymentOrder) -> HoldOrder:
        record = self._desk.state.payments[order.movement_id]
        return HoldOrder(
            case_id=order.case_id,
            movement_id=order.movement_id,
            amount_fen=order.amount_fen,
            reason="deposit" if record.reason == "deposit" else "top_up",
            at=record.ordered_at,
        )

    async def asked_again(
        self, order: PaymentOrder | PayoutOrder, known: PaymentOutcome, *, take_back: bool
    ) -> PaymentOutcome:
        """What the partner says now; what was known stays when it cannot be reached.

        Where a supervisor holds the matter it is only asked: nothing is sent.
        """
        if known.conflict:
            return known  # its word would be about something else of this id
        held = self._desk.state.held
        if known.status is PaymentStatus.UNREACHABLE or (known == UNANSWERED and not held):
            return known if held else await self.send(order)
        take_back = take_back and known.status is PaymentStatus.PENDING
        found = await self._look_up(order, take_back=take_back)
        if found is None or found.status is PaymentStatus.UNREACHABLE:
            return known
        if known == UNANSWERED:
            return found if found.status in _SEEN else known
        if found.status is PaymentStatus.NOT_FOUND and take_back:
            return PaymentOutcome(status=PaymentStatus.UNKNOWN)
        if found.status is PaymentStatus.NOT_FOUND and not self._desk.state.held:
            # The partner never saw it, so sending it now, under the same id, is the first time.
            return await self.send(order)
        return found

    async def _look_up(
        self, order: PaymentOrder | PayoutOrder, *, take_back: bool
    ) -> PaymentOutcome | None:
        try:
            return await workflow.execute_activity_method(
                PayHospital.cancel if take_back else PayHospital.look_up,
                args=[order.movement_id, order.amount_fen],
                start_to_close_timeout=ORDER_WITHIN,
                retry_policy=ASK_RETRY,
                summary="撤回付款码" if take_back else "查询付款结果",
            )
        except ActivityError:
            return None
