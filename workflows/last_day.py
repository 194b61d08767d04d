"""A last day that may be named anew while somebody waits for it to pass."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


async def passed(ends_at: Callable[[], datetime], *, what: str) -> None:
    """Wait until the moment has come that is named by then; `what` is shown beside the timer."""
    while (left := ends_at() - workflow.now()) > timedelta():
        await _another_named(ends_at, left, what)


async def _another_named(ends_at: Callable[[], datetime], left: timedelta, what: str) -> None:
    known = ends_at()
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(
            lambda: ends_at() != known, timeout=left, timeout_summary=what
        )
