"""The bill of a claim, from whom it lies with: read by its number, settled with social insurance.

Somebody stands at a counter meanwhile, so that every wait here is short: what no partner tells in
time, the counter states by hand. A word that comes later is compared with what was used.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from activities.exchange import ExchangeBills
from activities.ports.exchange import BillWanted, ReadBill, SettleBill, SocialAnswer
from domain.money import spoken
from workflows.cases.case import Shares
from workflows.cases.desk import Desk
from workflows.messages.cases import BillSettled, OpenCase

ASK_WITHIN: Final = timedelta(seconds=15)
"""As for a payment: nine seconds for the partner, then a dead worker's call is made again."""
COUNTER_WAITS: Final = timedelta(minutes=2)
"""So long one partner is tried, or its callback waited for, before the counter states it itself."""
RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=15)
)
"""Asking is idempotent under the bill's number and the settlement's id; bounded by the counter."""


class Bill:
    """The bill of one claim."""

    def __init__(self, desk: Desk, opening: OpenCase) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._bill_no = opening.claim.bill_no if opening.claim else ""

    @property
    def _settlement_id(self) -> str:
        return f"{self._state.case_id}:social"

    async def read(self) -> ReadBill | None:
        """The bill, and what it says becomes known of the claim; None when nobody delivers it."""
        if not self._bill_no:
            return None
        wanted = BillWanted(
            case_id=self._state.case_id,
            hospital_id=self._opening.hospital.hospital_id,
            bill_no=self._bill_no,
            disease=self._opening.disease,
        )
        try:
            bill = await workflow.execute_activity_method(
                ExchangeBills.read,
                wanted,
                start_to_close_timeout=ASK_WITHIN,
                schedule_to_close_timeout=COUNTER_WAITS,
                retry_policy=RETRY,
                summary="读取电子账单",
            )
        except ActivityError:
            self._desk.note("bill_silent", "电子账单暂不可读")
            return None
        if not bill.found or bill.bill_fen == 0:
            self._desk.note("bill_not_found", "查无此电子账单")
            return None
        self._learn(bill)
        self._desk.note("bill_read", f"电子账单 {spoken(bill.bill_fen)}")
        return bill

    def _learn(self, bill: ReadBill) -> None:
        known = {
            "bill": bill.bill_fen,
            "social_paid": bill.social_paid_fen,
            "self_pay": bill.self_pay_fen,
            "unknown_items": bill.unknown_items if bill.items else None,
            "unfit_items": bill.unfit_items if bill.items else None,
        }
        self._state.elements |= {code: fen for code, fen in known.items() if fen is not None}

    async def shares(self) -> Shares | None:
        """Who pays which part of the bill; None: the counter has to say."""
        bill = await self.read()
        if bill is None:
            return None
        settled = await self._settled(bill)
        if settled is None:
            return None
        self._desk.note("social_settled", f"医保支付 {spoken(settled.social_paid_fen)}")
        shares = Shares(
            bill_fen=bill.bill_fen,
            social_paid_fen=settled.social_paid_fen,
            self_pay_fen=settled.self_pay_fen,
        )
        self._state.shares = self._within_cover(shares)
        return self._state.shares

    async def _settled(self, bill: ReadBill) -> BillSettled | None:
        order = SettleBill(
            settlement_id=self._settlement_id,
            case_id=self._state.case_id,
            hospital_id=self._opening.hospital.hospital_id,
            bill_no=self._bill_no,
            bill_fen=bill.bill_fen,
        )
        try:
            answer = await workflow.execute_activity_method(
                ExchangeBills.settle,
                order,
                start_to_close_timeout=ASK_WITHIN,
                schedule_to_close_timeout=COUNTER_WAITS,
                retry_policy=RETRY,
                summary="医保同步结算",
            )
        except ActivityError:
            answer = SocialAnswer(status="pending")  # it may have settled: its callback tells
        state = self._state
        if answer.status == "pending" and state.bill_settled is None:
            deadline = workflow.now() + COUNTER_WAITS
            await self._desk.within(
                lambda: state.bill_settled is not None, deadline, "等待医保结算"
            )
        told = state.bill_settled or self._as_told(answer)
        if told is None or not told.done or not self._adds_up(told, bill):
            why = told.reason if told else "暂无结果"
            self._desk.note("social_not_settled", f"医保未结算 {why}".rstrip())
            return None
        return told

    def _as_told(self, answer: SocialAnswer) -> BillSettled | None:
        if answer.status == "pending":
            return None
        return BillSettled(
            settlement_id=self._settlement_id,
            done=answer.status != "refused",
            social_paid_fen=answer.social_paid_fen,
            self_pay_fen=answer.self_pay_fen,
            reason=answer.reason,
            at=workflow.now(),
        )

    def _adds_up(self, told: BillSettled, bill: ReadBill) -> bool:
        return told.social_paid_fen + told.self_pay_fen <= bill.bill_fen

    def _within_cover(self, shares: Shares) -> Shares:
        """What is left for us is no more than is insured; the customer pays the rest."""
        asked = self._opening.claim.elements if self._opening.claim else {}
        insured = int(asked.get("sum_insured_left", shares.ours_fen))
        beyond = max(0, shares.ours_fen - insured)
        return shares.model_copy(update={"self_pay_fen": shares.self_pay_fen + beyond})

    def told(self, message: BillSettled) -> None:
        """A callback: news while it is waited for, afterwards held against what was used."""
        if message.settlement_id != self._settlement_id:
            self._desk.alert(f"收到其他结算的结果 {message.settlement_id}")
            return
        if self._state.bill_settled is None:
            self._state.bill_settled = message
        self._compare(message)

    def used(self, shares: Shares) -> None:
        """What the counter settled by, whoever said it; a word that came before is held to it."""
        self._state.shares = shares
        if self._state.bill_settled is not None:
            self._compare(self._state.bill_settled)

    def _compare(self, told: BillSettled) -> None:
        shares = self._state.shares
        if shares is None:
            return
        same = told.social_paid_fen == shares.social_paid_fen
        # A settlement that was refused fits a counter that took nothing from social insurance.
        if not same or (not told.done and shares.social_paid_fen > 0):
            self._desk.alert("医保结算结果与已采用的不一致")
