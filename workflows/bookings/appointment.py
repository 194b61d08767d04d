"""The story of an appointment: a visit, a bed, an operation, an examination (GC02–GC16).

Asked for, answered, papers, a review where the programme has one, a choice where there is one; then
a hospital's resource is coordinated, the customer told and asked, and somebody reports what came of
it. A provider's failure uses nothing up: it is coordinated again. The customer may give up at any
moment before; what that costs is the programme's rule (`domain.cancellation`).
"""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from typing import Final

from temporalio import workflow

from domain.booking import AGAIN, LOSSES, BookingStage, VisitOutcome
from domain.booking_forms import (
    ArrangeService,
    CheckPapers,
    ChooseOption,
    ConfirmBooking,
    OfferOptions,
    ReportVisit,
    ReviewBooking,
    TakeRequest,
)
from domain.booking_terms import ends_with_admission, is_chosen, is_reviewed, papers_for
from domain.calendar import SHANGHAI
from domain.cancellation import Cost, uses_up
from domain.documents import DOCUMENT_NAMES, DocumentKind
from domain.eligibility import Outcome
from domain.events import ExpectedEvent
from domain.services import FollowUp
from domain.tasks import TaskKind
from workflows.bookings.desk import BookingDesk, BookingOver
from workflows.bookings.record import BookingState
from workflows.bookings.refusals import BookingRefusals
from workflows.messages import (
    Accepted,
    CancelBooking,
    CompleteTask,
    NewCalendar,
    PapersArrived,
    RequestBooking,
)

GRACE: Final = timedelta(days=1)
"""So long after the visit somebody says what came of it; then a supervisor hears of it."""
FOLLOW_UPS_MAX: Final = 12
"""No programme asks for more calls than one a month."""


