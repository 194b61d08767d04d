"""The story of a hospital stay under a deposit waiver, from report to repayment (DW02–DW22).

Each chapter is a straight line: ask somebody, wait for the answer, decide by a pure rule, act.
Handlers only write down what arrived. Promises run beside the story (`workflows.clocks`), payments
have their own page (`workflows.deposit_payment`), and so has life on the ward (`workflows.stay`)
and getting the advance back (`workflows.recovery`).
"""

from __future__ import annotations

import asyncio
from typing import Final

from temporalio import workflow

from domain.clock import Clock, WarnRule
from domain.documents import DOCUMENT_NAMES, DocumentKind, DocumentStage
from domain.eligibility import Outcome
from domain.tasks import (
    ArrangeVisit,
    AssignTeam,
    ConfirmDocuments,
    FirstContact,
    JudgeLiability,
    SignAuthorization,
    SignOnSite,
    TaskKind,
)
from domain.terms import ExpectedEvent
from domain.waiver import ENDED, Role, Stage
from workflows.case import CaseState
from workflows.cockpit import civil
from workflows.deposit_payment import DepositPayment
from workflows.deposits import Deposits
from workflows.desk import CaseOver, Desk
from workflows.in_tray import InTray
from workflows.matter import Completion
from workflows.messages import (
    Accepted,
    Authorize,
    ClaimDecided,
    CompleteTask,
    DifferenceFound,
    NewCalendar,
    NoticeDischarge,
    NoticeFailed,
    OpenCase,
    PaymentResult,
    RefundReceived,
    RequestTopUp,
    VisitTaken,
    Withdraw,
)
from workflows.nurse_visit import NurseVisit
from workflows.recovery import Recovery
from workflows.refusals import Refusals
from workflows.stay import Stay

HALF: Final = 50
"""The lead-time clock never waits, so its warning is only a form; half the span."""


