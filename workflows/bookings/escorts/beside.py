"""An escort beside the story of a booking: begun with a meeting, over when the story says so.

The story goes on whatever becomes of the escort; it asks here whether somebody was with the
customer, and when they parted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from temporalio import workflow

from domain.bookings.booking import VisitOutcome
from domain.bookings.visit import Escorting
from workflows.bookings.escorts.escorted import EscortedVisit
from workflows.bookings.escorts.offers import EscortStopped
from workflows.bookings.parts.desk import BookingDesk, BookingOver
from workflows.messages.bookings import RequestBooking

NOBODY_CAME: Final = "our-own-absence-uses-nothing-up"
"""Before this change nobody heard at once that no escort could be found, and whoever was said not
to have come lost his unit though nobody of ours had come either; a story that met with either goes
on as it began."""


def _nothing(_: datetime) -> None:
    """The visit stands, and its time is the hospital's, whoever goes along and meets where."""


class Beside:
    """The escort of one booking, from one meeting to the next."""

    def __init__(
        self,
        desk: BookingDesk,
        asked: RequestBooking,
        *,
        taken: Callable[[datetime], None] = _nothing,
        moved: Callable[[datetime], None] = _nothing,
        nobody: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk = desk
        terms = asked.escorting or Escorting()
        self._new = partial(EscortedVisit, desk, asked, terms, taken=taken, moved=moved)
        self._nobody = nobody
        self._escorted: EscortedVisit | None = None
        self._was_there: bool | None = None  # None where nobody was to be
        self.parted_at: datetime | None = None
        self.over: BookingOver | None = None

    @property
    def is_over(self) -> bool:
        """Whether they have parted, or nobody can come."""
        return self.parted_at is not None or self.over is not None

    def begin(self, meeting_at: datetime) -> None:
        """Find somebody for the meeting and go with the customer."""
        self.parted_at = self.over = None
        self._escorted = self._new()
        self._desk.errand(self._go(self._escorted, meeting_at), "escort")

    async def _go(self, escorted: EscortedVisit, meeting_at: datetime) -> None:
        try:
            self.parted_at = await escorted.accompany(meeting_at)
        except EscortStopped:
            return
        except BookingOver as over:
            self.over = over
            if self._desk.state.called_off is None:
                self._desk.note("no_escort", over.reason)
                if workflow.patched(NOBODY_CAME):
                    self._nobody()

    def end(self) -> bool:
        """Whoever is not with the customer need not come any more; whether somebody was."""
        escorted, self._escorted = self._escorted, None
        visit = self._desk.state.visit
        met = self.parted_at is not None or (visit is not None and visit.met_at is not None)
        self._was_there = met or (visit is not None and visit.checked_in_at is not None)
        if escorted is not None:
            escorted.stop()
        return met

    def excuses(self, outcome: VisitOutcome) -> bool:
        """Whether a customer who did not come owes nothing, for nobody of ours came either.

        A supervisor hears of it.
        """
        failed = outcome is VisitOutcome.NO_SHOW and self._was_there is False
        if not failed or not workflow.patched(NOBODY_CAME):
            return False
        self._desk.alert("客户未到场, 陪诊人员也未到场, 不计次")
        self._desk.move_unit("given_back", why="no_escort", at=workflow.now())
        return True
