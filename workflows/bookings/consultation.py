"""The story of a consultation: by text, by phone, by a doctor's roster, or with one on duty now.

A doctor is found or a slot taken; customer and doctor talk; the doctor sums up. The telephone
system records every call: calls in vain end the order by the programme's own rule, a doctor who
cannot come uses nothing up. How every booking begins and ends stands in
`workflows.bookings.booking`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.consultation import (
    Consult,
    ConsultOutcome,
    WriteSummary,
    advised_by,
    consulting_of,
    is_answered_at_once,
    is_summed_up,
    promised_call,
)
from domain.bookings.conversation import SUMMARY
from domain.bookings.terms import found_with_request, intake_for
from domain.cancellation import LOST_BECAUSE
from domain.eligibility import Outcome
from domain.events import ExpectedEvent
from domain.programmes.services import FollowUp
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows.bookings.booking import Booking
from workflows.bookings.consultations.doctors import matched
from workflows.bookings.consultations.hours import until_open
from workflows.bookings.consultations.roster import Roster
from workflows.bookings.consultations.slots import Slots
from workflows.bookings.consultations.talk import Talk
from workflows.bookings.parts.desk import COORDINATED, BookingOver
from workflows.bookings.refusals.consultation import ConsultationRefusals
from workflows.cockpit import civil
from workflows.front_desk import SYSTEM
from workflows.matter import Completion
from workflows.messages.bookings import (
    CallHeard,
    MessageSaid,
    RequestBooking,
    SlotWithdrawn,
    TakeSlot,
)
from workflows.messages.matters import Accepted, Actor, CompleteTask

GRACE: Final = timedelta(minutes=15)
"""So long after a slot's end somebody says what came of it; then a supervisor hears of it."""
DOCTORS_MAX: Final = 5
"""After so many doctors who did not come the unit comes back (inferred)."""
RATED_WITHIN: Final = timedelta(days=7)
"""A customer may rate the doctor for so long; nobody must (inferred)."""

OVER: Final = "咨询已结束"

CHOSEN_ANEW: Final = "who-chooses-anew-is-phoned"
"""Before this change a customer whose doctor did not keep the slot read that we arrange another,
while the step was his own; a consultation that met with that goes on as it began."""


