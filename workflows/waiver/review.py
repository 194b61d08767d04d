"""The review: an opinion, a second signature where the programme asks for one, the customer told.

Where two sign, both opinions go to the insurer's contact (R217): a yes needs the second person's
yes, and a no is confirmed before the customer hears of it (DW07, DW08).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from temporalio import workflow

from domain.documents import DocumentKind, listed, still_missing
from domain.eligibility import to_judge
from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.forms import SecondReview, TellResult
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ConfirmDocuments, JudgeLiability
from domain.waiver import Stage
from workflows.cases.desk import CaseOver, Desk
from workflows.cockpit import by_when
from workflows.matter import Completion
from workflows.messages.cases import OpenCase


@dataclass(frozen=True)
class Judgement:
    """What was decided in the end, when, and why not."""

    approved: bool
    at: datetime
    reason: str


class Review:
    """The review of one case."""

    def __init__(self, desk: Desk, opening: OpenCase) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._terms = opening.programme.deposit_waiver

    async def judge(self) -> None:
        """Come to a judgement and tell it; `CaseOver` with its reason where it is no."""
        desk = self._desk
        desk.enter(Stage.REVIEW, at=workflow.now())
        judgement = await self._opinion()
        second = self._terms.review.signs_second
        if second is not None:
            judgement = await self._second(second, judgement)
        self._state.judged = "approved" if judgement.approved else "declined"
        if judgement.approved:
            self._fix_limit()
            self._state.customer_date = self._opening.planned_admission
            desk.happened(ExpectedEvent.JUDGEMENT_CONFIRMED, at=judgement.at)
        else:
            desk.happened(ExpectedEvent.JUDGEMENT_REFUSED, at=judgement.at)
        told = await desk.done(
            desk.ask(TaskKind.TELL_RESULT, at=judgement.at, until=ExpectedEvent.CUSTOMER_TOLD)
        )
        desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=told.at)
        if not judgement.approved:
            desk.tell("declined", reason=judgement.reason)
            raise CaseOver(Stage.DECLINED, judgement.reason)
        self._wanted_on(told.read(TellResult).customer_date, at=told.at)
        visit = desk.clocks.until(ExpectedEvent.DEPOSIT_DONE)
        desk.tell(
            "approved",
            left=self._state.limit_fen,
            amount=self._state.first_deposit_fen,
            due=by_when(visit.due_at if visit else None),
        )

    async def _opinion(self) -> Judgement:
        """Scope, history, plan and amount, by whoever judges in this programme."""
        desk, state = self._desk, self._state
        until = desk.promised(
            ExpectedEvent.PLAN_CONFIRMED,
            ExpectedEvent.OPINION_SENT,
            ExpectedEvent.JUDGEMENT_CONFIRMED,
        )
        while True:
            asked = desk.ask(
                TaskKind.JUDGE_LIABILITY,
                at=workflow.now(),
                roles=[self._terms.review.judges],
                until=until,
                subject=to_judge(self._opening.verdict),
            )
            opinion = await desk.done(asked)
            plan = opinion.read(JudgeLiability)
            if not plan.missing:
                break
            await self._asked_for(plan.missing, opinion)
        desk.happened(ExpectedEvent.PLAN_CONFIRMED, at=opinion.at)
        state.opinion_by = opinion.actor.id
        if plan.approved:
            state.plan_limit_fen = plan.limit.fen if plan.limit else state.policy_limit_fen
            state.plan_deposit_fen = plan.first_deposit.fen if plan.first_deposit else 0
        return Judgement(plan.approved, opinion.at, plan.reason)

    async def _asked_for(self, papers: list[DocumentKind], opinion: Completion) -> None:
        """More papers before an opinion: what began with complete papers waits for the customer."""
        desk = self._desk
        desk.wants_papers(papers, opinion)
        expires_at = desk.after(self._terms.collecting.expires_after)
        complete = False
        while not complete:
            desk.pen.missing(self._state.asked_for, workflow.now())
            desk.tell("documents_missing", list=listed(map(DocumentKind, self._state.asked_for)))
            checking = desk.ask(TaskKind.CONFIRM_DOCUMENTS, at=workflow.now())
            checked = await desk.done_by(checking, expires_at)
            form = checked.read(ConfirmDocuments)
            complete = form.complete
            self._state.asked_for = still_missing(self._state.asked_for, form.missing)
        desk.pen.missing([], workflow.now())
        desk.has_papers(at=checked.at)

    async def _second(self, role: Role, opinion: Judgement) -> Judgement:
        """The opinion goes to the insurer's contact, whose part has a clock of its own (C-13)."""
        desk, word = self._desk, "同意" if opinion.approved else "不同意"
        desk.happened(ExpectedEvent.OPINION_SENT, at=opinion.at)
        desk.note("opinion_sent", f"审核意见({word})已报送双审", at=opinion.at)
        self._state.judged = "opinion_yes" if opinion.approved else "opinion_no"
        asked = desk.ask(
            TaskKind.SECOND_REVIEW,
            at=opinion.at,
            roles=[role],
            until=ExpectedEvent.INSURER_DECIDED,
            amount_fen=self._state.plan_deposit_fen or None,
        )
        signed = await desk.done(asked)
        desk.happened(ExpectedEvent.INSURER_DECIDED, at=signed.at)
        form = signed.read(SecondReview)
        if form.approved and form.limit is not None:
            self._state.plan_limit_fen = form.limit.fen
        return Judgement(form.approved, signed.at, form.reason or opinion.reason)

    def _fix_limit(self) -> None:
        self._state.limit_fen = self._state.plan_limit_fen
        self._state.first_deposit_fen = self._state.plan_deposit_fen
        self._desk.pen.fix_limit(self._terms.limit.operator, at=workflow.now())

    def _wanted_on(self, day: date | None, *, at: datetime) -> None:
        """The customer names a day of his own for the visit: the promise is due by it (K13)."""
        if day is not None:
            self._state.customer_date = day
            self._desk.clocks.move_to_customer_date(at=at, why="客户指定日期")
