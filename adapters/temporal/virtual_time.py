"""A case in another time: started on a chosen day, moved forward at will, on a real server.

Temporal's development server can skip the time a workflow waits, each workflow on a clock of its
own. The demo and the journeys use it to tell eight weeks in a minute. Nothing else does: a server
without the switch `frontend.WorkflowTimeSkippingEnabled` refuses, and other cases are not touched.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

WEEKS: Final = 52
"""A dated story is moved by whole years of weeks, so that every weekday stays what it was."""


def days_to_move(story_day: datetime, now: datetime) -> int:
    """How many days (a multiple of 364) a story must move to lie in the future."""
    years = 0
    while story_day + timedelta(weeks=WEEKS * years) <= now + timedelta(days=1):
        years += 1
    return WEEKS * 7 * years


class Stage:
    """One case's time. `now` is the clock of everything that plays a part in it."""

    def __init__(self, client: Client, *, opens_at: datetime) -> None:
        self._skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        config = self._skipper.client.config()
        config["interceptors"] = [*config["interceptors"], _OnStage(self)]
        self.client = Client(**config)
        self._at = opens_at
        self._handle: WorkflowHandle[Any, Any] | None = None

    def now(self) -> datetime:
        """The moment the story has reached."""
        return self._at

    async def go_to(self, at: datetime) -> None:
        """Move the case and everybody's clock to a later moment; its timers fire on the way."""
        if at < self._at:
            raise ValueError("time only goes forward")
        if self._handle is not None:
            try:
                await self._move(self._handle, at)
            except RPCError as failure:
                if failure.status is not RPCStatusCode.NOT_FOUND:
                    raise
                self._handle = None  # it has ended, and has no timers left to fire
        self._at = at

    async def _move(self, handle: WorkflowHandle[Any, Any], at: datetime) -> None:
        reached = await self._skipper.get_current_time(handle)
        if at > reached:
            await self._skipper.fast_forward(handle, at - reached)

    async def opened(self, handle: WorkflowHandle[Any, Any], delay: timedelta) -> None:
        """A case was started with a delay: skip it, so that its first moment is the story's."""
        self._handle = handle
        await self._skipper.fast_forward(handle, delay)

    def delay(self) -> timedelta:
        """How far ahead of the real clock the story is."""
        return max(self._at - datetime.now(UTC), timedelta())


class _OnStage(Interceptor):
    """Starts each workflow at the story's moment."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        return _Starter(next, self._stage)


class _Starter(OutboundInterceptor):
    def __init__(self, next_: OutboundInterceptor, stage: Stage) -> None:
        super().__init__(next_)
        self._stage = stage

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the SDK's name
        delay = self._stage.delay()
        input.start_delay = delay
        handle = await super().start_workflow(input)
        await self._stage.opened(handle, delay)
        return handle
