"""How this house connects to Temporal: the ecosystem's own settings, everything encrypted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.runtime import (
    LoggingConfig,
    LoggingFormat,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
)
from temporalio.service import RPCError

from adapters.encryption.codec import data_converter
from adapters.encryption.keys import KeyRing
from adapters.settings import SettingMissing, Settings

POLLED_WITHIN: Final = timedelta(seconds=75)
"""A worker asks for work once a minute; the server names it for minutes after it has gone."""
_SAID_WITHIN: Final = timedelta(seconds=2)
_LINES: Final = LoggingConfig(filter=LoggingConfig.default.filter, format=LoggingFormat.JSON)
"""What the SDK's core says, on the same standard output as our own lines and as they are."""


def door_runtime() -> Runtime:
    """The runtime of a process that serves: it measures nothing, and what it says is JSON."""
    return Runtime(telemetry=TelemetryConfig(logging=_LINES))


def worker_runtime(settings: Settings) -> Runtime:
    """The runtime a worker measures itself on: the SDK's own figures and ours on one address.

    Without `GREENLANE_WORKER_METRICS_PORT` nothing listens.
    """
    if settings.worker_metrics_port is None:
        return door_runtime()
    address = f"{settings.listen}:{settings.worker_metrics_port}"
    metrics = PrometheusConfig(bind_address=address, durations_as_seconds=True)
    return Runtime(telemetry=TelemetryConfig(logging=_LINES, metrics=metrics))


async def connect(
    settings: Settings, *, lazy: bool = False, runtime: Runtime | None = None
) -> Client:
    """A client whose payloads and failures only holders of our keys can read.

    With `lazy` nothing is contacted before the first call, so that a door can start before
    Temporal does; otherwise a server that is away raises `RuntimeError`. One that nobody named
    raises `SettingMissing`.
    """
    if not settings.temporal_is_given:
        raise SettingMissing("no Temporal is known: set TEMPORAL_ADDRESS, or let `cli.py up` serve")
    return await Client.connect(
        **settings.temporal_connect_config(),
        data_converter=data_converter(KeyRing(settings.key_ring)),
        lazy=lazy,
        runtime=runtime,
    )


async def without_worker(client: Client, task_queue: str) -> str:
    """Why nobody seems to work on a task queue; empty where somebody asks for work."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        async with asyncio.timeout(_SAID_WITHIN.total_seconds()):
            said = await client.workflow_service.describe_task_queue(request, timeout=_SAID_WITHIN)
    except (RPCError, RuntimeError, TimeoutError):
        return "temporal does not say"
    asked = [one.last_access_time.ToDatetime(tzinfo=UTC) for one in said.pollers]
    if asked and datetime.now(UTC) - max(asked) < POLLED_WITHIN:
        return ""
    return f"no worker asks for work on {task_queue}"
