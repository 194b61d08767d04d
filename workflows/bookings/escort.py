"""The story of an escort: a time agreed, somebody beside the customer, the way through a hospital.

How an escort comes and goes is told by `workflows.bookings.escorts.escorted`, how every booking
begins and ends by `workflows.bookings.booking`. A visit that does not take place is a person's
word, of a customer who has not come only after a grace; a provider's failure uses nothing up.
"""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from domain.bookings.booking import AGAIN, LOSSES, BookingStage, VisitOutcome
from domain.bookings.forms import ReportVisit
from domain.bookings.visit_forms import PlanEscort
from domain.calendar import civil_date
from domain.cancellation import LOST_BECAUSE
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from workflows.bookings.booking import Booking
from workflows.bookings.escorts.beside import Beside
from workflows.bookings.escorts.escorted import REPORTED_WITHIN
from workflows.bookings.parts.desk import COORDINATED, BookingOver
from workflows.cockpit import civil
from workflows.matter import Completion
from workflows.messages.bookings import RequestBooking


@workflow.defn(name="Escort")
class Escort(Booking):
    """One booking of the shape `escort`."""

    @workflow.init
    def __init__(self, asked: RequestBooking) -> None:
        super().__init__(asked)
        self._given_up_at: datetime | None = None
        self._beside = Beside(self._desk, asked, taken=self._confirmed, moved=self._meets)

    @workflow.run
    async def run(self, _: RequestBooking) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        return await self.tell()

    async def _serve(self) -> None:
        outcome = None
        while outcome is None or outcome in AGAIN:
            meeting_at = await self._plan()
            outcome = await self._escort(meeting_at)
        if outcome in LOSSES:
            at = self._given_up_at or self._state.service_at or workflow.now()
            if not self._beside.excuses(outcome):
                await self._lose(LOSSES[outcome], at=at, why=outcome.value)
            raise BookingOver(BookingStage.TERMINATED, LOST_BECAUSE[outcome.value])
        self._desk.use_when("completed", at=workflow.now())

    async def _plan(self) -> datetime:
        """The customer is called, the order written; a later day is his own wish (C-39)."""
        desk, state = self._desk, self._state
        if state.stage is not BookingStage.COORDINATING:
            desk.enter(BookingStage.COORDINATING, at=workflow.now())
        if ExpectedEvent.SERVICE_ARRANGED in state.happened:
            desk.promise_anew(at=workflow.now())
        step = desk.ask(TaskKind.PLAN_ESCORT, at=workflow.now(), until=desk.promised(*COORDINATED))
        planned = await desk.done(step)
        form = planned.read(PlanEscort)
        state.service_at, state.meeting_place = form.meeting_at, form.meeting_place
        day = civil_date(form.meeting_at)
        if state.customer_date is None or day > state.customer_date:
            state.customer_date = day
            desk.wishes_another_day(at=planned.at)
        desk.note("planned", f"会面时间 {civil(form.meeting_at)}", at=planned.at, by=planned.actor)
        return form.meeting_at

    def _confirmed(self, at: datetime) -> None:
        """Somebody comes: the booking stands, and stands on when somebody else comes instead."""
        if self._state.stage is BookingStage.CONFIRMED:
            return
        desk = self._desk
        desk.happened(ExpectedEvent.RESOURCE_COORDINATED, at=at)
        desk.happened(ExpectedEvent.BOOKING_CONFIRMED, at=at)
        desk.happened(ExpectedEvent.SERVICE_ARRANGED, at=at)
        desk.enter(BookingStage.CONFIRMED, at=at)
        desk.use_when("arranged", at=at)
        desk.tell_confirmed()

    def _meets(self, at: datetime) -> None:
        """They agreed on another time in the call: of that one the customer is reminded."""
        self._state.service_at = at
        self._desk.remind(at)

    async def _escort(self, meeting_at: datetime) -> VisitOutcome:
        """The visit; until it is over a steward may say that it does not take place, and why."""
        desk, completions, beside = self._desk, self._state.completions, self._beside
        by = meeting_at + REPORTED_WITHIN
        step = desk.ask(TaskKind.REPORT_VISIT, at=workflow.now(), due_at=by)
        beside.begin(meeting_at)
        try:
            await desk.until(lambda: step in completions or beside.is_over)
        except BookingOver:
            beside.end()
            raise
        visit = self._state.visit
        beside.end()
        said = completions.pop(step, None)
        if said is not None and beside.parted_at is None:
            return self._reported(said, None if visit is None else visit.nurse)
        desk.no_longer_asked(step, at=workflow.now(), reason="陪诊已结束")
        if beside.parted_at is None:
            raise beside.over or BookingOver(BookingStage.UNAVAILABLE, "无陪诊人员")
        desk.happened(ExpectedEvent.SERVICE_DELIVERED, at=beside.parted_at)
        return VisitOutcome.DELIVERED

    def _reported(self, said: Completion, nurse: str | None) -> VisitOutcome:
        """What a steward says; whoever had taken it and did not come is not offered it again."""
        form = said.read(ReportVisit)
        if form.outcome is VisitOutcome.GIVEN_UP:
            self._given_up_at = form.at
        if form.outcome is VisitOutcome.PROVIDER_FAILED:
            self._state.replaced += [nurse] if nurse else []
            self._desk.let_down(at=said.at, by=said.actor)
        return form.outcome
