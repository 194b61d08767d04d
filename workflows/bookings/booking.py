"""What every booking of the green channel has in common: how it begins, waits for people and ends.

A shape adds the middle of the story (`workflows.bookings.appointment`, `…written_opinion`): what
happens between a complete request and the service itself.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.forms import ConfirmBooking, NamePerson, ReviewBooking, TakeRequest
from domain.bookings.terms import has_own_person, is_reviewed
from domain.cancellation import USES_UP, uses_up
from domain.eligibility import Outcome, to_judge, unanswered
from domain.events import ExpectedEvent
from domain.programmes.own_steps import steps_at, words_of
from domain.programmes.services import FollowUp, Loss
from domain.steps.kinds import TaskKind
from workflows.bookings.heard import HearingBooking
from workflows.bookings.parts.contract import CONTRACT_ENDED, Contract
from workflows.bookings.parts.desk import BookingDesk, BookingOver
from workflows.bookings.parts.ends import SETTLED, end_notice
from workflows.bookings.parts.own_steps import OwnSteps
from workflows.bookings.parts.papers import Papers
from workflows.bookings.parts.record import BookingState
from workflows.bookings.refusals.booking import BookingRefusals
from workflows.follow_ups import follow_up
from workflows.messages.bookings import RequestBooking

TOLD_WITHIN: Final = timedelta(days=1)
"""So soon a customer hears what a review decided, where his programme promises no moment."""


class Booking(HearingBooking):
    """One booking, whatever its shape."""

    def __init__(self, asked: RequestBooking) -> None:
        self._asked = asked
        self._service = asked.programme.service(asked.service)
        self._state = BookingState.of(asked)
        self._desk = BookingDesk(asked, self._state)
        self._own = OwnSteps(self._desk, self._service)
        self._refusals = BookingRefusals(self._state, asked)
        self._papers = Papers(self._desk, asked)
        self._contract = Contract(self._desk, serving=lambda: self._is_serving)

    @property
    def _judged(self) -> str:
        """Why the rules did not simply say yes, in the programme's words."""
        return "; ".join(reason.text for reason in self._asked.verdict.reasons)

    @property
    def _to_find_out(self) -> str:
        """What a person has to judge, and what nobody has said yet, for whoever serves it."""
        verdict = self._asked.verdict
        unsaid = (reason.text for reason in unanswered(verdict, self._asked.programme))
        return "; ".join(one for one in (to_judge(verdict), *unsaid) if one)

    @property
    def _is_serving(self) -> bool:
        """Whether the moment of the visit has come, and nobody has said yet what came of it."""
        state = self._state
        came = state.service_at is not None and state.service_at <= workflow.now()
        return came and state.stage is BookingStage.CONFIRMED

    async def tell(self) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        await self._desk.run(
            self._story(), asked_to_stop=lambda: self._desk.alert("收到取消请求, 预约继续")
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state.stage.value

    async def _story(self) -> None:
        try:
            await self._take_request()
            await self._own.take("taken")
            await self._papers.collect()
            await self._review()
            await self._name_person()
            await self._own.take("approved")
            await self._serve()
            await self._follow_up()
        except BookingOver as over:
            await self._end(over)

    @abstractmethod
    async def _serve(self) -> None:
        """The middle of the story: GC07 to GC14, as the shape tells it."""

    @property
    def _is_taken_at_the_door(self) -> bool:
        """Whether nobody has to ask who it is and what is needed."""
        return False

    @property
    def _answer_by(self) -> datetime | None:
        """By when a request is taken that no promise of an answer speaks of."""
        return None

    # The chapters of every shape -----------------------------------------------------------------

    async def _take_request(self) -> None:
        """GC02, GC03: the rules first; then the first answer, with identity and need."""
        desk, asked = self._desk, self._asked
        at = asked.requested_at
        desk.note("requested", f"受理预约: {self._service.name}", at=at, by=asked.requested_by)
        if asked.verdict.outcome is Outcome.REJECTED:
            raise BookingOver(BookingStage.REJECTED, self._judged)
        if asked.verdict.outcome is Outcome.NEEDS_PERSON:
            desk.note("needs_person", f"需人工判断: {self._judged}", at=at)
        if unsaid := unanswered(asked.verdict, asked.programme):
            asks = "; ".join(reason.text for reason in unsaid)
            desk.note("to_find_out", f"申请时未说明, 须核实: {asks}", at=at)
        desk.tell("booking_received")
        if asked.first_called_at is not None:
            desk.note("first_call", "客户首次致电", at=asked.first_called_at, by=asked.requested_by)
        desk.happened(ExpectedEvent.FIRST_CALL, at=asked.first_called_at or at)
        desk.happened(ExpectedEvent.SERVICE_REQUESTED, at=at)
        if self._is_taken_at_the_door:
            desk.happened(ExpectedEvent.FIRST_RESPONSE, at=at)
            desk.happened(ExpectedEvent.NEED_CONFIRMED, at=at)
            return
        step = desk.ask(
            TaskKind.TAKE_REQUEST,
            at=at,
            until=ExpectedEvent.FIRST_RESPONSE,
            due_at=self._answer_by,
            subject=self._to_find_out,
        )
        first = await desk.done(step)
        desk.happened(ExpectedEvent.FIRST_RESPONSE, at=first.at)
        form = first.read(TakeRequest)
        if not form.identity_verified:
            raise BookingOver(BookingStage.REJECTED, "身份信息未能核实")
        if form.not_entitled.strip():
            raise BookingOver(BookingStage.REJECTED, form.not_entitled)
        self._state.need = form.need
        desk.happened(ExpectedEvent.NEED_CONFIRMED, at=first.at)

    async def _review(self) -> None:
        """GC06: a person says yes or no, where the programme or the verdict asks for one."""
        desk, asked = self._desk, self._asked
        judged = asked.verdict.outcome is Outcome.NEEDS_PERSON
        if not judged and not is_reviewed(asked.programme, self._service):
            return
        desk.enter(BookingStage.MEDICAL_REVIEW, at=workflow.now())
        while True:
            step = desk.ask(
                TaskKind.REVIEW_BOOKING,
                at=workflow.now(),
                until=ExpectedEvent.CUSTOMER_TOLD,
                subject=self._to_find_out,
            )
            opinion = await desk.done(step)
            form = opinion.read(ReviewBooking)
            if not form.missing:
                break
            await self._papers.ask_again(form.missing, opinion)
        desk.happened(ExpectedEvent.REVIEW_DONE, at=opinion.at)
        if form.approved:  # from this very moment, whenever the customer hears of it (C-28, C-66)
            desk.happened(ExpectedEvent.APPROVED, at=opinion.at)
            desk.use_when("approved", at=opinion.at)
        told = await desk.done(
            desk.ask(
                TaskKind.TELL_RESULT,
                at=opinion.at,
                until=ExpectedEvent.CUSTOMER_TOLD,
                due_at=opinion.at + TOLD_WITHIN,
            )
        )
        desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=told.at)
        if not form.approved:
            raise BookingOver(BookingStage.DECLINED, form.reason)

    async def _name_person(self) -> None:
        """GC08: one person of ours calls the customer and serves the booking (R730)."""
        if not has_own_person(self._service):
            return
        desk = self._desk
        named = await desk.done(desk.ask(TaskKind.NAME_PERSON, at=workflow.now()))
        self._state.owner = named.read(NamePerson).staff_id
        desk.note("person_named", f"专人 {self._state.owner}", at=named.at, by=named.actor)

    def _tell_with_it(self, form: ConfirmBooking) -> None:
        """What the service wants told with the result (R565: precautions) goes out in writing."""
        for step in steps_at(self._service, "told"):
            if step.tells is not None:
                self._desk.tell(step.tells, reason=words_of(step, form.says))

    async def _follow_up(self) -> None:
        """GC15: what goes on in hospital, then the calls the service promises, at its intervals."""
        desk = self._desk
        desk.enter(BookingStage.FOLLOW_UP, at=workflow.now())
        await self._own.stay()
        await self._own.take("served")
        for promised in self._service.follow_ups:
            await self._calls(promised)
        self._close()

    def _close(self) -> None:
        desk = self._desk
        desk.enter(BookingStage.CLOSED, at=workflow.now())
        desk.leave(at=workflow.now(), reason="预约已结案")

    async def _calls(self, promised: FollowUp) -> None:
        await follow_up(self._desk, promised)

    async def _lose(self, loss: Loss, *, at: datetime, why: str) -> None:
        """It does not take place for the customer's own reasons: the terms say what that costs."""
        used = uses_up(self._service, loss, giving_up=self._refusals.cost(at))
        await self._desk.settle_unit(used, why=why)

    async def _end(self, over: BookingOver) -> None:
        """The story ended early: nobody is asked any more, and the unit is settled."""
        self._desk.ask_no_more(at=workflow.now(), reason="预约已结束")
        if over.stage is BookingStage.CANCELLED and not self._state.let_down:
            over = await self._judge(over)
        if over.stage is BookingStage.CANCELLED and self._state.let_down:
            self._desk.move_unit("given_back", why="provider_failure", at=workflow.now())
        elif over.stage not in SETTLED or self._nothing_given(over):
            self._desk.move_unit("given_back", why=over.stage.value, at=workflow.now())
        now = workflow.now()
        self._desk.enter(over.stage, at=now, reason=over.reason)
        self._tell_end(over)
        self._desk.leave(at=now, reason="预约已结束")

    async def _judge(self, over: BookingOver) -> BookingOver:
        """What giving up cost; the end it comes to, should the contract end before a person says.

        Who has given up hears that it is done at once, and what it cost when that is known.
        """
        used = USES_UP[self._state.cost]
        if used is None and self._state.use == "reserved":
            self._desk.tell("booking_cancelled_judged")
        try:
            await self._desk.settle_unit(used, why="cancelled")
        except BookingOver as ended:
            return ended
        return over

    def _nothing_given(self, over: BookingOver) -> bool:
        """A contract that is no more counts nothing but what was given under it."""
        return over.reason == CONTRACT_ENDED and self._state.used_by != "completed"

    def _tell_end(self, over: BookingOver) -> None:
        """How it ended, and whether that used the service up."""
        ended = over.reason == CONTRACT_ENDED
        code = end_notice(over.stage, contract_ended=ended, used=self._state.use == "consumed")
        self._desk.tell(code, reason=over.reason)
