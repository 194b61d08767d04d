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

from activities.ports.visits import VisitAnswer, VisitOrder
from domain.bookings.booking import BookingStage
from domain.bookings.visit import Escorting, EscortVisit, Heard, id_of_visit
from domain.bookings.visit_forms import (
    CallCustomer,
    CallOnTheWay,
    CheckIn,
    CheckOut,
    MeetCustomer,
    OfferVisit,
    ReplaceEscort,
)
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import COORDINATED, BookingDesk, BookingOver
from workflows.bookings.refusals.escort import named_hospital
from workflows.cockpit import civil
from workflows.matter import Completion
from workflows.messages.bookings import RequestBooking
from workflows.messages.matters import VisitTaken
from workflows.visit import Visits
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


class EscortLost(Exception):
    """Whoever had taken the visit does not come."""


class EscortStopped(Exception):
    """Nobody is to come any more."""


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
        self._visits = Visits(desk)
        self._order: VisitOrder | None = None
        self._stopped = False

    async def accompany(self, meeting_at: datetime) -> datetime:
        """From the offer to the moment they part, by as many people as it takes."""
        while True:
            if not self._is_taken:
                await self._found(meeting_at)
            try:
                return await self._beside_the_customer()
            except EscortLost:
                meeting_at = self._visit.meeting_at
                self._lost()

    def stop(self) -> None:
        """Nobody needs to come any more, whether somebody had taken it or not."""
        self._stopped = True
        visit, self._state.visit = self._state.visit, None
        if visit is not None:
            self._visits.call_off([visit.visit_id])
        for task in list(self._state.tasks.values()):
            if task.kind in _OF_THE_ESCORT:
                self._desk.no_longer_asked(task.task_id, at=workflow.now(), reason="陪诊已结束")

    # Who comes -----------------------------------------------------------------------------------

    @property
    def _visit(self) -> EscortVisit:
        visit = self._state.visit
        if visit is None:
            raise EscortLost
        return visit

    @property
    def _is_taken(self) -> bool:
        visit = self._state.visit
        return visit is not None and visit.nurse is not None and not visit.lost

    @property
    def _is_lost(self) -> bool:
        return not self._is_taken

    async def _found(self, meeting_at: datetime) -> None:
        """Offered until somebody takes it; meanwhile the dispatcher may offer it to others."""
        subject = "replace" if self._state.replaced else ""
        while not self._is_taken:
            subject = await self._offered(subject, meeting_at)
        visit = self._visit
        at = visit.taken_at or workflow.now()
        self._desk.happened(ExpectedEvent.TASK_ACCEPTED, at=at, about=visit.visit_id)
        self._taken(at)

    async def _until(self, ready: Callable[[], bool]) -> None:
        """Wait for a fact; `EscortStopped` when nobody is to come any more."""
        await self._desk.until(lambda: ready() or self._stopped)
        if self._stopped:
            raise EscortStopped

    async def _placed(self, order: VisitOrder) -> VisitAnswer:
        """The platform's answer; an order that outlived its visit is called off again."""
        self._order = order
        answer = await self._visits.place(order)
        if self._stopped:
            self._visits.call_off([order.visit_id])
            raise EscortStopped
        return answer

    async def _offered(self, subject: str, meeting_at: datetime) -> str:
        """One round: an offer, or somebody who takes what was offered before."""
        desk, completions = self._desk, self._state.completions
        step = desk.ask(
            TaskKind.OFFER_VISIT,
            at=workflow.now(),
            until=desk.promised(*COORDINATED),
            subject=subject,
        )
        await self._until(lambda: step in completions or self._is_taken)
        desk.no_longer_asked(step, at=workflow.now(), reason="已接单")
        offered = completions.pop(step, None)
        if offered is None or self._is_taken:
            return subject
        return await self._offer(offered.read(OfferVisit), meeting_at)

    async def _offer(self, offer: OfferVisit, meeting_at: datetime) -> str:
        """Hand the offer to the platform; what it says of it is what the dispatcher reads next."""
        if offer.final:
            raise BookingOver(BookingStage.UNAVAILABLE, "无陪诊人员")
        state, earlier = self._state, self._state.visit
        if earlier is not None and not earlier.lost:
            self._visits.call_off([earlier.visit_id])
        number = state.next_number("visit_escort")
        visit = EscortVisit(
            visit_id=id_of_visit(state.booking_id, "escort", number),
            meeting_at=meeting_at,
            offered_to=tuple(one.nurse_id for one in offer.nurses),
            expected_at=earlier.expected_at if earlier else None,
            met_at=earlier.met_at if earlier else None,
        )
        state.visit = visit  # before the platform is asked: who is quick says yes at once
        order = VisitOrder(
            visit_id=visit.visit_id,
            case_id=state.booking_id,
            purpose="escort",
            hospital_id=state.hospital_id or "",
            hospital_name=offer.hospital_name or named_hospital(self._asked, state),
            nurse_id="",
            visit_at=meeting_at,
            place=state.meeting_place,
            checklist=self._terms.checklist,
            offered_to=list(visit.offered_to),
            clinical_nurse=self._terms.clinical_nurse,
        )
        answer = await self._placed(order)
        if answer.accepted:
            self._desk.note(
                "visit_offered", f"已派单 {len(visit.offered_to)}人 {civil(meeting_at)}"
            )
            # Whoever is quick has answered before the platform did.
            return "offered" if self._visit.is_open else "nobody"
        self._desk.note("visit_refused", f"护士平台未接单: {answer.reason}")
        return f"refused {answer.reason}"

    def _lost(self) -> None:
        """Somebody else goes on where this one stopped; her promise is not the next one's."""
        visit, now = self._visit, workflow.now()
        self._state.replaced.append(visit.nurse or "")
        self._desk.note("escort_lost", f"陪诊人员 {visit.nurse} 不再前往", at=now)
        self._visits.call_off([visit.visit_id])
        self._desk.clocks.drop_about(visit.visit_id, at=now, why="陪诊人员更换")

    # What is done --------------------------------------------------------------------------------

    async def _beside_the_customer(self) -> datetime:
        if self._visit.called_at is None:
            await self._call()
        if self._visit.checked_in_at is None:
            await self._arrive()
            await self._ask_on_the_way()
        while self._visit.met_at is None:
            await self._meet()
        return await self._part()

    def _step(
        self, kind: TaskKind, *, until: ExpectedEvent | None = None, due_at: datetime | None = None
    ) -> str:
        visit = self._visit
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
        await self._until(lambda: step in completions or self._is_lost)
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
        visit_id = self._visit.visit_id
        desk.happened(ExpectedEvent.CUSTOMER_CALLED, at=called.at, about=visit_id)
        desk.happened(ExpectedEvent.CUSTOMER_INFORMED, at=called.at)
        if form.meeting_at not in (None, self._visit.meeting_at) and self._order is not None:
            self._now(meeting_at=form.meeting_at)
            desk.note("meeting_moved", f"会面时间 {civil(form.meeting_at)}", at=called.at)
            self._moved(form.meeting_at)
            order = self._order.model_copy(update={"visit_at": form.meeting_at})
            desk.errand(self._plan_anew(order), f"anew {order.visit_id}")

    async def _plan_anew(self, order: VisitOrder) -> None:
        """The platform hears of another time; where it keeps the old one, a dispatcher decides."""
        desk, completions = self._desk, self._state.completions

        def gone() -> bool:
            return self._is_lost or self._visit.visit_id != order.visit_id

        try:
            answer = await self._placed(order)
            if answer.accepted or gone():
                return
            desk.note("visit_refused", f"护士平台未改约: {answer.reason}")
            asked = desk.ask(
                TaskKind.REPLACE_ESCORT, at=workflow.now(), subject=f"refused {answer.reason}"
            )
            await self._until(lambda: asked in completions or gone())
        except EscortStopped:
            return
        desk.no_longer_asked(asked, at=workflow.now(), reason="陪诊人员已更换")
        decided = completions.pop(asked, None)
        if decided and decided.read(ReplaceEscort).replaced and not gone():
            self._now(lost="replaced")

    async def _arrive(self) -> None:
        """There before the customer (G07); who is not is asked after by a dispatcher."""
        due_at = self._terms.check_in_by(self._visit.meeting_at)
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
        await self._until(
            lambda: asked in completions or step in completions or self._is_lost,
        )
        desk.no_longer_asked(asked, at=workflow.now(), reason="陪诊人员已到或已更换")
        answer = completions.pop(asked, None)
        if answer and answer.read(ReplaceEscort).replaced and step not in completions:
            self._now(lost="replaced")

    async def _ask_on_the_way(self) -> None:
        """Whether the customer will be late, and when he comes then (R251, R252)."""
        step = self._step(TaskKind.CALL_ON_THE_WAY, due_at=self._visit.meeting_at)
        called = await self._done(step)
        form = called.read(CallOnTheWay)
        if form.expected_at is not None:
            self._now(expected_at=form.expected_at)
            text = f"客户有迟到风险, 预计 {civil(form.expected_at)} 到达"
            self._desk.note("late_risk", text, at=called.at, by=called.actor)

    async def _meet(self) -> None:
        """The customer is there; or has not come, and may still: what that means a steward says."""
        step = self._step(TaskKind.MEET_CUSTOMER, due_at=self._visit.meeting_at)
        absent_from = self._asked.programme.absent_from(self._visit.awaited_at)
        if not await self._heard_by(step, absent_from, "与客户会面"):
            self._desk.alert("客户是否到场未登记")
        met = await self._done(step)
        form = met.read(MeetCustomer)
        if form.met:
            self._now(met_at=form.at)
            self._desk.happened(ExpectedEvent.CUSTOMER_MET, at=self._visit.begins(form.at))
            return
        self._desk.note("not_there", "客户未到场", at=form.at, by=met.actor)
        self._absent()

    async def _part(self) -> datetime:
        """Closing words and check-out; an overrun is seen by the promise of its length (G08)."""
        step = self._step(TaskKind.CHECK_OUT, until=ExpectedEvent.SERVICE_DELIVERED)
        if not await self._heard_by(step, self._visit.meeting_at + REPORTED_WITHIN, "陪诊结束"):
            self._desk.alert("陪诊结束未登记")
        form = (await self._done(step)).read(CheckOut)
        self._state.visit = None
        return form.at

    def _absent(self) -> None:
        """Whoever is to say what came of the visit reads that the customer has not come."""
        for task in list(self._state.tasks.values()):
            if task.kind is TaskKind.REPORT_VISIT:
                self._desk.pen.task_opened(task.model_copy(update={"subject": "not_there"}))

    async def _heard_by(self, step: str, moment: datetime, what: str) -> bool:
        """Whether a step is reported by a moment, or whoever owes it is lost before."""
        state = self._state

        def heard() -> bool:
            return step in state.completions or self._is_lost

        came = await came_by(
            lambda: heard() or self._stopped or state.called_off is not None, moment, summary=what
        )
        return came or heard()

    def _now(self, **changes: object) -> None:
        self._state.visit = self._visit.model_copy(update=changes)


