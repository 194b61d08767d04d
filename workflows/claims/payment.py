"""Paying a claim: to the customer, or to the hospital in one transaction with the bill (CL04)."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from activities.ports.cases import PaymentStatus
from domain import posting
from domain.money import spoken
from domain.programmes.terms import ExpectedEvent
from domain.steps.forms import HandOverMoney, SettleAtCounter
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from workflows.cases.desk import CaseOver, Desk
from workflows.matter import Completion
from workflows.messages.cases import OpenCase
from workflows.money.deposit_payment import DepositPayment
from workflows.money.payouts import Payouts


class ClaimPayment:
    """The money of one claim."""

    def __init__(self, desk: Desk, opening: OpenCase) -> None:
        self._desk = desk
        self._state = desk.state
        self._branch = opening.claim.branch_name if opening.claim else ""
        self._payment = DepositPayment(
            desk,
            case_id=opening.case_id,
            hospital_id=opening.hospital.hospital_id,
            branch=opening.claim.branch if opening.claim else "",
        )
        self.payouts = Payouts(desk, self._payment)

    async def pay_out(self, payable_fen: int, *, at: datetime) -> None:
        """The claim money is the customer's: booked, then paid, and followed to a certain end."""
        desk, case_id = self._desk, self._state.case_id
        desk.money_leaves()
        desk.enter(Stage.PAYOUT, at=workflow.now())
        self._state.limit_fen = payable_fen  # what was decided opens the books of the claim
        desk.pen.fix_limit("at_most", at=workflow.now())
        desk.book(posting.claim(case_id, payable_fen=payable_fen, offset_fen=0), at=at)
        at = await self._to_customer(payable_fen)
        desk.happened(ExpectedEvent.CLAIM_PAID, at=at)
        desk.happened(ExpectedEvent.CLAIM_PROCESSED, at=at)

    async def _to_customer(self, amount_fen: int) -> datetime:
        """Pay and follow to a certain end; returns when it was paid."""
        desk = self._desk
        # The claim money must stand in the ledger before it leaves the house.
        await desk.written()
        record = await self.payouts.pay(amount_fen)
        paid_at = record.settled_at or workflow.now()
        desk.note("claim_paid", f"理赔金已支付 {spoken(amount_fen)}", at=paid_at)
        if self._branch:
            await self._at_a_branch(amount_fen)
        else:
            desk.tell("claim_paid", amount=amount_fen)
        return paid_at

    async def _at_a_branch(self, amount_fen: int) -> None:
        """The money lies at the branch the customer named; it is handed over there (R862)."""
        desk = self._desk
        desk.tell("claim_at_branch", amount=amount_fen, list=self._branch)
        task = desk.ask(
            TaskKind.HAND_OVER_MONEY,
            at=workflow.now(),
            subject=self._branch,
            amount_fen=amount_fen,
        )
        handed = await desk.done(task)
        form = handed.read(HandOverMoney)
        desk.note("handed_over", f"网点 {form.branch} 已交付", at=handed.at, by=handed.actor)

    async def settle_at_counter(self, done: Completion | None) -> None:
        """What neither social insurance nor the customer pays is paid with the bill, at once."""
        if done is None:
            raise RuntimeError("a counter settles a bill")
        desk, state = self._desk, self._state
        form = done.read(SettleAtCounter)
        share_fen = form.bill.fen - form.social_paid.fen - form.self_pay.fen
        desk.enter(Stage.ADJUDICATION, at=workflow.now())
        if share_fen == 0:
            raise CaseOver(Stage.DECLINED, "没有应由本保险支付的金额")
        desk.money_leaves()
        desk.enter(Stage.PAYOUT, at=workflow.now())
        state.limit_fen = share_fen
        desk.pen.fix_limit("at_most", at=workflow.now())
        await desk.written()
        paid = await self._payment.pay("deposit", share_fen, PaymentMode.DIRECT_PAY)
        at = paid.settled_at or workflow.now()
        if paid.status is not PaymentStatus.PAID:
            # The counter could not take it: the customer pays the hospital, and we the customer.
            state.claim_state = "approved"
            desk.book(posting.claim(state.case_id, payable_fen=share_fen, offset_fen=0), at=at)
            await self._to_customer(share_fen)
            return
        # One page: the payment is posted and the claim settled in one transaction (R816).
        desk.book(posting.bill(state.case_id, share_fen), at=at)
        desk.book(posting.claim(state.case_id, payable_fen=share_fen, offset_fen=share_fen), at=at)
        state.billed_fen, state.bill_fen = form.bill.fen, share_fen
        state.offset_fen, state.claim_state = share_fen, "approved"
        if form.present == "family":
            desk.note("family_present", "家属代办出院结算, 已告知总费用与自付金额", at=done.at)
        desk.note("own_share", f"客户自付 {spoken(form.self_pay.fen)}", at=at)
        desk.note("settled", f"出院同步结算 {spoken(share_fen)}", at=at, by=done.actor)
        desk.tell("settled", amount=share_fen, left=form.self_pay.fen)
