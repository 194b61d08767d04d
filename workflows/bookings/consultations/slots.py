"""The slot of a consultation: chosen at the door, changed for another, reminded of, freed again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from domain.bookings.consultation import consulting_of
from domain.bookings.roster import Slot
from domain.programmes.services import Service
from domain.steps.kinds import TaskKind
from workflows.bookings.consultations.roster import Roster
from workflows.bookings.consultations.talk import Talk
from workflows.bookings.parts.desk import STEWARD_SOON, BookingDesk
from workflows.bookings.parts.papers import CHASED_AFTER, Papers
from workflows.bookings.refusals.consultation import SLOT_TAKEN, SLOTS
from workflows.cockpit import civil
from workflows.messages.bookings import TakeSlot
from workflows.messages.matters import CompleteTask
from workflows.refusals import refusal


class Slots:
    """The slots one customer takes, one at a time."""

    def __init__(self, desk: BookingDesk, service: Service, talk: Talk, roster: Roster) -> None:
        self._desk = desk
        self._state = desk.state
        self._by = consulting_of(service).by
        self._talk = talk
        self._roster = roster
        self._taking = asyncio.Lock()

    async def choose(self, papers: Papers) -> None:
        """The customer takes a slot at the door (R181); of two who want one, one has it."""
        if self._talk.slot is None:
            now = workflow.now()
            step = self._desk.ask(TaskKind.CHOOSE_SLOT, at=now, due_at=now + CHASED_AFTER)
            await papers.chosen(step, taking=self._taking.locked)

    async def take(self, message: TakeSlot, *, check: Callable[[TakeSlot], None]) -> None:
        """Take it at the roster, or refuse; what `check` refuses by then is given back."""
        async with self._taking:
            if not await self._roster.take(message):
                raise refusal(SLOT_TAKEN, "该时段已被他人预约", "slot_id")
            try:
                check(message)
            except ApplicationError:
                await self._roster.give_back(message, lambda: self._talk.held)
                raise
            self._took(message)

    def _took(self, message: TakeSlot) -> None:
        self._talk.slot = message.slot
        self._state.next_number(SLOTS)
        told = f"已选时段 {civil(message.slot.starts_at)}"
        self._desk.note("slot_taken", told, at=message.at, by=message.actor)
        for task in list(self._state.tasks.values()):
            if task.kind is TaskKind.CHOOSE_SLOT:
                done = CompleteTask(
                    task_id=task.task_id,
                    kind=task.kind,
                    form={"slot_id": message.slot.slot_id},
                    actor=message.actor,
                    at=message.at,
                )
                self._desk.finish(done)

    async def remind(self, slot: Slot) -> None:
        """The reminders of the file, each so long before the slot (G12, G13)."""
        reminders = self._desk.programme.reminders_before("slot")
        for reminder in sorted(reminders, key=lambda one: one.due_at(slot.starts_at)):
            due = reminder.due_at(slot.starts_at)
            if due < workflow.now():
                continue  # who took the slot later than that has just heard of it
            if await self._desk.by(due, lambda: self._talk.decided, summary=reminder.name):
                return
            self._desk.note(reminder.does, reminder.name, at=due)
            if reminder.does == "sms_steward":
                when, number = civil(slot.starts_at), self._state.booking_id
                self._desk.tell_steward(STEWARD_SOON, date=when, number=number)
            if reminder.does == "call_customer":
                self._desk.ask(TaskKind.CALL_AHEAD, at=due, due_at=slot.starts_at)

    async def free(self) -> None:
        """Somebody else may have the slot, and the place in line."""
        if self._by not in ("roster", "direct"):
            return
        self._talk.slot = None
        await self._roster.leave()
