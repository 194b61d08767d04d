"""A command's coroutine ends in order on a signal, and its exit status says what happened."""

import asyncio
import os
import signal
import threading
import time

import pytest

from adapters.temporal import runtime


def test_the_exit_status_is_what_the_coroutine_returns() -> None:
    async def two() -> int:
        return 2

    async def nothing() -> None:
        return None

    assert runtime.run(two) == 2
    assert runtime.run(nothing) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_every_block_leave_in_order(number: signal.Signals) -> None:
    left: list[str] = []

    async def serve() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0)
            left.append("inner")

    timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
    timer.start()
    assert runtime.run(serve) == 128 + number
    assert left == ["inner"]


def test_a_failure_is_not_swallowed() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        runtime.run(fail)


def test_the_temporal_runtime_gets_its_moment() -> None:
    import temporalio.worker  # noqa: F401 - its presence is what counts

    async def nothing() -> None:
        return None

    before = time.monotonic()
    runtime.run(nothing)
    assert time.monotonic() - before >= 0.5
