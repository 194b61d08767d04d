"""When a deposit at a hospital turns out to be another amount than the books of its case say.

What every payment has in common is corrected in `workflows.money.corrections`; here is what follows
from a deposit: a bill that was not paid from it, a larger refund, money that is to be given back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from activities.ports.cases import PaymentRecord
from domain import posting
from domain.money import spoken
from domain.waiver import Stage
from workflows.cases.desk import Desk
from workflows.matter import Completion
from workflows.money.corrections import PayoutCorrections

RECOVERING: Final = frozenset(
    {Stage.CLAIM_FILING, Stage.ADJUDICATION, Stage.REFUND, Stage.OFFSET, Stage.REPAYMENT}
)
"""Stages after the bill in which what is owed is still to be returned."""


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
