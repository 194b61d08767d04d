"""How a partner is asked: once with the page held, then without end, under the same id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from workflows.scribe import Scribe

FIRST_TRY: Final = RetryPolicy(maximum_attempts=1)
"""A partner that answers does so within seconds; the record does not wait for more than one try."""
PARTNER_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
)
"""Every order to a partner is idempotent under its id, and somebody waits in a bed: no last try."""

T = TypeVar("T")


def nothing() -> None:
    """Nobody needs to hear at once that a partner is away."""


async def asked(
    record: Scribe[Any],
    call: Callable[[RetryPolicy], Awaitable[T]],
    *,
    then: RetryPolicy = PARTNER_RETRY,
    on_silence: Callable[[], None] = nothing,
) -> T:
    """Ask a partner with the page held, so that one beat stays one page.

    Only the first try is waited for like that: whoever cannot be reached is asked again, as `then`
    says, under the same id, and meanwhile the record goes on.
    """
    try:
        with record.held():
            return await call(FIRST_TRY)
    except ActivityError:
        on_silence()
        return await call(then)


async def asked_once(record: Scribe[Any], call: Callable[[RetryPolicy], Awaitable[T]]) -> T | None:
    """Ask a partner with the page held; None if nobody can say whether it heard."""
    try:
        with record.held():
            return await call(FIRST_TRY)
    except ActivityError:
        return None
