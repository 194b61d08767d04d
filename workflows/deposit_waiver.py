"""The story of a hospital stay under a deposit waiver, from report to repayment (DW02–DW22).

Each chapter is a straight line: ask somebody, wait for the answer, decide by a pure rule, act; the
longer ones have a page of their own, in this order: `intake`, `papers`, `review`, `stay`,
`balance`, `recovery`, `aftercare`. What differs between programmes is in their terms. Handlers only
write down what arrived. Promises run beside the story (`workflows.clocks`), and so do payments
(`workflows.money.deposit_payment`).
"""

from __future__ import annotations

from temporalio import workflow

from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ArrangeVisit, SignOnSite
from domain.waiver import ENDED, Stage
from workflows.cases.case import CaseState
from workflows.cases.corrections import Corrections
from workflows.cases.desk import CaseOver, Desk
from workflows.cases.heard import HearingCase
from workflows.cases.late_refunds import LateRefunds
from workflows.cases.refusals import MoneyRefusals
from workflows.cockpit import civil
from workflows.messages.cases import (
    Authorize,
    ClaimDecided,
    NoticeDischarge,
    OpenCase,
    RequestTopUp,
)
from workflows.messages.matters import Accepted, CompleteTask, VisitTaken
from workflows.money.deposit_payment import DepositPayment
from workflows.waiver.aftercare import Aftercare
from workflows.waiver.balance import Balance
from workflows.waiver.deposits import Deposits
from workflows.waiver.in_tray import StayTray
from workflows.waiver.intake import Intake
from workflows.waiver.interventions import Interventions
from workflows.waiver.late_claims import LateClaims
from workflows.waiver.nurse_visit import NurseVisit
from workflows.waiver.papers import Papers
from workflows.waiver.recovery import Recovery
from workflows.waiver.refusals import WaiverRefusals
from workflows.waiver.review import Review
from workflows.waiver.stay import Stay


