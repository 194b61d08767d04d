"""How a story is told: to its end, while pages are turned and whatever runs beside it runs.

A failure of any part ends all of it; whoever cancels the workflow only asks a person to look.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from temporalio import workflow

from workflows.matter import MatterState
from workflows.scribe import Scribe


class StoryOver(Exception):
    """The story ends before its usual end; says where and why."""

    stage: Any

    def __init__(self, stage: Any, reason: str) -> None:
        super().__init__(reason)
        self.stage = stage
        self.reason = reason


class StepDropped(Exception):
    """A step was taken off the worklist while somebody waited for it."""


class Storyteller(ABC):
    """The story of one matter, and what runs beside it."""

    def __init__(self, state: MatterState, record: Scribe[Any]) -> None:
        self.state = state
        self._record = record
        self._beside: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None

    @abstractmethod
    def _resume(self) -> None:
        """Watch again whatever was promised before this run began."""

    async def run(
        self, story: Coroutine[Any, Any, None], *, asked_to_stop: Callable[[], None]
    ) -> None:
        """Tell the story to its end; whoever cancels the workflow only asks a person to look."""
        telling = asyncio.ensure_future(self._told(story))
        while not telling.done():
            try:
                await workflow.wait_condition(telling.done)
            except asyncio.CancelledError:
                if workflow.cancellation_reason() is None:
                    raise
                asked_to_stop()
        await telling

    async def _told(self, story: Coroutine[Any, Any, None]) -> None:
        """The story, while clocks are watched and pages are turned; a failure ends all.

        No task group: it would wait for its tasks even when a worker that stops drops the matter.
        """
        scribe = self._spawn(self._record.keep(), "record")
        self._resume()
        telling = self._spawn(story, "story")
        await self._unless_failed(
            lambda: telling.done() and self.idle and not self._must_still_hear
        )
        self._record.close()
        await self._unless_failed(scribe.done)
        for task in self._beside:
            task.cancel()

    async def _unless_failed(self, ready: Callable[[], bool]) -> None:
        await workflow.wait_condition(lambda: ready() or self._failure is not None)
        if self._failure is not None:
            raise self._failure

    @property
    def idle(self) -> bool:
        """Whether everything is written down."""
        return self._record.written

    @property
    def _must_still_hear(self) -> bool:
        """Whether an ended matter still has a breach to acknowledge or a customer to phone."""
        return self.state.ended and bool(self.state.tasks)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._beside.append(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._beside.remove(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()

    async def written(self) -> None:
        """Wait until everything so far stands in the record."""
        await workflow.wait_condition(lambda: self._record.written)