@workflow.defn(name="DepositWaiver")
class DepositWaiver:
    """One deposit-waiver case."""

    @workflow.init
    def __init__(self, opening: OpenCase) -> None:
        self._opening = opening
        self._state = CaseState.of(opening)
        self._desk = Desk(opening, self._state)
        self._refusals = Refusals(self._state, opening.programme, opening.hospital)
        self._in_tray = InTray(self._desk)
        payment = DepositPayment(
            self._desk, case_id=opening.case_id, hospital_id=opening.hospital.hospital_id
        )
        self._visit = NurseVisit(self._desk, opening)
        self._deposits = Deposits(self._desk, opening, payment, self._visit)
        self._stay = Stay(self._desk, opening, self._deposits, self._visit)
        self._recovery = Recovery(self._desk, opening, payment)
        self._arranged: ArrangeVisit

    @workflow.run
    async def run(self, opening: OpenCase) -> str:
        """Tell the case to its end; returns the stage it ended in."""
        telling = asyncio.ensure_future(self._desk.run(self._story()))
        while not telling.done():
            try:
                await workflow.wait_condition(telling.done)
            except asyncio.CancelledError:
                if workflow.cancellation_reason() is None:
                    raise
                self._asked_to_stop()
        await telling
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
        try:
            if self._state.stage is Stage.IN_HOSPITAL:
                self._deposits.resume()
            else:
                await self._take_report()
                await self._collect_documents()
                await self._review()
                await self._arrange_first_visit()
                await self._pay_first_deposit()
            if not await self._stay.accompany():
                return
            await self._recovery.settle(*self._stay.discharge_report())
        except CaseOver as over:
            self._end(over)

    # The chapters --------------------------------------------------------------------------------

    async def _take_report(self) -> None:
        """DW02–DW04: the rules first, then the person; nobody waits for what is refused anyway."""
        opening, at = self._opening, self._opening.reported_at
        self._desk.note("reported", "受理报案", at=at, by=opening.reported_by)
        self._check_lead()
        if opening.verdict.outcome is Outcome.REJECTED:
            reasons = "; ".join(reason.text for reason in opening.verdict.reasons)
            self._desk.tell("qualification", reason=f"不符合: {reasons}")
            raise CaseOver(Stage.REJECTED, reasons)
        self._desk.happened(ExpectedEvent.CASE_REPORTED, at=at)
        contact_task = self._desk.ask(
            TaskKind.FIRST_CONTACT, at=at, until=ExpectedEvent.FIRST_HANDLED
        )
        team_task = self._desk.ask(TaskKind.ASSIGN_TEAM, at=at, until=ExpectedEvent.FIRST_HANDLED)
        first = self._desk.clocks.until(ExpectedEvent.FIRST_HANDLED)
        self._desk.tell("report_accepted", due=civil(first.due_at if first else None))
        contact, team = await self._contact_and_team(contact_task, team_task)
        members = team.read(AssignTeam)
        self._state.team = {
            Role.AGENT.value: members.agent_id,
            Role.NURSE.value: members.nurse_id,
            Role.DOCTOR.value: members.doctor_id,
        }
        # Contacted, list sent, staff assigned: the promise is kept when the last of them is (C-05).
        self._desk.happened(ExpectedEvent.FIRST_HANDLED, at=max(contact.at, team.at))

    async def _contact_and_team(
        self, contact_task: str, team_task: str
    ) -> tuple[Completion, Completion]:
        contact = await self._desk.done(contact_task)
        if not contact.read(FirstContact).identity_verified:
            self._desk.tell("declined", reason="身份信息未能核实")
            raise CaseOver(Stage.REJECTED, "身份信息未能核实")
        self._desk.note("contacted", "已联系客户并发送资料清单", at=contact.at, by=contact.actor)
        team = await self._desk.done(team_task)
        self._desk.note("team_assigned", "三人服务团队已确认", at=team.at, by=team.actor)
        return contact, team

    def _check_lead(self) -> None:
        """K09: a visit wanted too soon is accepted, flagged, and served as soon as possible."""
        lead, opening = self._opening.programme.lead_time, self._opening
        if lead is None or opening.planned_admission is None:
            return
        clock = Clock.start(
            clock_id=lead.id,
            name="提前预约",
            number=self._state.next_number(lead.id),
            started_at=opening.reported_at,
            budget=lead.at_least,
            warn=WarnRule(remaining_percent=HALF),
            calendar=opening.calendar,
        )
        if opening.verdict.flags:
            self._desk.note("lead_short", "预约提前量不足, 将尽快安排", at=opening.reported_at)
            clock = clock.drop(opening.reported_at, why="提前量不足, 已受理并尽快安排")
        else:
            clock = clock.meet(opening.reported_at)
        self._desk.pen.clock(clock, opening.reported_at)

    async def _collect_documents(self) -> None:
        """DW05, DW06: the customer's authorisation first (R090), then this disease's papers."""
        desk, now = self._desk, workflow.now()
        desk.enter(Stage.COLLECTING, at=now)
        needed = self._opening.programme.documents_for(
            self._opening.disease, DocumentStage.APPLICATION
        )
        desk.pen.missing([kind.value for kind in needed], now)
        desk.tell("checklist", list="、".join(DOCUMENT_NAMES[kind] for kind in needed))
        desk.tell("no_admission")
        terms = self._opening.programme.deposit_waiver.collecting
        expires_at = desk.after(terms.expires_after)
        signing = await desk.done_by(desk.ask(TaskKind.SIGN_AUTHORIZATION, at=now), expires_at)
        if not signing.read(SignAuthorization).signed:
            raise CaseOver(Stage.CANCELLED, "客户拒绝签署委托授权")
        while True:
            checking = desk.ask(TaskKind.CONFIRM_DOCUMENTS, at=workflow.now())
            checked = (await desk.done_by(checking, expires_at)).read(ConfirmDocuments)
            desk.pen.missing([] if checked.complete else checked.missing, workflow.now())
            if checked.complete:
                return
            names = "、".join(
                DOCUMENT_NAMES[kind] for kind in DocumentKind if kind in checked.missing
            )
            desk.tell("documents_missing", list=names)

    async def _review(self) -> None:
        """DW07: scope, history and plan by the expert; then the customer is told (K03, K04)."""
        desk = self._desk
        desk.enter(Stage.REVIEW, at=workflow.now())
        opinion = await desk.done(
            desk.ask(
                TaskKind.JUDGE_LIABILITY, at=workflow.now(), until=ExpectedEvent.PLAN_CONFIRMED
            )
        )
        plan = opinion.read(JudgeLiability)
        desk.happened(ExpectedEvent.PLAN_CONFIRMED, at=opinion.at)
        if plan.approved:
            self._fix_limit(plan)
            desk.happened(ExpectedEvent.JUDGEMENT_CONFIRMED, at=opinion.at)
        told = await desk.done(
            desk.ask(TaskKind.TELL_RESULT, at=opinion.at, until=ExpectedEvent.CUSTOMER_TOLD)
        )
        desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=told.at)
        if not plan.approved:
            desk.tell("declined", reason=plan.reason)
            raise CaseOver(Stage.DECLINED, plan.reason)
        visit = desk.clocks.until(ExpectedEvent.DEPOSIT_DONE)
        desk.tell(
            "approved",
            left=self._state.limit_fen,
            amount=self._state.first_deposit_fen,
            due=civil(visit.due_at if visit else None),
        )

    def _fix_limit(self, plan: JudgeLiability) -> None:
        self._state.limit_fen = plan.limit.fen if plan.limit else self._state.policy_limit_fen
        self._state.first_deposit_fen = plan.first_deposit.fen if plan.first_deposit else 0
        self._desk.pen.fix_limit(
            self._opening.programme.deposit_waiver.limit.operator, at=workflow.now()
        )

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
        if not signed.read(SignOnSite).agreements_signed:
            raise CaseOver(Stage.CANCELLED, "客户拒绝现场签署协议")
        paid = await self._deposits.pay_until_paid(
            "deposit", self._state.first_deposit_fen, self._arranged.payment_mode
        )
        desk.happened(ExpectedEvent.DEPOSIT_DONE, at=paid.settled_at or workflow.now())
        desk.enter(Stage.IN_HOSPITAL, at=workflow.now())
        self._stay.begin(paid)

    def _end(self, over: CaseOver) -> None:
        """The story ended early: say so, and leave nobody waiting."""
        notices = {Stage.CANCELLED: "withdrawn", Stage.EXPIRED: "expired"}
        now = workflow.now()
        self._desk.enter(over.stage, at=now, reason=over.reason)
        self._stay.turn_away("案件已结束")
        if over.stage in notices:
            self._desk.tell(notices[over.stage])
        self._desk.drop_tasks(at=now, reason="案件已结束")
        self._desk.clocks.drop_all(at=now, why="案件已结束")
        self._visit.call_off(self._state.visits)

    # What arrives: handlers write down, the story acts -------------------------------------------

    @workflow.update
    def complete_task(self, message: CompleteTask) -> Accepted:
        """A person finished a step."""
        return self._finish(message)

    def _finish(self, message: CompleteTask) -> Accepted:
        self._desk.finish(message)
        return Accepted(stage=self._state.stage, at=message.at)

    @complete_task.validator
    def _may_complete(self, message: CompleteTask) -> None:
        self._refusals.completion(message, disease=self._opening.disease)

    @workflow.update
    def authorize(self, message: Authorize) -> Accepted:
        """The customer signed the authorisation, or refused to."""
        return self._finish(self._signature(message))

    @authorize.validator
    def _may_authorize(self, message: Authorize) -> None:
        self._refusals.completion(self._signature(message), disease=self._opening.disease)

    def _signature(self, message: Authorize) -> CompleteTask:
        return CompleteTask(
            task_id=self._refusals.authorization(),
            kind=TaskKind.SIGN_AUTHORIZATION,
            form={"signed": message.signed, "images": message.images},
            actor=message.actor,
            at=message.at,
        )

    @workflow.update
    def withdraw(self, message: Withdraw) -> Accepted:
        """The customer wants no more."""
        self._state.withdrawn = message.reason
        self._desk.note("withdrawn", "客户撤销申请", at=message.at, by=message.actor)
        return Accepted(stage=self._state.stage, at=message.at)

    @withdraw.validator
    def _may_withdraw(self, message: Withdraw) -> None:
        self._refusals.withdrawal(message)

    @workflow.signal
    def request_top_up(self, message: RequestTopUp) -> None:
        """The deposit is used up, or the plan changed."""
        self._in_tray.top_up(message)

    @workflow.signal
    def notify_discharge(self, message: NoticeDischarge) -> None:
        """The day of discharge is known, or has changed."""
        self._in_tray.discharge(message)

    @workflow.signal
    def payment_result(self, message: PaymentResult) -> None:
        """The payment partner's word; a word on a settled payment changes nothing by itself."""
        self._in_tray.payment_result(message)

    @workflow.signal
    def refund_received(self, message: RefundReceived) -> None:
        """The hospital returned unused deposit to the payer."""
        self._in_tray.refund(message)

    @workflow.signal
    def claim_decided(self, message: ClaimDecided) -> None:
        """The insurer adjudicated the claim; the first decision counts."""
        self._in_tray.claim(message)

    @workflow.signal
    def difference_found(self, message: DifferenceFound) -> None:
        """The partner's statement and the ledger differ on something of this case."""
        self._in_tray.difference(message)

    @workflow.signal
    def visit_taken(self, message: VisitTaken) -> None:
        """The nurse platform said who comes."""
        self._in_tray.visit_taken(message)

    @workflow.signal
    def notice_failed(self, message: NoticeFailed) -> None:
        """A message did not arrive after all: somebody phones."""
        self._in_tray.notice_failed(message)

    @workflow.signal
    def new_calendar(self, message: NewCalendar) -> None:
        """A holiday notice landed: open working-day clocks are timed again, and this is told."""
        self._in_tray.calendar(message)
