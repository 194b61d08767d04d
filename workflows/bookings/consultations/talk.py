"""What a consultation knows of its talk: the slot it is for, its calls, and whether it is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.bookings.consultation import Consult, ConsultOutcome, advised_by, consulting_of
from domain.bookings.roster import Slot
from domain.bookings.telephone import CallNews, Calls
from domain.events import ExpectedEvent
from domain.programmes.services import Service
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import BookingDesk
from workflows.bookings.parts.record import BookingState
from workflows.matter import Completion
from workflows.messages.bookings import CallHeard, MessageSaid
from workflows.messages.matters import CompleteTask

_NEWS: Final = {
    CallNews.ANSWERED: "来电已接通",
    CallNews.FAILED: "来电未接通",
    CallNews.ENDED: "通话已结束",
}


LAST_WORD: Final = "who-has-the-last-word-is-answered"
"""Before this change a doctor's report closed a step over what the customer had written since; a
talk that met with that goes on as it began."""

ANSWERED_WITHIN: Final = timedelta(minutes=30)
"""So soon a doctor answers whoever writes again, before the conversation closes (inferred)."""


class Talk:
    """One talk after another, until one of them took place."""

    def __init__(self, state: BookingState, desk: BookingDesk, service: Service) -> None:
        self._state = state
        self._desk = desk
        self._service = service
        self._consulting = consulting_of(service)
        self._phone = Calls()
        self._before: frozenset[str] = frozenset()  # promises of an earlier talk
        self._timed: set[str] = set()  # the calls whose beginning a promise has heard of
        self._ended: set[str] = set()  # and of whose end
        self.slot: Slot | None = None  # what the customer holds
        self.kept: Slot | None = None  # what customer and doctor were told of
        self.withdrawn: set[str] = set()
        self.doctor_wrote = False  # in the chat, whether or not he reports on his step
        self._customer_last = False  # the last word of the chat is the customer's
        self._last_word_at: datetime | None = None
        self.over = False  # the last of the talks is done, and nothing follows but its papers

    def begin(self, at: datetime) -> None:
        """Customer and doctor know of each other: from here on calls count."""
        self.kept = self.slot
        if self.kept is not None:
            self._state.service_at = self.kept.starts_at
        self._phone.expect()
        self.doctor_wrote = self._customer_last = False
        self._before = frozenset(self._state.clocks)
        if self._consulting.by == "text":
            self._desk.happened(ExpectedEvent.CONSULTATION_OPENED, at=at)
        if self._consulting.by == "direct":
            self._desk.happened(ExpectedEvent.ORDER_PLACED, at=at)

    @property
    def decided(self) -> bool:
        """Whether the talk is over, for whatever reason."""
        return self.lost or self.in_vain or self.took_place or self._said

    @property
    def _said(self) -> bool:
        """Whether a doctor's word ends it; whoever advised in an open chat may be asked more."""
        said = [one.read(Consult).outcome for one in self._answers().values()]
        if not self._stays_open:
            return bool(said)
        return any(one is not ConsultOutcome.ADVISED for one in said)

    @property
    def begun(self) -> bool:
        """Whether the doctor has the customer on the line, or had."""
        return self._phone.talk() is not None

    @property
    def doctor(self) -> str | None:
        """The doctor whose slot the talk is about, where it is about one."""
        return None if self.kept is None else self.kept.doctor

    @property
    def keeps_its_slot(self) -> bool:
        """Whether no other slot is taken any more: the talk began, or was reported."""
        return self.begun or self._said or self.over

    @property
    def held(self) -> Slot | None:
        """The slot a talk is still to be about; none once the booking needs none any more."""
        gone = self.over or self._state.ended or self._state.called_off is not None
        return None if gone else self.slot

    def holds_unused(self, now: datetime) -> bool:
        """Whether the slot is still to come although the talk is over: somebody else may use it."""
        return self.slot is not None and self.slot.starts_at > now

    @property
    def unanswered(self) -> bool:
        """Whether the customer had the last word in the chat, and a doctor still owes an answer."""
        asked = any(task.kind is TaskKind.CONSULT for task in self._state.tasks.values())
        return asked and self._customer_last

    @property
    def lost(self) -> bool:
        """Whether the slot is not the customer's any more: changed for another, or withdrawn."""
        return not self.begun and (self.slot is not self.kept or self.is_withdrawn)

    @property
    def is_withdrawn(self) -> bool:
        """Whether the doctor does not keep the slot."""
        return self.slot is not None and self.slot.slot_id in self.withdrawn

    @property
    def in_vain(self) -> bool:
        """Whether one caller has not reached the customer as often as the file allows (C-38)."""
        terms = self._service.failed_calls
        if terms is None or self.begun:
            return False
        apart = timedelta(minutes=terms.apart_minutes)
        return any(
            self._phone.in_vain(caller, apart=apart) >= terms.attempts for caller in terms.callers
        )

    @property
    def took_place(self) -> bool:
        """Whether the talk was ended, by one of them or by the promise that is its length."""
        talk = self._phone.talk()
        return (talk is not None and talk.ended_at is not None) or self._time_is_up

    @property
    def called(self) -> bool:
        """Whether it took place on the telephone, which knows better than any report."""
        return self.took_place and self._consulting.by != "text"

    @property
    def _time_is_up(self) -> bool:
        """Whether the promise that is this talk's length has run out (G10, G11)."""
        bound = self._consulting.ends_with
        return any(
            clock.id == bound and clock.met_at is not None and clock.met_at >= clock.due_at
            for instance, clock in self._state.clocks.items()
            if instance not in self._before
        )

    @property
    def is_open(self) -> bool:
        """Whether customer and doctor write to each other now."""
        return self._stays_open and bool(self._closes_at)

    @property
    def _closes_at(self) -> list[datetime]:
        clocks, bound = self._state.clocks.values(), self._consulting.ends_with
        return [one.due_at for one in clocks if one.id == bound and one.is_open]

    @property
    def _stays_open(self) -> bool:
        """A conversation in the app stays open for its whole time, whatever was answered (R167)."""
        return self._consulting.by == "text" and self._consulting.ends_with is not None

    def written(self, message: MessageSaid) -> None:
        """The customer wrote: the doctor who answered before is asked again, unless asked yet."""
        if not self.is_open:
            return
        self._customer_last, self._last_word_at = message.by == "customer", message.at
        if message.by == "doctor":
            self.doctor_wrote = True
            self._desk.happened(ExpectedEvent.DOCTOR_ANSWERED, at=message.at)
            return
        if any(task.kind is TaskKind.CONSULT for task in self._state.tasks.values()):
            return
        self._ask_again(message.at)

    def _ask_again(self, at: datetime) -> None:
        """Whoever has answered before is asked about what the customer wrote since."""
        self._desk.ask(
            TaskKind.CONSULT,
            at=at,
            roles=advised_by(self._service),
            assignee=next((one.actor.id for one in self._answers().values()), None),
            due_at=min([at + ANSWERED_WITHIN, *self._closes_at]),
            subject="message",
        )

    def reported(self, message: CompleteTask, *, asked_at: datetime) -> None:
        """A doctor's own report says that he has answered, where nothing else told of it.

        Who answers in the chat has not answered what was written there after he was asked: of that
        he is asked at once.
        """
        if message.kind is not TaskKind.CONSULT:
            return
        outcome = Consult.model_validate(message.form).outcome
        if outcome is not ConsultOutcome.PROVIDER_FAILED:
            self._desk.happened(ExpectedEvent.DOCTOR_ANSWERED, at=message.at)
        if outcome is ConsultOutcome.ADVISED and self._has_since_written(asked_at):
            self._ask_again(message.at)

    def _has_since_written(self, asked_at: datetime) -> bool:
        """Whether the last word is the customer's, after a doctor's and after a step was opened."""
        last = self._last_word_at if self._customer_last and self.doctor_wrote else None
        if last is None or last <= asked_at or not self.is_open:
            return False
        return workflow.patched(LAST_WORD)

    def _answers(self) -> dict[str, Completion]:
        """What doctors have reported of this talk, the first answer first."""
        done = self._state.completions
        return {step: one for step, one in done.items() if one.kind is TaskKind.CONSULT}

    def answer(self) -> Completion | None:
        """What they reported of it in the end: one who could not go on counts before who had."""
        said = list(self._answers().items())
        for step, _ in said:
            del self._state.completions[step]
        failed = (one for _, one in said if one.read(Consult).outcome is not ConsultOutcome.ADVISED)
        return next(failed, said[0][1] if said else None)

    def hear(self, message: CallHeard) -> None:
        """A report of the telephone system; only calls of the talk's own time count."""
        new = self._phone.heard(
            message.call_id, message.caller, message.news, at=message.at, seconds=message.seconds
        )
        if self._state.ended or not new:
            return
        who = "医生" if message.caller == "doctor" else "健康管家"
        text = f"{who}{_NEWS[message.news]}"
        terms = self._service.failed_calls
        if message.news is CallNews.FAILED and terms is not None:  # a redial counts no further
            apart = timedelta(minutes=terms.apart_minutes)
            text += f", 计第{self._phone.in_vain(message.caller, apart=apart)}次"
        self._desk.note(f"call_{message.news.value}", text, at=message.at)
        self._time_calls()

    def has_called(self, at: datetime) -> None:
        """A doctor says that he spoke: he called, though no telephone has told of it."""
        for event in (ExpectedEvent.EXPERT_CALLED, ExpectedEvent.DOCTOR_ANSWERED):
            self._desk.happened(event, at=at)

    def _time_calls(self) -> None:
        """What the promises of calls are counted by: the doctor's first call, the talk, its end."""
        desk, made = self._desk, self._phone.first_by("doctor")
        if made is not None:
            desk.happened(ExpectedEvent.EXPERT_CALLED, at=made.made_at)
            desk.happened(ExpectedEvent.DOCTOR_ANSWERED, at=made.made_at)
        for call in self._phone.answered():
            if call.call_id not in self._timed and call.answered_at is not None:
                self._timed.add(call.call_id)
                desk.happened(ExpectedEvent.CALL_STARTED, at=call.answered_at)
            if call.call_id not in self._ended and call.ended_at is not None:
                self._ended.add(call.call_id)
                desk.happened(ExpectedEvent.CALL_ENDED, at=call.ended_at)
