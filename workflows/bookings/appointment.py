"""The story of an appointment: a visit, a bed, an operation, an examination (GC07–GC14).

A choice where there is one; then a hospital's resource is coordinated, the customer told and asked,
and somebody reports what came of it. A provider's failure uses nothing up: it is coordinated again.
How every booking begins and ends stands in `workflows.bookings.booking`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.bookings.booking import AGAIN, LOSSES, BookingStage, VisitOutcome
from domain.bookings.failures import left_out, not_wanted
from domain.bookings.forms import (
    ArrangeService,
    ChooseOption,
    ConfirmBooking,
    OfferOptions,
    ReportVisit,
)
from domain.bookings.terms import (
    chooses_expert,
    ends_with_admission,
    is_chosen,
    is_told_by_phone,
    start_is_cut_off,
    wish,
)
from domain.cancellation import LOST_BECAUSE
from domain.events import ExpectedEvent
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows.bookings.booking import Booking
from workflows.bookings.escorts.beside import Beside
from workflows.bookings.partners.hospitals import Hospitals
from workflows.bookings.parts.desk import COORDINATED, BookingOver
from workflows.bookings.parts.papers import CHASED_AFTER, NOT_CHOSEN
from workflows.cockpit import civil
from workflows.matter import SUBJECT_MAX
from workflows.messages.bookings import RequestBooking, ResourceWord
from workflows.waiting import came_by

GRACE: Final = timedelta(days=1)
"""So long after the visit somebody says what came of it; then a supervisor hears of it."""

ASKED_AHEAD: Final = timedelta(hours=1)
"""So long before an offered visit its customer has been asked: he still has to get there."""

OFFERS_LAPSE: Final = "offers-lapse"
"""Bookings that were asked about an offer before this wait for the answer for ever."""

_KEPT_BY_AN_ARRANGEMENT: Final = (
    *COORDINATED,
    ExpectedEvent.SERVICE_DELIVERED,
    ExpectedEvent.ADMITTED,
)
"""Programmes promise that it is found, told, arranged or done: a step is due with the next one."""


@workflow.defn(name="Appointment")
class Appointment(Booking):
    """One booking of the shape `appointment`."""

    @workflow.init
    def __init__(self, asked: RequestBooking) -> None:
        super().__init__(asked)
        self._beside = Beside(self._desk, asked, nobody=self._unaccompanied)
        self._hospitals = Hospitals(self._desk, asked, self._refusals.arrangement)
        self._given_up_at: datetime | None = None

    @workflow.run
    async def run(self, _: RequestBooking) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        return await self.tell()

    async def _serve(self) -> None:
        await self._choose()
        try:
            await self._arrange_until_it_takes_place()
        finally:
            self._hospitals.let_go()

    async def _choose(self) -> None:
        """GC07: the consultant recommends, the customer chooses; P04: one of three experts."""
        if not is_chosen(self._service):
            return
        desk = self._desk
        desk.enter(BookingStage.CHOICE, at=workflow.now())
        offered = await desk.done(desk.ask(TaskKind.OFFER_OPTIONS, at=workflow.now()))
        self._state.options = [one.option for one in offered.read(OfferOptions).options]
        with self._papers.owed(why=NOT_CHOSEN):
            chosen = await desk.done(
                desk.ask(
                    TaskKind.CHOOSE_OPTION,
                    at=offered.at,
                    due_at=offered.at + CHASED_AFTER,
                    subject=" ".join(self._state.options)[:SUBJECT_MAX],
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
                outcome = await self._served_visit()
        self._hospitals.used()
        if outcome in LOSSES:
            at = self._given_up_at or self._state.service_at or workflow.now()
            if not self._beside.excuses(outcome):
                await self._lose(LOSSES[outcome], at=at, why=outcome.value)
            raise BookingOver(BookingStage.TERMINATED, LOST_BECAUSE[outcome.value])
        self._desk.use_when("completed", at=workflow.now())

    def _seek(self) -> None:
        """The formal start: from here on a hospital is asked; no earlier date stands any more."""
        desk, now = self._desk, workflow.now()
        self._state.service_at = None
        if self._state.stage is not BookingStage.COORDINATING:
            desk.enter(BookingStage.COORDINATING, at=now)
        if ExpectedEvent.SERVICE_STARTED not in self._state.happened:
            if start_is_cut_off(self._service):
                desk.tell("booking_started")
            desk.happened(ExpectedEvent.SERVICE_STARTED, at=now)
        else:
            desk.promise_anew(at=now)

    async def _coordinate(self) -> None:
        """GC08: a hospital's resource, or an equal one by agreement; else the unit comes back.

        Hospitals may be asked over the wire; whoever has an answer first, they or a dispatcher.
        """
        desk = self._desk
        self._hospitals.seek()
        while True:
            step = desk.ask(
                TaskKind.ARRANGE_SERVICE,
                at=workflow.now(),
                until=desk.promised(*_KEPT_BY_AN_ARRANGEMENT),
                subject=self._sought(),
            )
            done = await desk.done(step)
            form = done.read(ArrangeService)
            if form.arranged:
                break
            if form.final:
                raise BookingOver(BookingStage.UNAVAILABLE, "无法安排")
            desk.note("not_arranged", "医院暂无法安排, 继续协调", at=done.at, by=done.actor)
        if done.actor.role is not Role.PARTNER:
            self._hospitals.let_go()
        self._state.proposed_at = form.service_at
        self._state.hospital_id = form.hospital_id or self._state.hospital_id
        self._state.expert = form.expert or self._wanted_expert
        desk.happened(ExpectedEvent.RESOURCE_COORDINATED, at=done.at)

    @property
    def _wanted_expert(self) -> str | None:
        """The one of three whom the customer chose (P04)."""
        return self._state.chosen if chooses_expert(self._service) else None

    def _sought(self) -> str:
        """What whoever coordinates reads: the expert that was chosen, and the customer's wishes."""
        expert, failed = self._wanted_expert, self._state.failed_by
        named = f"客户选定专家 {expert}" if expert else ""
        told = (
            named,
            left_out(failed),
            not_wanted(self._state.declined),
            wish(self._service, self._state.customer_date),
        )
        return "; ".join(one for one in told if one)

    async def _confirm(self) -> bool:
        """GC09: told before it is fixed (落实前取得客户确认); False wants another time."""
        desk = self._desk
        offered_at = self._state.proposed_at if workflow.patched(OFFERS_LAPSE) else None
        step = desk.ask(
            TaskKind.CONFIRM_BOOKING,
            at=workflow.now(),
            roles=[Role.AGENT] if is_told_by_phone(self._service) else None,
            until=desk.promised(*_KEPT_BY_AN_ARRANGEMENT),
            not_after=offered_at and max(workflow.now(), offered_at - ASKED_AHEAD),
            assignee=self._state.owner,
            subject=self._offered(),
        )
        said = await self._hospitals.answered(step, offered_at=offered_at)
        if said is None:
            return False
        form = said.read(ConfirmBooking)
        if form.withdrawn:
            desk.let_down(at=said.at, by=said.actor)
            return False
        desk.happened(ExpectedEvent.CUSTOMER_INFORMED, at=said.at)
        if not form.confirmed:
            offered_at = self._state.proposed_at
            told = f"客户未接受所提供的时间 {civil(offered_at)}, 重新协调"
            desk.note("another_time", told, at=said.at, by=said.actor)
            desk.declined(at=offered_at)
            return False
        self._state.service_at = self._state.proposed_at
        self._tell_with_it(form)
        desk.happened(ExpectedEvent.BOOKING_CONFIRMED, at=said.at)
        desk.happened(ExpectedEvent.SERVICE_ARRANGED, at=said.at)
        desk.enter(BookingStage.CONFIRMED, at=said.at)
        desk.use_when("arranged", at=said.at)
        desk.tell_confirmed()
        return True

    async def _served_visit(self) -> VisitOutcome:
        """GC11, GC12: the visit, and what the service promises to be done beside it (R692)."""
        self._own.begin(due_at=self._state.service_at)
        outcome = await self._accompanied()
        self._own.end(delivered=outcome is VisitOutcome.DELIVERED)
        return outcome

    async def _accompanied(self) -> VisitOutcome:
        """GC11: where the programme promises an escort, somebody goes along (P04, P06, P13)."""
        if self._asked.escorting is None:
            return await self._visit()
        self._beside.begin(self._state.service_at or workflow.now())
        try:
            outcome = await self._visit()
        except BookingOver:
            self._beside.end()
            raise
        if not self._beside.end() and outcome is VisitOutcome.DELIVERED:
            self._desk.alert("就诊时无人陪同")
        return outcome

    def _unaccompanied(self) -> None:
        """Nobody can come along: the customer, who expects somebody, hears of it, and so do we."""
        self._desk.alert("无陪诊人员, 就诊将无人陪同")
        self._desk.tell_surely("booking_no_escort")

    async def _visit(self) -> VisitOutcome:
        """GC12: what came of it is reported by a person, never concluded from silence."""
        desk, visit_at = self._desk, self._state.service_at or workflow.now()
        admitted = ends_with_admission(self._service)
        stop = ExpectedEvent.ADMITTED if admitted else ExpectedEvent.SERVICE_DELIVERED
        step = desk.ask(
            TaskKind.REPORT_VISIT, at=workflow.now(), due_at=self._reported_by(stop, visit_at)
        )
        if await self._changed(step, visit_at + GRACE):
            return self._begun_anew(step)
        report = await desk.done(step)
        form = report.read(ReportVisit)
        if form.outcome is VisitOutcome.GIVEN_UP:
            self._given_up_at = form.at
        if form.outcome is VisitOutcome.RESCHEDULED:
            self._state.left_at_cost = self._refusals.cost(report.at)
            desk.tell_left()
        if form.outcome is VisitOutcome.PROVIDER_FAILED:
            desk.let_down(at=report.at, by=report.actor, failed=self._state.expert)
        if form.outcome is VisitOutcome.DELIVERED:
            desk.happened(stop, at=form.at)
        return form.outcome

    def _reported_by(self, stop: ExpectedEvent, visit_at: datetime) -> datetime:
        """A promise of the visit itself is kept by its report; no visit is reported before it."""
        promise = self._desk.clocks.until(stop)
        by = visit_at + GRACE
        return by if promise is None else max(visit_at, min(by, promise.due_at))

    def _begun_anew(self, step: str) -> VisitOutcome:
        """The visit as it was confirmed does not take place, for the hospital's or another day."""
        if self._hospitals.took_back:
            self._hospitals.let_down(step)
            return VisitOutcome.PROVIDER_FAILED
        self._desk.no_longer_asked(step, at=workflow.now(), reason="客户改期")
        self._desk.tell_left()
        return VisitOutcome.RESCHEDULED

    async def _changed(self, step: str, until: datetime) -> bool:
        """Whether customer or hospital want out of it before anybody has reported on it."""
        state = self._state
        if not await came_by(
            lambda: (
                step in state.completions
                or state.called_off is not None
                or state.new_date is not None
                or self._hospitals.took_back
            ),
            until,
            summary="就诊结果未登记",
        ):
            self._desk.alert("就诊时间已过, 结果未登记")
        wished, state.new_date = state.new_date, None
        changed = wished is not None or self._hospitals.took_back
        return changed and step not in state.completions and state.called_off is None

    @workflow.signal
    def resource_word(self, message: ResourceWord) -> None:
        """Hospitals say yes or no to what they were asked for, or no after a yes."""
        self._hospitals.spoke(message)
