"""What the hospital returns of the deposits it did not need (DW16, C-58).

The hospital's word or finance's, whichever comes first, until all of it is back. A correction may
make it owe more or less after the bill was read.
"""

from __future__ import annotations

from temporalio import workflow

from domain import posting
from domain.money import spoken
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ConfirmRefund
from domain.waiver import Stage
from workflows.cases.desk import Desk
from workflows.messages.cases import RefundReceived


class Refunds:
    """The refunds of one case, from the bill on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._state = desk.state
        self._bill_read = False
        self._task: str | None = None

    def begin(self) -> None:
        """The bill is read: from now on what is too much comes back."""
        self._bill_read = True
        self.changed()

    def changed(self) -> None:
        """What is expected may have become another amount: ask for it, or ask no more."""
        state = self._state
        if not self._bill_read:
            return
        if self._task is None:
            if state.refund_expected_fen:
                self._desk.errand(self._expect(), "refund")
            return
        task = state.tasks.get(self._task)
        if task is not None and state.refund_expected_fen > 0:
            change = {"amount_fen": state.refund_expected_fen}
            self._desk.pen.task_opened(task.model_copy(update=change))

    async def received(self) -> None:
        """Nothing is offset or asked of the customer while the hospital still owes us."""
        if self._state.refund_expected_fen == 0:
            return
        self._desk.enter(Stage.REFUND, at=workflow.now())
        await workflow.wait_condition(lambda: self._state.refund_expected_fen == 0)

    def leftover(self) -> list[RefundReceived]:
        """What came beyond all that was owed; whose it is shows only at the end."""
        left, self._state.refunds = self._state.refunds, []
        return left

    async def _expect(self) -> None:
        state = self._state
        self._task = task = self._ask()
        while state.refund_expected_fen > 0:
            refund = await self._next(task)
            if refund is None:
                break
            amount_fen, at = self._counted(refund), refund.at
            if amount_fen == 0:
                if task not in state.tasks:
                    self._task = task = self._ask()
                continue
            number = state.next_number("refund")
            self._desk.book(posting.refund(state.case_id, number, amount_fen), at=at)
            state.refunded_fen += amount_fen
            self._desk.note("refund", f"医院退回押金 {spoken(amount_fen)}", at=at)
            self._desk.no_longer_asked(task, at=at, reason="退款已到账")
            if state.refund_expected_fen:
                self._task = task = self._ask()
        self._desk.no_longer_asked(task, at=workflow.now(), reason="无应退押金")
        self._task = None

    async def _next(self, task: str) -> RefundReceived | None:
        """The next word on a refund; None when a correction left nothing to return."""
        state = self._state
        await workflow.wait_condition(
            lambda: (
                bool(state.refunds) or task in state.completions or state.refund_expected_fen <= 0
            )
        )
        if task in state.completions:
            done = state.completions.pop(task)
            form = done.read(ConfirmRefund)
            return RefundReceived(
                refund_id=task, amount_fen=form.received.fen, reference=form.reference, at=done.at
            )
        return state.refunds.pop(0) if state.refunds else None

    def _counted(self, refund: RefundReceived) -> int:
        """What a refund brings; told twice it counts once, and what is too much is kept."""
        if refund.reference in self._state.refund_references:
            return 0
        self._state.refund_references.append(refund.reference)
        over_fen = refund.amount_fen - self._state.refund_expected_fen
        if over_fen > 0:
            self._desk.note("refund_beyond", f"医院退款多于应退 {spoken(over_fen)}", at=refund.at)
            change = {"amount_fen": over_fen, "reference": f"{refund.reference}:rest"}
            self._state.refunds.append(refund.model_copy(update=change))
        return min(refund.amount_fen, self._state.refund_expected_fen)

    def _ask(self) -> str:
        return self._desk.ask(
            TaskKind.CONFIRM_REFUND,
            at=workflow.now(),
            amount_fen=self._state.refund_expected_fen,
        )
