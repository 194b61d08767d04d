"""A case in virtual time: a real Temporal server, fake ports, and hands that complete tasks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

import worker
from activities.ports.cases import Balances, CasePage, PaymentStatus, TaskOpened
from adapters.settings import Settings
from adapters.temporal import search_attributes
from adapters.temporal.connection import connect
from adapters.temporal.virtual_time import Stage as Time
from adapters.temporal.virtual_time import days_to_move
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from tests.builders import a_calendar, a_case, civil
from tests.workflows.fakes import FakeBooks, FakePartners
from tests.workflows.followed import WITHIN, Followed
from workflows.cockpit import SEARCH_ATTRIBUTES, opening_attributes
from workflows.messages.cases import OpenCase
from workflows.messages.matters import Accepted, Actor, CompleteTask
from workflows.messages.payments import PaymentResult

QUIET = 0.4
"""Real seconds without a new page, after which nothing more is on its way."""


class Case(Followed):
    """One running case and everything a test asks of it."""

    def __init__(self, *, client: Client, opens: str) -> None:
        now = datetime.now(tz=civil(opens).tzinfo)
        moved_by = days_to_move(civil(opens), now)
        super().__init__(Time(client, opens_at=civil(opens, moved_by=moved_by)), moved_by)
        self.books = FakeBooks()
        self.partners = FakePartners()
        self.wires: dict[str, Any] = {}
        """Real partners in place of some of the fakes."""
        self.case_id = f"dw-{secrets.token_hex(8)}"
        self._queue = f"test-{secrets.token_hex(6)}"
        self._worker: Worker | None = None
        self._done: set[str] = set()
        self._client = client

    async def start_worker(self) -> None:
        """A worker that keeps no case in memory: every task replays the whole history."""
        ports: dict[str, Any] = dict.fromkeys(
            ("payment", "dispatch", "messaging", "claims"), self.partners
        )
        verbs = worker.activities(ledger=self.books, casebook=self.books, **(ports | self.wires))
        verbs += worker.exchanging(bills=self.partners, social=self.partners)
        self._worker = worker.build(
            self._client, task_queue=self._queue, verbs=verbs, max_cached_workflows=0
        )
        await self._worker.__aenter__()

    async def stop_worker(self) -> None:
        """Take the worker away; the case goes on when another one comes."""
        if self._worker is not None:
            await self._worker.__aexit__(None, None, None)
            self._worker = None

    def movement(self, number: int) -> str:
        """The id of the case's n-th payment to the hospital."""
        return f"{self.case_id}:deposit:{number}"

    async def partner_pays(self, number: int, *, amount_fen: int | None = None) -> None:
        """The payment partner's callback: the n-th payment went through."""
        movement_id = self.movement(number)
        amount_fen = amount_fen or self.payments[movement_id].amount_fen
        self.partners.pays(movement_id, amount_fen)
        await self.partner_says(number, PaymentStatus.PAID, amount_fen=amount_fen)

    async def partner_says(
        self, number: int, status: PaymentStatus, *, amount_fen: int | None = None
    ) -> None:
        """The payment partner's word on the n-th payment."""
        movement_id = self.movement(number)
        result = PaymentResult(
            movement_id=movement_id,
            status=status,
            amount_fen=amount_fen or self.payments[movement_id].amount_fen,
            receipt_no="R-callback",
            at=self.time.now(),
        )
        await self.handle.signal("payment_result", result)

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
            "Claim" if opening.claim else "DepositWaiver",
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

    # What the casebook shows ---------------------------------------------------------------------

    @property
    def pages(self) -> list[CasePage]:
        """Every page written so far, in order."""
        return [page for _, page in sorted(self.books.pages[self.case_id].items())]

    @property
    def top_ups(self) -> dict[str, Any]:
        return {record.top_up_id: record for page in self.pages for record in page.top_ups}

    @property
    def told(self) -> list[str]:
        """The notices that were sent, by their codes."""
        return [notice.template for notice in self.books.notices.values()]

    @property
    def alerts(self) -> list[str]:
        """What a supervisor is asked to look at."""
        return [task.subject for task in self.open_tasks.values() if task.kind is TaskKind.BREACH]

    async def task(self, kind: TaskKind, *, subject: str | None = None) -> TaskOpened:
        """The open task of a kind."""

        def found() -> TaskOpened | None:
            return next(
                (
                    task
                    for task in self.open_tasks.values()
                    if task.kind is kind
                    and subject in (None, task.subject)
                    and task.task_id not in self._done
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
        return await self.complete(task, by, form, documents=documents)

    async def complete(
        self,
        task: TaskOpened,
        by: Actor,
        form: dict[str, Any],
        *,
        documents: dict[str, list[str]] | None = None,
    ) -> Accepted:
        """Complete this very task."""
        message = CompleteTask(
            task_id=task.task_id,
            kind=task.kind,
            form=form,
            documents=documents or {},
            actor=by,
            at=self.time.now(),
        )
        accepted = await self.send(message)
        self._done.add(task.task_id)
        return accepted

    async def send(self, message: CompleteTask) -> Accepted:
        """Send a completion; raises what the case refuses."""
        return await self.update("complete_task", message)

    async def update(self, name: str, message: Any, **options: Any) -> Accepted:
        """Send a command; raises what the case refuses."""
        accepted: Accepted = await self.handle.execute_update(
            name, message, result_type=Accepted, rpc_timeout=timedelta(seconds=45), **options
        )
        return accepted

    def together(self, *commands: Awaitable[Any]) -> asyncio.Future[list[Any]]:
        """Send commands at once; await what comes back to hear what became of them."""
        return asyncio.gather(*commands, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until nothing that was sent so far is still on its way to a page."""
        pages = -1
        while pages != len(self.pages):
            pages = len(self.pages)
            await asyncio.sleep(QUIET)

    async def ends(self, stage: Stage) -> None:
        """The case ends in this stage, its books at zero and with nobody left waiting."""
        async with asyncio.timeout(WITHIN):
            assert await self.handle.result() == stage.value
        assert self.stage is stage
        assert await self.books.balances(self.case_id) == Balances()
        assert self.open_tasks == {}
        assert [clock.instance for clock in self.clocks.values() if clock.is_open] == []
        assert self.partners.paid_twice == []


def opener(settings: Settings) -> Callable[..., Any]:
    """`async with case_of("2026-04-29 20:10") as case`: a worker of its own, no sticky cache."""

    @asynccontextmanager
    async def opened(opens: str = "2026-04-29 20:10") -> AsyncIterator[Case]:
        client = await connect(settings)
        await search_attributes.register(client, SEARCH_ATTRIBUTES)
        case = Case(client=client, opens=opens)
        await case.start_worker()
        try:
            yield case
        finally:
            await case.stop_worker()
            await no_task_failed(case.handle)

    return opened


async def no_task_failed(handle: WorkflowHandle[Any, Any]) -> None:
    """A workflow task that fails is retried for ever, so a test would only see its case hang.

    Two failures are none: news that came while a task ran, and a pause of two seconds on a machine
    that other tests keep busy; both are tried again, and a workflow that hangs is seen by `WITHIN`.
    """
    failed = [
        event.workflow_task_failed_event_attributes
        async for event in handle.fetch_history_events()
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    ]
    unmet = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
    paused = "_DeadlockError"
    assert [
        each.failure.message
        for each in failed
        if each.cause != unmet and each.failure.application_failure_info.type != paused
    ] == []


@pytest.fixture
def case_of(temporal_settings: Settings) -> Callable[..., Any]:
    """Cases on the session's server."""
    return opener(temporal_settings)
