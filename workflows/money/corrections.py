"""When a payment turns out to be another than the books say: finance finds out, the books follow.

A partner that said "refused" says "paid", or the other way; a day's statement has another amount.
Nothing is believed over the other side by itself: finance sees what both say and reports what is
really out under this movement. Only the difference is booked, under an id of its own, and what
follows from it is asked for: a larger refund of the hospital, a payout that has to be made again.
"""

from __future__ import annotations

from collections.abc import Callable

from activities.ports.cases import PaymentRecord, PaymentStatus
from domain import posting
from domain.money import spoken
from domain.steps.forms import CorrectPayment
from workflows.matter import Completion
from workflows.money.desk import PayingDesk
from workflows.money.payments import PayingState, booked_fen
from workflows.waiting import each_reported


class PayoutCorrections:
    """The corrections of a matter that only pays customers."""

    def __init__(self, desk: PayingDesk, *, pay_again: Callable[[int], None]) -> None:
        self._desk = desk
        self._paying: PayingState = desk.state
        self._pay_again = pay_again

    async def watch(self) -> None:
        """Act on what finance reports, for as long as the case runs."""
        state = self._paying
        await each_reported(state, lambda: filter(self._is_still, state.corrections), self._correct)

    def _is_still(self, task: str) -> bool:
        """Whether no page is open that ends the hold of the payment this step is about.

        A page has one line for a payment: the correction of one beat later must not replace it.
        """
        page, movement_id = self._paying.unwritten, self._paying.corrections[task]
        return page is None or all(one.movement_id != movement_id for one in page.payments)

    def _correct(self, task: str, done: Completion) -> None:
        movement_id = self._paying.corrections.pop(task)
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
