"""Money that is the customer's: paid out, and followed until somebody knows that it has arrived.

A refusal is never answered by another payment of ours: finance finds out, or sees to it by another
way, and the books follow under the movement it was ordered by.
"""

from __future__ import annotations

from temporalio import workflow

from activities.ports.cases import PaymentRecord, PaymentStatus
from domain.money import spoken
from domain.posting import Reason, transfer
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ResolvePayment
from workflows.matter import Completion
from workflows.money.deposit_payment import DepositPayment
from workflows.money.desk import PayingDesk, evidence_of


class Payouts:
    """The payouts of one case."""

    def __init__(self, desk: PayingDesk, payment: DepositPayment) -> None:
        self._desk = desk
        self._state = desk.state
        self._payment = payment
        self._under_way = 0

    @property
    def at_rest(self) -> bool:
        """Whether none is under way."""
        return self._under_way == 0

    async def pay(self, amount_fen: int) -> PaymentRecord:
        """Pay, and do not rest before it is paid; what is owed must stand in the ledger already."""
        self._under_way += 1
        try:
            return await self._paid(await self._payment.pay_out(amount_fen))
        finally:
            self._under_way -= 1

    def again(self, amount_fen: int) -> None:
        """Pay beside the story: what turned out never to have left, or came back late.

        It is under way from here on, not only once its errand has begun: whoever closes the matter
        asks in the same beat.
        """
        self._under_way += 1

        async def paid() -> None:
            try:
                await self._desk.written()
                await self.pay(amount_fen)
                self._desk.note("residual", f"余款支付给客户 {spoken(amount_fen)}")
            finally:
                self._under_way -= 1

        self._desk.errand(paid(), "payout")

    async def _paid(self, record: PaymentRecord) -> PaymentRecord:
        while record.status is not PaymentStatus.PAID:
            task = self._desk.ask(
                TaskKind.RESOLVE_PAYMENT,
                at=workflow.now(),
                subject=record.movement_id,
                amount_fen=record.amount_fen,
            )
            self._desk.show(task, evidence_of(record))
            await self._news(task, record.movement_id)
            found = self._state.completions.pop(task, None)
            if found is not None and found.read(ResolvePayment).paid:
                return self._paid_otherwise(record, found)
            record = self._state.payments[record.movement_id]
            self._desk.no_longer_asked(task, at=workflow.now(), reason="付款结果已更正")
        return record

    def _paid_otherwise(self, record: PaymentRecord, found: Completion) -> PaymentRecord:
        """Finance has seen to a payout that the partner refused: booked under the same movement."""
        form = found.read(ResolvePayment)
        change = {
            "status": PaymentStatus.PAID,
            "settled_at": found.at,
            "receipt_no": form.reference or "",
            "refusal": "",
        }
        paid = record.model_copy(update=change)
        self._desk.pen.payment(paid, found.at)
        moved = transfer(
            self._state.matter_id,
            Reason.PAYOUT,
            record.amount_fen,
            movement_id=record.movement_id,
        )
        self._desk.book([moved], at=found.at)
        return paid

    async def _news(self, task: str, movement_id: str) -> None:
        """Finance's answer, or a correction that says it is paid after all."""
        state = self._state
        await workflow.wait_condition(
            lambda: (
                task in state.completions
                or state.payments[movement_id].status is PaymentStatus.PAID
            )
        )