@workflow.defn(name="Consultation")
class Consultation(Booking):
    """One booking of the shape `consultation`."""

    @workflow.init
    def __init__(self, asked: RequestBooking) -> None:
        super().__init__(asked)
        self._consulting = consulting_of(self._service)
        self._doctor: str | None = None  # whom a person has matched: nobody else advises
        self._phoned = ""  # the step to phone whoever has to choose a slot anew
        self._roster = Roster(self._desk, asked)
        self._talk = Talk(self._state, self._desk, self._service)
        self._slots = Slots(self._desk, self._service, self._talk, self._roster)
        self._refusals: ConsultationRefusals = ConsultationRefusals(self._state, asked)

    @property
    def _is_serving(self) -> bool:
        """Whether customer and doctor talk; in the app they do as soon as it is open."""
        opened = self._talk.begun or self._consulting.by == "text"
        confirmed = self._state.stage is BookingStage.CONFIRMED
        return super()._is_serving or (opened and confirmed)

    @workflow.run
    async def run(self, _: RequestBooking) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        return await self.tell()

    async def _take_request(self) -> None:
        if self._asked.verdict.outcome is not Outcome.REJECTED:
            await until_open(self._desk, self._asked)
        await super()._take_request()

    @property
    def _is_taken_at_the_door(self) -> bool:
        """Whoever signed in and is entitled takes a slot, or waits for a doctor, not for us."""
        asked = self._asked
        signed_in = asked.requested_by.role in (Role.CUSTOMER, Role.CHANNEL)
        asks = found_with_request(asked.verdict, asked.programme, self._service)
        sure = asked.verdict.outcome is Outcome.ELIGIBLE and not (asks or intake_for(self._service))
        return is_answered_at_once(asked.programme, self._service) and signed_in and sure

    @property
    def _answer_by(self) -> datetime | None:
        """A person who takes an order for a doctor at once has no longer than that doctor (G14)."""
        if self._consulting.by != "direct":
            return None
        within = timedelta(seconds=promised_call(self._asked.programme))
        return self._asked.requested_at + within

    async def _serve(self) -> None:
        outcome, failed = None, 0
        while outcome in (None, ConsultOutcome.PROVIDER_FAILED):
            if failed == DOCTORS_MAX:
                raise BookingOver(BookingStage.UNAVAILABLE, "多次安排的医生均未能接诊")
            self._seek()
            await self._find_doctor()
            self._confirmed()
            outcome = await self._consult()
            failed += outcome is ConsultOutcome.PROVIDER_FAILED
        self._talk.over = True
        if self._consulting.by == "direct" or self._talk.holds_unused(workflow.now()):
            await self._slots.free()  # the doctor is there for the next in line
        if outcome is ConsultOutcome.NOT_REACHED:
            await self._lose("no_show", at=workflow.now(), why="not_reached")
            raise BookingOver(BookingStage.TERMINATED, LOST_BECAUSE["not_reached"])
        if is_summed_up(self._service):
            done = await self._desk.done(self._desk.ask(TaskKind.WRITE_SUMMARY, at=workflow.now()))
            says = {SUMMARY: done.read(WriteSummary).summary}
            self._desk.keep(SUMMARY, says, at=done.at, by=done.actor)
            self._desk.tell("booking_summary")
        self._desk.use_when("completed", at=workflow.now())

    # A doctor ------------------------------------------------------------------------------------

    def _seek(self) -> None:
        desk, now = self._desk, workflow.now()
        if self._state.stage is not BookingStage.COORDINATING:
            desk.enter(BookingStage.COORDINATING, at=now)
        if ExpectedEvent.SERVICE_STARTED not in self._state.happened:
            desk.happened(ExpectedEvent.SERVICE_STARTED, at=now)
        elif self._state.let_down:
            desk.promise_anew(at=now)

    async def _find_doctor(self) -> None:
        desk = self._desk
        match self._consulting.by:
            case "roster":
                await self._slots.choose(self._papers)
                desk.no_longer_asked(self._phoned, at=workflow.now(), reason="客户已选时段")
            case "direct":
                self._talk.slot = self._talk.slot or await self._roster.line_up()
            case _:
                self._doctor = await matched(desk, self._service)
        # Where nobody is named, whoever was let down is, until somebody has spoken to them.
        named = self._consulting.by in ("roster", "direct") or self._doctor is not None
        self._state.let_down = self._state.let_down and not named

    def _confirmed(self) -> None:
        """GC09: customer and doctor know of each other; from here on calls count."""
        desk, now = self._desk, workflow.now()
        for event in (*COORDINATED, ExpectedEvent.EXPERT_CONFIRMED):
            desk.happened(event, at=now)
        desk.enter(BookingStage.CONFIRMED, at=now)
        desk.use_when("arranged", at=now)
        self._talk.begin(now)
        if self._consulting.by == "roster" and self._state.service_at is not None:
            desk.tell("booking_call_confirmed", date=civil(self._state.service_at))

    # The talk ------------------------------------------------------------------------------------

    async def _consult(self) -> ConsultOutcome | None:
        """GC12: until it is over: the talk, the doctor's step, the slot, the calls in vain.

        None when the customer has changed the slot for another.
        """
        desk, slot, now = self._desk, self._talk.kept, workflow.now()
        desk.ask(
            TaskKind.CONSULT,
            at=now,
            roles=advised_by(self._service),
            assignee=self._doctor,
            until=desk.promised(ExpectedEvent.EXPERT_CALLED, ExpectedEvent.DOCTOR_ANSWERED),
            due_at=slot.starts_at if slot is not None else None,
            subject=slot.doctor if slot is not None else "",
        )
        if self._consulting.by == "roster" and slot is not None:
            await self._slots.remind(slot)
        if slot is not None and not await desk.by(
            slot.ends_at + GRACE, lambda: self._talk.decided, summary="通话结果未登记"
        ):
            desk.alert("预约时段已过, 通话结果未登记")
        await desk.until(lambda: self._talk.decided)
        return await self._outcome()

    async def _outcome(self) -> ConsultOutcome | None:
        desk, now = self._desk, workflow.now()
        unanswered, completion = self._talk.unanswered, self._talk.answer()
        desk.take_off({TaskKind.CONSULT, TaskKind.CALL_AHEAD}, at=now, reason=OVER)
        if self._talk.lost:
            return self._lose_slot()
        if self._talk.in_vain:
            await self._cancel_in_vain()
        outcome = self._said(completion)
        if unanswered and outcome is ConsultOutcome.ADVISED:
            desk.alert("图文咨询期满, 客户留言未答复")
        for event in (ExpectedEvent.CALL_ENDED, ExpectedEvent.CONSULTATION_CLOSED):
            desk.happened(event, at=now)
        if outcome is ConsultOutcome.PROVIDER_FAILED:
            by = SYSTEM if completion is None else completion.actor
            self._let_down(by, failed=self._talk.doctor or self._doctor)
            await self._slots.free()
        return outcome

    def _said(self, completion: Completion | None) -> ConsultOutcome:
        """What came of the talk: by the telephone's word, by the doctor's, or by his silence."""
        if completion is not None and not self._talk.called:
            said = completion.read(Consult).outcome
            if said is not ConsultOutcome.PROVIDER_FAILED:
                self._talk.has_called(completion.at)
            return said
        if self._consulting.by != "text" or self._talk.doctor_wrote:
            return ConsultOutcome.ADVISED
        self._desk.alert("图文咨询期满, 医生未答复")
        return ConsultOutcome.PROVIDER_FAILED

    def _lose_slot(self) -> ConsultOutcome | None:
        """Changed for another: it is there already. Withdrawn: another is chosen."""
        self._desk.note("slot_changed", "时段已变更")
        if not self._talk.is_withdrawn:
            return None
        self._talk.slot = None
        self._let_down(SYSTEM)
        return ConsultOutcome.PROVIDER_FAILED

    def _let_down(self, by: Actor, failed: str | None = None) -> None:
        """A doctor does not come; where a slot is chosen anew, the customer is phoned to do it."""
        desk, now = self._desk, workflow.now()
        if self._consulting.by != "roster" or not workflow.patched(CHOSEN_ANEW):
            desk.let_down(at=now, by=by, failed=failed)
            return
        desk.let_down(at=now, by=by, failed=failed, told="booking_choose_again")
        self._phoned = desk.ask(TaskKind.PHONE_CUSTOMER, at=now, subject="choose_again")

    async def _cancel_in_vain(self) -> None:
        """So many calls in vain cancel the order, and the file says what becomes of the unit."""
        terms = self._service.failed_calls
        used = terms is not None and terms.quota == "used"
        await self._desk.settle_unit(used, why="failed_calls")
        raise BookingOver(BookingStage.CANCELLED, "多次致电未接通, 订单已取消")

    # The end -------------------------------------------------------------------------------------

    async def _calls(self, promised: FollowUp) -> None:
        """Whoever wants to may rate the doctor (R174, R197); silence closes the booking."""
        if promised.kind != "rating":
            await super()._calls(promised)
            return
        until = workflow.now() + RATED_WITHIN
        step = self._desk.ask(TaskKind.RATE_SERVICE, at=workflow.now(), due_at=until)
        done = self._state.completions
        await self._desk.by(until, lambda: step in done, summary="等待客户评价")
        done.pop(step, None)
        self._desk.take_off({TaskKind.RATE_SERVICE}, at=workflow.now(), reason=OVER)

    def _tell_end(self, over: BookingOver) -> None:
        if self._talk.in_vain and over.stage is BookingStage.CANCELLED:
            self._desk.tell("booking_not_reached")
        else:
            super()._tell_end(over)

    async def _end(self, over: BookingOver) -> None:
        await self._slots.free()
        await super()._end(over)

    # What arrives --------------------------------------------------------------------------------

    @workflow.update
    async def take_slot(self, message: TakeSlot) -> Accepted:
        """The customer takes a slot, or changes it for another.

        It waits for the roster, unlike other handlers: only there it shows which of two customers
        has the slot, and the other is to hear it now. What happened meanwhile refuses it too.
        """
        await self._slots.take(message, check=self._may_take)
        return Accepted(stage=self._state.stage, at=message.at)

    @take_slot.validator
    def _may_take(self, message: TakeSlot) -> None:
        self._refusals.slot(message, begun=self._talk.keeps_its_slot)

    def _done(self, message: CompleteTask) -> None:
        asked = self._state.tasks.get(message.task_id)
        super()._done(message)
        self._talk.reported(message, asked_at=message.at if asked is None else asked.opened_at)

    @workflow.signal
    def slot_withdrawn(self, message: SlotWithdrawn) -> None:
        """A doctor does not keep a slot; whether it is this customer's the story sees."""
        self._talk.withdrawn.add(message.slot_id)

    @workflow.signal
    def message_said(self, message: MessageSaid) -> None:
        """The customer wrote again: whoever has answered before is asked once more (R167)."""
        self._talk.written(message)

    @workflow.signal
    def call_heard(self, message: CallHeard) -> None:
        """The telephone system recorded something of a call."""
        self._talk.hear(message)