@workflow.defn(name="DepositWaiver")
class DepositWaiver(HearingCase):
    """One deposit-waiver case."""

    _refusals: WaiverRefusals
    _in_tray: StayTray
    _oversight: Interventions
    _withdrawn = "客户撤销申请"

    @workflow.init
    def __init__(self, opening: OpenCase) -> None:
        self._opening = opening
        self._state = CaseState.of(opening)
        self._desk = Desk(opening, self._state)
        self._refusals = WaiverRefusals(self._state, opening)
        payment = DepositPayment(
            self._desk, case_id=opening.case_id, hospital_id=opening.hospital.hospital_id
        )
        self._visit = NurseVisit(self._desk, opening)
        self._intake = Intake(self._desk, opening)
        self._papers = Papers(self._desk, opening, self._visit)
        self._review = Review(self._desk, opening)
        self._deposits = Deposits(self._desk, opening, payment, self._visit)
        self._stay = Stay(self._desk, opening, self._deposits, self._visit)
        self._balance = Balance(self._desk, opening, self._deposits)
        self._recovery = Recovery(self._desk, opening, payment)
        self._money_refusals = MoneyRefusals(self._state)
        self._late_refunds = LateRefunds(self._desk, pay_out=self._recovery.payouts.again)
        self._late_claims = LateClaims(self._desk, pay_out=self._recovery.payouts.again)
        self._in_tray = StayTray(self._desk, self._late_refunds, self._late_claims)
        self._oversight = Interventions(self._desk, self._refusals, self._in_tray, self._visit)
        self._corrections = Corrections(
            self._desk,
            deposits_changed=self._recovery.refunds.changed,
            pay_again=self._recovery.payouts.again,
            give_back=self._late_refunds.overpaid,
        )
        self._aftercare = Aftercare(self._desk, opening)
        self._arranged: ArrangeVisit

    @workflow.run
    async def run(self, opening: OpenCase) -> str:
        """Tell the case to its end; returns the stage it ended in."""
        await self._desk.run(self._story(), asked_to_stop=self._asked_to_stop)
        if self._state.stage not in ENDED:
            carried = self._state.model_dump(mode="json")
            workflow.continue_as_new(opening.model_copy(update={"carried": carried}))
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state.stage.value

    def _asked_to_stop(self) -> None:
        """A case may hold money, so it never just ends: it withdraws, or a supervisor looks."""
        if self._refusals.may_withdraw:
            self._state.withdrawn = self._state.withdrawn or "系统请求取消"
            self._desk.note("withdrawn", "系统请求取消, 按撤销处理")
        else:
            self._desk.alert("收到取消请求, 资金未结清, 案件继续")

    async def _story(self) -> None:
        self._desk.beside(self._corrections.watch(), "corrections")
        self._desk.beside(self._late_refunds.watch(), "late refunds")
        self._desk.beside(self._late_claims.watch(), "late claims")
        self._oversight.await_policy_end()
        if self._state.ended:
            # Started again for a word that came late: it opens its own steps and errands.
            self._recovery.refunds.begin()
            await workflow.wait_condition(lambda: self._in_tray.heard > 0)
            return
        try:
            if self._state.stage is Stage.IN_HOSPITAL:
                self._deposits.resume()
            else:
                await self._intake.take_report()
                await self._papers.collect()
                await self._review.judge()
                await self._arrange_first_visit()
                await self._pay_first_deposit()
            if not await self._stay.accompany():
                return
            discharge = self._stay.discharge_report()
            await self._balance.pay(*discharge)
            self._aftercare.begin()
            await self._recovery.settle(*discharge)
            await self._aftercare.finish()
            await self._recovery.close()
            for refund in self._recovery.refunds.leftover():
                self._late_refunds.ask(refund)
        except CaseOver as over:
            self._end(over)

    # The chapters of the first deposit -----------------------------------------------------------

    async def _arrange_first_visit(self) -> None:
        """DW09: when the nurse comes, and how the deposit will be paid."""
        self._desk.enter(Stage.ARRANGING, at=workflow.now())
        self._arranged = await self._visit.arrange("deposit", until=ExpectedEvent.DEPOSIT_DONE)
        self._desk.tell("visit", date=civil(self._arranged.visit_at))

    async def _pay_first_deposit(self) -> None:
        """DW10, DW11: agreements signed at the bed, then the first deposit reaches the hospital."""
        desk = self._desk
        desk.enter(Stage.ON_SITE, at=workflow.now())
        signed = await desk.done(
            desk.ask(
                TaskKind.SIGN_ON_SITE,
                at=workflow.now(),
                until=ExpectedEvent.DEPOSIT_DONE,
                assignee=self._state.team[Role.NURSE.value],
                amount_fen=self._state.first_deposit_fen,
            )
        )
        form = signed.read(SignOnSite)
        if not form.agreements_signed:
            consumes = self._opening.programme.deposit_waiver.signing_refused == "consumes"
            reason = "客户未到院" if form.no_show else "客户拒绝现场签署协议"
            raise CaseOver(Stage.CONSUMED if consumes else Stage.CANCELLED, reason)
        paid = await self._deposits.pay_until_paid(
            "deposit", self._state.first_deposit_fen, self._arranged.payment_mode
        )
        desk.happened(ExpectedEvent.DEPOSIT_DONE, at=paid.settled_at or workflow.now())
        self._state.customer_date = None
        desk.enter(Stage.IN_HOSPITAL, at=workflow.now())
        self._stay.begin(paid)

    def _end(self, over: CaseOver) -> None:
        """The story ended early: say so, and leave nobody waiting."""
        notices = {
            Stage.CANCELLED: "withdrawn",
            Stage.CONSUMED: "used_up",
            Stage.EXPIRED: "expired",
        }
        now = workflow.now()
        self._desk.enter(over.stage, at=now, reason=over.reason)
        self._stay.turn_away("案件已结束")
        if self._state.no_more_top_ups:
            self._tell_why(over.reason)
        elif over.stage in notices:
            self._desk.tell(notices[over.stage])
        self._desk.leave(at=now, reason="案件已结束")
        self._visit.call_off(self._state.visits)

    def _tell_why(self, reason: str) -> None:
        """The case ended by no wish of the customer's; a family in mourning gets no such text."""
        if not self._state.deceased:
            self._desk.tell("declined", reason=reason)

    # What arrives beyond what every case hears --------------------------------------------------

    @workflow.update
    def authorize(self, message: Authorize) -> Accepted:
        """The customer signed the authorisation, or refused to."""
        return self._finish(self._signature(message))

    @authorize.validator
    def _may_authorize(self, message: Authorize) -> None:
        self._refusals.completion(self._signature(message))

    def _signature(self, message: Authorize) -> CompleteTask:
        return CompleteTask(
            task_id=self._refusals.authorization(),
            kind=TaskKind.SIGN_AUTHORIZATION,
            form={"signed": message.signed, "images": message.images},
            actor=message.actor,
            at=message.at,
        )

    @workflow.signal
    def request_top_up(self, message: RequestTopUp) -> None:
        """The deposit is used up, or the plan changed."""
        self._in_tray.top_up(message)

    @workflow.signal
    def notify_discharge(self, message: NoticeDischarge) -> None:
        """The day of discharge is known, or has changed."""
        self._in_tray.discharge(message)

    @workflow.signal
    def claim_decided(self, message: ClaimDecided) -> None:
        """The insurer adjudicated the claim; the first decision counts."""
        self._in_tray.claim(message)

    @workflow.signal
    def visit_taken(self, message: VisitTaken) -> None:
        """The nurse platform said who comes."""
        self._in_tray.visit_taken(message)
        if not message.accepted and self._state.stage not in ENDED:
            nurse = self._state.team.get(Role.NURSE.value, "")
            self._visit.lost(message.visit_id, why=f"refused {message.reason}", failed=nurse)
