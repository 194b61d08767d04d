"""The measurements: each does the same thing to the product and to the skeleton, by turns."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from bench.cases import Bones, Waiver
from bench.house import House, resident_kib
from bench.skeleton import Score

AT_ONCE: Final = 12
"""Cases driven at the same time when whole cases are counted: enough to keep two cores busy."""
WARM_UP: Final = 20
"""Cases before the memory of waiting ones is measured: imports and pools are not counted."""
_QUIET: Final = 0.04
"""Seconds of rest after each timed call, so that one side's aftermath is not the other's time."""
SETTLED: Final = 3.0
"""Seconds after a crowd of cases, so that its last pages are written."""

Act = Callable[[], Awaitable[None]]


@dataclass
class Pair:
    """Times of the two sides, in seconds."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    def at(self, percent: int) -> tuple[float, float]:
        """A percentile of both sides, in milliseconds."""
        return _percentile(self.ours, percent) * 1000, _percentile(self.bare, percent) * 1000


@dataclass(frozen=True)
class Memory:
    """KiB a waiting case takes in its worker."""

    cases: int
    ours: float
    bare: float


@dataclass(frozen=True)
class Throughput:
    """Whole cases a second, one number a round."""

    cases: int
    ours: list[float]
    bare: list[float]
    cpu_ours: Counter[str]
    cpu_bare: Counter[str]

    @property
    def ratio(self) -> float:
        """Ours in parts of the skeleton's: the median of the rounds' ratios."""
        return statistics.median(a / b for a, b in zip(self.ours, self.bare, strict=True))


async def latency(house: House, score: Score, *, cases: int) -> tuple[Pair, Pair]:
    """Opening a case, and completing one of its first two steps."""
    opening, command = Pair(), Pair()
    for turn in range(cases):
        waiver, bones = Waiver(house), Bones(house.client, score)
        await _by_turns(
            turn, opening, _then(waiver.report, _both_open(waiver)), _then(bones.start, _rest)
        )
        steps = await waiver.steps_are("first_contact", "assign_team")
        await _by_turns(
            turn,
            command,
            _then(lambda w=waiver, s=steps: w.contact(s["first_contact"]), _one_open(waiver)),  # type: ignore[misc]
            _then(lambda b=bones: b.beat(1), _rest),  # type: ignore[misc]
        )
        await _by_turns(
            turn,
            command,
            _then(lambda w=waiver, s=steps: w.assign(s["assign_team"]), _rest),  # type: ignore[misc]
            _then(lambda b=bones: b.beat(2), _rest),  # type: ignore[misc]
        )
    return opening, command


def _both_open(waiver: Waiver) -> Act:
    async def seen() -> None:
        await waiver.steps_are("first_contact", "assign_team")
        await _rest()

    return seen


def _one_open(waiver: Waiver) -> Act:
    async def seen() -> None:
        await waiver.steps_are("assign_team")
        await _rest()

    return seen


async def _rest() -> None:
    await asyncio.sleep(_QUIET)


def _then(act: Act, settle: Act) -> tuple[Act, Act]:
    return act, settle


async def _by_turns(turn: int, pair: Pair, ours: tuple[Act, Act], bare: tuple[Act, Act]) -> None:
    """Time both acts, the other one first every second time."""
    sides = [(ours, pair.ours), (bare, pair.bare)]
    for (act, settle), times in sides if turn % 2 == 0 else reversed(sides):
        began = time.perf_counter()
        await act()
        times.append(time.perf_counter() - began)
        await settle()


async def throughput(house: House, score: Score, *, rounds: int, cases: int) -> Throughput:
    """Whole cases, several at once, a block of ours and a block of the skeleton's by turns."""
    found = Throughput(rounds * cases, [], [], Counter(), Counter())
    for turn in range(rounds):
        sides = [
            (lambda: Waiver(house).whole(), found.ours, found.cpu_ours),
            (lambda: Bones(house.client, score).whole(), found.bare, found.cpu_bare),
        ]
        for make, rates, spent in sides if turn % 2 == 0 else reversed(sides):
            before, began = house.cpu_seconds(), time.perf_counter()
            await at_once(make, cases)
            rates.append(cases / (time.perf_counter() - began))
            after = house.cpu_seconds()
            spent.update({part: after[part] - before[part] for part in before})
            await asyncio.sleep(SETTLED)
    return found


async def memory(house: House, score: Score, *, cases: int) -> Memory:
    """How much a worker grows by cases that wait for their first step."""
    sides = (
        (house.worker, lambda: _waiting(Waiver(house))),
        (house.skeleton, lambda: _standing(Bones(house.client, score))),
    )
    grown: list[float] = []
    for worker, make in sides:
        await at_once(make, WARM_UP)
        await asyncio.sleep(SETTLED)
        before = resident_kib(worker)
        await at_once(make, cases)
        await asyncio.sleep(SETTLED)
        grown.append((resident_kib(worker) - before) / cases)
    return Memory(cases=cases, ours=grown[0], bare=grown[1])


async def _waiting(waiver: Waiver) -> None:
    """A case that has been reported and whose first page is written."""
    await waiver.report()
    await waiver.steps_are("first_contact", "assign_team")


async def _standing(bones: Bones) -> None:
    """A skeleton whose first beat is played."""
    await bones.start()
    await bones.beat(1)


async def at_once(make: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    """So many cases, AT_ONCE of them at a time."""
    left = iter(range(count))

    async def one_after_another() -> None:
        for _ in left:
            await make()

    await asyncio.gather(*[one_after_another() for _ in range(AT_ONCE)])


def _percentile(times: list[float], percent: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
