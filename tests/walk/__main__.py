"""`python -m tests.walk`: many seeds; `python -m tests.walk 17`: one of them, with its story.

WALK_SEEDS (500) says how many, WALK_FROM (0) with which to begin. Exit status 1 when one fails.
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

from tests.walk.scene import Scene
from tests.walk.walk import Walk

_OUT = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Walked:
    """What became of one seed."""

    seed: int
    wrong: str
    ended: tuple[str, str]
    happened: Counter[str]
    story: list[str]


def walked(seed: int) -> Walked:
    """Walk a seed to its end, or to what is wrong."""
    logging.disable(logging.WARNING)  # the SDK's own words about a task that fails
    wrong = ""
    with asyncio.Runner() as loop:
        one = Walk(Scene(seed, loop=loop))
        try:
            one.walk()
        except Exception:  # noqa: BLE001 - whatever it is, it is told with its seed
            wrong = traceback.format_exc(limit=-2)
    scene = one.scene
    return Walked(seed, wrong, (scene.code, str(scene.run.result)), scene.happened, scene.story)


def say(text: str) -> None:
    """Tell whoever looks on."""
    _OUT.print(text, markup=False)


def tell(seed: int) -> int:
    """The story of one seed."""
    one = walked(seed)
    say("\n".join(one.story))
    say(one.wrong or f"seed {seed}: all holds")
    return bool(one.wrong)


def walk_all(first: int, count: int) -> int:
    """Many seeds, on every core; each that fails is named with the command that repeats it."""
    started, happened, ends = time.monotonic(), Counter[str](), Counter[tuple[str, str]]()
    failed = []
    say(f"{count} seeds from {first}")
    with ProcessPoolExecutor() as pool:
        for one in pool.map(walked, range(first, first + count), chunksize=5):
            happened.update(one.happened)
            ends[one.ended] += 1
            if one.wrong:
                failed.append(one.seed)
                say(f"WRONG seed {one.seed}; again: make walk SEED={one.seed}\n{one.wrong}")
    for (code, ended), times in sorted(ends.items()):
        say(f"  {code} {ended}: {times}")
    say(f"what happened: {dict(happened.most_common())}")
    seconds = time.monotonic() - started
    say(f"{count} seeds in {seconds:.0f} s: {f'{failed} do not hold' if failed else 'all hold'}")
    return bool(failed)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(tell(int(sys.argv[1])))
    sys.exit(
        walk_all(int(os.environ.get("WALK_FROM") or 0), int(os.environ.get("WALK_SEEDS") or 500))
    )
