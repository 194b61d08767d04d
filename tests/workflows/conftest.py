"""A case in virtual time: a real Temporal server, fake ports, and hands that complete tasks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

import worker
from activities.ports import CasePage, TaskOpened
from adapters import search_attributes
from adapters.codec import data_converter
from adapters.settings import Settings
from adapters.temporal import connect
from adapters.virtual_time import Stage as Time
from adapters.virtual_time import days_to_move
from domain.tasks import TaskKind
from domain.waiver import Stage
from tests.builders import a_calendar, a_case, civil
from tests.workflows.fakes import FakeBooks, FakePartners
from workflows.cockpit import SEARCH_ATTRIBUTES, opening_attributes
from workflows.messages import Accepted, Actor, CompleteTask, OpenCase

WITHIN = 20.0
"""Real seconds any step of a test may take."""


class Case:
    """One running case and everything a test asks of it."""

    def __init__(self, *, client: Client, task_queue: str, opens: str) -> None:
        now = datetime.now(tz=civil(opens).tzinfo)
        self.moved_by = days_to_move(civil(opens), now)
        self.books = FakeBooks()
        self.partners = FakePartners()
        self.time = Time(client, opens_at=self.at(opens))
        self.case_id = f"dw-{secrets.token_hex(8)}"
        self._queue = task_queue
        self.handle: WorkflowHandle[Any, Any]

    def at(self, text: str) -> datetime:
        """A moment of the story, moved with it."""
        return civil(text, moved_by=self.moved_by)

    def opening(self, **overrides: Any) -> OpenCase:
        """The report, at the story's moment, with the calendar moved as far as the story."""
        defaults: dict[str, Any] = {
            "reported_at": self.time.now(),
            "calendar": a_calendar().moved(self.moved_by),
        }
        return a_case(self.case_id, **(defaults | overrides))

    async def open(self, **overrides: Any) -> None:
        """Start the case."""
        opening = self.opening(**overrides)
        self.handle = await self.time.client.start_workflow(
            "DepositWaiver",
            opening,
            id=self.case_id,
            task_queue=self._queue,
            search_attributes=opening_attributes(
                programme=opening.programme.code,
                hospital_id=opening.hospital.hospital_id,
                channel=opening.channel,
            ),
            execution_timeout=timedelta(days=720),
        )

    async def go_to(self, text: str) -> None:
        """Move to a later moment of the story."""
        await self.time.go_to(self.at(text))

    # What the casebook shows ---------------------------------------------------------------------

    @property
    def pages(self) -> list[CasePage]:
        """Every page written so far, in order."""
        return [page for _, page in sorted(self.books.pages[self.case_id].items())]

    @property
    def stage(self) -> Stage | None:
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
    def clocks(self) -> dict[str, Any]:
        return {clock.instance: clock for page in self.pages for clock in page.clocks}

    @property
    def top_ups(self) -> dict[str, Any]:
        return {record.top_up_id: record for page in self.pages for record in page.top_ups}

    @property
    def payments(self) -> dict[str, Any]:
        return {record.movement_id: record for page in self.pages for record in page.payments}

    async def until(self, fact: Callable[[], Any]) -> Any:
        """Wait, in real time, until the casebook shows something."""
        async with asyncio.timeout(WITHIN):
            while not (found := fact()):
                await asyncio.sleep(0.01)
        return found

    async def task(self, kind: TaskKind, *, subject: str | None = None) -> TaskOpened:
        """The open task of a kind."""

        def found() -> TaskOpened | None:
            return next(
                (
                    task
                    for task in self.open_tasks.values()
                    if task.kind is kind and subject in (None, task.subject)
                ),
                None,
            )

        try:
            return await self.until(found)  # type: ignore[no-any-return]
        except TimeoutError:
            waiting = [task.kind.value for task in self.open_tasks.values()]
            raise AssertionError(f"no task {kind.value}; {self.stage}; open: {waiting}") from None

    async def do(
        self,
        kind: TaskKind,
        by: Actor,
        /,
        *,
        subject: str | None = None,
        documents: dict[str, list[str]] | None = None,
        **form: Any,
    ) -> Accepted:
        """Complete the open task of a kind as a person would."""
        task = await self.task(kind, subject=subject)
        message = CompleteTask(
            task_id=task.task_id,
            kind=kind,
            form=form,
            documents=documents or {},
            actor=by,
            at=self.time.now(),
        )
        return await self.send(message)

    async def send(self, message: CompleteTask) -> Accepted:
        """Send a completion; raises what the case refuses."""
        return await self.handle.execute_update(
            "complete_task", message, result_type=Accepted, rpc_timeout=timedelta(seconds=10)
        )


@pytest.fixture
def case_of(temporal_settings: Settings) -> Callable[..., Any]:
    """`async with case_of("2026-04-29 20:10") as case`: a worker of its own, no sticky cache."""

    @asynccontextmanager
    async def opened(opens: str = "2026-04-29 20:10") -> AsyncIterator[Case]:
        client = await connect(temporal_settings)
        await search_attributes.register(client, SEARCH_ATTRIBUTES)
        queue = f"test-{secrets.token_hex(6)}"
        case = Case(client=client, task_queue=queue, opens=opens)
        verbs = worker.activities(
            ledger=case.books,
            casebook=case.books,
            payment=case.partners,
            dispatch=case.partners,
            messaging=case.partners,
            claims=case.partners,
        )
        async with worker.build(client, task_queue=queue, verbs=verbs, max_cached_workflows=0):
            yield case

    return opened


__all__ = ["WorkflowUpdateFailedError", "case_of", "data_converter"]
