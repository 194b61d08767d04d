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
from domain.bookings.visit import (
    CHECK_IN_OPENS,
    ON_THE_WAY_AT_MOST,
    Escorting,
    EscortVisit,
)
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
from workflows.bookings.parts.desk import BookingDesk, BookingOver
from workflows.cockpit import civil
from workflows.matter import Completion
from workflows.messages.bookings import RequestBooking
from workflows.waiting import came_by

REPORTED_WITHIN: Final = timedelta(days=1)
"""So long after the meeting the end is reported; then a supervisor hears of it."""

WATCHED_BESIDE: Final = "arrivals-are-watched-beside-the-call"
"""Before this change nobody was looked out for until she had reached the customer by telephone; a
visit that was taken then goes on as it began."""

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
            if workflow.patched(WATCHED_BESIDE):
                await self._call_until_the_visit_nears()
            else:
                await self._call()
        if self._offers.visit.checked_in_at is None:
            await self._arrive()
            await self._ask_on_the_way()
        while self._offers.visit.met_at is None:
            await self._meet()
        return await self._part()

    async def _call_until_the_visit_nears(self) -> None:
        """Whatever comes of the call, from some hours before the meeting she may arrive."""
        offers = self._offers
        self._desk.errand(self._calling(), "call")

        def goes_on() -> bool:
            visit = self._state.visit
            called = visit is None or visit.called_at is not None
            return called or offers.stopped or self._is_lost

        opens = offers.visit.meeting_at - CHECK_IN_OPENS
        await self._desk.by(opens, goes_on, summary="等待致电客户")
        if offers.stopped:
            raise EscortStopped
        if self._is_lost:
            raise EscortLost

    async def _calling(self) -> None:
        """The call, beside the visit: it is over when she is lost, and the story says what then."""
        try:
            await self._call()
        except (EscortLost, EscortStopped, BookingOver):
            return

    def _step(
        self,
        kind: TaskKind,
        *,
        until: ExpectedEvent | None = None,
        due_at: datetime | None = None,
        not_after: datetime | None = None,
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
            not_after=not_after,
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
            step = self._step(
                TaskKind.CALL_CUSTOMER,
                until=ExpectedEvent.CUSTOMER_CALLED,
                not_after=self._offers.visit.meeting_at,
            )
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
            self._due_anew()
            desk.note("meeting_moved", f"会面时间 {civil(form.meeting_at)}", at=called.at)
            self._moved(form.meeting_at)
            order = self._offers.order.model_copy(update={"visit_at": form.meeting_at})
            desk.errand(self._plan_anew(order), f"anew {order.visit_id}")

    def _due_anew(self) -> None:
        """What she is asked for already is due by the time they agreed on in the call."""
        due = {
            TaskKind.CHECK_IN: self._arrival_due(self._offers.visit),
            TaskKind.CALL_ON_THE_WAY: self._offers.visit.meeting_at,
            TaskKind.MEET_CUSTOMER: self._offers.visit.meeting_at,
        }
        for task in list(self._state.tasks.values()):
            if task.kind in due:
                later = task.model_copy(update={"due_at": due[task.kind]})
                self._desk.pen.task_opened(later)

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
        step = self._step(TaskKind.CHECK_IN, due_at=self._arrival_due(self._offers.visit))
        if not await self._heard_by(step, self._arrival_due, "到院打卡"):
            self._desk.alert("陪诊人员未按时到院打卡")
            await self._replaced_unless(step)
        self._now(checked_in_at=(await self._done(step)).read(CheckIn).at)

    def _arrival_due(self, visit: EscortVisit) -> datetime:
        taken_at = visit.taken_at if workflow.patched(WATCHED_BESIDE) else None
        return self._terms.check_in_by(visit.meeting_at, taken_at=taken_at)

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
        """Whether the customer will be late, and when he comes then (R251, R252).

        Nobody whom she does not reach is kept from being met: at the agreed time she meets him.
        """
        step = self._step(TaskKind.CALL_ON_THE_WAY, due_at=self._offers.visit.meeting_at)
        if workflow.patched(WATCHED_BESIDE) and not await self._heard_by(
            step, _calls_until, "了解路程"
        ):
            self._desk.no_longer_asked(step, at=workflow.now(), reason="已到会面时间")
            return
        called = await self._done(step)
        form = called.read(CallOnTheWay)
        if form.expected_at is not None:
            self._now(expected_at=form.expected_at)
            text = f"客户有迟到风险, 预计 {civil(form.expected_at)} 到达"
            self._desk.note("late_risk", text, at=called.at, by=called.actor)

    async def _meet(self) -> None:
        """The customer is there; or has not come, and may still: what that means a steward says."""
        step = self._step(TaskKind.MEET_CUSTOMER, due_at=self._offers.visit.meeting_at)
        if not await self._heard_by(step, self._absent_from, "与客户会面"):
            self._desk.alert("客户是否到场未登记")
        met = await self._done(step)
        form = met.read(MeetCustomer)
        if form.met:
            self._now(met_at=form.at)
            self._need_not_call(met.at)
            self._desk.happened(ExpectedEvent.CUSTOMER_MET, at=self._offers.visit.begins(form.at))
            return
        self._desk.note("not_there", "客户未到场", at=form.at, by=met.actor)
        self._absent()

    def _absent_from(self, visit: EscortVisit) -> datetime:
        return self._asked.programme.absent_from(visit.awaited_at)

    def _need_not_call(self, at: datetime) -> None:
        """Whom she has met she need not telephone any more."""
        if self._offers.visit.called_at is None:
            self._desk.take_off({TaskKind.CALL_CUSTOMER}, at=at, reason="已与客户会面")
            self._desk.clocks.drop_about(self._offers.visit.visit_id, at=at, why="已与客户会面")

    async def _part(self) -> datetime:
        """Closing words and check-out; an overrun is seen by the promise of its length (G08)."""
        step = self._step(
            TaskKind.CHECK_OUT,
            until=ExpectedEvent.SERVICE_DELIVERED,
            not_after=_reported_by(self._offers.visit),
        )
        if not await self._heard_by(step, _reported_by, "陪诊结束"):
            self._desk.alert("陪诊结束未登记")
        form = (await self._done(step)).read(CheckOut)
        self._state.visit = None
        return form.at

    def _absent(self) -> None:
        """Whoever is to say what came of the visit reads that the customer has not come."""
        self._desk.say_of(TaskKind.REPORT_VISIT, "not_there")

    async def _heard_by(
        self, step: str, moment: Callable[[EscortVisit], datetime], what: str
    ) -> bool:
        """Whether a step is reported by a moment, or whoever owes it is lost before.

        A call that is still made may move the meeting, and the moment with it.
        """
        state = self._state

        def heard() -> bool:
            return step in state.completions or self._is_lost

        def over() -> bool:
            return heard() or self._offers.stopped or state.called_off is not None

        while not over():
            meeting_at, due_at = self._offers.visit.meeting_at, moment(self._offers.visit)

            def settled(known: datetime = meeting_at) -> bool:
                return over() or self._offers.visit.meeting_at != known

            if not await came_by(settled, due_at, summary=what):
                return heard()
        return True

    def _now(self, **changes: object) -> None:
        self._state.visit = self._offers.visit.model_copy(update=changes)


def _calls_until(visit: EscortVisit) -> datetime:
    """Who was late herself has some minutes for the call all the same."""
    arrived_at = visit.checked_in_at or visit.meeting_at
    return max(visit.meeting_at, arrived_at + ON_THE_WAY_AT_MOST)


def _reported_by(visit: EscortVisit) -> datetime:
    return visit.meeting_at + REPORTED_WITHIN
