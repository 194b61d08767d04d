"""Getting the advance back: bill, refund, claim, offset, repayment, closed books (DW15–DW22).

The order is fixed by the money: what the hospital returns goes to the payer, the claim pays the
rest of the advance first, and only what is then still open is asked of the customer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.claims import FileClaims
from activities.ports.cases import ClaimFiling, ClaimReceipt
from domain import posting
from domain.money import spoken
from domain.programmes.terms import ExpectedEvent
from domain.settlement import covered, never_filed_at
from domain.steps.kinds import TaskKind
from domain.steps.tasks import CollectClaimDocuments, DischargeVisit, FileClaim
from domain.waiver import Stage
from workflows.cases.case import CLAIM_WORDS
from workflows.cases.desk import Desk
from workflows.matter import Completion
from workflows.messages.cases import OpenCase
from workflows.money.deposit_payment import DepositPayment
from workflows.money.payouts import Payouts
from workflows.waiver.refunds import Refunds
from workflows.waiver.repayment import Repayment

FILE_WITHIN: Final = timedelta(seconds=15)
"""As for a payment: nine seconds for the partner, then the order is made again."""

CORRECTED: Final = "付款已更正"
NO_CLAIM: Final = "未提交出院理赔资料"


class Recovery:
    """What happens from the final bill to an account of zero."""

    def __init__(self, desk: Desk, opening: OpenCase, payment: DepositPayment) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._terms = opening.programme.deposit_waiver
        self._repayment = Repayment(desk, self._terms.repayment)
        self.refunds = Refunds(desk)
        self.payouts = Payouts(desk, payment)

    async def settle(self, done: Completion, report: DischargeVisit) -> None:
        """Tell the end of the money to its end."""
        self._settle_bill(done, report)
        filed = await self._collect_and_file(done, report)
        self._hear_early()
        decided = self._state.claim_decision is not None
        reason = await self._adjudicated() if filed or decided else NO_CLAIM
        await self.refunds.received()
        await self._offset()
        await self._repaid(reason)

    async def _repaid(self, reason: str) -> None:
        """What is owed is repaid or given up, whatever becomes of the claim meanwhile."""
        while self._state.settlement.owed_fen > 0:
            if await self._repayment.collect(reason):
                break
            reason = await self._decided_again()

    async def _decided_again(self) -> str:
        """A denial that did not stand: the claim is filed anew, and what it adds is offset."""
        state = self._state
        self._desk.enter(Stage.CLAIM_FILING, at=workflow.now())
        if state.claim_decision is not None:
            state.overruled.append(state.claim_decision)
        state.claim_decision = None
        await self._file([])
        self._hear_early()
        reason = await self._adjudicated()
        await self._offset()
        return reason

    def _settle_bill(self, done: Completion, report: DischargeVisit) -> None:
        """The deposits pay the bill; what is too much comes back, the family pays the rest."""
        state = self._state
        state.billed_fen = report.bill.fen
        state.bill_fen = covered(billed_fen=report.bill.fen, advanced_fen=state.advanced_fen)
        share_fen = report.bill.fen - state.bill_fen
        self._desk.book(posting.bill(state.case_id, state.bill_fen), at=done.at)
        self._desk.note("bill", f"出院账单 {spoken(report.bill.fen)}", at=done.at, by=done.actor)
        if share_fen:
            self._desk.note("own_share", f"客户自付 {spoken(share_fen)}", at=done.at)
        self._desk.happened(ExpectedEvent.DISCHARGE_DONE, at=done.at)
        self._desk.enter(Stage.CLAIM_FILING, at=done.at)
        self.refunds.begin()

    # The claim -----------------------------------------------------------------------------------

    async def _collect_and_file(self, done: Completion, report: DischargeVisit) -> bool:
        """Papers, then the claim, by our people (R017); False if the papers never came."""
        collected_at, images = done.at, list(report.images)
        if not report.documents_collected:
            task = self._desk.ask(TaskKind.COLLECT_CLAIM_DOCUMENTS, at=done.at)
            deadline = never_filed_at(done.at, self._terms.claim, self._state.calendar)
            completions = self._state.completions
            if not await self._desk.within(lambda: task in completions, deadline, "理赔资料期限"):
                self._desk.no_longer_asked(task, at=workflow.now(), reason=NO_CLAIM)
                return False
            handed = completions.pop(task)
            collected_at = handed.at
            images = list(handed.read(CollectClaimDocuments).images)
        self._desk.happened(ExpectedEvent.CLAIM_DOCUMENTS_COLLECTED, at=collected_at)
        await self._file(images)
        return True

    async def _file(self, images: list[str]) -> None:
        subject = ""
        while True:
            # From here on it is another claim: a word on the one before is no answer to it.
            self._state.claim_filings += 1
            ready = await self._desk.done(
                self._desk.ask(
                    TaskKind.FILE_CLAIM,
                    at=workflow.now(),
                    roles=[self._terms.claim.files],
                    until=self._desk.promised(
                        ExpectedEvent.CLAIM_FILED, ExpectedEvent.CLAIM_FILE_MAILED
                    ),
                    subject=subject,
                )
            )
            form = ready.read(FileClaim)
            documents = [*images, *form.images]
            receipt = await self._send_claim(documents, ready)
            if receipt.status == "accepted":
                break
            subject = f"refused {receipt.reason}"
            self._desk.note("claim_refused", f"理赔系统未受理: {receipt.reason}")
        self._desk.happened(ExpectedEvent.CLAIM_FILED, at=ready.at)
        self._state.claim_state = "filed"
        self._desk.note("claim_filed", "已代为提交理赔申请", at=ready.at, documents=documents)
        self._desk.tell("claim_filed", number=self._state.claim_id)
        if form.courier_no is not None:
            self._desk.happened(ExpectedEvent.CLAIM_FILE_MAILED, at=ready.at)
            self._desk.note("claim_mailed", f"理赔资料已寄出 {form.courier_no}", at=ready.at)
            self._desk.tell("claim_mailed", number=form.courier_no)

    async def _send_claim(self, documents: list[str], ready: Completion) -> ClaimReceipt:
        filing = ClaimFiling(
            claim_id=self._state.claim_id,
            case_id=self._state.case_id,
            hospital_id=self._opening.hospital.hospital_id,
            bill_fen=self._state.billed_fen,
            advanced_fen=self._state.advanced_fen,
            document_ids=documents,
            filed_at=ready.at,
        )

        async def filed(retry: RetryPolicy) -> ClaimReceipt:
            return await workflow.execute_activity_method(
                FileClaims.file,
                filing,
                start_to_close_timeout=FILE_WITHIN,
                retry_policy=retry,
                summary="代为提交理赔",
            )

        return await self._desk.ask_partner(filed)

    async def _adjudicated(self) -> str:
        """DW18: the insurer decides on its own; our advance promised nothing (R107)."""
        self._desk.enter(Stage.ADJUDICATION, at=workflow.now())
        await workflow.wait_condition(lambda: self._state.claim_decision is not None)
        decision = self._state.claim_decision
        if decision is None:
            raise RuntimeError("woken without a decision")
        word = CLAIM_WORDS[decision.decision]
        self._state.claim_state = decision.decision
        self._desk.note("claim_decided", f"理赔审核: {word}", at=decision.at)
        self._desk.tell("claim_result", reason=word, amount=decision.payable_fen)
        return word

    def _hear_early(self) -> None:
        """A decision that overtook our own filing waited for it; another claim's is nobody's."""
        early, self._state.early_decisions = self._state.early_decisions, []
        for decision in early:
            if decision.claim_id == self._state.claim_id:
                self._state.claim_decision = decision
            else:
                self._desk.alert(f"收到其他理赔的决定 {decision.claim_id}")

    async def _offset(self) -> None:
        """DW19: the claim money returns the advance first; the rest is the customer's (R015)."""
        state, decision = self._state, self._state.claim_decision
        more_fen = decision.payable_fen - state.claimed_fen if decision else 0
        if decision is None or more_fen <= 0:
            return
        self._desk.enter(Stage.OFFSET, at=workflow.now())
        offset_fen = state.settlement.offset_of(more_fen)
        residual_fen = more_fen - offset_fen
        transfers = posting.claim(
            state.case_id,
            payable_fen=more_fen,
            offset_fen=offset_fen,
            number=state.later_number("claim_money"),
        )
        self._desk.book(transfers, at=decision.at)
        state.claimed_fen += more_fen
        state.offset_fen += offset_fen
        self._desk.note("offset", f"理赔金抵扣 {spoken(offset_fen)}", at=decision.at)
        owed_fen = state.settlement.owed_fen
        self._desk.tell("offset", amount=offset_fen, left=residual_fen, total=owed_fen)
        if residual_fen:
            # The claim money must stand in the ledger before part of it leaves the house.
            await self._desk.written()
            await self.payouts.pay(residual_fen)
            self._desk.note("residual", f"余款支付给客户 {spoken(residual_fen)}")

    @property
    def _at_zero(self) -> bool:
        """Whether no money is under way and no contradiction is left to be found out."""
        state = self._state
        doubts = state.corrections or state.overpaid or state.late_claims
        return not doubts and state.refund_expected_fen == 0 and self.payouts.at_rest

    async def close(self) -> None:
        """DW22: slips in, books at zero, everybody released."""
        state = self._state
        await workflow.wait_condition(lambda: not state.slips and self._at_zero)
        while state.settlement.owed_fen > 0:
            # A correction that came while nothing else was left made it owed again.
            await self._repaid(CORRECTED)
            await workflow.wait_condition(lambda: not state.slips and self._at_zero)
        now = workflow.now()
        if state.stage in (Stage.CLAIM_FILING, Stage.ADJUDICATION):
            # Everything came back from the hospital, so nothing was left to offset or to repay.
            self._desk.enter(Stage.REFUND, at=now)
        self._desk.enter(Stage.CLOSED, at=now)
        self._desk.tell("closed")
        self._desk.leave(at=now, reason="案件已结案")
