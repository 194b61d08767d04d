"""Why what finance reports is refused: amounts, numbers and signatures of a case's money.

What all steps have in common is checked in `workflows.refusals` before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from domain.calendar import civil_date
from domain.money import AmountRefused, spoken
from domain.steps.forms import CorrectPayment, Form, SettleLateClaim, SettleLateRefund
from domain.steps.tasks import (
    TASKS,
    ArrangeRepayment,
    ConfirmRefund,
    RecordRepayment,
    ResolvePayment,
    SignWriteOff,
)
from workflows.messages.matters import CompleteTask
from workflows.money.payments import PayingState, booked_fen
from workflows.refusals import (
    AMOUNT_OUT_OF_RANGE,
    FORM_REFUSED,
    SAME_PERSON,
    WRONG_STAGE,
    amount_within,
    refusal,
)
from workflows.waiver.case import CaseState

PLAN_MAX: Final = timedelta(days=5 * 366)
"""The longest a customer may pay back by instalments."""


class PayoutRefusals:
    """Checks the steps of finance against what a matter knows of its payments."""

    def __init__(self, state: PayingState) -> None:
        self._paying = state

    def completion(self, message: CompleteTask) -> None:
        """Whether a step about money may be completed like this."""
        form = TASKS[message.kind].form.model_validate(message.form)
        try:
            self._form(form, message, self._paying.tasks[message.task_id].amount_fen)
        except AmountRefused:
            raise refusal(AMOUNT_OUT_OF_RANGE, "金额超出可记账的范围", "amount") from None

    def _form(self, form: Form, message: CompleteTask, asked_fen: int | None) -> None:  # noqa: ARG002 - a case compares it
        match form:
            case CorrectPayment():
                self._correction(form, message)
            case ResolvePayment(paid=True, reference=None):
                raise refusal(FORM_REFUSED, "确认已付须填写凭证号", "reference")
            case _:
                pass

    def _correction(self, form: CorrectPayment, message: CompleteTask) -> None:
        """What is out has a number, and what a hospital has sent back had reached it."""
        record = self._paying.payments[self._paying.corrections[message.task_id]]
        if record.settled_at is None:
            # Still asked for: what comes of it is booked then, and would count twice.
            raise refusal(WRONG_STAGE, "付款结果尚未明确, 明确后再更正", "stage")
        if form.really_out.fen and form.reference is None:
            raise refusal(FORM_REFUSED, "确认已付须填写凭证号", "reference")
        never_left_fen = booked_fen(record) - form.really_out.fen
        if never_left_fen > self._paying.returnable_fen(record):
            raise refusal(AMOUNT_OUT_OF_RANGE, "医院已退回的押金必曾付出", "really_out")


class MoneyRefusals(PayoutRefusals):
    """Checks the steps of finance against what the case knows of its money."""

    def __init__(self, state: CaseState) -> None:
        super().__init__(state)
        self._state = state

    def _form(self, form: Form, message: CompleteTask, asked_fen: int | None) -> None:
        match form:
            case ConfirmRefund():
                amount_within(form.received, "received", at_most=asked_fen)
            case RecordRepayment():
                if form.reference in self._state.repayment_references:
                    raise refusal(FORM_REFUSED, "该流水号已登记过", "reference")
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
