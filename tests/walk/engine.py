"""One workflow execution without a server: virtual time, every order of events drawn by the walk.

The product's own runner turns activations into commands; this stands where Temporal stands: it
keeps timers, retries activities by their policy, hands over signals and updates, and starts the
next run. A restarted worker is told the whole history again and must give the same commands. What
only the real server knows (its limits, its races, its wire) the other suites use the server for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio import activity
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_commands import ScheduleActivity, WorkflowCommand
from temporalio.common import (
    RetryPolicy,
)
from temporalio.converter import DefaultFailureConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.workflow import _Definition

from adapters.temporal.workflow_runner import ENDINGS, sandbox
from tests.walk.wire import (
    CONVERTER,
    attempt_of,
    done,
    gave_up,
    info_of,
    is_only_refusal,
    patches_in,
    said,
    signalled,
    tear_down,
)


class Refused(Exception):
    """A command that the workflow refused: the code of the refusal, and the field it is about."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.field = field

    @property
    def names_its_reason(self) -> bool:
        """Whether it says why, in words and at a field."""
        return bool(self.field) and any("\u4e00" <= sign <= "\u9fff" for sign in str(self))


def refused_with(failure: Failure) -> Refused:
    """A refusal as the workflow worded it."""
    said = failure.application_failure_info
    details = CONVERTER.from_payloads(list(said.details.payloads))
    return Refused(said.type, failure.message, str(details[0]) if details else "")


class NotRunning(Exception):
    """The execution has ended."""


class Broken(AssertionError):
    """The workflow did what no workflow may: a task failed, or a replay differs."""


@dataclass
class Pending:
    """An activity that has been asked for and has not answered yet."""

    seq: int
    name: str
    args: list[Any]
    retry: RetryPolicy
    at: datetime
    attempt: int = 1


@dataclass
class _Run:
    """One run: what it was told, and what it answered."""

    run_id: str
    started_at: datetime
    instance: WorkflowInstance
    told: list[tuple[WorkflowActivation, list[bytes]]] = field(default_factory=list)
    timers: dict[int, datetime] = field(default_factory=dict)
    activities: dict[int, Pending] = field(default_factory=dict)


