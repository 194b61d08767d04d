"""Why a command to a claim is refused (the reasons' codes are those of `workflows.refusals`)."""

from __future__ import annotations

from domain.documents import DocumentStage, missing
from domain.money import AmountRefused
from domain.steps.forms import Adjudicate, OfferClaim, SettleAtCounter
from domain.steps.tasks import ConfirmDocuments
from domain.waiver import Stage
from workflows.cases.case import CaseState, Shares
from workflows.messages.cases import OpenCase, Withdraw
from workflows.messages.matters import CompleteTask
from workflows.refusals import (
    AMOUNT_OUT_OF_RANGE,
    FORM_REFUSED,
    TOO_LATE_TO_WITHDRAW,
    WRONG_STAGE,
    open_step,
    papers_missing,
    refusal,
)


class ClaimRefusals:
    """Checks the commands of one claim against what it knows."""

    def __init__(self, state: CaseState, opening: OpenCase) -> None:
        self._state = state
        self._opening = opening

    def withdrawal(self, _: Withdraw) -> None:
        """A customer may withdraw until the claim is being paid."""
        if self._state.payment_ordered or self._state.stage is Stage.PAYOUT:
            raise refusal(TOO_LATE_TO_WITHDRAW, "赔款已在支付, 不能再撤销", "stage")
        if self._state.withdrawn is not None:
            raise refusal(WRONG_STAGE, "申请已经撤销", "stage")

    def completion(self, message: CompleteTask) -> None:
        """Whether a step may be completed like this."""
        _, form = open_step(self._state, message)
        try:
            match form:
                case ConfirmDocuments():
                    self._papers(form, message)
                case Adjudicate():
                    self._decision(form)
                case OfferClaim(reached=True, wants=True, consent_version=None):
                    raise refusal(FORM_REFUSED, "客户同意办理须登记授权版本", "consent_version")
                case SettleAtCounter():
                    self._bill(form)
                case _:
                    pass
        except AmountRefused:
            raise refusal(AMOUNT_OUT_OF_RANGE, "金额超出可记账的范围", "amount") from None

    def _papers(self, form: ConfirmDocuments, message: CompleteTask) -> None:
        needed = self._opening.programme.documents_for(None, DocumentStage.CLAIM)
        lacking = missing(needed, message.documents)
        if form.complete and lacking:
            raise papers_missing(lacking)
        if form.complete:
            return
        if not form.missing:
            raise refusal(FORM_REFUSED, "须列明缺少的资料", "missing")
        unsaid = set(form.missing) - set(self._state.asked_for)
        if self._state.asked_for and unsaid:
            raise refusal(FORM_REFUSED, "需补充的材料须一次性告知", "missing")

    def _decision(self, form: Adjudicate) -> None:
        """Paid is more than nothing and no more than is insured; not paying all has its reason."""
        insured = self._asked("sum_insured_left")
        if form.decision == "denied":
            if form.payable.fen:
                raise refusal(AMOUNT_OUT_OF_RANGE, "不予赔付的金额须为零", "payable")
        elif form.payable.fen <= 0 or (insured is not None and form.payable.fen > insured):
            raise refusal(AMOUNT_OUT_OF_RANGE, "赔付金额须大于零且不超过可用保额", "payable")
        if form.decision != "approved" and not form.reason:
            raise refusal(FORM_REFUSED, "未全额赔付须说明理由", "reason")

    def _bill(self, form: SettleAtCounter) -> None:
        share_fen = form.bill.fen - form.social_paid.fen - form.self_pay.fen
        insured = self._asked("sum_insured_left")
        if min(form.bill.fen, form.social_paid.fen, form.self_pay.fen, share_fen) < 0:
            raise refusal(AMOUNT_OUT_OF_RANGE, "各方支付之和不能超过账单", "bill")
        if insured is not None and share_fen > insured:
            raise refusal(AMOUNT_OUT_OF_RANGE, "应付金额超过可用保额", "bill")
        self._as_shown(form)

    def _as_shown(self, form: SettleAtCounter) -> None:
        """Where bill and social insurance have spoken, what was shown is what is settled (R857)."""
        shares = self._state.shares
        if shares is None:
            return
        if not form.amounts_shown:
            raise refusal(FORM_REFUSED, "结算前须向办理人出示总费用与自付金额", "amounts_shown")
        stated = Shares(
            bill_fen=form.bill.fen,
            social_paid_fen=form.social_paid.fen,
            self_pay_fen=form.self_pay.fen,
        )
        if stated != shares:
            raise refusal(AMOUNT_OUT_OF_RANGE, "金额与账单及医保结算不一致", "bill")

    def _asked(self, element: str) -> int | None:
        claim = self._opening.claim
        value = claim.elements.get(element) if claim else None
        return None if value is None else int(value)
