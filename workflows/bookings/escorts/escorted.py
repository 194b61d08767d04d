"""An escort beside a customer (GC11, GC12): offered, taken, called, there, met, accompanied, gone.

The first of those it is offered to who says yes at the nurse platform comes. Whoever does not come
is replaced, and the next one goes on where the visit stands. A booked escort is told by
`workflows.bookings.escort`; an appointment that promises one has it beside its own story.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from activities.ports.visits import VisitOrder
from domain.bookings.visit import Escorting
from domain.bookings.visit_forms import (
    CallCustomer,
    CallOnTheWay,
    CheckIn,
    CheckOut,
    MeetCustomer,
    ReplaceEscort,
)
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from workflows.bookings.escorts.offers import EscortLost, EscortStopped, Offers
from workflows.bookings.parts.desk import BookingDesk
from workflows.cockpit import civil
from workflows.matter import Completion
from workflows.messages.bookings import RequestBooking
from workflows.waiting import came_by

REPORTED_WITHIN: Final = timedelta(days=1)
"""So long after the meeting the end is reported; then a supervisor hears of it."""

_OF_THE_ESCORT: Final = frozenset(
    {
        TaskKind.OFFER_VISIT,
        TaskKind.CALL_CUSTOMER,
        TaskKind.CHECK_IN,
        TaskKind.CALL_ON_THE_WAY,
        TaskKind.MEET_CUSTOMER,
        TaskKind.CHECK_OUT,
        TaskKind.REPLACE_ESCORT,
    }
)


class EscortedVisit:
    """The escort of one booking."""

    def __init__(
        self,
        desk: BookingDesk,
        asked: RequestBooking,
        terms: Escorting,
        *,
        taken: Callable[[datetime], None],
        moved: Callable[[datetime], None],
    ) -> None:
        self._desk = desk
        self._state = desk.state
        self._asked = asked
        self._terms = terms
        self._taken = taken
        self._moved = moved
        self._offers = Offers(desk, asked, terms)

    async def accompany(self, meeting_at: datetime) -> datetime:
        """From the offer to the moment they part, by as many people as it takes."""
        while True:
            if not self._offers.is_taken:
                self._taken(await self._offers.found(meeting_at))
            try:
                return await self._beside_the_customer()
            except EscortLost:
                meeting_at = self._offers.visit.meeting_at
                self._offers.lost()

    def stop(self) -> None:
        """Nobody needs to come any more, whether somebody had taken it or not."""
        self._offers.stop()
        self._desk.take_off(_OF_THE_ESCORT, at=workflow.now(), reason="陪诊已结束")

    @property
    def _is_lost(self) -> bool:
        return not self._offers.is_taken

    async def _beside_the_customer(self) -> datetime:
        if self._offers.visit.called_at is None:
            await self._call()
        if self._offers.visit.checked_in_at is None:
            await self._arrive()
            await self._ask_on_the_way()
        while self._offers.visit.met_at is None:
            await self._meet()
        return await self._part()

    def _step(
        self, kind: TaskKind, *, until: ExpectedEvent | None = None, due_at: datetime | None = None
    ) -> str:
        visit = self._offers.visit
        promised = until is ExpectedEvent.CUSTOMER_CALLED
        return self._desk.ask(
            kind,
            at=workflow.now(),
            assignee=visit.nurse,
            until=until,
            about=visit.visit_id if promised else "case",
            due_at=due_at,
        )

    async def _done(self, step: str) -> Completion:
        """What whoever comes reports; `EscortLost` where she does not come."""
        completions = self._state.completions
        await self._offers.until(lambda: step in completions or self._is_lost)
        if step not in completions:
            self._desk.no_longer_asked(step, at=workflow.now(), reason="陪诊人员更换")
            raise EscortLost
        return completions.pop(step)

    async def _call(self) -> None:
        """Within half an hour of taking it the customer is called, until he is reached (G06)."""
        desk = self._desk
        while True:
            step = self._step(TaskKind.CALL_CUSTOMER, until=ExpectedEvent.CUSTOMER_CALLED)
            called = await self._done(step)
            form = called.read(CallCustomer)
            if form.reached:
                break
            desk.note("not_reached", "客户未接通, 再次致电", at=called.at, by=called.actor)
        self._now(called_at=called.at)
        visit_id = self._offers.visit.visit_id
        desk.happened(ExpectedEvent.CUSTOMER_CALLED, at=called.at, about=visit_id)
        desk.happened(ExpectedEvent.CUSTOMER_INFORMED, at=called.at)
        if (
            form.meeting_at not in (None, self._offers.visit.meeting_at)
            and self._offers.order is not None
        ):
            self._now(meeting_at=form.meeting_at)
            desk.note("meeting_moved", f"会面时间 {civil(form.meeting_at)}", at=called.at)
            self._moved(form.meeting_at)
            order = self._offers.order.model_copy(update={"visit_at": form.meeting_at})
            desk.errand(self._plan_anew(order), f"anew {order.visit_id}")

    async def _plan_anew(self, order: VisitOrder) -> None:
        """The platform hears of another time; where it keeps the old one, a dispatcher decides."""
        desk, completions = self._desk, self._state.completions

        def gone() -> bool:
            return self._is_lost or self._offers.visit.visit_id != order.visit_id

        try:
            answer = await self._offers.placed(order)
            if answer.accepted or gone():
                return
            desk.note("visit_refused", f"护士平台未改约: {answer.reason}")
            asked = desk.ask(
                TaskKind.REPLACE_ESCORT, at=workflow.now(), subject=f"refused {answer.reason}"
            )
            await self._offers.until(lambda: asked in completions or gone())
        except EscortStopped:
            return
        desk.no_longer_asked(asked, at=workflow.now(), reason="陪诊人员已更换")
        decided = completions.pop(asked, None)
        if decided and decided.read(ReplaceEscort).replaced and not gone():
            self._now(lost="replaced")

    async def _arrive(self) -> None:
        """There before the customer (G07); who is not is asked after by a dispatcher."""
        due_at = self._terms.check_in_by(self._offers.visit.meeting_at)
        step = self._step(TaskKind.CHECK_IN, due_at=due_at)
        if not await self._heard_by(step, due_at, "到院打卡"):
            self._desk.alert("陪诊人员未按时到院打卡")
            await self._replaced_unless(step)
        self._now(checked_in_at=(await self._done(step)).read(CheckIn).at)

    async def _replaced_unless(self, step: str) -> None:
        """A person decides whether to wait or to send somebody else; she may still come."""
        while step not in self._state.completions and not self._is_lost:
            await self._asked_after(step)

    async def _asked_after(self, step: str) -> None:
        desk, completions = self._desk, self._state.completions
        asked = desk.ask(TaskKind.REPLACE_ESCORT, at=workflow.now())
        await self._offers.until(
            lambda: asked in completions or step in completions or self._is_lost,
        )
        desk.no_longer_asked(asked, at=workflow.now(), reason="陪诊人员已到或已更换")
        answer = completions.pop(asked, None)
        if answer and answer.read(ReplaceEscort).replaced and step not in completions:
            self._now(lost="replaced")

    async def _ask_on_the_way(self) -> None:
        """Whether the customer will be late, and when he comes then (R251, R252)."""
        step = self._step(TaskKind.CALL_ON_THE_WAY, due_at=self._offers.visit.meeting_at)
        called = await self._done(step)
        form = called.read(CallOnTheWay)
        if form.expected_at is not None:
            self._now(expected_at=form.expected_at)
            text = f"客户有迟到风险, 预计 {civil(form.expected_at)} 到达"
            self._desk.note("late_risk", text, at=called.at, by=called.actor)

    async def _meet(self) -> None:
        """The customer is there; or has not come, and may still: what that means a steward says."""
        step = self._step(TaskKind.MEET_CUSTOMER, due_at=self._offers.visit.meeting_at)
        absent_from = self._asked.programme.absent_from(self._offers.visit.awaited_at)
        if not await self._heard_by(step, absent_from, "与客户会面"):
            self._desk.alert("客户是否到场未登记")
        met = await self._done(step)
        form = met.read(MeetCustomer)
        if form.met:
            self._now(met_at=form.at)
            self._desk.happened(ExpectedEvent.CUSTOMER_MET, at=self._offers.visit.begins(form.at))
            return
        self._desk.note("not_there", "客户未到场", at=form.at, by=met.actor)
        self._absent()

    async def _part(self) -> datetime:
        """Closing words and check-out; an overrun is seen by the promise of its length (G08)."""
        step = self._step(TaskKind.CHECK_OUT, until=ExpectedEvent.SERVICE_DELIVERED)
        if not await self._heard_by(
            step, self._offers.visit.meeting_at + REPORTED_WITHIN, "陪诊结束"
        ):
            self._desk.alert("陪诊结束未登记")
        form = (await self._done(step)).read(CheckOut)
        self._state.visit = None
        return form.at

    def _absent(self) -> None:
        """Whoever is to say what came of the visit reads that the customer has not come."""
        self._desk.say_of(TaskKind.REPORT_VISIT, "not_there")

    async def _heard_by(self, step: str, moment: datetime, what: str) -> bool:
        """Whether a step is reported by a moment, or whoever owes it is lost before."""
        state = self._state

        def heard() -> bool:
            return step in state.completions or self._is_lost

        came = await came_by(
            lambda: heard() or self._offers.stopped or state.called_off is not None,
            moment,
            summary=what,
        )
        return came or heard()

    def _now(self, **changes: object) -> None:
        self._state.visit = self._offers.visit.model_copy(update=changes)