@workflow.defn(name="Appointment")
class Appointment:
    """One booking of the shape `appointment`."""

    @workflow.init
    def __init__(self, asked: RequestBooking) -> None:
        self._asked = asked
        self._service = asked.programme.service(asked.service)
        self._state = BookingState.of(asked)
        self._desk = BookingDesk(asked, self._state)
        self._refusals = BookingRefusals(self._state, asked)

    @workflow.run
    async def run(self, _: RequestBooking) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        telling = asyncio.ensure_future(self._desk.run(self._story()))
        while not telling.done():
            try:
                await workflow.wait_condition(telling.done)
            except asyncio.CancelledError:
                if workflow.cancellation_reason() is None:
                    raise
                self._desk.alert("收到取消请求, 预约继续")
        await telling
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state.stage.value

    async def _story(self) -> None:
        try:
            await self._take_request()
            await self._collect_papers()
            await self._review()
            await self._choose()
            await self._arrange_until_it_takes_place()
            await self._follow_up()
        except BookingOver as over:
            await self._end(over)

    # The chapters --------------------------------------------------------------------------------

    async def _take_request(self) -> None:
        """GC02, GC03: the rules first; then the first answer, with identity and need."""
        desk, asked = self._desk, self._asked
        at = asked.requested_at
        desk.note("requested", f"受理预约: {self._service.name}", at=at, by=asked.requested_by)
        if asked.verdict.outcome is Outcome.REJECTED:
            reasons = "; ".join(reason.text for reason in asked.verdict.reasons)
            raise BookingOver(BookingStage.REJECTED, reasons)
        desk.happened(ExpectedEvent.FIRST_CALL, at=at)
        desk.happened(ExpectedEvent.SERVICE_REQUESTED, at=at)
        step = desk.ask(TaskKind.TAKE_REQUEST, at=at, until=ExpectedEvent.FIRST_RESPONSE)
        first = await desk.done(step)
        desk.happened(ExpectedEvent.FIRST_RESPONSE, at=first.at)
        if not first.read(TakeRequest).identity_verified:
            raise BookingOver(BookingStage.REJECTED, "身份信息未能核实")
        desk.happened(ExpectedEvent.NEED_CONFIRMED, at=first.at)

    async def _collect_papers(self) -> None:
        """GC05: complete papers first; a slip starts the clock of a bed (C-24)."""
        desk = self._desk
        needed = papers_for(self._asked.programme, self._service, self._asked.disease)
        if not needed:
            return
        desk.enter(BookingStage.MATERIALS, at=workflow.now())
        names = "、".join(DOCUMENT_NAMES[kind] for kind in needed)
        desk.note("checklist", f"所需资料: {names}")
        while True:
            step = desk.ask(TaskKind.CHECK_PAPERS, at=workflow.now())
            checked = await desk.done(step)
            form = checked.read(CheckPapers)
            desk.happened(ExpectedEvent.COMPLETENESS_TOLD, at=checked.at)
            if form.complete:
                break
            desk.note("papers_missing", "资料不齐, 已告知客户", at=checked.at, by=checked.actor)
            desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=checked.at)
        if DocumentKind.ADMISSION_SLIP in needed and form.slip_issued_on is not None:
            issued = datetime.combine(form.slip_issued_on, time.min, SHANGHAI)
            desk.happened(ExpectedEvent.SLIP_ISSUED, at=issued)
            desk.happened(ExpectedEvent.SLIP_PROVIDED, at=checked.at)
        desk.happened(ExpectedEvent.DOCUMENTS_COMPLETE, at=checked.at)

    async def _review(self) -> None:
        """GC06: a person says yes or no, where the programme or the verdict asks for one."""
        desk, asked = self._desk, self._asked
        judged = asked.verdict.outcome is Outcome.NEEDS_PERSON
        if not judged and not is_reviewed(asked.programme, self._service):
            return
        desk.enter(BookingStage.MEDICAL_REVIEW, at=workflow.now())
        step = desk.ask(
            TaskKind.REVIEW_BOOKING, at=workflow.now(), until=ExpectedEvent.CUSTOMER_TOLD
        )
        opinion = await desk.done(step)
        form = opinion.read(ReviewBooking)
        desk.happened(ExpectedEvent.REVIEW_DONE, at=opinion.at)
        told = await desk.done(
            desk.ask(TaskKind.TELL_RESULT, at=opinion.at, until=ExpectedEvent.CUSTOMER_TOLD)
        )
        desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=told.at)
        if not form.approved:
            raise BookingOver(BookingStage.DECLINED, form.reason)
        desk.happened(ExpectedEvent.APPROVED, at=opinion.at)
        self._desk.use_when("approved", at=opinion.at)

    async def _choose(self) -> None:
        """GC07: the consultant recommends, the customer chooses; P04: one of three experts."""
        if not is_chosen(self._service):
            return
        desk = self._desk
        desk.enter(BookingStage.CHOICE, at=workflow.now())
        offered = await desk.done(desk.ask(TaskKind.OFFER_OPTIONS, at=workflow.now()))
        self._state.options = [one.option for one in offered.read(OfferOptions).options]
        chosen = await desk.done(
            desk.ask(
                TaskKind.CHOOSE_OPTION, at=offered.at, subject=" ".join(self._state.options)[:200]
            )
        )
        self._state.chosen = chosen.read(ChooseOption).option
        desk.happened(ExpectedEvent.EXPERT_CONFIRMED, at=chosen.at)

    async def _arrange_until_it_takes_place(self) -> None:
        """GC08–GC14: coordinated, confirmed, visited; again when a provider fails."""
        outcome = None
        while outcome is None or outcome in AGAIN:
            self._seek()
            await self._coordinate()
            if await self._confirm():
                outcome = await self._visit()
        if outcome in LOSSES:
            await self._desk.settle_unit(uses_up(self._service, LOSSES[outcome]), why=outcome.value)
            raise BookingOver(BookingStage.TERMINATED, outcome.value)
        self._desk.use_when("completed", at=workflow.now())

    def _seek(self) -> None:
        """The formal start: from here on a hospital is asked."""
        desk, now = self._desk, workflow.now()
        if self._state.stage is not BookingStage.COORDINATING:
            desk.enter(BookingStage.COORDINATING, at=now)
        if ExpectedEvent.SERVICE_STARTED not in self._state.happened:
            desk.happened(ExpectedEvent.SERVICE_STARTED, at=now)

    async def _coordinate(self) -> None:
        """GC08: a hospital's resource, or an equal one by agreement; else the unit comes back."""
        desk = self._desk
        while True:
            step = desk.ask(
                TaskKind.ARRANGE_SERVICE, at=workflow.now(), until=ExpectedEvent.SERVICE_ARRANGED
            )
            done = await desk.done(step)
            form = done.read(ArrangeService)
            if form.arranged:
                break
            desk.note("not_arranged", "医院暂无法安排, 继续协调", at=done.at, by=done.actor)
            if form.final:
                raise BookingOver(BookingStage.UNAVAILABLE, "无法安排")
        self._state.service_at = form.service_at
        self._state.hospital_id = form.hospital_id or self._state.hospital_id
        desk.happened(ExpectedEvent.RESOURCE_COORDINATED, at=done.at)

    async def _confirm(self) -> bool:
        """GC09: told before it is fixed (落实前取得客户确认); False wants another time."""
        desk = self._desk
        step = desk.ask(
            TaskKind.CONFIRM_BOOKING, at=workflow.now(), until=ExpectedEvent.SERVICE_ARRANGED
        )
        said = await desk.done(step)
        desk.happened(ExpectedEvent.CUSTOMER_INFORMED, at=said.at)
        if not said.read(ConfirmBooking).confirmed:
            desk.note("another_time", "客户希望改期", at=said.at, by=said.actor)
            return False
        desk.happened(ExpectedEvent.BOOKING_CONFIRMED, at=said.at)
        desk.happened(ExpectedEvent.SERVICE_ARRANGED, at=said.at)
        desk.enter(BookingStage.CONFIRMED, at=said.at)
        self._desk.use_when("arranged", at=said.at)
        return True

    async def _visit(self) -> VisitOutcome:
        """GC12: what came of it is reported by a person, never concluded from silence."""
        desk, visit_at = self._desk, self._state.service_at or workflow.now()
        until = ExpectedEvent.ADMITTED if ends_with_admission(self._service) else None
        step = desk.ask(
            TaskKind.REPORT_VISIT, at=workflow.now(), until=until, due_at=visit_at + GRACE
        )
        completions = self._state.completions
        left = max(visit_at + GRACE - workflow.now(), timedelta())
        try:
            await workflow.wait_condition(
                lambda: step in completions or self._state.called_off is not None,
                timeout=left,
                timeout_summary="就诊结果未登记",
            )
        except TimeoutError:
            desk.alert("就诊时间已过, 结果未登记")
        report = await desk.done(step)
        form = report.read(ReportVisit)
        if form.outcome is VisitOutcome.DELIVERED:
            stop = ExpectedEvent.ADMITTED if until else ExpectedEvent.SERVICE_DELIVERED
            desk.happened(stop, at=form.at)
        return form.outcome

    async def _follow_up(self) -> None:
        """GC15: the calls the service promises, each at its interval."""
        desk = self._desk
        desk.enter(BookingStage.FOLLOW_UP, at=workflow.now())
        for promised in self._service.follow_ups:
            await self._calls(promised)
        desk.enter(BookingStage.CLOSED, at=workflow.now())
        desk.leave(at=workflow.now(), reason="预约已结案")

    async def _calls(self, promised: FollowUp) -> None:
        for _ in range(min(promised.times or 1, FOLLOW_UPS_MAX)):
            if promised.every_days:
                pause = timedelta(days=promised.every_days)
                await workflow.sleep(pause, summary=f"回访 {promised.kind}")
            await self._desk.done(
                self._desk.ask(TaskKind.FOLLOW_UP_CALL, at=workflow.now(), subject=promised.kind)
            )

    async def _end(self, over: BookingOver) -> None:
        """The story ended early: the unit is settled, and nobody is left waiting."""
        if over.stage is BookingStage.CANCELLED:
            await self._desk.settle_unit(_USED[self._state.cost], why="cancelled")
        elif over.stage is not BookingStage.TERMINATED:
            self._desk.move_unit("given_back", why=over.stage.value, at=workflow.now())
        now = workflow.now()
        self._desk.enter(over.stage, at=now, reason=over.reason)
        self._desk.leave(at=now, reason="预约已结束")

    # What arrives: handlers write down, the story acts -------------------------------------------

    @workflow.update
    def complete_task(self, message: CompleteTask) -> Accepted:
        """A person finished a step."""
        self._desk.finish(message)
        return Accepted(stage=self._state.stage, at=message.at)

    @complete_task.validator
    def _may_complete(self, message: CompleteTask) -> None:
        self._refusals.completion(message)

    @workflow.update
    def cancel_booking(self, message: CancelBooking) -> Accepted:
        """The customer gives the booking up; what it costs follows from this very moment."""
        self._state.cost = self._refusals.cost(message.at)
        self._state.called_off = "客户取消预约"
        self._desk.note("cancelled", "客户取消预约", at=message.at, by=message.actor)
        return Accepted(stage=self._state.stage, at=message.at, cost=self._state.cost)

    @cancel_booking.validator
    def _may_cancel(self, message: CancelBooking) -> None:
        self._refusals.cancellation(message)

    @workflow.signal
    def papers_arrived(self, message: PapersArrived) -> None:
        """The customer handed papers in: from here runs the promise of an answer (G30, G31)."""
        if not self._state.ended:
            self._desk.note("papers_arrived", "收到客户资料", at=message.at)
            self._desk.happened(ExpectedEvent.DOCUMENTS_RECEIVED, at=message.at)

    @workflow.signal
    def new_calendar(self, message: NewCalendar) -> None:
        """A holiday notice landed: who was promised another date is told by phone."""
        if self._desk.new_calendar(message.calendar, at=message.at):
            self._desk.ask(TaskKind.PHONE_CUSTOMER, at=workflow.now(), subject="promise_moved")


_USED: Final = {Cost.FREE: False, Cost.USED: True, Cost.NEEDS_PERSON: None, Cost.REFUSED: True}
"""Whether a cancellation uses the unit up; None where the source lost the rule."""
