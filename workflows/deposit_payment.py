"""One payment to the hospital, from the hold on the limit to its certain end.

Held before anything is asked, ordered under an id made of what it is, then followed until the
partner's word is certain: done, refused, or settled by a person with the evidence of both sides.
An outcome nobody knows is asked for again; it is never paid under a new id and never given up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.payment import PayHospital
from activities.ports import (
    HoldOrder,
    PaymentOrder,
    PaymentOutcome,
    PaymentRecord,
    PaymentStatus,
    PayoutOrder,
)
from domain.money import spoken
from domain.posting import Reason, movement, payout
from domain.tasks import ResolvePayment, TaskKind
from domain.waiver import PaymentMode, Stage
from workflows.desk import PARTNER_RETRY, Desk
from workflows.messages import PaymentResult

ORDER_WITHIN: Final = timedelta(seconds=15)
"""The adapter gives a partner nine seconds; after this a dead worker's order is made again."""
ASK_AGAIN_AFTER: Final = timedelta(seconds=30)
ASK_PENDING_AFTER: Final = timedelta(minutes=5)
"""A partner that took the order calls back by itself; asking sooner would only be impatience."""
ASK_AGAIN_MAX: Final = timedelta(minutes=15)
"""The pause before asking what became of a payment; it doubles up to fifteen minutes."""
ASK_SELDOM: Final = timedelta(hours=6)
"""Once finance looks into it, asking is only the safety net; a history has an end."""
QR_ASK_AGAIN_AFTER: Final = timedelta(hours=24)
"""A code waits for somebody at the desk, so its callback is the news; asking is the safety net."""
PERSON_AFTER: Final = timedelta(hours=1)
"""So long may an outcome stay unknown before finance is asked to find out."""

AT_THE_WARD: Final = frozenset({Stage.ON_SITE, Stage.IN_HOSPITAL})
"""While the patient stays, a code may wait for the cashier; at discharge its fate must be known."""

SETTLED: Final = frozenset({PaymentStatus.PAID, PaymentStatus.REFUSED})
"""Words that end a payment; every other one leaves it open."""


