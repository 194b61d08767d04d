"""A deadline in working days: our table beside the package `holidays`, in microseconds.

`python -m bench.deadlines` measures it alone, in seconds and without any server. Both are asked the
same questions by turns, after a first pass in which the package makes its years; what each answers
is compared as well.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

import holidays
from rich.console import Console
from rich.table import Table

from adapters.calendar_file import load_calendar
from domain.calendar import SHANGHAI, WorkCalendar, end_of_day
from domain.clock import Budget, Unit, due_at

FIRST: Final = date(2010, 1, 1)
LAST: Final = date(2026, 11, 30)
BUDGETS: Final = (1, 2, 3, 5, 8, 10, 14, 15)
"""The budgets in working days that the programmes have, the usual ones."""
ROUNDS: Final = 15
_SEED: Final = 20261122

Question = tuple[date, int]


@dataclass(frozen=True)
class Deadlines:
    """Microseconds a deadline, at the median of the rounds; `whole` is `due_at` with its moment."""

    questions: int
    ours: float
    theirs: float
    whole: float


def measure(questions: int = 2000) -> Deadlines:
    """Ask both the same. Raises ValueError where they differ."""
    calendar = _of_a_case(load_calendar())
    china = holidays.country_holidays("CN", years=range(FIRST.year, LAST.year + 2))
    asked = _questions(questions)
    for day, n in asked:
        if calendar.nth_working_day_after(day, n) != china.get_nth_working_day(day, n):
            raise ValueError(f"they differ on the {n}. working day after {day}")
    starts = [(end_of_day(day) - timedelta(hours=9)).astimezone(SHANGHAI) for day, _ in asked]
    budgets = [Budget(amount=n, unit=Unit.WORKING_DAY) for _, n in asked]

    def ours() -> None:
        for day, n in asked:
            calendar.nth_working_day_after(day, n)

    def theirs() -> None:
        for day, n in asked:
            china.get_nth_working_day(day, n)

    def whole() -> None:
        for start, budget in zip(starts, budgets, strict=True):
            due_at(start, budget, calendar)

    times: dict[str, list[float]] = {"ours": [], "theirs": [], "whole": []}
    for _ in range(ROUNDS):
        for name, act in (("ours", ours), ("theirs", theirs), ("whole", whole)):
            times[name].append(_seconds(act) / questions * 1e6)
    return Deadlines(questions, *(statistics.median(times[name]) for name in times))


def table_of(found: Deadlines) -> Table:
    """The measurement beside its mark."""
    table = Table(title=f"a deadline in working days, µs at the median of {ROUNDS} rounds")
    for name in ("", "greenlane", "holidays", "ratio", "mark"):
        table.add_column(name, justify="right" if name else "left")
    reached = found.ours <= found.theirs
    mark = "[green]≤ 1 reached[/]" if reached else "[red]≤ 1 missed[/]"
    table.add_row(
        f"the n-th working day, {found.questions} questions",
        f"{found.ours:.1f}",
        f"{found.theirs:.1f}",
        f"{found.ours / found.theirs:.2f}",
        mark,
    )
    table.add_row("the due moment of a clock", f"{found.whole:.1f}", "", "", "")
    return table


def _of_a_case(calendar: WorkCalendar) -> WorkCalendar:
    """As the package has it: the years that are asked about."""
    return calendar.window(FIRST.year, LAST.year + 1)


def _questions(count: int) -> list[Question]:
    random = Random(_SEED)  # noqa: S311 - the same questions in every run
    span = (LAST - FIRST).days
    return [
        (FIRST + timedelta(days=random.randrange(span)), random.choice(BUDGETS))
        for _ in range(count)
    ]


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main() -> int:
    """Measure and print; 1 when the mark is missed."""
    found = measure()
    Console(highlight=False, width=100).print(table_of(found))
    return int(found.ours > found.theirs)


if __name__ == "__main__":
    sys.exit(main())
