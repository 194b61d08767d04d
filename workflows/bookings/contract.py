"""An insurance contract that ends before its time, and the service with it (R350, R475).

What is under way is called off on the contract's last day, at once where none is named. Whoever is
being served by then is served to the end, and it counts as always: nobody is left standing in a
hospital.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.calendar import civil_date, end_of_day
from domain.steps.kinds import TaskKind
from workflows.bookings.desk import BookingDesk
from workflows.bookings.messages import EndContract

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

    async def _end(self) -> None:
        while (left := self._ends_at - workflow.now()) > timedelta():
            await self._told_anew(left)
        state = self._desk.state
        # A unit that is still judged comes back: the service itself is over.
        await workflow.wait_condition(lambda: not self._serving() or state.is_judged)
        called_off = state.called_off is not None and not state.is_judged
        if not state.ended and state.stage not in SERVED and not called_off:
            state.called_off, state.called_off_as = CONTRACT_ENDED, BookingStage.TERMINATED

    async def _told_anew(self, left: timedelta) -> None:
        """Wait for the end, or for another word of it."""
        ends_at = self._ends_at
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._ends_at != ends_at, timeout=left, timeout_summary="保险合同终止日"
            )
