"""The story of a claim that follows no advance: report, papers, decision, payout (CL01–CL07).

The programme's lanes say what differs: whether we offer it, somebody calls, comes, or settles at
the counter, and whether clear rules pay without a person. The rules only propose; where they are
not clear, the claim is out of the ordinary, or the lane asks for it, the insurer decides.
"""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from domain.claims.risk import Value
from domain.claims.terms import ClaimServices, Lane
from domain.documents import DocumentKind, DocumentStage, listed
from domain.eligibility import Outcome, to_judge
from domain.money import spoken
from domain.programmes.terms import ExpectedEvent
from domain.steps.forms import Adjudicate, SettleAtCounter
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ConfirmDocuments
from domain.waiver import CLAIM_STAGES, Stage
from workflows.cases.case import CLAIM_WORDS, CaseState, Shares
from workflows.cases.corrections import Corrections
from workflows.cases.desk import CaseOver, Desk
from workflows.cases.heard import HearingCase
from workflows.cases.in_tray import InTray
from workflows.cases.late_refunds import LateRefunds
from workflows.cases.oversight import Oversight
from workflows.cases.refusals import MoneyRefusals
from workflows.claims.bill import Bill
from workflows.claims.payment import ClaimPayment
from workflows.claims.people import ClaimPeople
from workflows.claims.refusals import ClaimRefusals
from workflows.matter import Completion
from workflows.messages.cases import BillSettled, ClaimAsked, OpenCase


def _nothing() -> None:
    """A claim holds no deposit at a hospital that could come back."""


