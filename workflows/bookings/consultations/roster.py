"""The roster as one consultation asks it: a slot taken, given back, or waited for in line.

An order for a doctor on duty waits in line for a named time; then its customer hears that no
doctor is free, instead of waiting without end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from temporalio import workflow

from activities.ports.rosters import LineUp, Take
from activities.rosters import AskRoster
from domain.bookings.booking import BookingStage
from domain.bookings.consultation import promised_call
from domain.bookings.roster import Slot, Turn
from workflows.bookings.parts.desk import BookingDesk, BookingOver
from workflows.cockpit import civil
from workflows.messages.bookings import RequestBooking, TakeSlot
from workflows.scribe import BOOKS_RETRY, BOOKS_WITHIN

A = TypeVar("A")
R = TypeVar("R")

LOOK_AGAIN: Final = timedelta(seconds=30)
"""An order that waits for a doctor on duty looks so often whether its turn has come (inferred)."""
IN_LINE_AT_MOST: Final = timedelta(minutes=30)
"""Who wants a doctor at once waits no longer than that; an appointment serves better (inferred)."""
QUEUED: Final = "booking_queued"
"""What whoever waits in line is told; his order is placed for good when his turn has come."""


class Roster:
    """Slots and the line of doctors on duty, for one booking."""

    def __init__(self, desk: BookingDesk, asked: RequestBooking) -> None:
        self._desk = desk
        self._asked = asked
        self._booking_id = asked.booking_id

    async def take(self, message: TakeSlot) -> bool:
        """Whether the slot is the booking's now; False when somebody else has it."""
        wish = Take(
            booking_id=self._booking_id,
            programme=self._asked.programme.code,
            slot_id=message.slot.slot_id,
            at=message.at,
        )
        return await self._ask(AskRoster.take, wish, "占用时段")

    async def give_back(self, message: TakeSlot, held: Callable[[], Slot | None]) -> None:
        """A slot was taken for nothing: the booking holds what it held before, or none."""
        before = held()
        if before is not None:
            back = await self.take(message.model_copy(update={"slot": before}))
            if back and held() is before:
                return
        await self.leave()

    async def leave(self) -> None:
        """Somebody else may have the slot, and the place in line."""
        await self._ask(AskRoster.leave, self._booking_id, "释放时段")

    async def line_up(self) -> Slot:
        """A doctor on duty whose time nobody has taken, in the order of the orders (R192, R193).

        `BookingOver` when nobody is on duty, or nobody becomes free while the order waits.
        """
        desk, until, waits, told = self._desk, workflow.now() + IN_LINE_AT_MOST, False, False
        while True:
            place = await self._ask(AskRoster.line_up, self._order(), "查看出诊医生")
            if place.turn is Turn.NOBODY:
                raise BookingOver(BookingStage.UNAVAILABLE, "现无专家出诊, 请改为预约")
            if not told and (place.slot is not None or not desk.programme.has_notice(QUEUED)):
                desk.tell("booking_order_placed")
                told = True
            if place.slot is not None:
                return place.slot
            if workflow.now() >= until:
                raise BookingOver(BookingStage.UNAVAILABLE, "出诊专家均在接诊, 请改为预约")
            if not waits:
                desk.note("queued", f"排队等候, 前面{place.ahead}人")
                desk.tell(QUEUED, number=str(place.ahead), date=civil(until))
            waits = True
            await desk.by(workflow.now() + LOOK_AGAIN, lambda: False, summary="排队等候专家")

    def _order(self) -> LineUp:
        asked = self._asked
        return LineUp(
            booking_id=self._booking_id,
            programme=asked.programme.code,
            service=asked.programme.service(asked.service),
            call_within_s=promised_call(asked.programme),
            placed_at=asked.requested_at,
            at=workflow.now(),
            not_by=self._desk.state.failed_by,
        )

    async def _ask(self, verb: Callable[[AskRoster, A], Awaitable[R]], asked: A, summary: str) -> R:
        return await workflow.execute_activity_method(
            verb,
            asked,
            start_to_close_timeout=BOOKS_WITHIN,
            retry_policy=BOOKS_RETRY,
            summary=summary,
        )
