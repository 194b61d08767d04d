"""Why what finance reports is refused: amounts, numbers and signatures of a case's money.

What all steps have in common is checked in `workflows.refusals` before.
"""

from __future__ import annotations

from domain.money import AmountRefused
from domain.steps.forms import CorrectPayment, Form
from domain.steps.tasks import TASKS, ResolvePayment
from workflows.messages.matters import CompleteTask
from workflows.money.payments import PayingState, booked_fen
from workflows.refusals import AMOUNT_OUT_OF_RANGE, FORM_REFUSED, WRONG_STAGE, refusal


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
