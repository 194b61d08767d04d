"""What the Temporal server starts by itself: each schedule is made, or brought up to date, once."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Final, Protocol

from pydantic import BaseModel
from rich.console import Console
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import WorkflowIDConflictPolicy

from adapters.settings import Settings
from adapters.temporal.connection import connect

RECONCILE_AT: Final = (6, 30)
"""Half past six in Shanghai: the partner's day is closed, and nobody of finance is at work yet."""
CATCH_UP: Final = timedelta(days=10)
"""After a holiday's outage every missed day is still compared."""
WAIT_BY_HAND_S: Final = 120
"""A comparison takes seconds; longer means that no worker runs or the statement is not there."""


class DayOrder(Protocol):
    """The start message of what is done for a day; the wire does not know its name."""

    @property
    def day(self) -> date | None: ...


async def every_morning(
    client: Client, schedule_id: str, workflow_type: str, order: BaseModel, *, task_queue: str
) -> None:
    """Start a workflow each morning; safe to repeat, and a changed time is taken over."""
    hour, minute = RECONCILE_AT
    wanted = Schedule(
        action=ScheduleActionStartWorkflow(
            workflow_type, order, id=schedule_id, task_queue=task_queue
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(hour)], minute=[ScheduleRange(minute)], comment="每日对账"
                )
            ],
            time_zone_name="Asia/Shanghai",
        ),
        # Days do not wait for each other: a late statement must not hold back the next day's.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL, catchup_window=CATCH_UP),
    )

    async def take_over(_: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(schedule=wanted)

    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(take_over)


async def by_hand(settings: Settings, workflow_type: str, order: DayOrder, console: Console) -> int:
    """Start what the schedule starts, or join it when it runs already, and print its result."""
    client, workflow_id = await connect(settings), f"{workflow_type.lower()}-{order.day}"
    handle = await client.start_workflow(
        workflow_type,
        order,
        id=workflow_id,
        task_queue=settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    try:
        async with asyncio.timeout(WAIT_BY_HAND_S):
            told = await handle.result()
    except TimeoutError:
        console.print(
            f"仍在进行 / still running: {workflow_id}; 结果见流程监控 / see the Temporal UI"
        )
        return 1
    console.print_json(data=told)
    return 0
