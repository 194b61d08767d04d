"""What the reconciliation of a day begins with, and what it answers."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from activities.ports.cases import Message


class ReconcileDay(Message):
    """Start of `Reconciliation`; without a day, the one before the schedule's own."""

    day: date | None = None


class DayReconciled(Message):
    """What became of a day: how much was compared, what differed, who has it now."""

    day: date
    lines: int = 0
    found: int = 0
    in_cases: list[str] = Field(default=[])
    in_house: list[str] = Field(default=[])
