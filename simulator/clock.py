"""The counterparties' business clock: the real time, or the time of a story being told.

A dated story moves this clock together with the hospital stay it tells, so that receipts and
statements carry the story's dates. Signature timestamps and retries keep to the real time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from simulator.books import Books

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_OFFSET: Final = "clock_offset_seconds"


class StoryClock:
    """Real time plus an offset that survives a restart."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._offset = timedelta(seconds=float(books.recalled(_OFFSET) or 0))

    def now(self) -> datetime:
        """The present moment of the story, in UTC."""
        return datetime.now(UTC) + self._offset

    def stamp(self) -> str:
        """The present moment of the story as the wire carries it."""
        return self.now().isoformat()

    def move_to(self, moment: datetime | None) -> None:
        """Let the clock run on from `moment`, or from the real time when None."""
        real = datetime.now(UTC)
        self._offset = (moment - real) if moment is not None else timedelta()
        self._books.remember(_OFFSET, str(self._offset.total_seconds()))


def business_day(stamp: str) -> date:
    """The Shanghai day an instant of the books falls on."""
    return datetime.fromisoformat(stamp).astimezone(SHANGHAI).date()
