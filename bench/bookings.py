"""Bookings of the green channel: opened beside the skeleton, waiting in a crowd, asked for at once.

A part of `make bench`; `python -m bench.bookings` measures them alone, `--quick` fewer of them. The
service is P20's expert visit: each request reserves its person's one unit of the year, sends a
notice, opens a step and starts a clock of five working days (G32), so that a waiting booking is a
timer on the server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from adapters.temporal import runtime
from bench.cases import Bones
from bench.house import House, insure, opened, person, resident_kib, servers
from bench.line import GLANCE, Answer, NotAsExpected
from bench.measures import AT_ONCE, SETTLED, at_once
from bench.score import score
from bench.skeleton import Score

PROGRAMME: Final = "ins_oncology"
WAITING: Final = 10_000
FEW: Final = 300
WAVE: Final = 500
OPENED: Final = 120
"""Bookings a side, opened while nothing else is asked for."""
ASKED: Final = 20
"""Bookings opened and answered one after the other, alone and with the crowd behind them."""
WATCHED: Final = 30.0
"""Seconds in which nobody does anything and the parts are watched."""
CROWD_WITHIN: Final = 330.0
"""Seconds the crowd may take to gather; a slower machine measures as many as have come by then."""
_BLOCK: Final = 500
"""Bookings opened before the worker is waited for: a booking that waits has told its first page."""
_BEHIND: Final = 100
"""Bookings not yet taken up while the next block may begin, so that nobody idles in between."""
_KEEPS_UP_WITHIN: Final = 300.0
_WAVE_WITHIN: Final = 240.0
"""Seconds after which a request of the wave without a booking counts as lost."""
_TOLD_TO_RETRY: Final = frozenset(
    {HTTPStatus.ACCEPTED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)
_ANSWERED: Final = {"identity_verified": True, "need": "门诊复查"}


@dataclass(frozen=True)
class Rest:
    """What the parts use while nobody asks for anything: KiB, and CPU seconds a minute."""

    kib: dict[str, int]
    cpu: dict[str, float]


@dataclass(frozen=True)
class Crowd:
    """So many waiting bookings, gathered in so many seconds, and the parts at rest."""

    count: int
    seconds: float
    alone: Rest
    beside: Rest


@dataclass(frozen=True)
class Calls:
    """Median milliseconds of opening a booking and of finishing its first step."""

    opening: float
    answering: float


@dataclass(frozen=True)
class Wave:
    """What became of requests that came in the same moment; times in seconds."""

    times: list[float]
    first_answers: Counter[int]
    all_stand_after: float
    lost: int


class Wish:
    """One booking through the door."""

    _numbers = itertools.count()

    def __init__(self, house: House) -> None:
        self._house = house
        self._key = secrets.token_hex(16)
        self._body = json.dumps(_request(next(self._numbers))).encode()
        self.booking_id = ""
        self.seconds = 0.0
        self.stood = False

    async def ask(self) -> Answer:
        """Ask for it, always under the same key."""
        began = time.perf_counter()
        answer = await self._house.hands["agent"].post("/v1/bookings", self._body, key=self._key)
        self.seconds = time.perf_counter() - began
        if answer.status == HTTPStatus.CREATED:
            self.booking_id = str(answer.body["booking_id"])
        return answer

    async def must(self) -> None:
        """Ask for it; anything but a booking is a failure of the bench."""
        answer = await self.ask()
        if not self.booking_id:
            raise NotAsExpected(f"{answer.status} {answer.body}")

    async def stands(self) -> bool:
        """Whether its workflow has taken it up and written the first page."""
        return bool((await self._seen())["stage"] != "opening")

    async def answer(self) -> float:
        """Finish its first step as an agent; returns the seconds it took."""
        task = next(one["task_id"] for one in (await self._seen())["tasks"])
        began = time.perf_counter()
        await self._house.hands["agent"].do(f"/v1/tasks/{task}/completion", _ANSWERED)
        return time.perf_counter() - began

    async def _seen(self) -> dict[str, Any]:
        return await self._house.hands["agent"].see(f"/v1/bookings/{self.booking_id}")


def _request(number: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "programme": PROGRAMME,
        "service": "expert_outpatient",
        "insured": person(number),
        "disease": "lung_cancer",
        "need": "复查",
        "channel": "hotline",
        "declared": {
            "diagnosis": "confirmed",
            "is_first_diagnosis": True,
            "diagnosed_on": (now.date() - timedelta(days=7)).isoformat(),
        },
        "consent": {"given": True, "at": now.isoformat(), "version": "v2026_01"},
    }


async def measure(console: Console, house: House, *, waiting: int) -> None:
    """Measure and print."""
    wave = min(WAVE, waiting)
    await insure(house.settings, PROGRAMME, waiting + wave + OPENED + 3 * ASKED)
    await asyncio.sleep(SETTLED)
    cpu_of_none = await _cpu_at_rest(house)
    first = Wish(house)
    await first.must()
    await _all_stand(house)
    handle = house.client.get_workflow_handle(first.booking_id)
    _show_opening(console, await _opening(house, score(await handle.fetch_history())))
    calls, alone = await _calls(house, []), Rest(_memory(house), cpu_of_none)
    began = time.perf_counter()
    come = await _gathered(house, waiting)
    seconds = time.perf_counter() - began
    await asyncio.sleep(SETTLED)
    beside = Rest(_memory(house), await _cpu_at_rest(house))
    _show_crowd(console, Crowd(len(come), seconds, alone, beside))
    beside_them = await _calls(house, come)
    _show_calls(console, calls, beside_them, len(come))
    _show_wave(console, await _wave(house, wave), beside_them)


async def _opening(house: House, played: Score) -> tuple[float, float]:
    """Bookings and bare starts a second."""
    rates: list[float] = []
    sides: tuple[Callable[[], Any], ...] = (
        lambda: Wish(house).must(),
        lambda: Bones(house.client, played).start(),
    )
    for make in sides:
        began = time.perf_counter()
        await at_once(make, OPENED)
        rates.append(OPENED / (time.perf_counter() - began))
        await _all_stand(house)
        await asyncio.sleep(SETTLED)
    return rates[0], rates[1]


def _show_opening(console: Console, rates: tuple[float, float]) -> None:
    table = _table("bookings opened per second: HTTP until 201, beside bare starts")
    for name in ("greenlane", "skeleton", "ratio"):
        table.add_column(name, justify="right")
    ours, bare = rates
    table.add_row(f"{OPENED} a side", f"{ours:.1f}", f"{bare:.1f}", f"{ours / bare:.2f}")
    console.print(table)


async def _gathered(house: House, count: int) -> list[Wish]:
    """So many bookings that stand and wait, or as many as have come in the time there is."""
    come: list[Wish] = []
    until = time.perf_counter() + CROWD_WITHIN

    async def one() -> None:
        wish = Wish(house)
        await wish.must()
        come.append(wish)

    while len(come) < count and time.perf_counter() < until:
        await at_once(one, min(_BLOCK, count - len(come)))
        await _all_stand(house, but=_BEHIND)
    await _all_stand(house)
    return come


async def _all_stand(house: House, *, but: int = 0) -> None:
    """Wait until at most so many bookings have not been taken up by the worker."""
    async with asyncio.timeout(_KEEPS_UP_WITHIN):
        while await house.bookings_not_begun() > but:
            await asyncio.sleep(GLANCE * 5)


def _memory(house: House) -> dict[str, int]:
    """KiB of each part but PostgreSQL, which works in processes that come and go."""
    parts = [house.worker, house.door, *(one for one in house.servers if one.name != "postgres")]
    return {part.name: resident_kib(part) for part in parts}


async def _cpu_at_rest(house: House) -> dict[str, float]:
    """CPU seconds a minute that each part uses while nobody asks for anything."""
    before = house.cpu_seconds()
    await asyncio.sleep(WATCHED)
    after = house.cpu_seconds()
    return {part: (after[part] - before[part]) * 60 / WATCHED for part in before}


def _show_crowd(console: Console, crowd: Crowd) -> None:
    count, alone, beside = crowd.count, crowd.alone, crowd.beside
    table = _table(f"{count:,} waiting bookings, gathered in {crowd.seconds:.0f} s, beside none")
    for name in ("MiB: none", "all", "KiB a booking", "idle CPU s/min: none", "all", "more"):
        table.add_column(name, justify="right")
    for part, none in alone.cpu.items():
        before, after = alone.kib.get(part), beside.kib.get(part)
        sizes = ["", "", ""]
        if before is not None and after is not None:
            sizes = [f"{before / 1024:.0f}", f"{after / 1024:.0f}"]
            sizes.append(f"{(after - before) / count:.1f}")
        more = beside.cpu[part] - none
        table.add_row(part, *sizes, f"{none:.2f}", f"{beside.cpu[part]:.2f}", f"{more:+.2f}")
    console.print(table)


async def _calls(house: House, crowd: list[Wish]) -> Calls:
    """One call after the other; the steps of the crowd's oldest, which no worker remembers."""
    opening, answering = [], []
    for number in range(ASKED):
        fresh = Wish(house)
        await fresh.must()
        opening.append(fresh.seconds)
        await _all_stand(house)
        answering.append(await (crowd[number] if crowd else fresh).answer())
    return Calls(statistics.median(opening) * 1000, statistics.median(answering) * 1000)


