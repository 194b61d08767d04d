"""One payment to the hospital, from the hold on the limit to its certain end.

Held before anything is asked, ordered under an id made of what it is, then followed until the
partner's word is certain: done, refused, or settled by a person with the evidence of both sides.
An outcome nobody knows is asked for again; it is never paid under a new id and never given up.
While a supervisor holds the matter nothing is sent, not even again; what is out is still asked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from temporalio import workflow

from activities.ports.cases import (
    PaymentOrder,
    PaymentOutcome,
    PaymentRecord,
    PaymentStatus,
    PayoutOrder,
)
from domain.money import spoken
from domain.posting import Reason, late_deposit, movement, payout
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ResolvePayment
from domain.waiver import MODE_NAMES, PaymentMode
from workflows.messages.payments import PaymentResult
from workflows.money.desk import SETTLED, PayingDesk, evidence_of
from workflows.money.orders import UNANSWERED, Orders, is_to_send
from workflows.waiting import came_by

ASK_AGAIN_AFTER: Final = timedelta(seconds=30)
ASK_PENDING_AFTER: Final = timedelta(minutes=5)
"""A partner that took the order calls back by itself; asking sooner would only be impatience."""
SEND_AGAIN_AFTER: Final = timedelta(seconds=1)
"""Nothing left the house, and somebody waits in a bed."""
ASK_AGAIN_MAX: Final = timedelta(minutes=15)
"""The pause before asking what became of a payment; it doubles up to fifteen minutes."""
ASK_SELDOM: Final = timedelta(hours=6)
"""Once finance looks into it, asking is only the safety net; a history has an end."""
QR_ASK_AGAIN_AFTER: Final = timedelta(hours=24)
"""A code waits for somebody at the desk, so its callback is the news; asking is the safety net."""
QR_STANDS: Final = timedelta(hours=2)
"""So long a code is left at least, even when the promise it keeps is nearly due."""
PERSON_AFTER: Final = timedelta(hours=1)
"""So long may an outcome stay unknown before finance is asked to find out."""

OTHER_CONTENT: Final = "对方以此编号另有内容, 请核对实付金额"
"""What is paid under an id that also stands for something else may be another amount."""

_ACCEPTED: Final = PaymentOutcome(status=PaymentStatus.PENDING)

_FIRST_PAUSE: Final = {
    PaymentStatus.PENDING: ASK_PENDING_AFTER,
    PaymentStatus.UNREACHABLE: SEND_AGAIN_AFTER,
}


class DepositPayment:
    """Pays one amount to one hospital, or to the customer; at a branch, where one is named."""

    def __init__(
        self, desk: PayingDesk, *, case_id: str, hospital_id: str = "", branch: str = ""
    ) -> None:
        self._desk = desk
        self._orders = Orders(desk)
        self._case_id = case_id
        self._hospital_id = hospital_id
        self._branch = branch

    async def pay(
        self,
        reason: Literal["deposit", "top_up"],
        amount_fen: int,
        mode: PaymentMode,
        *,
        due_at: datetime | None = None,
    ) -> PaymentRecord:
        """Hold, order, and follow to the end: `paid` or `refused`, nothing else.

        A code that nobody scanned by the due moment, or before discharge, is taken back.
        """
        await self._desk.not_held()
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
        stands = workflow.now() + QR_STANDS
        code_until = max(due_at or stands, stands) if mode is PaymentMode.QR_CODE else None
        return await self._follow(order, await self._orders.send(order), code_until=code_until)

    async def pay_out(self, amount_fen: int) -> PaymentRecord:
        """Pay the residual of the claim to the customer, with the same care."""
        await self._desk.not_held()
        number = self._desk.state.later_number("payout")
        order = PayoutOrder(
            movement_id=movement(self._case_id, Reason.PAYOUT, number),
            case_id=self._case_id,
            amount_fen=amount_fen,
            branch=self._branch,
        )
        self._begin(order.movement_id, "payout", amount_fen, None)
        record = await self._follow(order, await self._orders.send(order))
        if record.status is PaymentStatus.PAID:
            self._desk.book(payout(self._case_id, amount_fen, number), at=workflow.now())
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
        how = "" if mode is None else f" · {MODE_NAMES[mode]}"
        self._desk.note("payment_ordered", f"下达付款 {spoken(amount_fen)}{how}")

    async def _follow(
        self,
        order: PaymentOrder | PayoutOrder,
        outcome: PaymentOutcome,
        *,
        code_until: datetime | None = None,
    ) -> PaymentRecord:
        """Wait for news, ask, wait longer, ask again; past a bound a person looks into it too."""
        movement_id = order.movement_id
        task_id: str | None = None
        pause, person_at = timedelta(), workflow.now() + PERSON_AFTER
        known_at, conflict = workflow.now(), False
        while outcome.status not in SETTLED:
            conflict = conflict or outcome.conflict
            self._note_progress(movement_id, outcome)
            pause = max(pause, self._first_pause(outcome))
            code_left, stopped = self._code_left(outcome, code_until), self._stopped(outcome)
            if code_left or stopped or outcome == UNANSWERED:
                person_at = workflow.now() + code_left + PERSON_AFTER
            if task_id is None and (outcome.conflict or workflow.now() >= person_at):
                task_id = self._ask_finance(movement_id, order.amount_fen, outcome)
            wait = min(code_left, QR_ASK_AGAIN_AFTER) if code_left else pause
            if await self._news(
                movement_id, task_id, wait, code_waits=bool(code_left), stopped=stopped
            ):
                told = self._told(movement_id, task_id)
                may_be_scanned = code_until is not None and not outcome.conflict
                if told is not None and not (may_be_scanned and told[0].resolved_unpaid):
                    outcome, known_at = told
                    continue
                # A code ends only when it is taken back, whatever finance has seen so far.
                task_id, person_at = None, workflow.now() + PERSON_AFTER
                if told is not None:
                    outcome, code_until = _ACCEPTED, workflow.now()
            take_back = code_until is not None and not self._code_left(outcome, code_until)
            outcome = await self._orders.asked_again(order, outcome, take_back=take_back)
            known_at = workflow.now()
            if stopped and not self._desk.state.held:
                pause = timedelta()  # what was stopped is sent as if it were new
            elif not code_left:
                pause = min(pause * 2, ASK_SELDOM if task_id or stopped else ASK_AGAIN_MAX)
        if task_id is not None:
            self._desk.no_longer_asked(task_id, at=workflow.now(), reason="付款结果已明确")
        record = self._settle(movement_id, outcome, known_at)
        if conflict and record.status is PaymentStatus.PAID:
            theirs = evidence_of(record).model_copy(update={"theirs": OTHER_CONTENT})
            self._desk.contradicted(movement_id, theirs, at=known_at)
        return record

    @staticmethod
    def _first_pause(outcome: PaymentOutcome) -> timedelta:
        """How long to wait at least before the partner is asked, or the order sent, again."""
        if outcome == UNANSWERED:
            return SEND_AGAIN_AFTER
        return _FIRST_PAUSE.get(outcome.status, ASK_AGAIN_AFTER)

    def _stopped(self, outcome: PaymentOutcome) -> bool:
        """Whether it waits for a supervisor: it is to be sent again, and the matter is held."""
        return self._desk.state.held and is_to_send(outcome)

    def _code_left(self, outcome: PaymentOutcome, until: datetime | None) -> timedelta:
        """How long an accepted code may still wait for the cashier; nothing at discharge."""
        waits = outcome.status is PaymentStatus.PENDING and self._desk.state.at_the_ward
        if until is None or not waits:
            return timedelta()
        return max(until - workflow.now(), timedelta())

    async def _news(
        self,
        movement_id: str,
        task_id: str | None,
        pause: timedelta,
        *,
        code_waits: bool,
        stopped: bool,
    ) -> bool:
        """Whether there is news before the pause is over, or before a hold that stops it is."""
        state = self._desk.state

        def heard() -> bool:
            return (
                movement_id in state.payment_results
                or task_id in state.completions
                or (code_waits and not state.at_the_ward)
            )

        came = await came_by(
            lambda: heard() or (stopped and not state.held),
            workflow.now() + pause,
            summary="等待付款结果",
        )
        return came and heard()

    def _told(
        self, movement_id: str, task_id: str | None
    ) -> tuple[PaymentOutcome, datetime] | None:
        """What a callback said, or what a person found out, and when; None if neither did."""
        state = self._desk.state
        if movement_id in state.payment_results:
            result: PaymentResult = state.payment_results.pop(movement_id)
            outcome = PaymentOutcome(
                status=result.status, receipt_no=result.receipt_no, reason=result.reason
            )
            return outcome, result.at
        found = state.completions.pop(task_id or "", None)
        if found is None:
            return None
        form = found.read(ResolvePayment)
        self._desk.note("payment_resolved", "财务核实付款结果", at=found.at, by=found.actor)
        outcome = PaymentOutcome(
            status=PaymentStatus.PAID if form.paid else PaymentStatus.REFUSED,
            receipt_no=form.reference or "",
            reason="" if form.paid else "resolved_not_paid",
            resolved_unpaid=not form.paid,
        )
        return outcome, found.at

    def _ask_finance(self, movement_id: str, amount_fen: int, outcome: PaymentOutcome) -> str:
        if outcome.conflict:
            self._desk.alert(f"付款编号已有不同内容 {movement_id}")
        self._desk.payment_delayed()
        task = self._desk.ask(
            TaskKind.RESOLVE_PAYMENT,
            at=workflow.now(),
            subject=movement_id,
            amount_fen=amount_fen,
        )
        self._desk.show(task, evidence_of(self._desk.state.payments[movement_id]))
        return task

    def _note_progress(self, movement_id: str, outcome: PaymentOutcome) -> None:
        record = self._desk.state.payments[movement_id]
        change = {
            "status": outcome.status,
            "code_url": outcome.code_url or record.code_url,
            "held": record.held and outcome.held,
        }
        changed = record.model_copy(update=change)
        if changed != record:
            self._desk.pen.payment(changed, workflow.now())
        if changed.code_url and not record.code_url:
            self._desk.code_ready(record.amount_fen)

    def _settle(self, movement_id: str, outcome: PaymentOutcome, at: datetime) -> PaymentRecord:
        paid = outcome.status is PaymentStatus.PAID
        known = self._desk.state.payments[movement_id]
        record = known.model_copy(
            update={
                "status": outcome.status,
                "held": known.held and outcome.held,
                "settled_at": at,
                "receipt_no": outcome.receipt_no,
                "refusal": "" if paid else outcome.reason,
            }
        )
        self._desk.pen.payment(record, at)
        if paid and not record.held and record.reason != "payout":
            # The money is out and no hold stands for it, so it is booked on its own.
            self._desk.book(late_deposit(self._case_id, movement_id, record.amount_fen), at=at)
        other = self._desk.state.payment_results.pop(movement_id, None)
        if other is not None and other.status in SETTLED and other.status is not record.status:
            self._desk.contradicted(movement_id, evidence_of(record, other), at=other.at)
        word = "付款成功" if paid else "付款被拒"
        self._desk.note("payment_settled", f"{word} {spoken(record.amount_fen)}", at=at)
        return record
