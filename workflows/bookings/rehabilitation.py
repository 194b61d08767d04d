"""The story of a year of rehabilitation calls: a plan, the calls on their days, the words of each.

Each call is tried again when nobody answers, and written down whether somebody did or not. After
the cover ends nobody is called any more. How every booking begins and ends stands in
`workflows.bookings.booking`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.rehabilitation import (
    TRY_AGAIN_AFTER,
    CareCall,
    PlanCare,
    attempts_of,
    call_days,
)
from domain.calendar import civil_date, end_of_day
from domain.events import ExpectedEvent
from domain.hours import calls_from
from domain.steps.kinds import TaskKind
from workflows.bookings.booking import Booking
from workflows.bookings.refusals.rehabilitation import RehabilitationRefusals
from workflows.matter import Completion
from workflows.messages.bookings import RequestBooking
from workflows.waiting import came_by


@workflow.defn(name="Rehabilitation")
class Rehabilitation(Booking):
    """One booking of the shape `rehabilitation`."""

    @workflow.init
    def __init__(self, asked: RequestBooking) -> None:
        super().__init__(asked)
        self._refusals = RehabilitationRefusals(self._state, asked)

    @workflow.run
    async def run(self, _: RequestBooking) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        return await self.tell()

    async def _serve(self) -> None:
        days = await self._plan()
        for number, day in enumerate(days, start=1):
            until = self._asked.covered_until
            if until is not None and day > until:
                left = len(days) - number + 1
                self._desk.note("cover_ended", f"保单已到期, 不再进行其余{left}次回访")
                break
            await self._until(day)
            await self._call(f"{number}/{len(days)}")

    async def _follow_up(self) -> None:
        """The calls were the service itself."""
        if self._state.use == "reserved":
            # Nobody was reached all year: nothing was given, nothing is used up.
            self._desk.move_unit("given_back", why="never_reached", at=workflow.now())
        self._desk.enter(BookingStage.FOLLOW_UP, at=workflow.now())
        self._close()

    async def _plan(self) -> list[date]:
        """The steward's plan of the year: so many calls, evenly over what is left of it (C-64)."""
        desk = self._desk
        desk.enter(BookingStage.COORDINATING, at=workflow.now())
        desk.happened(ExpectedEvent.SERVICE_STARTED, at=workflow.now())
        done = await desk.done(desk.ask(TaskKind.PLAN_CARE, at=workflow.now()))
        form = done.read(PlanCare)
        asked_on = civil_date(self._asked.requested_at)
        days = call_days(form.first_visit_on, asked_on=asked_on, calls=form.calls)
        listed = "、".join(day.isoformat() for day in days)
        desk.note("care_planned", f"回访计划: {listed}", at=done.at, by=done.actor)
        desk.happened(ExpectedEvent.SERVICE_ARRANGED, at=done.at)
        desk.use_when("arranged", at=done.at)
        desk.enter(BookingStage.CONFIRMED, at=done.at)
        desk.tell("booking_planned", number=str(len(days)), date=listed)
        return days

    async def _call(self, which: str) -> None:
        """One call, tried again on the next days; what came of each try is written down."""
        desk = self._desk
        for attempt in range(1, attempts_of(self._service) + 1):
            step = desk.ask(
                TaskKind.CARE_CALL,
                at=workflow.now(),
                due_at=end_of_day(civil_date(workflow.now())),
                subject=f"{which} #{attempt}",
            )
            done = await self._made(step, which)
            form = done.read(CareCall)
            desk.happened(ExpectedEvent.CUSTOMER_CALLED, at=done.at)
            if form.reached:
                desk.note("care_call", f"康复回访 {which} 已完成", at=done.at, by=done.actor)
                if form.plan_changed.strip():
                    desk.note("plan_changed", "康复计划已调整", at=done.at, by=done.actor)
                desk.use_when("completed", at=done.at)
                return
            desk.note("not_reached", f"康复回访 {which} 未接通", at=done.at, by=done.actor)
            if attempt < attempts_of(self._service):
                await self._until(civil_date(done.at) + TRY_AGAIN_AFTER)
        desk.note("call_missed", f"康复回访 {which} 未能完成")

    async def _made(self, step: str, which: str) -> Completion:
        """The call was tried; a day that passed without is a supervisor's to see to."""
        desk, completions = self._desk, self._state.completions
        if not await self._before(
            end_of_day(civil_date(workflow.now())), lambda: step in completions
        ):
            desk.alert(f"康复回访 {which} 当日未进行")
        return await desk.done(step)

    async def _until(self, day: date) -> None:
        """Wait for the morning of a day, or for the customer to give up."""
        await self._before(calls_from(day), lambda: False)
        if self._state.called_off is not None:
            raise self._desk.given_up()

    async def _before(self, moment: datetime, fact: Callable[[], bool]) -> bool:
        """Whether a fact, or the customer's giving up, came before a moment."""
        came = await came_by(
            lambda: fact() or self._state.called_off is not None, moment, summary="等待康复回访"
        )
        return came or fact()
