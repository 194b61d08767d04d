"""Why what is reported from the stay on is refused: visits, slips, the bill, the papers of a claim.

What comes before the first deposit is checked in `workflows.waiver.refusals`.
"""

from __future__ import annotations

from domain import doubts
from domain.calendar import civil_date
from domain.documents import DocumentKind, DocumentStage, missing
from domain.money import Money
from domain.programmes.waiver_terms import WaiverTerms
from domain.steps.forms import Form, HandInSlip, KeepSlip, SettleBalance, VerifyCost
from domain.steps.kinds import DUTY_NAMES
from domain.steps.tasks import (
    AnswerTopUp,
    ArrangeVisit,
    Care,
    CollectClaimDocuments,
    DischargeVisit,
    FileClaim,
)
from domain.waiver import PaymentMode
from workflows.cases.case import CaseState
from workflows.messages.cases import OpenCase
from workflows.messages.matters import CompleteTask
from workflows.refusals import (
    AMOUNT_OUT_OF_RANGE,
    FORM_REFUSED,
    MODE_NOT_AVAILABLE,
    WRONG_STAGE,
    amount_within,
    papers_missing,
    refusal,
)


class StayRefusals:
    """Checks the steps from the stay on against what the case knows."""

    def __init__(self, state: CaseState, opening: OpenCase) -> None:
        self._state = state
        self._opening = opening
        self._hospital = opening.hospital

    @property
    def _terms(self) -> WaiverTerms:
        return self._opening.programme.deposit_waiver

    def check(self, form: Form, message: CompleteTask, asked_fen: int | None) -> None:
        """A refusal, or nothing; the step itself is open and the caller's."""
        match form:
            case (
                ArrangeVisit(payment_mode=PaymentMode() as mode)
                | AnswerTopUp(payment_mode=PaymentMode() as mode)
            ) if mode not in self._hospital.payment_modes:
                raise refusal(MODE_NOT_AVAILABLE, "该医院不支持此付款方式", "payment_mode")
            case AnswerTopUp(accepted=False, reason=""):
                raise refusal(FORM_REFUSED, "拒绝续费须说明理由", "reason")
            case VerifyCost():
                amount_within(form.incurred, "incurred", at_least=0)
            case DischargeVisit():
                self._discharge(form, message)
            case Care():
                self._care(form, message.task_id)
            case HandInSlip():
                self._slip(form, message.task_id)
            case KeepSlip() if form.receipt_no != self._state.tasks[message.task_id].subject:
                raise refusal(FORM_REFUSED, "与交来的押金单号不一致", "receipt_no")
            case SettleBalance():
                self._balance(form, asked_fen or 0)
            case CollectClaimDocuments():
                must_lie_there(self._state, self._opening, message, DocumentStage.CLAIM)
            case FileClaim(courier_no=None) if self._terms.claim.sent_by == "courier":
                raise refusal(FORM_REFUSED, "须填写快递单号", "courier_no")
            case _:
                pass

    def _balance(self, form: SettleBalance, bill_fen: int) -> None:
        """What is covered lies within the bill, and what it adds within the limit."""
        state = self._state
        amount_within(form.covered, "covered", at_least=0, at_most=bill_fen)
        balance_fen = form.covered.fen - state.advanced_fen
        if balance_fen > 0 and not self._terms.limit.allows(
            balance_fen, limit_fen=state.limit_fen, advanced_fen=state.advanced_fen
        ):
            raise refusal(AMOUNT_OUT_OF_RANGE, "直付金额超过额度", "covered")

    def _care(self, form: Care, task_id: str) -> None:
        """Care is reported at the step that was planned for it: no duty is done unseen, or twice.

        A visit told at another duty's step would leave its own open and bring one more beside it.
        """
        planned, own = self._state.tasks, self._state.tasks[task_id].duty
        if own is not None and own not in form.duties:
            raise refusal(FORM_REFUSED, f"须包含本任务的{DUTY_NAMES[own]}", "duties")
        others = {one.duty for one in planned.values()} - {own}
        for duty in form.duties:
            if duty in others:
                told = f"{DUTY_NAMES[duty]}另有任务, 请在该任务中登记"
                raise refusal(FORM_REFUSED, told, "duties")

    def _slip(self, form: HandInSlip, task_id: str) -> None:
        """A slip is the one of this payment: no number serves for two of them (K08)."""
        state, about = self._state, self._state.slips[task_id]
        receipts = [one.receipt_no for one in state.payments.values() if one.movement_id != about]
        read = [number for of, number in state.slip_numbers.items() if of != about]
        others = {one for one in (*receipts, *read) if one}
        own = state.payments[about].receipt_no
        doubt, may_confirm = doubts.of_slip(form.receipt_no, own=own, others=others)
        if doubt and not (may_confirm and form.receipt_confirmed):
            field = "receipt_confirmed" if may_confirm else "receipt_no"
            raise refusal(FORM_REFUSED, doubt, field)

    def _doubted(self, bill: Money) -> str:
        """Why a bill is read again; with a balance paid by us the limit covers it."""
        state = self._state
        covers = state.limit_fen if self._terms.discharge.balance_paid else state.advanced_fen
        return doubts.of_bill(bill.fen, covered_fen=covers, advanced_fen=state.advanced_fen)

    def _discharge(self, form: DischargeVisit, message: CompleteTask) -> None:
        """The bill is an amount, and papers that count as collected lie in the file (R036)."""
        if not form.claim_explained:
            raise refusal(FORM_REFUSED, "出院时须告知客户索赔事项和流程", "claim_explained")
        state, leaves = self._state, self._state.discharge
        on_the_day = self._terms.discharge.service_on == "discharge_day"
        if on_the_day and leaves is not None and civil_date(message.at) < leaves.discharge_on:
            raise refusal(WRONG_STAGE, "出院结算在出院日办理", "stage")
        if state.slips_task in state.tasks:
            raise refusal(WRONG_STAGE, "押金单尚未领出", "stage")
        amount_within(form.bill, "bill", at_least=0)
        if (doubt := self._doubted(form.bill)) and not form.bill_confirmed:
            raise refusal(FORM_REFUSED, doubt, "bill_confirmed")
        if form.documents_collected:
            must_lie_there(self._state, self._opening, message, DocumentStage.CLAIM)


def must_lie_there(
    state: CaseState, opening: OpenCase, message: CompleteTask, stage: DocumentStage
) -> None:
    """The papers of a stage lie in the file, and what a reviewer asked for besides."""
    asked_for = [DocumentKind(kind) for kind in state.asked_for]
    needed = opening.programme.documents_for(opening.disease, stage)
    lacking = missing((*needed, *asked_for), message.documents)
    if lacking:
        raise papers_missing(lacking)
