"""A day compared in real time: a real Temporal server, fake books on both sides."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

import worker
from activities.ports.house import HouseTask
from adapters.settings import Settings
from adapters.temporal.connection import connect
from adapters.temporal.virtual_time import Stage as Time
from domain.posting import Account, Reason
from domain.reconciliation import Booked, Line
from workflows.messages.reconciliation import DayReconciled, ReconcileDay
from workflows.messages.workflow_types import RECONCILIATION_TYPE

DAY = date(2026, 5, 6)
NOON = datetime(2026, 5, 6, 4, 0, tzinfo=UTC)
CASE = "dw-aaaaaaaaaaaaaaaaaaaa"


def a_payment(movement_id: str, amount_fen: int = 5_000_000) -> list[Booked]:
    """A payment of ours, held and posted."""
    facts: dict[str, Any] = {
        "case_id": movement_id.partition(":")[0],
        "movement_id": movement_id,
        "debit": Account.HOSPITAL_DEPOSIT,
        "reason": Reason.DEPOSIT,
        "amount_fen": amount_fen,
        "at": NOON,
    }
    return [Booked(phase="hold", **facts), Booked(phase="post", **facts)]


def a_line(movement_id: str, amount_fen: int = 5_000_000) -> Line:
    """The same payment as the partner tells it."""
    return Line(
        kind="payment",
        movement_id=movement_id,
        amount_fen=amount_fen,
        done=True,
        status="done",
        receipt_no="R-1",
        at=NOON,
    )


@dataclass
class BothSides:
    """The partner's statements, our books and the house's worklist, in memory."""

    lines: dict[date, list[Line]] = field(default_factory=dict)
    ours: list[Booked] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    open_cases: set[str] = field(default_factory=set)
    steps: dict[str, HouseTask] = field(default_factory=dict)
    refusing: int = 0
    asked: list[date] = field(default_factory=list)

    async def of_day(self, day: date) -> list[Line]:
        self.asked.append(day)
        if self.refusing:
            self.refusing -= 1
            raise ConnectionError("no statement")
        return self.lines.get(day, [])

    async def booked(self, day: date, cases: Iterable[str]) -> list[Booked]:
        return self.ours

    async def unbalanced(self) -> list[str]:
        return self.wrong

    async def audit_breaks(self) -> list[int]:
        return self.breaks

    async def running(self, cases: Iterable[str]) -> set[str]:
        return self.open_cases & set(cases)

    async def raised(self, abouts: Iterable[str]) -> set[str]:
        return {*self.steps} & set(abouts)

    async def open(self, task: HouseTask) -> bool:
        return self.steps.setdefault(task.about, task) is task


class Reconciled:
    """One day's reconciliation and everything a test asks of it."""

    def __init__(self, time: Time, queue: str) -> None:
        self.time = time
        self.sides = BothSides()
        self.case_id = f"reconciliation-{secrets.token_hex(6)}"
        self.handle: WorkflowHandle[Any, Any]
        self._queue = queue

    async def start(self, day: date | None = DAY) -> None:
        """Start it, as the schedule does."""
        self.handle = await self.time.client.start_workflow(
            RECONCILIATION_TYPE,
            ReconcileDay(day=day),
            id=self.case_id,
            task_queue=self._queue,
            result_type=DayReconciled,
        )

    async def run(self, day: date | None = DAY) -> DayReconciled:
        """Start it and wait for what it found."""
        await self.start(day)
        told: DayReconciled = await self.handle.result()
        return told


def reconciliation_opener(
    settings: Settings,
) -> Callable[[], AbstractAsyncContextManager[Reconciled]]:
    """`async with opened() as day`: a worker that replays everything at every task."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Reconciled]:
        client = await connect(settings)
        queue = f"test-{secrets.token_hex(6)}"
        day = Reconciled(Time(client, opens_at=datetime.now(UTC) + timedelta(days=1)), queue)
        verbs = worker.reconciling(statements=day.sides, books=day.sides, house=day.sides)
        async with worker.build(client, task_queue=queue, verbs=verbs, max_cached_workflows=0):
            yield day

    return opened