def _show_calls(console: Console, alone: Calls, beside: Calls, count: int) -> None:
    table = _table(f"one call after the other, median of {ASKED}, in ms")
    for name in ("with none waiting", f"with {count:,}", "ratio"):
        table.add_column(name, justify="right")
    for what, before, after in (
        ("open a booking", alone.opening, beside.opening),
        ("finish its first step", alone.answering, beside.answering),
    ):
        table.add_row(what, f"{before:.1f}", f"{after:.1f}", f"{after / before:.2f}")
    console.print(table)


async def _wave(house: House, count: int) -> Wave:
    """All at once; who is told to retry does, and then each must stand with its workflow."""
    wishes = [Wish(house) for _ in range(count)]
    began = time.perf_counter()
    answers = await asyncio.gather(*[wish.ask() for wish in wishes])
    times = sorted(wish.seconds for wish in wishes)
    first = Counter(answer.status for answer in answers)
    for status in first:
        if status != HTTPStatus.CREATED and status not in _TOLD_TO_RETRY:
            raise NotAsExpected(f"a wave was answered {status}")
    left = list(wishes)
    with suppress(TimeoutError):
        async with asyncio.timeout(_WAVE_WITHIN):
            await asyncio.gather(*[_until_they_stand(left) for _ in range(AT_ONCE)])
    return Wave(times, first, time.perf_counter() - began, sum(not one.stood for one in wishes))


