"""A replay tells a workflow its news in the order in which they came, also around an update."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

with workflow.unsafe.imports_passed_through():
    import pytest

    from adapters.settings import Settings
    from adapters.temporal.connection import connect
    from adapters.temporal.workflow_runner import sandbox

WITHIN = timedelta(seconds=20)


@activity.defn
async def deliver(seconds: float) -> None:
    """News that comes a little later."""
    await asyncio.sleep(seconds)


@workflow.defn
class Postbox:
    """Hears of two deliveries and of an update, and acts on the order in which it heard."""

    def __init__(self) -> None:
        self._heard: list[str] = []

    @workflow.run
    async def run(self) -> list[str]:
        """The order, once all three have come; what it does depends on the order."""
        for seconds in (0.1, 0.4):
            workflow.start_activity(
                deliver, seconds, start_to_close_timeout=WITHIN
            ).add_done_callback(lambda _: self._heard.append("delivery"))
        await workflow.wait_condition(lambda: "update" in self._heard)
        if self._heard.index("update") == 2:
            await workflow.sleep(timedelta(milliseconds=1))
        await workflow.wait_condition(lambda: len(self._heard) == 3)
        return self._heard

    @workflow.update
    async def knock(self) -> int:
        """How much was heard when the update came."""
        self._heard.append("update")
        return len(self._heard)

    @workflow.query
    def heard(self) -> int:
        """How much was heard so far."""
        return len(self._heard)


async def _told(client: Client, runner: WorkflowRunner) -> WorkflowHistory:
    """Two tasks without a command, then at once the task of an update; nothing is remembered."""
    queue = f"runner-{secrets.token_hex(6)}"
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Postbox],
        activities=[deliver],
        workflow_runner=runner,
        max_cached_workflows=0,
    ):
        handle = await client.start_workflow(Postbox.run, id=queue, task_queue=queue)
        await _quiet(handle)
        await handle.execute_update(Postbox.knock)
        await handle.result()
        return await handle.fetch_history()


async def _quiet(handle: WorkflowHandle[Postbox, list[str]]) -> None:
    """Wait until the tasks of the start and of both deliveries stand in the history."""
    async with asyncio.timeout(WITHIN.total_seconds()):
        while True:
            names = [event.event_type for event in (await handle.fetch_history()).events]
            if names.count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) == 3:
                return
            await asyncio.sleep(0.05)


async def _replays(client: Client, runner: WorkflowRunner, history: WorkflowHistory) -> bool:
    replayer = Replayer(
        workflows=[Postbox], workflow_runner=runner, data_converter=client.data_converter
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return result.replay_failure is None


@pytest.mark.parametrize("ours", [True, False], ids=["updates last", "the SDK's own order"])
async def test_an_update_after_silent_tasks_replays_only_if_updates_come_last(
    temporal_settings: Settings, *, ours: bool
) -> None:
    """The control shows why the runner exists: with it green the runner can go."""
    client = await connect(temporal_settings)
    runner = sandbox() if ours else SandboxedWorkflowRunner()
    assert await _replays(client, runner, await _told(client, runner)) is ours