class DepositPayment:
    """Pays one amount to one hospital, or to the customer."""

    def __init__(self, desk: Desk, *, case_id: str, hospital_id: str) -> None:
        self._desk = desk
        self._case_id = case_id
        self._hospital_id = hospital_id

    async def pay(
        self,
        reason: Literal["deposit", "top_up"],
        amount_fen: int,
        mode: PaymentMode,
    ) -> PaymentRecord:
        """Hold, order, and follow to the end: `paid` or `refused`, nothing else."""
        number = self._desk.state.next_number("deposit")
        movement_id = movement(self._case_id, Reason.DEPOSIT, number)
        order = PaymentOrder(
            movement_id=movement_id,
            case_id=self._case_id,
            mode=mode,
            hospital_id=self._hospital_id,
            amount_fen=amount_fen,
        )
        self._begin(movement_id, reason, amount_fen, mode)
        return await self._follow(movement_id, await self._order(order), order)

    async def pay_out(self, amount_fen: int) -> PaymentRecord:
        """Pay the residual of the claim to the customer, with the same care."""
        order = PayoutOrder(
            movement_id=movement(self._case_id, Reason.PAYOUT),
            case_id=self._case_id,
            amount_fen=amount_fen,
        )
        self._begin(order.movement_id, "payout", amount_fen, None)
        record = await self._follow(order.movement_id, await self._order(order), order)
        if record.status is PaymentStatus.PAID:
            self._desk.book(payout(self._case_id, amount_fen), at=workflow.now())
        return record

    def _begin(
        self,
        movement_id: str,
        reason: Literal["deposit", "top_up", "payout"],
        amount_fen: int,
        mode: PaymentMode | None,
    ) -> None:
        now = workflow.now()
        record = PaymentRecord(
            movement_id=movement_id,
            reason=reason,
            amount_fen=amount_fen,
            mode=mode,
            status=PaymentStatus.PENDING,
            ordered_at=now,
        )
        self._desk.pen.payment(record, now)
        self._desk.note("payment_ordered", f"下达付款 {spoken(amount_fen)}")

    async def _order(self, order: PaymentOrder | PayoutOrder) -> PaymentOutcome:
        async def deposit(order: PaymentOrder, retry: RetryPolicy) -> PaymentOutcome:
            return await workflow.execute_activity_method(
                PayHospital.order,
                args=[self._hold(order), order],
                start_to_close_timeout=ORDER_WITHIN,
                retry_policy=retry,
                summary=f"付款 {spoken(order.amount_fen)} {order.mode.value}",
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
            return await self._desk.ask_partner(partial(deposit, order))
        return await self._desk.ask_partner(partial(residual, order))

    def _hold(self, order: PaymentOrder) -> HoldOrder:
        record = self._desk.state.payments[order.movement_id]
        return HoldOrder(
            case_id=order.case_id,
            movement_id=order.movement_id,
            amount_fen=order.amount_fen,
            reason="deposit" if record.reason == "deposit" else "top_up",
            at=record.ordered_at,
        )

    async def _follow(
        self, movement_id: str, outcome: PaymentOutcome, order: PaymentOrder | PayoutOrder
    ) -> PaymentRecord:
        """Wait for news, ask, wait longer, ask again; past a bound a person looks into it too."""
        by_code = isinstance(order, PaymentOrder) and order.mode is PaymentMode.QR_CODE
        accepted = outcome.status is PaymentStatus.PENDING
        pause = ASK_PENDING_AFTER if accepted else ASK_AGAIN_AFTER
        person_at = workflow.now() + PERSON_AFTER
        task_id: str | None = None
        known_at = workflow.now()
        while outcome.status not in SETTLED:
            self._note_progress(movement_id, outcome)
            at_ward = self._desk.state.stage in AT_THE_WARD
            waits_for_desk = by_code and outcome.status is PaymentStatus.PENDING and at_ward
            if task_id is None and not waits_for_desk and workflow.now() >= person_at:
                task_id = self._ask_finance(movement_id, order.amount_fen)
            wait = QR_ASK_AGAIN_AFTER if waits_for_desk else pause
            if await self._news(movement_id, task_id, wait) and self._has_word(
                movement_id, task_id
            ):
                outcome, known_at = self._told(movement_id, task_id)
                continue
            outcome, known_at = await self._look_up(movement_id), workflow.now()
            if outcome.status is PaymentStatus.NOT_FOUND:
                # The partner never saw it, so sending it now, under the same id, is the first time.
                outcome = await self._order(order)
            if not waits_for_desk:
                pause = min(pause * 2, ASK_SELDOM if task_id else ASK_AGAIN_MAX)
        if task_id is not None:
            self._desk.no_longer_asked(task_id, at=workflow.now(), reason="付款结果已明确")
        return self._settle(movement_id, outcome, known_at)

    def _has_word(self, movement_id: str, task_id: str | None) -> bool:
        state = self._desk.state
        return movement_id in state.payment_results or task_id in state.completions

    async def _news(self, movement_id: str, task_id: str | None, pause: timedelta) -> bool:
        state = self._desk.state
        at_ward = state.stage in AT_THE_WARD
        try:
            await workflow.wait_condition(
                lambda: (
                    movement_id in state.payment_results
                    or task_id in state.completions
                    or (at_ward and state.stage not in AT_THE_WARD)
                ),
                timeout=pause,
                timeout_summary="等待付款结果",
            )
        except TimeoutError:
            return False
        return True

    def _told(self, movement_id: str, task_id: str | None) -> tuple[PaymentOutcome, datetime]:
        """What a callback said, or what a person found out, and when."""
        state = self._desk.state
        if movement_id in state.payment_results:
            result: PaymentResult = state.payment_results.pop(movement_id)
            outcome = PaymentOutcome(
                status=result.status, receipt_no=result.receipt_no, reason=result.reason
            )
            return outcome, result.at
        found = state.completions.pop(task_id or "")
        form = found.read(ResolvePayment)
        self._desk.note("payment_resolved", "财务核实付款结果", at=found.at, by=found.actor)
        outcome = PaymentOutcome(
            status=PaymentStatus.PAID if form.paid else PaymentStatus.REFUSED,
            receipt_no=form.reference or "",
            reason="" if form.paid else "resolved_not_paid",
        )
        return outcome, found.at

    async def _look_up(self, movement_id: str) -> PaymentOutcome:
        return await workflow.execute_activity_method(
            PayHospital.look_up,
            movement_id,
            start_to_close_timeout=ORDER_WITHIN,
            retry_policy=PARTNER_RETRY,
            summary="查询付款结果",
        )

    def _ask_finance(self, movement_id: str, amount_fen: int) -> str:
        self._desk.tell("payment_delayed")
        return self._desk.ask(
            TaskKind.RESOLVE_PAYMENT,
            at=workflow.now(),
            subject=movement_id,
            amount_fen=amount_fen,
        )

    def _note_progress(self, movement_id: str, outcome: PaymentOutcome) -> None:
        record = self._desk.state.payments[movement_id]
        if record.status is outcome.status and record.code_url == outcome.code_url:
            return
        change = {"status": outcome.status, "code_url": outcome.code_url or record.code_url}
        self._desk.pen.payment(record.model_copy(update=change), workflow.now())

    def _settle(self, movement_id: str, outcome: PaymentOutcome, at: datetime) -> PaymentRecord:
        paid = outcome.status is PaymentStatus.PAID
        record = self._desk.state.payments[movement_id].model_copy(
            update={
                "status": outcome.status,
                "settled_at": at,
                "receipt_no": outcome.receipt_no,
                "refusal": "" if paid else outcome.reason,
            }
        )
        self._desk.pen.payment(record, at)
        other = self._desk.state.payment_results.pop(movement_id, None)
        if other is not None and other.status in SETTLED and other.status is not record.status:
            self._desk.contradicted(movement_id, at=other.at)
        word = "付款成功" if paid else "付款被拒"
        self._desk.note("payment_settled", f"{word} {spoken(record.amount_fen)}", at=at)
        return record
