"""What a run is told and what it answers, as the SDK's runner and Temporal's server say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.common import Priority, TypedSearchAttributes
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverter
from temporalio.exceptions import ApplicationError
from temporalio.worker import WorkflowInstance
from temporalio.workflow import Info

CONVERTER: Final = pydantic_data_converter.payload_converter
_FAILURES: Final = DefaultFailureConverter()


def signalled(name: str, message: Any) -> WorkflowActivationJob:
    """Something that arrived."""
    job = WorkflowActivationJob()
    job.signal_workflow.signal_name = name
    job.signal_workflow.originating_event_id = 1  # any; it only groups what the UI shows
    job.signal_workflow.input.extend(CONVERTER.to_payloads([message]))
    return job


def said(commands: Iterable[WorkflowCommand]) -> list[bytes]:
    """Commands, so that two answers can be compared."""
    return [command.SerializeToString(deterministic=True) for command in commands]


def patches_in(answer: Iterable[bytes]) -> list[WorkflowActivationJob]:
    """What the server's side tells a second worker of the changes an answer was made with."""
    jobs = []
    for one in answer:
        command = WorkflowCommand.FromString(one)
        if command.HasField("set_patch_marker"):
            job = WorkflowActivationJob()
            job.notify_has_patch.patch_id = command.set_patch_marker.patch_id
            jobs.append(job)
    return jobs


def done(seq: int, result: Any) -> WorkflowActivationJob:
    """An activity's answer."""
    job = WorkflowActivationJob()
    job.resolve_activity.seq = seq
    [payload] = CONVERTER.to_payloads([result])
    job.resolve_activity.result.completed.result.CopyFrom(payload)
    return job


def gave_up(seq: int, name: str, failure: Exception) -> WorkflowActivationJob:
    """An activity failed for the last time."""
    job = WorkflowActivationJob()
    job.resolve_activity.seq = seq
    told = job.resolve_activity.result.failed.failure
    told.message = "activity failed"
    told.activity_failure_info.activity_id = str(seq)
    told.activity_failure_info.activity_type.name = name
    cause = Failure()
    _FAILURES.to_failure(ApplicationError(str(failure)), CONVERTER, cause)
    told.cause.CopyFrom(cause)
    return job


def is_only_refusal(commands: list[WorkflowCommand]) -> bool:
    """Whether nothing happened but a refused update, which no history keeps."""
    return bool(commands) and all(
        command.HasField("update_response") and command.update_response.HasField("rejected")
        for command in commands
    )


def tear_down(instance: WorkflowInstance) -> None:
    """Let go of a run; it must leave nothing half done behind."""
    job = WorkflowActivationJob()
    job.remove_from_cache.SetInParent()
    instance.activate(WorkflowActivation(jobs=[job]))


def attempt_of(info: activity.Info, attempt: int) -> activity.Info:
    """An activity's own knowledge of how often it was tried."""
    return replace(info, attempt=attempt)


def info_of(workflow_id: str, run_id: str, started_at: datetime, name: str) -> Info:
    """What a run knows of itself."""
    return Info(
        attempt=1,
        continued_run_id=None,
        cron_schedule=None,
        execution_timeout=None,
        first_execution_run_id="run-1",
        headers={},
        namespace="walk",
        original_execution_run_id=run_id,
        parent=None,
        root=None,
        priority=Priority.default,
        raw_memo={},
        retry_policy=None,
        run_id=run_id,
        run_timeout=None,
        search_attributes={},
        start_time=started_at,
        task_queue="walk",
        task_timeout=timedelta(seconds=10),
        typed_search_attributes=TypedSearchAttributes.empty,
        workflow_id=workflow_id,
        workflow_start_time=started_at,
        workflow_type=name,
    )