def named(verbs: list[Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Activities by the names they are asked for under."""
    return {str(activity._Definition.must_from_callable(verb).name): verb for verb in verbs}


class Execution:
    """A workflow execution under an id, through all of its runs."""

    def __init__(
        self,
        workflow: type[Any],
        *,
        workflow_id: str,
        now: datetime,
        verbs: Mapping[str, Callable[..., Any]],
        loop: asyncio.Runner,
    ) -> None:
        self._definition = _Definition.must_from_class(workflow)
        self._workflow_id = workflow_id
        self._verbs = verbs
        self._loop = loop
        self._runner = sandbox()
        self._run: _Run | None = None
        self._runs = 0
        self._messages = 0
        self._flags: set[int] = set()
        self.now = now
        self.result: Any = None
        self.suggest_new_run = False
        self.activations = 0
        self._gathered: list[WorkflowActivationJob] | None = None

    # What there is to do -------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether there is somebody to hear."""
        return self._run is not None

    @property
    def pending(self) -> list[Pending]:
        """Activities under way or waiting for their next try, in the order they were asked for."""
        return list(self._run.activities.values()) if self._run else []

    @property
    def ready(self) -> list[Pending]:
        """Activities whose turn it is now."""
        return [one for one in self.pending if one.at <= self.now]

    @property
    def timers(self) -> int:
        """How many timers run."""
        return len(self._run.timers) if self._run else 0

    @property
    def next_at(self) -> datetime | None:
        """The next moment at which something happens by itself."""
        if self._run is None:
            return None
        tries = (one.at for one in self._run.activities.values() if one.at > self.now)
        return min([*self._run.timers.values(), *tries], default=None)

    # What happens --------------------------------------------------------------------------------

    def start(
        self,
        opening: Any,
        *,
        signal: tuple[str, Any] | None = None,
        updates: Sequence[tuple[str, Any]] = (),
    ) -> None:
        """Begin, perhaps with a signal or commands that are there from the start."""
        early = [signalled(*signal)] if signal else []
        early += [self._commanded(*update) for update in updates]
        self._begin(list(CONVERTER.to_payloads([opening])), early)

    def signal(self, name: str, message: Any) -> None:
        """Something arrives; raises `NotRunning`."""
        self._activate(signalled(name, message))

    def update(self, name: str, message: Any) -> Any:
        """A command and its answer, if it has one at once; raises `Refused`, `NotRunning`."""
        answer = None
        for command in self._activate(self._commanded(name, message)):
            if not command.HasField("update_response"):
                continue
            if command.update_response.HasField("rejected"):
                raise refused_with(command.update_response.rejected)
            if command.update_response.HasField("completed"):
                [answer] = CONVERTER.from_payloads([command.update_response.completed])
        return answer

    def _commanded(self, name: str, message: Any) -> WorkflowActivationJob:
        self._messages += 1
        job = WorkflowActivationJob()
        job.do_update.id = job.do_update.protocol_instance_id = f"u-{self._messages}"
        job.do_update.name = name
        job.do_update.input.extend(CONVERTER.to_payloads([message]))
        job.do_update.run_validator = True
        return job

    @contextmanager
    def together(self) -> Iterator[None]:
        """What arrives meanwhile is one workflow task; commands have a task of their own."""
        self._gathered = []
        try:
            yield
        finally:
            jobs, self._gathered = self._gathered, None
        if jobs:
            self._activate(*jobs)

    def cancel(self) -> None:
        """Somebody asks the execution to stop."""
        job = WorkflowActivationJob()
        job.cancel_workflow.reason = "walk"
        self._activate(job)

    def fire(self) -> None:
        """Ring every timer that is due now, all in one task as a server would."""
        run = self._running()
        due = sorted(seq for seq, at in run.timers.items() if at <= self.now)
        jobs = []
        for seq in due:
            del run.timers[seq]
            job = WorkflowActivationJob()
            job.fire_timer.seq = seq
            jobs.append(job)
        if jobs:
            self._activate(*jobs)

    def work(self, one: Pending, *, lose_answer: bool = False) -> None:
        """Do an activity once; with `lose_answer` its worker dies after it was done."""
        run = self._running()
        try:
            result = self._do(one)
        except AssertionError:
            raise  # a check of the walk
        except Exception as failure:  # noqa: BLE001 - whatever it is, the policy decides
            self._again(run, one, failure)
            return
        if lose_answer:
            self._again(run, one, TimeoutError("the worker died"))
            return
        del run.activities[one.seq]
        self._activate(done(one.seq, result))

    def restart(self) -> None:
        """Another worker takes over: it hears the history again, and must say the same."""
        run = self._running()
        tear_down(run.instance)
        run.instance = self._instance(run.run_id, run.started_at)
        for number, (told, answer) in enumerate(run.told):
            again = WorkflowActivation()
            again.CopyFrom(told)
            again.jobs.extend(patches_in(answer))
            again.is_replaying = number < len(run.told) - 1
            again.available_internal_flags[:] = sorted(self._flags)
            if said(run.instance.activate(again).successful.commands) != answer:
                raise Broken(f"another worker says something else at task {number + 1}")

    def misremember(self) -> None:
        """Spoil what was kept of the last task, so that a test sees `restart` fail."""
        told = self._running().told
        told[-1] = (told[-1][0], [])

    def close(self) -> None:
        """Let go of a run that is still open."""
        if self._run is not None:
            tear_down(self._run.instance)
            self._run = None

    # Inside --------------------------------------------------------------------------------------

    def _running(self) -> _Run:
        if self._run is None:
            raise NotRunning
        return self._run

    def _begin(self, arguments: list[Payload], early: Sequence[WorkflowActivationJob] = ()) -> None:
        self._runs += 1
        run_id = f"run-{self._runs}"
        self._run = _Run(run_id, self.now, self._instance(run_id, self.now))
        job = WorkflowActivationJob()
        start = job.initialize_workflow
        start.workflow_type = self._definition.name or ""
        start.workflow_id = self._workflow_id
        start.arguments.extend(arguments)
        start.randomness_seed = self._runs
        start.start_time.FromDatetime(self.now)
        self._activate(job, *early)

    def _instance(self, run_id: str, started_at: datetime) -> WorkflowInstance:
        details = WorkflowInstanceDetails(
            payload_converter_factory=lambda: CONVERTER,
            failure_converter_class=DefaultFailureConverter,
            interceptor_classes=[],
            defn=self._definition,
            info=info_of(self._workflow_id, run_id, started_at, self._definition.name or ""),
            randomness_seed=self._runs,
            extern_functions={},
            disable_eager_activity_execution=True,
            worker_level_failure_exception_types=[],
            patch_activation_callback=None,
            last_completion_result=Payloads(),
            last_failure=None,
        )

        async def made() -> WorkflowInstance:
            return self._runner.create_instance(details)

        return self._loop.run(made())

    def _activate(self, *jobs: WorkflowActivationJob) -> list[WorkflowCommand]:
        run = self._running()
        if self._gathered is not None and not jobs[0].HasField("do_update"):
            self._gathered += jobs
            return []
        self.activations += 1
        act = WorkflowActivation(run_id=run.run_id, jobs=jobs)
        act.timestamp.FromDatetime(self.now)
        act.history_length = len(run.told) * 5 + 3
        act.continue_as_new_suggested = self.suggest_new_run
        act.available_internal_flags[:] = sorted(self._flags)
        kept = WorkflowActivation()
        kept.CopyFrom(act)
        answer = run.instance.activate(act)
        if answer.HasField("failed"):
            raise Broken(f"a workflow task failed: {answer.failed.failure.message}")
        self._flags |= set(answer.successful.used_internal_flags)
        commands = list(answer.successful.commands)
        if is_only_refusal(commands):
            return commands  # leaves no trace in a history
        run.told.append((kept, said(commands)))
        for command in commands:
            self._obey(run, command)
        return commands

    def _obey(self, run: _Run, command: WorkflowCommand) -> None:
        if command.HasField("start_timer"):
            timer = command.start_timer
            run.timers[timer.seq] = self.now + timer.start_to_fire_timeout.ToTimedelta()
        elif command.HasField("cancel_timer"):
            run.timers.pop(command.cancel_timer.seq, None)
        elif command.HasField("schedule_activity"):
            self._scheduled(run, command.schedule_activity)
        elif command.HasField("request_cancel_activity"):
            raise Broken("an activity was cancelled: the walk knows none that may be")
        elif any(command.HasField(ending) for ending in ENDINGS):
            self._ended(run, command)

    def _scheduled(self, run: _Run, order: ScheduleActivity) -> None:
        hints = activity._Definition.must_from_callable(self._verbs[order.activity_type]).arg_types
        run.activities[order.seq] = Pending(
            seq=order.seq,
            name=order.activity_type,
            args=CONVERTER.from_payloads(list(order.arguments), hints),
            retry=RetryPolicy.from_proto(order.retry_policy),
            at=self.now,
        )

    def _do(self, one: Pending) -> Any:
        environment = ActivityEnvironment()
        environment.info = attempt_of(environment.info, one.attempt)

        async def work() -> Any:
            return await environment.run(self._verbs[one.name], *one.args)

        return self._loop.run(work())

    def _again(self, run: _Run, one: Pending, failure: Exception) -> None:
        final = isinstance(failure, ApplicationError) and failure.non_retryable
        if not final and one.attempt != one.retry.maximum_attempts:
            doubled = one.retry.backoff_coefficient ** min(one.attempt - 1, 20)
            pause = one.retry.initial_interval * doubled
            longest = one.retry.maximum_interval or one.retry.initial_interval * 100
            one.attempt += 1
            one.at = self.now + min(pause, longest)
            return
        del run.activities[one.seq]
        self._activate(gave_up(one.seq, one.name, failure))

    def _ended(self, run: _Run, command: WorkflowCommand) -> None:
        if command.HasField("fail_workflow_execution"):
            raise Broken(f"the workflow failed: {command.fail_workflow_execution.failure.message}")
        self._run = None
        tear_down(run.instance)
        if command.HasField("continue_as_new_workflow_execution"):
            if run.activities:
                raise Broken("a run went on with an activity under way")
            self.suggest_new_run = False
            self._begin(list(command.continue_as_new_workflow_execution.arguments))
        elif command.HasField("complete_workflow_execution"):
            result = command.complete_workflow_execution.result
            [self.result] = CONVERTER.from_payloads([result])
        else:
            raise Broken("the workflow was cancelled")
