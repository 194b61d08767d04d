"""Bookings of the green channel: opened beside the skeleton, waiting in a crowd, asked for at once.

A part of `make bench`; `python -m bench.bookings` measures them alone, `--quick` fewer of them. The
service is P04's expert visit: each request reserves its person's one unit of the year.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from adapters import runtime
from bench.cases import Bones
from bench.house import House, insure, opened, person, resident_kib, servers
from bench.line import GLANCE, PATIENCE, Answer, NotAsExpected
from bench.measures import SETTLED, at_once
from bench.score import score
from bench.skeleton import Score

PROGRAMME: Final = "pingan_oncology_157"
WAITING: Final = 10_000
FEW: Final = 300
WAVE: Final = 500
OPENED: Final = 120
"""Bookings a side, opened while nothing else is asked for."""
WATCHED: Final = 20.0
"""Seconds in which nobody does anything and the parts are watched."""
_PAGE: Final = 200
_TOLD_TO_RETRY: Final = frozenset(
    {HTTPStatus.ACCEPTED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)


@dataclass(frozen=True)
class Crowd:
    """What so many waiting bookings take: KiB a booking, and percent of a core while all rest."""

    count: int
    seconds: float
    kib: dict[str, float]
    alone: dict[str, float]
    idle: dict[str, float]


@dataclass(frozen=True)
class Wave:
    """What became of requests that came in the same moment."""

    asked: int
    seconds: float
    first_answers: Counter[int]
    lost: int


class Wish:
    """One booking through the door."""

    _numbers = itertools.count()

    def __init__(self, house: House) -> None:
        self._house = house
        self._key = secrets.token_hex(16)
        self._body = json.dumps(_request(next(self._numbers))).encode()
        self.booking_id = ""

    async def ask(self) -> Answer:
        """Ask for it, always under the same key."""
        answer = await self._house.hands["agent"].post("/v1/bookings", self._body, key=self._key)
        if answer.status == HTTPStatus.CREATED:
            self.booking_id = str(answer.body["booking_id"])
        return answer

    async def must(self) -> None:
        """Ask for it; anything but a booking is a failure of the bench."""
        answer = await self.ask()
        if not self.booking_id:
            raise NotAsExpected(f"{answer.status} {answer.body}")


def _request(number: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "programme": PROGRAMME,
        "service": "expert_outpatient",
        "insured": person(number),
        "need": "复查",
        "channel": "hotline",
        "declared": {"diagnosis": "suspected"},
        "consent": {"given": True, "at": now.isoformat(), "version": "v2026_01"},
    }


async def measure(console: Console, house: House, *, waiting: int) -> None:
    """Measure and print."""
    wave = min(WAVE, waiting)
    await insure(house.settings, PROGRAMME, waiting + wave + 2 * OPENED)
    first = Wish(house)
    await first.must()
    await asyncio.sleep(SETTLED)
    handle = house.client.get_workflow_handle(first.booking_id)
    await _show_opening(console, house, score(await handle.fetch_history()))
    _show_crowd(console, await _crowd(house, waiting))
    _show_wave(console, await _wave(house, wave))


async def _show_opening(console: Console, house: House, played: Score) -> None:
    rates: list[float] = []
    sides = (lambda: Wish(house).must(), lambda: Bones(house.client, played).start())
    for make in sides:
        began = time.perf_counter()
        await at_once(make, OPENED)
        rates.append(OPENED / (time.perf_counter() - began))
        await asyncio.sleep(SETTLED)
    table = Table(title="bookings opened per second: HTTP until 201, beside bare starts")
    for name in ("", "greenlane", "skeleton", "ratio"):
        table.add_column(name, justify="left" if not name else "right")
    ours, bare = rates
    table.add_row(f"{OPENED} a side", f"{ours:.1f}", f"{bare:.1f}", f"{ours / bare:.2f}")
    console.print(table)


async def _crowd(house: House, count: int) -> Crowd:
    # PostgreSQL works in processes that come and go: its growth is its data on disk.
    parts = [house.worker, house.door, *(one for one in house.servers if one.name != "postgres")]
    alone = await _idle(house)
    before = {part.name: resident_kib(part) for part in parts}
    began = time.perf_counter()
    await at_once(lambda: Wish(house).must(), count)
    seconds = time.perf_counter() - began
    await asyncio.sleep(SETTLED * 2)
    grown = {part.name: (resident_kib(part) - before[part.name]) / count for part in parts}
    return Crowd(count, seconds, grown, alone, await _idle(house))


async def _idle(house: House) -> dict[str, float]:
    """Percent of a core that each part uses while nobody asks for anything."""
    before = house.cpu_seconds()
    await asyncio.sleep(WATCHED)
    after = house.cpu_seconds()
    return {part: (after[part] - before[part]) / WATCHED * 100 for part in before}


def _show_crowd(console: Console, crowd: Crowd) -> None:
    table = Table(title=f"{crowd.count:,} waiting bookings, opened in {crowd.seconds:.0f} s")
    for name in ("", "KiB a booking", "idle with none, % of a core", "idle with all"):
        table.add_column(name, justify="left" if not name else "right")
    for part, grown in crowd.kib.items():
        table.add_row(part, f"{grown:.1f}", f"{crowd.alone[part]:.1f}", f"{crowd.idle[part]:.1f}")
    console.print(table)


async def _wave(house: House, count: int) -> Wave:
    """All at once; who is told to retry does, and then each must stand with its workflow."""
    wishes = [Wish(house) for _ in range(count)]
    began = time.perf_counter()
    answers = await asyncio.gather(*[wish.ask() for wish in wishes])
    seconds = time.perf_counter() - began
    first = Counter(answer.status for answer in answers)
    for status in first:
        if status != HTTPStatus.CREATED and status not in _TOLD_TO_RETRY:
            raise NotAsExpected(f"a wave was answered {status}")
    async with asyncio.timeout(PATIENCE * 4):
        while again := [wish for wish in wishes if not wish.booking_id]:
            await asyncio.sleep(1.0)
            for wish in again:
                await wish.ask()
        while lost := await _not_begun(house, {wish.booking_id for wish in wishes}):
            await asyncio.sleep(GLANCE * 10)
    return Wave(count, seconds, first, lost)


async def _not_begun(house: House, wanted: set[str]) -> int:
    """How many of these are not yet in the list with a workflow behind them."""
    found: set[str] = set()
    cursor = ""
    for _ in range(len(wanted) // _PAGE + 2):
        page = await house.hands["agent"].see(f"/v1/bookings?limit={_PAGE}{cursor}")
        found |= {one["booking_id"] for one in page["items"] if one["stage"] != "opening"}
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    return len(wanted - found)


def _show_wave(console: Console, wave: Wave) -> None:
    said = ", ".join(f"{count} × {status}" for status, count in sorted(wave.first_answers.items()))
    table = Table(title="a wave: requests sent in the same moment")
    table.add_column("")
    table.add_column("measured", justify="right")
    table.add_row("asked", str(wave.asked))
    table.add_row("answered within, s", f"{wave.seconds:.1f}")
    table.add_row("first answers", said)
    table.add_row("lost", f"{wave.lost} {'[green]reached[/]' if not wave.lost else ''}")
    console.print(table)


async def _alone() -> int:
    waiting = FEW if "--quick" in sys.argv[1:] else WAITING
    async with servers() as running, opened(running) as house:
        await measure(Console(highlight=False, width=100), house, waiting=waiting)
    return 0


if __name__ == "__main__":
    sys.exit(runtime.run(_alone))