async def _until_they_stand(left: list[Wish]) -> None:
    """Take one after the other, and those that do not stand yet again at the end."""
    while left:
        wish = left.pop(0)
        if not wish.booking_id:
            await wish.ask()  # it was told to come again
        wish.stood = bool(wish.booking_id) and await wish.stands()
        if not wish.stood:
            left.append(wish)
            await asyncio.sleep(GLANCE)


def _show_wave(console: Console, wave: Wave, alone: Calls) -> None:
    asked, one = len(wave.times), alone.opening / 1000
    said = ", ".join(f"{count} × {status}" for status, count in sorted(wave.first_answers.items()))
    table = _table(f"a wave: {asked} requests sent in the same moment")
    table.add_column("measured", justify="right")
    table.add_column("in multiples of one alone", justify="right")
    table.add_row("first answers", said, "")
    for name, part in (("first", 0.0), ("median", 0.5), ("99th of 100", 0.99), ("last", 1.0)):
        seconds = wave.times[min(asked - 1, int(asked * part))]
        table.add_row(f"{name} answer after, s", f"{seconds:.2f}", f"{seconds / one:.0f}")
    table.add_row("all stand after, s", f"{wave.all_stand_after:.1f}", "")
    table.add_row("lost", f"{wave.lost} {_mark(reached=not wave.lost)}", "")
    console.print(table)


def _mark(*, reached: bool) -> str:
    return "[green]reached[/]" if reached else "[red]missed[/]"


def _table(title: str) -> Table:
    table = Table(title=title)
    table.add_column("")
    return table


async def _alone() -> int:
    waiting = FEW if "--quick" in sys.argv[1:] else WAITING
    began = time.perf_counter()
    console = Console(highlight=False, width=100)
    async with servers() as running, opened(running) as house:
        await measure(console, house, waiting=waiting)
    console.print(f"\nmeasured in {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(runtime.run(_alone))
