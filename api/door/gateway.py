"""The way from the door to the cases: start, update and signal, each within three seconds.

A call that takes longer is not a failure: it may still be carried out. The gateway says so with
`NotKnownYet`, and the route answers 202, never "failed". What a case refuses comes back with its
own stable code and becomes a problem document.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from api.door.problems import Problem, refusal
from workflows.messages.matters import Accepted
from workflows.messages.workflow_types import (
    BOOKING_TYPES,
    CLAIM_TYPE,
    ENQUIRY_TYPE,
    RESCUE_TYPE,
    TASK_QUEUE,
    WORKFLOW_TYPE,
)

ANSWER_WITHIN_S: Final = 3.0
"""How long a caller waits for a case; longer becomes 202."""

_TRANSIENT: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNKNOWN,
        # A case that cannot go on at present takes no command; under the same key it may later.
        RPCStatusCode.FAILED_PRECONDITION,
    }
)

_BROKEN_OFF: Final = frozenset(
    {
        WorkflowExecutionStatus.TERMINATED,
        WorkflowExecutionStatus.FAILED,
        WorkflowExecutionStatus.TIMED_OUT,
        WorkflowExecutionStatus.CANCELED,
    }
)
"""How a run ends that has not come to the end of its story."""

_ANY_OF_OURS: Final = ", ".join(
    f"'{one}'"
    for one in (WORKFLOW_TYPE, CLAIM_TYPE, ENQUIRY_TYPE, RESCUE_TYPE, *BOOKING_TYPES.values())
)

T = TypeVar("T")


class NotKnownYet(Exception):
    """No answer in time; what was asked may still happen. Ask again under the same key."""


class CaseNotRunning(Exception):
    """No running workflow has this case's id: it has ended, or has not been started yet."""


class Stop(NamedTuple):
    """A matter's newest run that broke off: how, by the server's own word, and when."""

    matter_id: str
    how: str
    at: datetime | None


class Start(NamedTuple):
    """How a matter's workflow is started: from which message, and what it is found by."""

    workflow: str
    message: BaseModel
    matter_id: str
    found_by: TypedSearchAttributes
    summary: str  # what an operator reads of it


class CaseGateway:
    """Talks to the workflows."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(self, start: Start) -> None:
        """Start a matter once; one that was started already is as good. NotKnownYet."""
        with contextlib.suppress(WorkflowAlreadyStartedError):
            await _in_time(
                self._client.start_workflow(
                    start.workflow,
                    start.message,
                    id=start.matter_id,
                    task_queue=self._task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=start.found_by,
                    static_summary=start.summary,
                )
            )

    async def reopen(self, start: Start, name: str, message: Any) -> None:
        """Let an ended case go on from what it knew, with the word it is for; NotKnownYet.

        If it goes on already, only the word is handed over.
        """
        await _in_time(
            self._client.start_workflow(
                start.workflow,
                start.message,
                id=start.matter_id,
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=name,
                start_signal_args=[message],
                search_attributes=start.found_by,
                static_summary=start.summary,
            )
        )

    async def update(
        self, case_id: str, name: str, message: Any, *, update_id: str, field: str = ""
    ) -> Accepted:
        """Send a command and wait for its answer.

        Raises Problem when the case refuses it, CaseNotRunning, NotKnownYet.
        """
        handle = self._client.get_workflow_handle(case_id)
        try:
            return await _in_time(
                handle.execute_update(name, message, id=update_id, result_type=Accepted)
            )
        except WorkflowUpdateFailedError as failure:
            raise _refusal(failure, case_id, field) from None

    async def answered(self, case_id: str, *, update_id: str, field: str = "") -> Accepted | None:
        """What a case said to a command it was sent before; None if it never answered one.

        Raises Problem when the case refused it, NotKnownYet.
        """
        handle = self._client.get_workflow_handle(case_id)
        try:
            return await _in_time(
                handle.get_update_handle(update_id, result_type=Accepted).result()
            )
        except CaseNotRunning:
            return None
        except WorkflowUpdateFailedError as failure:
            raise _refusal(failure, case_id, field) from None

    async def signal(self, case_id: str, name: str, message: Any) -> None:
        """Hand over a fact; CaseNotRunning, NotKnownYet."""
        handle = self._client.get_workflow_handle(case_id)
        await _in_time(handle.signal(name, message))

    async def broken_off(self, *, limit: int) -> list[Stop]:
        """Runs that ended otherwise than by their story, the newest first; NotKnownYet.

        One that was brought back is among them as long as the server keeps its first run.
        """
        ended = ", ".join(f"'{status.name.title().replace('_', '')}'" for status in _BROKEN_OFF)
        query = f"WorkflowType IN ({_ANY_OF_OURS}) AND ExecutionStatus IN ({ended})"
        found = self._client.list_workflows(query, limit=limit, page_size=limit)

        async def read() -> list[Stop]:
            return [Stop(run.id, _how(run.status), run.close_time) async for run in found]

        return await _in_time(read())

    async def stopped(self, matter_id: str) -> Stop | None:
        """How its newest run broke off; None while it runs or once it is told. NotKnownYet."""
        try:
            run = await _in_time(self._client.get_workflow_handle(matter_id).describe())
        except CaseNotRunning:
            return Stop(matter_id, "MISSING", None)
        stands = run.status in _BROKEN_OFF
        return Stop(matter_id, _how(run.status), run.close_time) if stands else None

    async def answers(self) -> bool:
        """Whether the server is there."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._client.service_client.check_health()
        except (RPCError, TimeoutError, RuntimeError):
            return False


_NOT_CONNECTED: Final = "Failed client connect"
"""How a lazily connected client says that it cannot reach its server: without a status."""


def _how(status: WorkflowExecutionStatus | None) -> str:
    return "" if status is None else status.name


async def _in_time(call: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await call
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise NotKnownYet from None
    except RPCError as failure:
        if failure.status is RPCStatusCode.NOT_FOUND:
            raise CaseNotRunning from None
        if failure.status in _TRANSIENT:
            raise NotKnownYet from None
        raise
    except RuntimeError as failure:
        if not str(failure).startswith(_NOT_CONNECTED):
            raise
        raise NotKnownYet from None


def _refusal(failure: WorkflowUpdateFailedError, case_id: str, field: str) -> Problem:
    cause = failure.cause
    if not isinstance(cause, ApplicationError):
        return Problem("internal", case_id=case_id)
    details = list(cause.details)
    named = str(details[0]) if details and isinstance(details[0], str) else field
    missing = details[1] if len(details) > 1 and isinstance(details[1], list) else []
    return refusal(cause.type, cause.message, named, case_id=case_id, missing=missing)
