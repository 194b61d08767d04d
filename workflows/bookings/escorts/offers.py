"""Who comes along: offered to nurses at their platform, taken by the first, offered anew when lost.

What they do once they come is told by `workflows.bookings.escorts.escorted`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from activities.ports.visits import VisitAnswer, VisitOrder
from domain.bookings.booking import BookingStage
from domain.bookings.visit import Escorting, EscortVisit, Heard, id_of_visit
from domain.bookings.visit_forms import OfferVisit
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import COORDINATED, BookingDesk, BookingOver
from workflows.bookings.refusals.escort import named_hospital
from workflows.cockpit import civil
from workflows.messages.bookings import RequestBooking
from workflows.messages.matters import VisitTaken
from workflows.visit import Visits

FOUND_AHEAD: Final = timedelta(hours=2)
"""So long before the meeting a supervisor hears that nobody has taken it yet (inferred)."""
STILL_NOBODY: Final = "a-visit-nobody-takes-is-told"
"""Before this change nobody heard that a visit drew near which nobody had taken; one that was being
offered then goes on as it began."""


class EscortLost(Exception):
    """Whoever had taken the visit does not come."""


class EscortStopped(Exception):
    """Nobody is to come any more."""


class Offers:
    """The offers of one escort."""

    def __init__(self, desk: BookingDesk, asked: RequestBooking, terms: Escorting) -> None:
        self._desk = desk
        self._state = desk.state
        self._asked = asked
        self._terms = terms
        self._visits = Visits(desk)
        self.order: VisitOrder | None = None
        self.stopped = False

    def stop(self) -> None:
        """Nobody needs to come any more, whether somebody had taken it or not."""
        self.stopped = True
        visit, self._state.visit = self._state.visit, None
        if visit is not None:
            self._visits.call_off([visit.visit_id])

    @property
    def visit(self) -> EscortVisit:
        """The visit as it stands; `EscortLost` where nobody is to come."""
        visit = self._state.visit
        if visit is None:
            raise EscortLost
        return visit

    @property
    def is_taken(self) -> bool:
        """Whether somebody comes."""
        visit = self._state.visit
        return visit is not None and visit.nurse is not None and not visit.lost

    async def found(self, meeting_at: datetime) -> datetime:
        """Offered until somebody takes it, and when; meanwhile it may be offered to others."""
        subject = "replace" if self._state.replaced else ""
        while not self.is_taken:
            subject = await self._offered(subject, meeting_at)
        visit = self.visit
        at = visit.taken_at or workflow.now()
        self._desk.happened(ExpectedEvent.TASK_ACCEPTED, at=at, about=visit.visit_id)
        return at

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for a fact; `EscortStopped` when nobody is to come any more."""
        await self._desk.until(lambda: ready() or self.stopped)
        if self.stopped:
            raise EscortStopped

    async def placed(self, order: VisitOrder) -> VisitAnswer:
        """The platform's answer; an order that outlived its visit is called off again."""
        self.order = order
        answer = await self._visits.place(order)
        if self.stopped:
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
            not_after=meeting_at,
            subject=subject,
        )
        await self._taken(lambda: step in completions or self.is_taken, meeting_at)
        desk.no_longer_asked(step, at=workflow.now(), reason="已接单")
        offered = completions.pop(step, None)
        if offered is None or self.is_taken:
            return subject
        return await self._offer(offered.read(OfferVisit), meeting_at)

    async def _taken(self, ready: Callable[[], bool], meeting_at: datetime) -> None:
        """Wait for somebody, or another offer; a supervisor hears when nobody has been found yet.

        While there is still time to send somebody, or at the latest when the customer waits.
        """
        nears = meeting_at - FOUND_AHEAD
        moment = nears if nears > workflow.now() else meeting_at
        if workflow.patched(STILL_NOBODY) and not await self._desk.by(
            moment, lambda: ready() or self.stopped, summary="等待陪诊人员接单"
        ):
            self._desk.alert("会面将至, 尚无陪诊人员接单")
        await self.until(ready)

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
        answer = await self.placed(order)
        if answer.accepted:
            self._desk.note(
                "visit_offered", f"已派单 {len(visit.offered_to)}人 {civil(meeting_at)}"
            )
            # Whoever is quick has answered before the platform did.
            return "offered" if self.visit.is_open else "nobody"
        self._desk.note("visit_refused", f"护士平台未接单: {answer.reason}")
        return f"refused {answer.reason}"

    def lost(self) -> None:
        """Somebody else goes on where this one stopped; her promise is not the next one's."""
        visit, now = self.visit, workflow.now()
        self._state.replaced.append(visit.nurse or "")
        self._desk.note("escort_lost", f"陪诊人员 {visit.nurse} 不再前往", at=now)
        self._visits.call_off([visit.visit_id])
        self._desk.clocks.drop_about(visit.visit_id, at=now, why="陪诊人员更换")


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
        desk.say_of(TaskKind.OFFER_VISIT, "nobody")


_SAID: Final = {
    Heard.TAKEN: "已接单",
    Heard.TOO_LATE: "已有人接单, 未采用",
    Heard.DECLINED: "拒单",
    Heard.NOBODY: "所有派单人员均已拒单",
    Heard.LOST: "接单后不能前往",
}
"""How the history tells a word of the platform."""
