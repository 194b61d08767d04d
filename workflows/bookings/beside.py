"""An escort beside an appointment: begun when the visit stands, over when somebody says how it was.

The appointment waits for no escort and loses nothing by one: where nobody came along although it
was promised, a supervisor hears of it.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from workflows.bookings.desk import BookingDesk, BookingOver
from workflows.bookings.escorted import EscortedVisit
from workflows.messages import RequestBooking


class Beside:
    """The escort of an appointment, where one is promised."""

    def __init__(self, desk: BookingDesk, asked: RequestBooking) -> None:
        self._desk = desk
        self._escorted: EscortedVisit | None = None
        self._running: asyncio.Task[None] | None = None
        self._ended = False
        if asked.escorting is not None:
            self._escorted = EscortedVisit(
                desk, asked, asked.escorting, taken=_nothing, moved=_nothing
            )

    def begin(self, visit_at: datetime) -> None:
        """Find somebody for the visit and go with the customer."""
        if self._escorted is not None:
            self._ended = False
            self._running = self._desk.errand(self._go(self._escorted, visit_at), "escort")

    async def _go(self, escorted: EscortedVisit, visit_at: datetime) -> None:
        try:
            ended_at = await escorted.accompany(visit_at)
        except BookingOver as over:
            if self._desk.state.called_off is None:
                self._desk.note("no_escort", over.reason)
            return
        self._ended = ended_at is not None

    def end(self, *, delivered: bool) -> None:
        """The visit took place or will not: whoever is not with the customer need not come."""
        escorted, running, self._running = self._escorted, self._running, None
        if escorted is None or running is None:
            return
        running.cancel()
        visit = self._desk.state.visit
        met = self._ended or (visit is not None and visit.met_at is not None)
        if delivered and not met:
            self._desk.alert("就诊时无人陪同")
        escorted.release()


def _nothing(_: datetime) -> None:
    """The visit stands, and its time is the hospital's, whoever goes along and meets where."""
