"""A matter in virtual time as a test follows it: what its pages show, and when they show it."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from activities.ports.cases import TaskClosed, TaskOpened
from adapters.temporal.virtual_time import Stage as Time
from domain.calendar import SHANGHAI, civil_date
from tests.builders import civil

WITHIN = 60.0
"""Real seconds any step of a test may take."""


class Followed(ABC):
    """A running case, enquiry, booking or rescue whose story is moved by whole weeks."""

    handle: WorkflowHandle[Any, Any]

    def __init__(self, time: Time, moved_by: int) -> None:
        self.time = time
        self.moved_by = moved_by

    # When ----------------------------------------------------------------------------------------

    def at(self, text: str) -> datetime:
        """A moment of the story, moved with it."""
        return civil(text, moved_by=self.moved_by)

    def day(self, text: str) -> date:
        """A day of the story, moved with it."""
        return date.fromisoformat(text) + timedelta(days=self.moved_by)

    def civil(self, at: datetime) -> str:
        """A moment as the story writes it: `05-06 08:40`; midnight is 24:00 of the day before."""
        told = (at - timedelta(days=self.moved_by)).astimezone(SHANGHAI)
        if (told.hour, told.minute) == (0, 0):
            return f"{told - timedelta(minutes=1):%m-%d} 24:00"
        return f"{told:%m-%d %H:%M}"

    @property
    def today(self) -> date:
        """The day the story has reached, in Shanghai."""
        return civil_date(self.time.now())

    async def go_to(self, text: str) -> None:
        """Move to a later moment of the story."""
        await self.time.go_to(self.at(text))

    # What its pages show -------------------------------------------------------------------------

    @property
    @abstractmethod
    def pages(self) -> Sequence[Any]:
        """Every page written so far, in order."""

    @property
    def stage(self) -> Any:
        return self.pages[-1].stage if self.pages else None

    @property
    def open_tasks(self) -> dict[str, TaskOpened]:
        tasks: dict[str, TaskOpened] = {}
        for page in self.pages:
            tasks |= {task.task_id: task for task in page.tasks_opened}
            for closed in page.tasks_closed:
                tasks.pop(closed.task_id, None)
        return tasks

    @property
    def closed_tasks(self) -> dict[str, TaskClosed]:
        return {closed.task_id: closed for page in self.pages for closed in page.tasks_closed}

    @property
    def clocks(self) -> dict[str, Any]:
        return {clock.instance: clock for page in self.pages for clock in page.clocks}

    @property
    def payments(self) -> dict[str, Any]:
        return {record.movement_id: record for page in self.pages for record in page.payments}

    @property
    def lines(self) -> list[str]:
        """The events of the timeline, in the order in which they were written."""
        return [line.event for page in self.pages for line in page.timeline]

    async def until(self, fact: Callable[[], Any]) -> Any:
        """Wait, in real time, until the pages show something that they may not hold yet."""
        async with asyncio.timeout(WITHIN):
            while True:
                with contextlib.suppress(IndexError, KeyError):
                    if found := fact():
                        return found
                await asyncio.sleep(0.01)
