"""`make soak`: cases at once, deaths and faults by a printed seed, and then the books are checked.

SOAK_MINUTES (5) bounds the time in which processes die. SOAK_CASES (6) says how many persons there
are, each with a stay and, beside it, a booking of the green channel. SOAK_SEED repeats an earlier
run: the same wishes, deaths and faults in the same order. After the last death everybody gets a few
minutes to finish. Exit status 1 when something does not hold.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import httpx
from rich.console import Console

import demo.people
from adapters.database import open_database
from adapters.temporal.connection import connect
from demo.people import Answer
from tests.soak.booked import Booked
from tests.soak.checks import wrongs
from tests.soak.people import ANSWERS, RealHouse
from tests.soak.stay import Stay
from tests.soak.town import VICTIMS, Town, town

_OUT: Final = Console(highlight=False, soft_wrap=True)

FINISH_WITHIN: Final = 240.0
"""Seconds after the last death: an unknown payment is asked for again within two minutes."""

WEIGHTS: Final = (4, 3, 2, 2, 1)
"""How often each of the victims dies."""

FAULTS: Final[tuple[dict[str, Any], ...]] = (
    {"partner": "payment", "operation": "pay", "fault": "refuse"},
    {"partner": "payment", "operation": "pay", "fault": "delay", "seconds": 2.0},
    {"partner": "payment", "operation": "pay", "fault": "timeout_after_success"},
    {"partner": "payment", "operation": "pay", "fault": "answer_twice"},
    {"partner": "payment", "operation": "pay", "fault": "answer_late", "seconds": 2.0},
    {"partner": "payment", "operation": "pay", "fault": "error_first"},
    {"partner": "payment", "operation": "pay", "fault": "garbage"},
    {"partner": "payment", "operation": "query", "fault": "error_first"},
    {"partner": "payment", "operation": "query", "fault": "garbage"},
    {"partner": "payment", "operation": "payout", "fault": "timeout_after_success"},
    {"partner": "payment", "operation": "payout", "fault": "answer_late", "seconds": 1.0},
    {"partner": "payment", "operation": "refund", "fault": "answer_twice"},
    {"partner": "payment", "operation": "scan", "fault": "answer_twice"},
    {"partner": "nurse", "operation": "order", "fault": "refuse"},
    {"partner": "nurse", "operation": "order", "fault": "error_first"},
    {"partner": "nurse", "operation": "order", "fault": "garbage"},
    {"partner": "message", "operation": "send", "fault": "error_first"},
    {"partner": "message", "operation": "send", "fault": "refuse"},
    {"partner": "message", "operation": "send", "fault": "delay", "seconds": 3.0},
    {"partner": "claims", "operation": "file", "fault": "error_first"},
    {"partner": "claims", "operation": "file", "fault": "timeout_after_success"},
    {"partner": "claims", "operation": "decide", "fault": "answer_twice"},
)


def say(text: str) -> None:
    """Tell whoever looks on."""
    _OUT.print(text, markup=False)


async def deaths(opened: Town, seed: str, goes_on: Callable[[], bool], died: Counter[str]) -> None:
    """Kill one process after the other and start it again after a while."""
    chance = random.Random(f"{seed}:deaths")
    while goes_on():
        await asyncio.sleep(chance.uniform(2.0, 8.0))
        [victim] = chance.choices(VICTIMS, WEIGHTS)
        away = chance.uniform(0.0, 4.0)
        say(f"  {victim} dies, is away for {away:.1f} s")
        died[victim] += 1
        await opened.kill(victim)
        await asyncio.sleep(away)
        await opened.start(victim)


async def faults(opened: Town, seed: str, goes_on: Callable[[], bool]) -> None:
    """Switch one fault after the other on; each strikes once."""
    chance = random.Random(f"{seed}:faults")
    async with httpx.AsyncClient(
        base_url=opened.settings.simulator_url, trust_env=False, timeout=2.0
    ) as controls:
        while goes_on():
            await asyncio.sleep(chance.uniform(0.5, 3.0))
            with suppress(httpx.HTTPError):
                await controls.post("/faults", json=chance.choice(FAULTS))


async def soak(*, seed: str, minutes: float, count: int, keep: bool) -> int:
    """One soak; 0 when everything holds."""
    demo.people.PATIENCE = FINISH_WITHIN  # type: ignore[misc]
    numbers: set[str] = set()
    while len(numbers) < count:
        numbers.add(RealHouse.a_number())
    async with town(sorted(numbers), keep=keep) as opened:
        say(f"seed {seed}, {count} stays and bookings, {minutes} minutes, {opened.settings.var}")
        houses = [RealHouse(opened.settings, number) for number in sorted(numbers)]
        lives: list[Stay | Booked] = [
            kind(house, f"{seed}:{n}") for n, house in enumerate(houses) for kind in (Stay, Booked)
        ]
        until, died = time.monotonic() + minutes * 60, Counter[str]()
        living = [asyncio.create_task(_lived(one, n // 2, until)) for n, one in enumerate(lives)]

        def goes_on() -> bool:
            return time.monotonic() < until and not all(one.done() for one in living)

        await asyncio.gather(deaths(opened, seed, goes_on, died), faults(opened, seed, goes_on))
        async with httpx.AsyncClient(trust_env=False) as controls:
            await controls.delete(f"{opened.settings.simulator_url}/faults")
        await asyncio.wait(living, timeout=FINISH_WITHIN)
        found = await _judged(opened, houses, lives, living)
        for task in living:
            task.cancel()
        for house in houses:
            await house.leave()
    say(f"deaths: {dict(died)}\nanswers besides yes: {dict(ANSWERS)}")
    for sentence in found:
        say(f"WRONG {sentence}")
    say(f"seed {seed}: {'something does not hold' if found else 'all holds'}")
    return 1 if found else 0


async def _lived(one: Stay | Booked, number: int, until: float) -> None:
    """Cases are reported over the first half of the time, not all in one second."""
    await asyncio.sleep(number * max(0.0, until - time.monotonic()) / 20)
    await one.live()


async def _judged(
    opened: Town,
    houses: list[RealHouse],
    lives: list[Stay | Booked],
    living: list[asyncio.Task[None]],
) -> list[str]:
    found = [f"the door said {what}" for what in ANSWERS if what.startswith("500")]
    for one, task in zip(lives, living, strict=True):
        if task.done() and task.exception():
            found.append(f"{one.case_id or 'a report'}: {task.exception()!r}")
        case: Answer = await one.see() if one.case_id else {}
        waits = [step["kind"] for step in case.get("waiting_for", [])]
        say(f"  {one.case_id} {case.get('stage')} {waits or ''} {dict(one.doubts) or ''}")
    engine = open_database(opened.settings.libpq_url)
    try:
        client = await connect(opened.settings)
        found += await wrongs(engine, client, await houses[0].statement())
    finally:
        await engine.dispose()
    return found


if __name__ == "__main__":
    sys.exit(
        asyncio.run(
            soak(
                seed=os.environ.get("SOAK_SEED") or secrets.token_hex(4),
                minutes=float(os.environ.get("SOAK_MINUTES") or 5),
                count=int(os.environ.get("SOAK_CASES") or 6),
                keep=bool(os.environ.get("SOAK_KEEP")),
            )
        )
    )
