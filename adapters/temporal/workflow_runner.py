"""Runs workflows in the sandbox, and gives each its news in an order that a replay repeats.

A worker that first meets a case at the task of an update is handed that update together with the
news of the silent task before it; a later replay is handed the two one after the other. The SDK
handles an update before an activity's result, so the two runs would differ
(`docs/decisions/updates-last.md`). Here an update is always handled last, in a turn of its own,
whether it arrived alone or together with other news.
"""

from __future__ import annotations

from typing import Any, Final

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

ENDINGS: Final = (
    "complete_workflow_execution",
    "continue_as_new_workflow_execution",
    "fail_workflow_execution",
    "cancel_workflow_execution",
)
"""Commands after which a run hears nothing more."""


class UpdatesLast(SandboxedWorkflowRunner):
    """The SDK's sandbox, with every update handled after all other news."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """One run of a workflow."""
        return _Turns(super().create_instance(det))


def sandbox() -> UpdatesLast:
    """The runner of all workers; our own pure rooms are shared between cases: half the memory."""
    return UpdatesLast(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "domain", "activities", "workflows", "pydantic", "pydantic_core", "httpx"
        )
    )


class _Turns(WorkflowInstance):
    """A run that is told updates in a second turn."""

    def __init__(self, run: WorkflowInstance) -> None:
        self._run = run

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        updates = [job for job in act.jobs if job.HasField("do_update")]
        if not updates or len(updates) == len(act.jobs):
            return self._run.activate(act)
        first, second = WorkflowActivation(), WorkflowActivation()
        first.CopyFrom(act)
        second.CopyFrom(act)
        _keep(first, updates=False)
        _keep(second, updates=True)
        done = self._run.activate(first)
        if _is_last(done):
            return done
        then = self._run.activate(second)
        if then.HasField("failed"):
            return then
        done.successful.MergeFrom(then.successful)
        return done

    def get_info(self) -> Info:
        return self._run.get_info()

    def get_thread_id(self) -> int | None:
        return self._run.get_thread_id()

    def get_serialization_context(
        self,
        command_info: Any,  # noqa: ARG002 - the SDK's own signature
    ) -> SerializationContext | None:
        """None: a payload is kept alike whatever it belongs to (`adapters.encryption.codec`)."""
        return None

    def get_external_store_context(
        self,
        command_info: Any,  # noqa: ARG002 - the SDK's own signature
    ) -> StorageDriverStoreContext:
        """Nobody: payloads stay in Temporal, and to look for their target costs a turn each."""
        return StorageDriverStoreContext(target=None)


def _keep(act: WorkflowActivation, *, updates: bool) -> None:
    kept = [job for job in act.jobs if job.HasField("do_update") is updates]
    del act.jobs[:]
    act.jobs.extend(kept)


def _is_last(done: WorkflowActivationCompletion) -> bool:
    """Whether the run failed this task or ended: an update would find nobody."""
    return done.HasField("failed") or any(
        command.HasField(ending) for command in done.successful.commands for ending in ENDINGS
    )
