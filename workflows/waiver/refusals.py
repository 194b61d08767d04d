"""Why a command to a deposit waiver is refused: its team, its papers, its plan, its signatures.

What every step has in common is checked in `workflows.refusals`, what is reported from the stay on
in `workflows.waiver.stay_refusals`, what finance reports in `workflows.cases.refusals`.
"""

from __future__ import annotations

from datetime import datetime

from domain import doubts
from domain.documents import DocumentStage
from domain.money import AmountRefused, spoken
from domain.programmes.waiver_terms import WaiverTerms
from domain.roles import Role
from domain.steps.forms import Form, SecondReview, TellResult
from domain.steps.kinds import TaskKind
from domain.steps.tasks import (
    AnswerTopUp,
    ArrangeVisit,
    AssignTeam,
    ConfirmDocuments,
    FirstContact,
    JudgeLiability,
    SignAuthorization,
    SignOnSite,
)
from domain.waiver import BEFORE_PAYMENT
from workflows.cases.case import CaseState
from workflows.messages.cases import OpenCase, Withdraw
from workflows.messages.matters import Actor, CompleteTask
from workflows.refusals import (
    AMOUNT_OUT_OF_RANGE,
    FORM_REFUSED,
    PLAN_OUT_OF_RANGE,
    SAME_PERSON,
    TOO_LATE_TO_WITHDRAW,
    WRONG_STAGE,
    asked_seldom_enough,
    customers_day,
    open_step,
    refusal,
)
from workflows.waiver.stay_refusals import StayRefusals, must_lie_there


