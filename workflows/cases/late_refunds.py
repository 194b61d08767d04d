"""Money that too much was paid of: whose is it?

A refund comes when a case has ended, its books at zero: the hospital's bill was lower than what was
settled. Or a deposit turns out never to have left, and what was asked for it has been returned. So
somebody has paid too much: the customer who repaid, the insurer whose claim was offset, or we who
gave it up. Finance says who, and each gets back at most what they gave; what is nobody's of a
refund goes back to the hospital.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio import workflow

from domain import posting
from domain.money import spoken
from domain.steps.forms import SettleLateRefund
from domain.steps.kinds import Evidence, TaskKind
from workflows.cases.desk import Desk
from workflows.cockpit import civil
from workflows.matter import Completion
from workflows.messages.cases import RefundReceived
from workflows.waiting import each_reported


class LateRefunds:
    """The late refunds of one case."""

    def __init__(self, desk: Desk, *, pay_out: Callable[[int], None]) -> None:
        self._desk = desk
        self._state = desk.state
        self._pay_out = pay_out

    def ask(self, refund: RefundReceived) -> None:
        """Let finance find out, once for each reference."""
        state = self._state
        if refund.reference in state.refund_references:
            return
        state.refund_references.append(refund.reference)
        self._desk.note("late_refund", f"结案后退款 {spoken(refund.amount_fen)}", at=refund.at)
        task = self._desk.ask(
            TaskKind.SETTLE_LATE_REFUND,
            at=refund.at,
            subject=refund.reference,
            amount_fen=refund.amount_fen,
        )
        state.late_refunds[task] = refund
        theirs = f"{civil(refund.at)} 医院退款 {spoken(refund.amount_fen)} 编号 {refund.reference}"
        self._desk.show(task, Evidence(ours=f"已结案: {self._returned}", theirs=theirs))

    def overpaid(self, movement_id: str) -> None:
        """A payment never left, but the claim or the customer has returned it: ask whose it is."""
        state, amount_fen = self._state, self._state.overpaid_fen
        if amount_fen == 0:
            return
        now = workflow.now()
        self._desk.note("overpaid", f"未付出却已收回 {spoken(amount_fen)}", at=now)
        task = self._desk.ask(
            TaskKind.SETTLE_LATE_REFUND, at=now, subject=movement_id, amount_fen=amount_fen
        )
        state.overpaid[task] = amount_fen
        theirs = f"{movement_id} 经核实并未付出"
        self._desk.show(task, Evidence(ours=self._returned, theirs=theirs))

    @property
    def _returned(self) -> str:
        """Who has returned how much of the advance."""
        state = self._state
        return (
            f"理赔抵扣 {spoken(state.offset_fen)}, 客户归还 {spoken(state.repaid_fen)}, "
            f"核销 {spoken(state.written_off_fen)}"
        )

    async def watch(self) -> None:
        """Act on what finance reports, for as long as the case runs."""
        state = self._state
        await each_reported(state, lambda: [*state.late_refunds, *state.overpaid], self._settle)

    def _settle(self, task: str, done: Completion) -> None:
        """Book whose it is: of a refund the hospital sent, or of money that had never left."""
        state, form = self._state, done.read(SettleLateRefund)
        came = state.overpaid.pop(task, None) is None
        state.late_refunds.pop(task, None)
        ours_fen = form.to_customer.fen + form.to_insurer.fen + form.to_loss.fen
        text = "结案后退款已分配" if came else "多收款项已分配"
        self._desk.note("late_refund_settled", text, at=done.at, by=done.actor)
        parts = {
            "to_customer_fen": form.to_customer.fen,
            "to_insurer_fen": form.to_insurer.fen,
            "to_loss_fen": form.to_loss.fen,
        }
        number = state.next_number("refund")
        if came:
            back_fen = form.to_hospital.fen
            transfers = posting.late_refund(
                state.case_id, number, **parts, to_hospital_fen=back_fen
            )
        else:
            transfers = posting.given_back(state.case_id, number, **parts)
        self._desk.book(transfers, at=done.at)
        if came:
            state.bill_fen -= ours_fen
            state.refunded_fen += ours_fen
        state.repaid_fen -= form.to_customer.fen
        state.offset_fen -= form.to_insurer.fen
        state.written_off_fen -= form.to_loss.fen
        if form.to_customer.fen:
            self._pay_out(form.to_customer.fen)
