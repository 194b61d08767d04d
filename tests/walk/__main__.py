"""`python -m tests.walk`: many seeds; `python -m tests.walk 17`: one of them, with its story.

A number is the seed of a case, `b17` that of a booking, `r17` that of a rescue. WALK_SEEDS (500)
says how many of each, WALK_FROM (0) with which to begin. Exit status 1 when one fails.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from rich.console import Console

from tests.walk.booking_scene import booked_services
from tests.walk.bookings import BookingWalk
from tests.walk.rescues import RescueWalk, a_rescue
from tests.walk.scene import Scene
from tests.walk.walk import Walk

BOOKING, RESCUE = "b", "r"
"""What the seed of a booking begins with, and that of a rescue."""
_OUT = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Walked:
    """What became of one seed."""

    seed: str
    wrong: str
    ended: tuple[str, str]
    happened: Counter[str]
    story: list[str]


def walked(seed: str) -> Walked:
    """Walk a seed to its end, or to what is wrong."""
    logging.disable(logging.WARNING)  # the SDK's own words about a task that fails
    if seed[0] in (BOOKING, RESCUE):
        return _beside_a_bed(seed)
    wrong = ""
    with asyncio.Runner() as loop:
        one = Walk(Scene(int(seed), loop=loop))
        try:
            one.walk()
        except Exception:  # noqa: BLE001 - whatever it is, it is told with its seed
            wrong = traceback.format_exc(limit=-2)
    scene = one.scene
    return Walked(seed, wrong, (scene.code, str(scene.run.result)), scene.happened, scene.story)


def _beside_a_bed(seed: str) -> Walked:
    """A booking or a rescue."""
    wrong, number = "", int(seed[1:])
    with asyncio.Runner() as loop:
        one: BookingWalk | RescueWalk
        if seed[0] == RESCUE:
            one = a_rescue(number, loop=loop)
        else:
            services = booked_services()
            code, service = services[number % len(services)]
            one = BookingWalk(code, service, seed=seed, loop=loop)
        try:
            one.walk()
        except Exception:  # noqa: BLE001 - whatever it is, it is told with its seed
            wrong = traceback.format_exc(limit=-2)
        finally:
            one.run.close()
    kind = "rescue" if seed[0] == RESCUE else "booking"
    return Walked(seed, wrong, (kind, one.stage.value), one.happened, one.story)


def say(text: str) -> None:
    """Tell whoever looks on."""
    _OUT.print(text, markup=False)


def tell(seed: str) -> int:
    """The story of one seed."""
    one = walked(seed)
    say("\n".join(one.story))
    say(one.wrong or f"seed {seed}: all holds")
    return bool(one.wrong)


def walk_all(first: int, count: int) -> int:
    """Many seeds, on every core; each that fails is named with the command that repeats it."""
    started, happened, ends = time.monotonic(), Counter[str](), Counter[tuple[str, str]]()
    failed = []
    numbers = range(first, first + count)
    seeds = [f"{kind}{number}" for kind in ("", BOOKING, RESCUE) for number in numbers]
    say(f"{count} cases, {count} bookings and {count} rescues, seeds from {first}")
    with ProcessPoolExecutor() as pool:
        for one in pool.map(walked, seeds, chunksize=5):
            happened.update(one.happened)
            ends[one.ended] += 1
            if one.wrong:
                failed.append(one.seed)
                say(f"WRONG seed {one.seed}; again: make walk SEED={one.seed}\n{one.wrong}")
    for (code, ended), times in sorted(ends.items()):
        say(f"  {code} {ended}: {times}")
    say(f"what happened: {dict(happened.most_common())}")
    held = f"{failed} do not hold" if failed else "all hold"
    say(f"{len(seeds)} seeds in {time.monotonic() - started:.0f} s: {held}")
    return bool(failed)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(tell(sys.argv[1]))
    sys.exit(
        walk_all(int(os.environ.get("WALK_FROM") or 0), int(os.environ.get("WALK_SEEDS") or 500))
    )
