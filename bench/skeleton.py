"""The bare half of every comparison: a workflow that issues a number of commands, and no more.

What it issues is a score read from a real case (`bench.score`): beats, each begun by somebody from
outside, each with rounds of timers, cancellations, upserts and activities. No encryption, no
database, no HTTP, no state worth the name.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from temporalio import activity, workflow
from temporalio.common import SearchAttributeKey

TASK_QUEUE: Final = "greenlane-bench-skeleton"
STAGE: Final = SearchAttributeKey.for_keyword("Stage")
"""An attribute the server knows already; the skeleton writes the number of its upserts into it."""

A_LONG_TIME: Final = timedelta(days=1)
"""Timers of the comparison are there to be set and cancelled; none of them fires."""
WITHIN: Final = timedelta(seconds=15)


@dataclass
class Round:
    """The commands of one workflow task."""

    timers: int = 0
    cancels: int = 0
    upserts: int = 0
    activities: int = 0

    @property
    def commands(self) -> int:
        """How many commands the server is given."""
        return self.timers + self.cancels + self.upserts + self.activities


@dataclass
class Beat:
    """What follows from one start, update or signal."""

    begun_by: str = "start"
    rounds: list[Round] = field(default_factory=list)


@dataclass
class Score:
    """A whole case as its commands."""

    beats: list[Beat] = field(default_factory=list)


@activity.defn(name="nothing")
async def nothing() -> None:
    """An activity that does nothing."""


@workflow.defn(name="Skeleton")
class Skeleton:
    """Plays a score, one beat for each update or signal."""

    @workflow.init
    def __init__(self, score: Score) -> None:
        self._score = score
        self._called = 0
        self._played = 0
        self._upserts = 0
        self._timers: list[asyncio.Task[None]] = []

    @workflow.run
    async def run(self, score: Score) -> int:
        """Play all beats; returns how many there were."""
        for number, beat in enumerate(score.beats):
            await workflow.wait_condition(lambda n=number: self._called >= n)  # type: ignore[misc]
            for part in beat.rounds:
                await self._play(part)
            self._played = number + 1
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._played

    async def _play(self, part: Round) -> None:
        for _ in range(part.cancels):
            if self._timers:
                self._timers.pop(0).cancel()
        for _ in range(part.timers):
            self._timers.append(asyncio.create_task(workflow.sleep(A_LONG_TIME)))
        for _ in range(part.upserts):
            self._upserts += 1
            workflow.upsert_search_attributes([STAGE.value_set(str(self._upserts))])
        doing = [
            workflow.execute_activity(nothing, start_to_close_timeout=WITHIN)
            for _ in range(part.activities)
        ]
        await asyncio.gather(*doing)

    @workflow.update
    async def command(self, number: int) -> int:
        """Begin a beat and answer at once; only a beat that is still being played is waited for."""
        await workflow.wait_condition(lambda: self._played >= number)
        self._called = number
        return number

    @workflow.signal
    def fact(self, number: int) -> None:
        """Begin a beat."""
        self._called = max(self._called, number)
