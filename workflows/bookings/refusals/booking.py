"""Why a command to a booking is refused: a stable code, a Chinese sentence and its field."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from domain.bookings.booking import BookingStage
from domain.bookings.forms import (
    RATING_WANTED,
    ArrangeService,
    AssignExpert,
    CheckPapers,
    ChooseOption,
    ConfirmBooking,
    DeliverReport,
    FollowUpCall,
    OfferOptions,
    ReceiveSample,
    ReportVisit,
    ReviewBooking,
    SendKit,
    TakeRequest,
    lacks_rating,
)
from domain.bookings.papers import Span, faults, lacking
from domain.bookings.rounds import ROUNDS_END, WISHES_MAX, goes_round
from domain.bookings.terms import papers_for, unusual
from domain.bookings.visit import Escorting
from domain.bookings.visit_forms import PlanEscort, VisitForm
from domain.calendar import civil_date
from domain.cancellation import TOO_LATE_AFTER, Cost, cost_of_cancelling, rule_of
from domain.documents import DocumentKind, missing
from domain.doubts import VISIT_AHEAD_MAX
from domain.programmes.own_steps import DoServiceStep, step_named, steps_at, unsaid
from domain.programmes.services import Shape, Step
from domain.roles import Role
from domain.steps.forms import Form
from workflows.bookings.parts.record import BookingState
from workflows.bookings.refusals.arrangement import ArrangementRefusals
from workflows.bookings.refusals.escort import EscortRefusals
from workflows.bookings.refusals.intake import must_be_whole
from workflows.bookings.refusals.outcome import OutcomeRefusals
from workflows.messages.bookings import CancelBooking, ChangeDate, EndContract, RequestBooking
from workflows.messages.matters import CompleteTask
from workflows.refusals import (
    FORM_REFUSED,
    WRONG_STAGE,
    asked_seldom_enough,
    open_step,
    papers_missing,
    refusal,
)

NEW_DATES: Final = "new_date"
"""What the days a customer wished for are counted by."""

CANCELLING_REFUSED: Final = "CancellingRefused"
CANCELLING_COSTS: Final = "CancellingCosts"


def _must_decide(task_id: str, form: Form) -> None:
    """The same question is asked so often; the number of a step stands at the end of its id."""
    field = goes_round(form)
    if field is not None and int(task_id.rpartition(".")[2]) > ROUNDS_END:
        raise refusal(FORM_REFUSED, f"已重复{ROUNDS_END}次, 须作出最终决定", field)


class BookingRefusals:
    """Checks the commands of one booking against what it knows."""

    def __init__(self, state: BookingState, asked: RequestBooking) -> None:
        self._state = state
        self._asked = asked
        self._service = asked.programme.service(asked.service)
        self.arrangement = ArrangementRefusals(state, asked)
        self._outcome = OutcomeRefusals(state, asked)
        self._visits = EscortRefusals(state, asked, asked.escorting or Escorting())

    def cost(self, at: datetime) -> Cost:
        """What giving up at a moment costs, by the programme's rule."""
        if self._state.let_down:
            return Cost.FREE  # a provider's failure never costs the customer anything
        visit_at = self._state.service_at
        cost = cost_of_cancelling(
            self._service,
            at=at,
            visit_on=civil_date(visit_at) if visit_at else None,
            happened=self._state.happened,
            calendar=self._state.calendar,
        )
        # Wishing another day makes no late giving up an early one.
        return self._state.left_at_cost if cost is Cost.FREE else cost

    def still_open(self) -> None:
        """What is over, or as good as over, cannot be called off."""
        if self._state.stage is BookingStage.PAYING_BACK:
            raise refusal(WRONG_STAGE, "报销款已在支付中, 不能取消", "stage")
        served = self._state.stage is BookingStage.FOLLOW_UP
        if self._state.ended or served or self._state.called_off is not None:
            raise refusal(WRONG_STAGE, "预约已经结束或取消", "stage")

    def contract_end(self, message: EndContract) -> None:
        """A booking that is over ends with no contract; nobody knows one's end years ahead.

        A unit that is still being judged comes back (R350).
        """
        if not self._state.is_judged:
            self.still_open()
        ahead = civil_date(message.at) + VISIT_AHEAD_MAX
        if message.ends_on is not None and message.ends_on > ahead:
            raise refusal(FORM_REFUSED, "合同终止日超出一年", "ends_on")

    def cancellation(self, message: CancelBooking) -> None:
        """A booking that is over cannot be given up; one that costs a unit only knowingly."""
        if self._state.is_judged:
            raise refusal(WRONG_STAGE, "服务已终止, 正在判定是否计次", "stage")
        self.still_open()
        cost = self.cost(message.at)
        if cost is Cost.REFUSED:
            raise refusal(CANCELLING_REFUSED, self._why_refused(), "stage")
        if cost is Cost.USED and not message.accept_use:
            raise refusal(CANCELLING_COSTS, "现在取消将视为服务已使用, 请确认", "accept_use")

    def _why_refused(self) -> str:
        """From when on giving up is refused, and what is still to be had."""
        rule = rule_of(self._service)
        until = rule.free_before if rule else None
        since = TOO_LATE_AFTER.get(until, "现在") if until else "现在"
        another = ", 可以申请改期" if self._has_a_day and self._day_is_chosen else ""
        return f"按服务条款, {since}不能取消{another}"

    @property
    def _has_a_day(self) -> bool:
        """Whether the service is a visit on a day that can be changed."""
        return self._service.shape is Shape.APPOINTMENT

    @property
    def _day_is_chosen(self) -> bool:
        """Whether the service lets its customer choose the time (P16 does not)."""
        choice = self._service.choice
        return choice is None or "time" not in choice.may_not_choose

    def new_date(self, message: ChangeDate) -> None:
        """Another day may be wished for until the visit, where the service lets one choose it."""
        state = self._state
        over = state.ended or state.stage is BookingStage.FOLLOW_UP or state.is_judged
        over = over or state.called_off is not None
        passed = state.service_at is not None and message.at >= state.service_at
        if over or passed or not self._has_a_day:
            raise refusal(WRONG_STAGE, "预约不能再改期", "stage")
        if not self._day_is_chosen:
            raise refusal(FORM_REFUSED, "该服务不能指定时间", "wished_on")
        if state.counts.get(NEW_DATES, 0) >= WISHES_MAX:
            raise refusal(FORM_REFUSED, f"改期已满{WISHES_MAX}次, 请联系工作人员", "wished_on")
        today = civil_date(message.at)
        if not today <= message.wished_on <= today + VISIT_AHEAD_MAX:
            raise refusal(FORM_REFUSED, "改期日期须在今天起一年以内", "wished_on")
        self.arrangement.within_cover(message.wished_on, "wished_on")

    def completion(self, message: CompleteTask) -> None:
        """The step is open, the caller's, and its form says something this booking can take."""
        task, form = open_step(self._state, message)
        _must_decide(task.task_id, form)
        match form:
            case TakeRequest() | CheckPapers() | ReviewBooking():
                self._before_it_is_sought(form, message)
            case DoServiceStep():
                step = step_named(self._service, task.subject)
                self._says([step] if step else [], form.says, hospital_id=form.hospital_id)
            case ConfirmBooking(withdrawn=True) if message.actor.role is Role.CUSTOMER:
                raise refusal(FORM_REFUSED, "医院是否撤回由工作人员登记", "withdrawn")
            case ConfirmBooking(confirmed=True):
                self._still_offered(message.at)
                self._says(steps_at(self._service, "told"), form.says)
            case VisitForm():
                self._visits.check(form, message)
                if isinstance(form, PlanEscort):
                    self.arrangement.within_cover(civil_date(form.meeting_at), "meeting_at")
            case ReportVisit():
                self._outcome.report(form, message.at)
            case FollowUpCall() if lacks_rating(form, about=task.subject):
                raise refusal(FORM_REFUSED, RATING_WANTED, "satisfaction")
            case _:
                self._while_it_is_sought(form, message)

    def _before_it_is_sought(
        self, form: TakeRequest | CheckPapers | ReviewBooking, message: CompleteTask
    ) -> None:
        match form:
            case TakeRequest():
                must_be_whole(form, self._asked)
            case CheckPapers():
                self._papers(form, message)
            case ReviewBooking(missing=[_, *_]):
                asked_seldom_enough(self._state)

    def _while_it_is_sought(self, form: Form, message: CompleteTask) -> None:
        match form:
            case OfferOptions():
                self.arrangement.options(form)
            case ChooseOption() if form.option not in self._state.options:
                raise refusal(FORM_REFUSED, "只能从所提供的选项中选择", "option")
            case ArrangeService():
                self.arrangement.arranged(form, message.at)
            case AssignExpert():
                self.arrangement.expert(form)
            case SendKit(can_give=True) if not (form.guided and form.sample):
                raise refusal(FORM_REFUSED, "须写明样本种类, 并已指导取样和寄送", "guided")
            case SendKit() if why := unusual(self._service, form.sample, form.note):
                raise refusal(FORM_REFUSED, why, "sample")
            case ReceiveSample() | DeliverReport():
                self._outcome.since_the_request(form.at, message.at)
                if isinstance(form, DeliverReport):
                    self._outcome.delivery(form, message)

    def _says(
        self, steps: list[Step], says: dict[str, str], *, hospital_id: str | None = None
    ) -> None:
        """A step of the service's own file states what the file asks of it, and nothing else."""
        asked = {code for step in steps for code in step.fields}
        if hospital_id is not None and "hospital_id" not in asked:
            raise refusal(FORM_REFUSED, "该事项不登记医院", "hospital_id")
        if not {*says} <= asked - {"hospital_id"}:
            raise refusal(FORM_REFUSED, "所填内容不属于该事项", "says")
        still = [name for step in steps for name in unsaid(step, says, hospital_id=hospital_id)]
        if still:
            raise refusal(FORM_REFUSED, f"尚须登记: {'、'.join(still)}", "says")

    def _papers(self, form: CheckPapers, message: CompleteTask) -> None:
        if not form.complete:
            return
        asked = self._asked
        needed = papers_for(asked.programme, self._service, asked.disease)
        have = {kind for kind, ids in message.documents.items() if ids}
        if self._state.asked_for:  # the rest was read before a reviewer wanted more
            asked_for = [DocumentKind(kind) for kind in self._state.asked_for]
            if lacks := missing(asked_for, have):
                raise papers_missing(lacks)
            return
        if still := lacking(asked.programme, asked.disease, have):
            raise papers_missing(still, asked.programme.documents)
        found = faults(
            asked.programme,
            asked.disease,
            have,
            form.papers,
            on=civil_date(message.at),
            service_period=Span(first=asked.covered_from, last=asked.covered_until),
        )
        if found:
            raise refusal(FORM_REFUSED, "; ".join(found), "papers")
        if DocumentKind.ADMISSION_SLIP in needed and not form.slip_days:
            raise refusal(FORM_REFUSED, "须填写住院证开具日期", "slip_issued_on")
        if len(form.slip_days) > 1:
            raise refusal(FORM_REFUSED, "住院证开具日期前后不一致", "slip_issued_on")
        for day in form.slip_days:
            self._slip_day(day, civil_date(message.at))

    def _slip_day(self, issued_on: date, today: date) -> None:
        """The day a promise is counted from: no later than today, no earlier than the cover."""
        if issued_on > today:
            raise refusal(FORM_REFUSED, "住院证开具日期不能晚于今天", "slip_issued_on")
        if not self._state.calendar.knows(issued_on):
            raise refusal(FORM_REFUSED, "住院证开具日期过早, 请核对年份", "slip_issued_on")
        covered = self._asked.insured_since or self._asked.covered_from
        if covered is not None and issued_on < covered:
            raise refusal(FORM_REFUSED, "住院证开具日期不能早于保单生效日", "slip_issued_on")

    def _still_offered(self, at: datetime) -> None:
        """Nobody can say yes to a moment that has passed: another one is looked for."""
        offered = self._state.proposed_at
        if offered is not None and offered <= at:
            raise refusal(FORM_REFUSED, "所提供的就诊时间已过, 须重新安排", "confirmed")