@workflow.defn(name="Claim")
class Claim(HearingCase):
    """One claim under a programme's claim services."""

    _withdrawn = "客户撤销理赔申请"

    @workflow.init
    def __init__(self, opening: OpenCase) -> None:
        self._opening = opening
        self._state = CaseState.of(opening)
        self._desk = Desk(opening, self._state, ways=CLAIM_STAGES)
        self._asked = opening.claim or ClaimAsked(service="")
        self._refusals = ClaimRefusals(self._state, opening)
        self._money_refusals = MoneyRefusals(self._state)
        self._payment = ClaimPayment(self._desk, opening)
        self._people = ClaimPeople(self._desk)
        self._bill = Bill(self._desk, opening)
        again = self._payment.payouts.again
        self._late_refunds = LateRefunds(self._desk, pay_out=again)
        self._corrections = Corrections(
            self._desk,
            deposits_changed=_nothing,
            pay_again=again,
            give_back=self._late_refunds.overpaid,
        )
        self._in_tray = InTray(self._desk, self._late_refunds)
        self._oversight = Oversight(self._desk)

    @workflow.run
    async def run(self, _: OpenCase) -> str:
        """Tell the claim to its end; returns the stage it ended in."""
        # A claim may be on its way to the bank: it never just ends.
        await self._desk.run(
            self._story(), asked_to_stop=lambda: self._desk.alert("收到取消请求, 理赔继续")
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state.stage.value

    @property
    def _lane(self) -> Lane:
        claims = self._opening.programme.claims
        lane = claims.lane(self._asked.service) if claims else None
        if lane is None:
            raise CaseOver(Stage.REJECTED, "该项目不提供此理赔服务")
        return lane

    async def _story(self) -> None:
        self._desk.beside(self._corrections.watch(), "corrections")
        self._desk.beside(self._late_refunds.watch(), "late refunds")
        if self._state.ended:
            # Started again for a word that came late: it opens its own steps and errands.
            await workflow.wait_condition(lambda: self._in_tray.heard > 0)
            return
        try:
            await self._take_report()
            complete = await self._collect()
            if self._lane.at_counter:
                await self._payment.settle_at_counter(complete)
            else:
                payable_fen, at = await self._decide(complete)
                await self._payment.pay_out(payable_fen, at=at)
            await self._found_out()
            self._desk.enter(Stage.CLOSED, at=workflow.now())
            self._people.ask_how_it_was()
            self._leave_nobody_waiting()
            for refund in self._state.refunds:
                self._late_refunds.ask(refund)
            self._state.refunds = []
        except CaseOver as over:
            self._end(over)

    async def _found_out(self) -> None:
        """A claim does not close over money under way, or on which two sides differ."""
        state, payouts = self._state, self._payment.payouts
        if state.corrections or state.overpaid or not payouts.at_rest:
            await workflow.wait_condition(
                lambda: not (state.corrections or state.overpaid) and payouts.at_rest
            )

    async def _take_report(self) -> None:
        """CL01: any channel, day and night; in an emergency we call within the hour (K23)."""
        desk, opening, at = self._desk, self._opening, self._opening.reported_at
        desk.note("reported", "受理理赔申请", at=at, by=opening.reported_by)
        if opening.verdict.outcome is Outcome.REJECTED:
            reasons = "; ".join(reason.text for reason in opening.verdict.reasons)
            desk.tell("qualification", reason=f"不符合: {reasons}")
            raise CaseOver(Stage.REJECTED, reasons)
        if judged := to_judge(opening.verdict):
            desk.note("needs_person", f"需人工判断: {judged}", at=at)
        desk.happened(ExpectedEvent.CASE_REPORTED, at=at)
        if self._asked.proactive:
            await self._people.offer(self._needed, at=at)
            desk.tell("report_accepted")
        else:
            desk.tell("report_accepted")
            if self._lane.contact:
                await self._people.contact(at=at)
        self._people.pledge(self._asked.pledge)

    async def _collect(self) -> Completion | None:
        """CL02: what is missing is asked for once, all of it; relaxed papers are no papers."""
        desk, now = self._desk, workflow.now()
        desk.enter(Stage.COLLECTING, at=now)
        desk.pen.missing([kind.value for kind in self._needed], now)
        if self._lane.visit:
            await self._people.visit()
        if self._lane.at_counter:
            return await self._at_the_counter()
        await self._bill.read()
        if not self._needed and self._lane.by_rules:
            return None
        return await self._complete()

    @property
    def _needed(self) -> list[DocumentKind]:
        return list(self._opening.programme.documents_for(None, DocumentStage.CLAIM))

    async def _at_the_counter(self) -> Completion:
        """CL04: total and own part stand on the step before anything is paid (R857)."""
        desk, shares = self._desk, await self._bill.shares()
        shown = (
            f"总费用 {spoken(shares.bill_fen)}, 医保 {spoken(shares.social_paid_fen)}, "
            f"个人支付 {spoken(shares.self_pay_fen)}"
            if shares
            else ""
        )
        task = desk.ask(
            TaskKind.SETTLE_AT_COUNTER,
            at=workflow.now(),
            subject=shown,
            amount_fen=shares.ours_fen if shares else None,
        )
        done = await desk.done(task)
        form = done.read(SettleAtCounter)
        self._bill.used(
            Shares(
                bill_fen=form.bill.fen,
                social_paid_fen=form.social_paid.fen,
                self_pay_fen=form.self_pay.fen,
            )
        )
        return done

    async def _complete(self) -> Completion:
        desk = self._desk
        while True:
            done = await desk.done(desk.ask(TaskKind.CONFIRM_DOCUMENTS, at=workflow.now()))
            checked = done.read(ConfirmDocuments)
            desk.pen.missing([] if checked.complete else checked.missing, workflow.now())
            if checked.complete:
                desk.happened(ExpectedEvent.CLAIM_COMPLETE, at=done.at)
                self._people.complete(self._lane)
                return done
            if not self._state.asked_for:
                # R854: one request; later only what it named may be asked for again.
                self._state.asked_for = list(checked.missing)
                kinds = [kind for kind in DocumentKind if kind in checked.missing]
                desk.tell("documents_missing", list=listed(kinds))
            self._people.help_collect(self._lane, list(checked.missing))

    async def _decide(self, complete: Completion | None) -> tuple[int, datetime]:
        """CL03: the rules propose; where they are not clear, or may not alone, a person decides."""
        desk = self._desk
        at = complete.at if complete else self._opening.reported_at
        desk.enter(Stage.ADJUDICATION, at=workflow.now())
        proposal = self._claims.propose(self._lane.scheme, self._known)
        risk = self._claims.score(self._known)
        if risk.said:
            desk.note("risk_scored", risk.said, at=at)
        if self._lane.by_rules and proposal.is_clear and not risk.needs_person:
            desk.note("decided_by_rules", f"规则核定 {spoken(proposal.amount_fen)}", at=at)
            return self._say("approved", proposal.amount_fen), at
        said = "; ".join(proposal.failed) or ", ".join(proposal.open)
        said = "; ".join(one for one in (said, risk.said) if one)
        decided = await desk.done(
            desk.ask(
                TaskKind.ADJUDICATE,
                at=workflow.now(),
                until=desk.promised(ExpectedEvent.CLAIM_PAID, ExpectedEvent.CLAIM_PROCESSED),
                amount_fen=proposal.amount_fen,
                subject=said,
            )
        )
        form = decided.read(Adjudicate)
        desk.note(
            "claim_decided",
            f"理赔审核: {CLAIM_WORDS[form.decision]}",
            at=decided.at,
            by=decided.actor,
        )
        if form.decision == "denied":
            desk.happened(ExpectedEvent.CLAIM_PROCESSED, at=decided.at)
            self._say("denied", 0)
            raise CaseOver(Stage.DECLINED, form.reason)
        return self._say(form.decision, form.payable.fen), decided.at

    def _say(self, decision: str, payable_fen: int) -> int:
        self._state.claim_state = decision
        self._desk.tell("claim_result", reason=CLAIM_WORDS[decision], amount=payable_fen)
        return payable_fen

    @property
    def _known(self) -> dict[str, Value]:
        return {**self._asked.elements, **self._state.elements}

    @property
    def _claims(self) -> ClaimServices:
        claims = self._opening.programme.claims
        if claims is None:
            raise RuntimeError("a claim is opened under a programme with claims")
        return claims

    def _end(self, over: CaseOver) -> None:
        now = workflow.now()
        self._desk.enter(over.stage, at=now, reason=over.reason)
        if self._state.withdrawn is not None:
            self._desk.tell("withdrawn")
        self._leave_nobody_waiting()

    def _leave_nobody_waiting(self) -> None:
        now = workflow.now()
        self._desk.leave(at=now, reason="理赔已结束")

    # What arrives beyond what every case hears --------------------------------------------------

    @workflow.signal
    def bill_settled(self, message: BillSettled) -> None:
        """Social insurance's word on its part of the bill."""
        self._bill.told(message)
