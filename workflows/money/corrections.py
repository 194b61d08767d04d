"""When a payment turns out to be another than the books say: finance finds out, the books follow.

A partner that said "refused" says "paid", or the other way; a day's statement has another amount.
Nothing is believed over the other side by itself: finance sees what both say and reports what is
really out under this movement. Only the difference is booked, under an id of its own, and what
follows from it is asked for: a larger refund of the hospital, a payout that has to be made again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from temporalio import workflow

from activities.ports.cases import PaymentRecord, PaymentStatus
from domain import posting
from domain.money import spoken
from domain.steps.forms import CorrectPayment
from domain.waiver import Stage
from workflows.matter import Completion
from workflows.money.desk import PayingDesk
from workflows.money.payments import PayingState, booked_fen
from workflows.waiver.desk import Desk

RECOVERING: Final = frozenset(
    {Stage.CLAIM_FILING, Stage.ADJUDICATION, Stage.REFUND, Stage.OFFSET, Stage.REPAYMENT}
)
"""Stages after the bill in which what is owed is still to be returned."""


class PayoutCorrections:
    """The corrections of a matter that only pays customers."""

    def __init__(self, desk: PayingDesk, *, pay_again: Callable[[int], None]) -> None:
        self._desk = desk
        self._paying: PayingState = desk.state
        self._pay_again = pay_again

    async def watch(self) -> None:
        """Act on what finance reports, for as long as the case runs."""
        state = self._paying
        while True:
            await workflow.wait_condition(lambda: any(map(self._ready, state.corrections)))
            for task in list(filter(self._ready, state.corrections)):
                self._correct(state.corrections.pop(task), state.completions.pop(task))

    def _ready(self, task: str) -> bool:
        """Finance has reported, and no page is open that ends the hold of this payment.

        A page has one line for a payment: the correction of one beat later must not replace it.
        """
        state, movement_id = self._paying, self._paying.corrections[task]
        page = state.unwritten
        changing = page is not None and any(one.movement_id == movement_id for one in page.payments)
        return task in state.completions and not changing

    def _correct(self, movement_id: str, done: Completion) -> None:
        form, record = done.read(CorrectPayment), self._paying.payments[movement_id]
        out_fen = form.really_out.fen
        more_fen = out_fen - booked_fen(record)
        text = f"核实 {movement_id} 实付 {spoken(out_fen)}"
        self._desk.note("payment_corrected", text, at=done.at, by=done.actor)
        if more_fen == 0:
            return
        self._book(record, more_fen, done)
        change = {
            "status": PaymentStatus.PAID if out_fen else PaymentStatus.REFUSED,
            "amount_fen": out_fen or record.amount_fen,
            "receipt_no": form.reference or record.receipt_no,
            "refusal": "" if out_fen else "corrected_not_paid",
            # Its hold has ended; what is booked from now on stands by itself.
            "held": False,
        }
        self._desk.pen.payment(record.model_copy(update=change), done.at)
        self._follow(record, more_fen, done)

    def _book(self, record: PaymentRecord, more_fen: int, done: Completion) -> None:
        number = self._paying.next_number(f"fix {record.movement_id}")
        transfers = posting.correction(
            self._paying.matter_id,
            record.movement_id,
            number,
            more_fen=more_fen,
            payout=record.reason == "payout",
        )
        self._desk.book(transfers, at=done.at)

    def _follow(self, record: PaymentRecord, more_fen: int, done: Completion) -> None:
        """What the corrected books now ask for."""
        if record.reason == "payout":
            if more_fen < 0:
                self._pay_again(-more_fen)
        else:
            self._follow_deposit(record, done)

    def _follow_deposit(self, record: PaymentRecord, done: Completion) -> None:
        """A deposit at a hospital was another amount than we believed."""


class Corrections(PayoutCorrections):
    """The corrections of one case."""

    def __init__(
        self,
        desk: Desk,
        *,
        deposits_changed: Callable[[], None],
        pay_again: Callable[[int], None],
        give_back: Callable[[str], None],
    ) -> None:
        super().__init__(desk, pay_again=pay_again)
        self._state = desk.state
        self._deposits_changed = deposits_changed
        self._give_back = give_back

    def _follow_deposit(self, record: PaymentRecord, done: Completion) -> None:
        state = self._state
        unpaid_fen = -state.settlement.refund_due_fen
        if unpaid_fen > 0:
            # The bill was not paid from the advance as far as we believed.
            state.bill_fen -= unpaid_fen
            state.unbilled_fen += unpaid_fen
            number = state.next_number("refund")
            self._desk.book(posting.unbilled(state.case_id, number, unpaid_fen), at=done.at)
            self._desk.alert(f"医院账单有 {spoken(unpaid_fen)} 并未由押金支付")
            self._give_back(record.movement_id)
        elif state.stage in RECOVERING:
            self._bill_again(min(state.unbilled_fen, -unpaid_fen), done)
        self._deposits_changed()

    def _bill_again(self, amount_fen: int, done: Completion) -> None:
        """The hospital had its money for the bill after all; later only it can send it back."""
        if amount_fen == 0:
            return
        state = self._state
        state.bill_fen += amount_fen
        state.unbilled_fen -= amount_fen
        number = state.next_number("refund")
        self._desk.book(posting.bill(state.case_id, amount_fen, number), at=done.at)
        self._withdraw_overpaid(done)

    def _withdraw_overpaid(self, done: Completion) -> None:
        """What was returned is owed again, so that nobody is to get it back."""
        state = self._state
        for task in list(state.overpaid):
            if sum(state.overpaid.values()) > max(0, -state.settlement.owed_fen):
                del state.overpaid[task]
                self._desk.no_longer_asked(task, at=done.at, reason="付款已更正")
