"""What the door asks of the working-day table: the table, and which case has been given which.

Part of `api.wiring.door`, as a file of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.calendar import WorkCalendar


class Behind(Protocol):
    """An open case that has not been given the newest notice of holidays."""

    @property
    def case_id(self) -> str: ...
    @property
    def reported_at(self) -> datetime: ...


class Given(Protocol):
    """Which cases have been given which notice of holidays."""

    async def behind(self, number: int, *, limit: int) -> Sequence[Behind]: ...
    async def count_behind(self, number: int) -> int: ...
    async def given(self, case_id: str, number: int) -> None: ...


class CalendarTable(Protocol):
    """The working-day table, the number of its newest notice, and when that came."""

    @property
    def number(self) -> int: ...
    @property
    def entered_at(self) -> datetime | None: ...
    @property
    def calendar(self) -> WorkCalendar: ...


class Calendars(Protocol):
    """The working-day table at hand."""

    @property
    def table(self) -> CalendarTable: ...
    async def refresh(self) -> None: ...
