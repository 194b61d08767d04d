"""An insurance contract that ends before its time, and the service with it (R350, R475).

What is under way is called off on the contract's last day, at once where none is named. Whoever is
being served by then is served to the end, and it counts as always: nobody is left standing in a
hospital.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.calendar import civil_date, end_of_day
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import BookingDesk
from workflows.messages.bookings import EndContract
from workflows.messages.matters import PolicyEnds
from workflows.waiting import passed

CONTRACT_ENDED: Final = "保险合同解除"

SERVED: Final = frozenset({BookingStage.PAYING_BACK, BookingStage.FOLLOW_UP})
"""The service has been given, or its money is on its way: there is nothing left to call off."""


class Contract:
    """The contract behind one booking."""

    def __init__(self, desk: BookingDesk, *, serving: Callable[[], bool]) -> None:
        self._desk = desk
        self._serving = serving
        self._ends_at = datetime.max.replace(tzinfo=UTC)

    def hear(self, message: EndContract) -> None:
        """The insurer's word; a later one names another day."""
        desk, state, day = self._desk, self._desk.state, message.ends_on
        first = state.contract_until is None
        self._ends_at = workflow.now() if day is None else end_of_day(day)
        state.contract_until = civil_date(message.at) if day is None else day
        text = CONTRACT_ENDED if day is None else f"{CONTRACT_ENDED}, 有效至 {day}"
        desk.note("contract_ended", text, at=message.at, by=message.actor)
        if self._ends_at > workflow.now():
            desk.ask(TaskKind.PHONE_CUSTOMER, at=message.at, subject="contract_ends")
        if first:
            desk.beside(self._end(), "contract")

    def ends_with_policy(self, message: PolicyEnds) -> None:
        """A fact, however often it is told; what is over, or given up, has no use for it (R350)."""
        state = self._desk.state
        over = state.ended or state.stage in SERVED or state.called_off is not None
        if message.ends_on != state.contract_until and (state.is_judged or not over):
            self.hear(EndContract(actor=message.actor, at=message.at, ends_on=message.ends_on))

    async def _end(self) -> None:
        await passed(lambda: self._ends_at, summary="保险合同终止日")
        state = self._desk.state
        # A unit that is still judged comes back: the service itself is over.
        await workflow.wait_condition(lambda: not self._serving() or state.is_judged)
        called_off = state.called_off is not None and not state.is_judged
        if not state.ended and state.stage not in SERVED and not called_off:
            state.called_off, state.called_off_as = CONTRACT_ENDED, BookingStage.TERMINATED
