"""The balance at discharge: what is covered beyond the deposits is paid to the hospital there.

Only where the programme pays directly (P20, C-19): the insurer says how much of the bill it
covers, the difference to what was advanced is paid on the same day, and the rest is the family's.
"""

from __future__ import annotations

from temporalio import workflow

from domain.money import spoken
from domain.programmes.terms import ExpectedEvent
from domain.steps.forms import SettleBalance
from domain.steps.kinds import TaskKind
from domain.steps.tasks import DischargeVisit
from workflows.cases.desk import Desk
from workflows.matter import Completion
from workflows.messages.cases import OpenCase
from workflows.waiver.deposits import Deposits, OverLimit


class Balance:
    """The last payment to the hospital."""

    def __init__(self, desk: Desk, opening: OpenCase, deposits: Deposits) -> None:
        self._desk = desk
        self._state = desk.state
        self._terms = opening.programme.deposit_waiver
        self._deposits = deposits

    async def pay(self, done: Completion, report: DischargeVisit) -> None:
        """Pay what is covered and not yet advanced; nothing where deposits are all there is."""
        if not self._terms.discharge.balance_paid:
            return
        task = self._desk.ask(
            TaskKind.SETTLE_BALANCE,
            at=done.at,
            until=ExpectedEvent.DISCHARGE_DONE,
            amount_fen=report.bill.fen,
        )
        settled = await self._desk.done(task)
        covered_fen = settled.read(SettleBalance).covered.fen
        self._desk.note(
            "covered", f"核定直付 {spoken(covered_fen)}", at=settled.at, by=settled.actor
        )
        balance_fen = covered_fen - self._state.advanced_fen
        if balance_fen <= 0:
            return
        try:
            paid = await self._deposits.pay_until_paid("deposit", balance_fen, None)
        except OverLimit:
            # A deposit counts that was thought refused; a supervisor sees to the rest of the bill.
            self._desk.alert(f"直付 {spoken(balance_fen)} 超出额度, 未支付")
            return
        self._desk.tell(
            "deposit_paid",
            amount=paid.amount_fen,
            total=self._state.advanced_fen,
            left=self._deposits.left_fen,
        )
        self._desk.note(
            "balance_paid",
            f"出院直付 {spoken(balance_fen)}",
            at=paid.settled_at or workflow.now(),
        )