class WaiverRefusals:
    """Checks the commands of one case against what the case knows."""

    def __init__(self, state: CaseState, opening: OpenCase) -> None:
        self._state = state
        self._programme = opening.programme
        self._opening = opening
        self._stay = StayRefusals(state, opening)
        self._last_day = opening.last_day

    def withdrawal(self, _: Withdraw) -> None:
        """A customer may withdraw until the first payment order."""
        if not self.may_withdraw:
            raise refusal(TOO_LATE_TO_WITHDRAW, "押金已下达付款, 不能再撤销", "stage")
        if self._state.withdrawn is not None:
            raise refusal(WRONG_STAGE, "申请已经撤销", "stage")

    @property
    def may_withdraw(self) -> bool:
        """Whether no payment has been ordered yet."""
        state = self._state
        out = state.payment_ordered or state.corrections or state.advanced_fen
        return state.stage in BEFORE_PAYMENT and not out

    def authorization(self) -> str:
        """The open step of signing, or a refusal."""
        for task in self._state.tasks.values():
            if task.kind is TaskKind.SIGN_AUTHORIZATION:
                return task.task_id
        raise refusal(WRONG_STAGE, "当前阶段没有待签署的委托授权", "stage")

    def completion(self, message: CompleteTask) -> None:
        """Whether a step may be completed like this."""
        nurse = self._state.team.get(Role.NURSE.value)
        task, form = open_step(self._state, message, nurse=nurse)
        if isinstance(form, ArrangeVisit | AnswerTopUp) and form.visit_at is not None:
            _visit_time(form.visit_at, message.at)
        if isinstance(form, ArrangeVisit):
            self._same_nurse(form, nurse)
        ends = (self._last_day, self._state.policy_until)
        last_day = min((day for day in ends if day is not None), default=None)
        customers_day(form, message.at, last_day)
        try:
            self._form(form, message, task.amount_fen)
        except AmountRefused:
            raise refusal(AMOUNT_OUT_OF_RANGE, "金额超出可记账的范围", "amount") from None

    def _same_nurse(self, form: ArrangeVisit, nurse: str | None) -> None:
        """A nurse who did not come is replaced first, or somebody says why she goes again."""
        if nurse == self._state.nurse_failed and nurse and not form.again_because.strip():
            told = "该护士接单后未能前往, 请先更换服务人员, 或说明为何仍由其前往"
            raise refusal(FORM_REFUSED, told, "again_because")

    def _form(self, form: Form, message: CompleteTask, asked_fen: int | None) -> None:
        self._before_the_stay(form, message)
        self._stay.check(form, message, asked_fen)

    def _before_the_stay(self, form: Form, message: CompleteTask) -> None:
        match form:
            case FirstContact(identity_verified=True):
                self._contact(form)
            case FirstContact(note=note) if not note.strip():
                raise refusal(FORM_REFUSED, "身份未能核实将结束案件, 须说明原因", "note")
            case AssignTeam():
                self._team(form)
            case SignAuthorization(signed=True, images=[]):
                raise refusal(FORM_REFUSED, "签署授权须附影像", "images")
            case ConfirmDocuments(complete=True):
                must_lie_there(self._state, self._opening, message, DocumentStage.APPLICATION)
            case JudgeLiability(approved=True):
                self._plan(form)
            case JudgeLiability(missing=[_, *_]):
                asked_seldom_enough(self._state)
            case JudgeLiability(approved=False, reason=""):
                raise refusal(FORM_REFUSED, "不通过须说明理由", "reason")
            case SecondReview():
                self._second(form, message.actor)
            case TellResult(note="") if self._must_explain:
                raise refusal(FORM_REFUSED, "须记录向客户说明的内容", "note")
            case SignOnSite(agreements_signed=True, no_show=True):
                raise refusal(FORM_REFUSED, "客户未到场时不能登记已签署", "no_show")
            case SignOnSite(agreements_signed=True) if self._signs_on_site:
                must_lie_there(self._state, self._opening, message, DocumentStage.AUTHORIZATION)
            case _:
                pass

    @property
    def _terms(self) -> WaiverTerms:
        return self._programme.deposit_waiver

    @property
    def _must_explain(self) -> bool:
        return self._terms.review.explain_refusal and self._state.judged == "declined"

    @property
    def _signs_on_site(self) -> bool:
        return self._terms.authorization == "on_site"

    def _contact(self, form: FirstContact) -> None:
        """The list goes out, and what this programme asks of everybody is asked (R208, R280)."""
        if not form.checklist_sent:
            raise refusal(FORM_REFUSED, "首次联系须同时发送资料清单", "checklist_sent")
        if self._terms.claim.original_invoices == "required" and form.can_give_invoices is None:
            raise refusal(FORM_REFUSED, "须确认出院时能否提供发票原件", "can_give_invoices")
        if self._terms.collecting.visit_offered and form.visit_wanted is None:
            raise refusal(FORM_REFUSED, "须确认是否需要上门", "visit_wanted")

    def _team(self, form: AssignTeam) -> None:
        if Role.DOCTOR in self._programme.team_roles() and form.doctor_id is None:
            raise refusal(FORM_REFUSED, "服务团队须有医生", "doctor_id")

    def _second(self, form: SecondReview, actor: Actor) -> None:
        """Another person signs, for no more than the policy allows, and a no has its reason."""
        state = self._state
        if actor.id == state.opinion_by:
            raise refusal(SAME_PERSON, "双审须由不同人员完成", "actor")
        if not form.approved:
            if not form.reason:
                raise refusal(FORM_REFUSED, "不通过须说明理由", "reason")
            return
        if state.judged == "opinion_no":
            raise refusal(PLAN_OUT_OF_RANGE, "前置审核未通过, 不能批准", "approved")
        limit_fen = form.limit.fen if form.limit else state.plan_limit_fen
        self._limit(limit_fen)
        if not self._terms.limit.allows(
            state.plan_deposit_fen, limit_fen=limit_fen, advanced_fen=0
        ):
            raise refusal(PLAN_OUT_OF_RANGE, "首笔押金超过额度", "limit")

    def _plan(self, form: JudgeLiability) -> None:
        """The plan stays within the policy's limit, and the first deposit within the plan."""
        if not form.in_scope or form.previous_history == "undisclosed":
            raise refusal(PLAN_OUT_OF_RANGE, "超出责任范围或有未告知病史的不能通过", "approved")
        if form.first_deposit is None or form.first_deposit.fen == 0:
            raise refusal(PLAN_OUT_OF_RANGE, "方案须有首笔押金金额", "first_deposit")
        limit_fen = form.limit.fen if form.limit else self._state.policy_limit_fen
        self._limit(limit_fen)
        rule = self._programme.deposit_waiver.limit
        if not rule.allows(form.first_deposit.fen, limit_fen=limit_fen, advanced_fen=0):
            raise refusal(PLAN_OUT_OF_RANGE, "首笔押金超过额度", "first_deposit")

    def _limit(self, limit_fen: int) -> None:
        if limit_fen > self._state.policy_limit_fen:
            raise refusal(
                PLAN_OUT_OF_RANGE,
                f"额度超过保单可用额度 {spoken(self._state.policy_limit_fen)}",
                "limit",
            )


def _visit_time(visit_at: datetime, at: datetime) -> None:
    if doubt := doubts.of_visit_time(visit_at, now=at):
        raise refusal(FORM_REFUSED, doubt, "visit_at")
