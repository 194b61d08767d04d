"""Why what finance reports of a case's money is refused: refunds, repayments, write-offs, claims.

What every payment has in common is checked in `workflows.money.refusals` before.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from domain.calendar import civil_date
from domain.money import spoken
from domain.steps.forms import Form, SettleLateClaim, SettleLateRefund
from domain.steps.tasks import ArrangeRepayment, ConfirmRefund, RecordRepayment, SignWriteOff
from workflows.cases.case import CaseState
from workflows.messages.matters import CompleteTask
from workflows.money.refusals import PayoutRefusals
from workflows.refusals import (
    AMOUNT_OUT_OF_RANGE,
    FORM_REFUSED,
    SAME_PERSON,
    amount_within,
    refusal,
)

PLAN_MAX: Final = timedelta(days=5 * 366)
"""The longest a customer may pay back by instalments."""


class MoneyRefusals(PayoutRefusals):
    """Checks the steps of finance against what the case knows of its money."""

    def __init__(self, state: CaseState) -> None:
        super().__init__(state)
        self._state = state

    def _form(self, form: Form, message: CompleteTask, asked_fen: int | None) -> None:
        match form:
            case ConfirmRefund():
                _new_reference(form.reference, self._state.refund_references)
                amount_within(form.received, "received", at_most=asked_fen)
            case RecordRepayment():
                _new_reference(form.reference, self._state.repayment_references)
                amount_within(form.amount, "amount", at_most=self._state.owed_fen)
            case ArrangeRepayment():
                self._arrangement(form, message)
            case SignWriteOff(approved=True) if message.actor.id in self._signed:
                raise refusal(SAME_PERSON, "核销须由不同的人员签字", "actor")
            case SettleLateRefund():
                self._late_refund(form, message, asked_fen)
            case SettleLateClaim():
                self._late_claim(form, message)
            case _:
                super()._form(form, message, asked_fen)

    @property
    def _signed(self) -> list[str]:
        """Who has signed the write-off so far."""
        return [] if self._state.write_off is None else self._state.write_off.signed_by

    def _arrangement(self, form: ArrangeRepayment, message: CompleteTask) -> None:
        """Instalments that together are what is owed, from today on; or a write-off, not both."""
        if form.write_off == bool(form.instalments):
            raise refusal(FORM_REFUSED, "分期还款与核销须二选一", "instalments")
        if form.write_off:
            return
        days = [part.due_on for part in form.instalments]
        if days != sorted({*days}) or days[0] < civil_date(message.at):
            raise refusal(FORM_REFUSED, "各期还款日须依次递增且不早于今天", "instalments")
        if days[-1] > civil_date(message.at) + PLAN_MAX:
            raise refusal(FORM_REFUSED, "分期还款最长五年", "instalments")
        for part in form.instalments:
            amount_within(part.amount, "instalments")
        if sum(part.amount.fen for part in form.instalments) != self._state.owed_fen:
            owed = spoken(self._state.owed_fen)
            raise refusal(AMOUNT_OUT_OF_RANGE, f"各期合计须等于待归还的 {owed}", "instalments")

    def _late_claim(self, form: SettleLateClaim, message: CompleteTask) -> None:
        """All that was added, of which our loss takes no more than what nobody owes."""
        state = self._state
        added_fen = state.late_claims[message.task_id].payable_fen - state.claimed_fen
        amount_within(form.received, "received", at_least=added_fen, at_most=added_fen)
        free_fen = form.received.fen - state.settlement.offset_of(form.received.fen)
        most_fen = min(state.written_off_fen, free_fen)
        amount_within(form.to_loss, "to_loss", at_least=0, at_most=most_fen)

    def _late_refund(
        self, form: SettleLateRefund, message: CompleteTask, asked_fen: int | None
    ) -> None:
        """All of it goes somewhere, and nobody gets back more than he gave."""
        state = self._state
        if message.task_id in state.overpaid and form.to_hospital.fen:
            raise refusal(AMOUNT_OUT_OF_RANGE, "医院并未收到该笔款项", "to_hospital")
        for money, field, gave_fen in (
            (form.to_customer, "to_customer", state.repaid_fen),
            (form.to_insurer, "to_insurer", state.offset_fen),
            (form.to_loss, "to_loss", state.written_off_fen),
        ):
            amount_within(money, field, at_least=0, at_most=gave_fen)
        parts = (form.to_customer, form.to_insurer, form.to_loss, form.to_hospital)
        if sum(one.fen for one in parts) != asked_fen:
            raise refusal(AMOUNT_OUT_OF_RANGE, "各项之和须等于退款金额", "to_hospital")


def _new_reference(reference: str, booked: Collection[str]) -> None:
    """Money counts once: under a number that is booked nothing would be booked again (I04)."""
    if reference in booked:
        raise refusal(FORM_REFUSED, "该流水号已登记过", "reference")
