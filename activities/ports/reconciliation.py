"""What reconciliation asks of the partner, of our books and of the worklist."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from pydantic import Field

from activities.ports.cases import Message
from domain.reconciliation import Booked, Difference, Line


class StatementPort(Protocol):
    """The payment partner's own books, day by day."""

    async def of_day(self, day: date) -> list[Line]:
        """What moved on a Shanghai day; raises while there is no believable statement."""


class CompareBookPort(Protocol):
    """Our side of the comparison."""

    async def booked(self, day: date, cases: Iterable[str]) -> list[Booked]:
        """What crossed the door in these cases, and in all in which something did that day."""

    async def unbalanced(self) -> list[str]:
        """The cases whose books are wrong in themselves."""

    async def audit_breaks(self) -> list[int]:
        """Read on in the audit's chain; the rows at which it ever did not fit."""

    async def running(self, cases: Iterable[str]) -> set[str]:
        """Which of these cases are open."""

    async def raised(self, abouts: Iterable[str]) -> set[str]:
        """Which of these differences have been a step before, done or not."""


class DayCompared(Message):
    """What a comparison found; `fresh` are the differences that are nobody's step yet."""

    day: date
    lines: int
    found: int
    fresh: list[Difference] = Field(default=[])