def hear(desk: BookingDesk, message: VisitTaken) -> None:
    """The nurse platform's word on an offer; the first yes counts, whatever comes after it."""
    state, visit = desk.state, desk.state.visit
    if visit is None or visit.visit_id != message.visit_id:
        if not state.ended:
            desk.note("visit_word_unused", f"护士平台消息与当前派单不符 {message.visit_id}")
        return
    heard, state.visit = visit.hears(message.nurse_id, accepts=message.accepted, at=message.at)
    if (said := _SAID.get(heard)) is not None:
        desk.note(f"visit_{heard.value}", f"{said} {message.nurse_id}".rstrip(), at=message.at)
    if heard is Heard.NOT_OFFERED and message.accepted:
        desk.alert(f"未派单的人员接单 {message.visit_id}")
    if heard is Heard.NOBODY:
        for task in list(state.tasks.values()):
            if task.kind is TaskKind.OFFER_VISIT:
                desk.pen.task_opened(task.model_copy(update={"subject": "nobody"}))


_SAID: Final = {
    Heard.TAKEN: "已接单",
    Heard.TOO_LATE: "已有人接单, 未采用",
    Heard.DECLINED: "拒单",
    Heard.NOBODY: "所有派单人员均已拒单",
    Heard.LOST: "接单后不能前往",
}
"""How the history tells a word of the platform."""
