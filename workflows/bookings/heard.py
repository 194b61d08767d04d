"""What every booking hears, whatever its shape: handlers write down, the story acts.

A shape adds the words that are only about it; how the story goes on stands in
`workflows.bookings.booking`.
"""

from __future__ import annotations

from abc import ABC

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.terms import wish
from domain.programmes.services import Service
from domain.steps.kinds import TaskKind
from workflows.bookings.escorts.offers import hear
from workflows.bookings.parts.contract import Contract
from workflows.bookings.parts.desk import BookingDesk
from workflows.bookings.parts.papers import Papers
from workflows.bookings.parts.record import BookingState
from workflows.bookings.refusals.booking import NEW_DATES, BookingRefusals
from workflows.cockpit import civil
from workflows.messages.bookings import CancelBooking, ChangeDate, EndContract, PapersArrived
from workflows.messages.matters import (
    Accepted,
    CompleteTask,
    NewCalendar,
    NoticeFailed,
    PolicyEnds,
    VisitTaken,
)


class HearingBooking(ABC):
    """One booking, as far as it listens."""

    _service: Service
    _state: BookingState
    _desk: BookingDesk
    _refusals: BookingRefusals
    _papers: Papers
    _contract: Contract

    @workflow.update
    def complete_task(self, message: CompleteTask) -> Accepted:
        """A person finished a step."""
        self._done(message)
        return Accepted(stage=self._state.stage, at=message.at)

    def _done(self, message: CompleteTask) -> None:
        self._desk.finish(message)

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

    @workflow.update
    def end_contract(self, message: EndContract) -> Accepted:
        """R350: with the contract the service ends; what is under way is called off."""
        self._contract.hear(message)
        return Accepted(stage=self._state.stage, at=message.at)

    @end_contract.validator
    def _may_end(self, message: EndContract) -> None:
        self._refusals.contract_end(message)

    @workflow.signal
    def policy_ends(self, message: PolicyEnds) -> None:
        """The insurer ended the policy as a whole: a contract behind this booking as well."""
        self._contract.ends_with_policy(message)

    @workflow.update
    def change_date(self, message: ChangeDate) -> Accepted:
        """The customer wishes another day: what stands is coordinated anew, and nothing is used."""
        desk, state = self._desk, self._state
        state.next_number(NEW_DATES)
        state.customer_date = message.wished_on
        if state.stage is BookingStage.CONFIRMED:
            state.new_date = message.wished_on
            state.left_at_cost = self._refusals.cost(message.at)
        desk.note("new_date", f"客户希望改期 {message.wished_on}", at=message.at, by=message.actor)
        desk.wishes_another_day(at=message.at)
        desk.say_of(TaskKind.ARRANGE_SERVICE, wish(self._service, message.wished_on))
        desk.say_of(TaskKind.CONFIRM_BOOKING, self._offered())
        return Accepted(stage=state.stage, at=message.at)

    def _offered(self) -> str:
        """What the customer is asked to say yes to, beside what he wished for."""
        at = self._state.proposed_at
        offered = "" if at is None else f"医院可安排 {civil(at)}"
        told = [offered, wish(self._service, self._state.customer_date)]
        return "; ".join(one for one in told if one)

    @change_date.validator
    def _may_change(self, message: ChangeDate) -> None:
        self._refusals.new_date(message)

    @workflow.signal
    def papers_arrived(self, message: PapersArrived) -> None:
        """A paper was handed in."""
        self._papers.arrived(message)

    @workflow.signal
    def notice_failed(self, message: NoticeFailed) -> None:
        """A notice that was handed over in time did not arrive."""
        self._desk.phone(message.notice_id, message.template)

    @workflow.signal
    def visit_taken(self, message: VisitTaken) -> None:
        """The nurse platform said who comes, or that somebody does not."""
        hear(self._desk, message)

    @workflow.signal
    def new_calendar(self, message: NewCalendar) -> None:
        """A holiday notice landed: who was promised another date is told by phone."""
        if self._desk.new_calendar(message.calendar, at=message.at):
            self._desk.ask(TaskKind.PHONE_CUSTOMER, at=workflow.now(), subject="promise_moved")
