"""Runs one command's coroutine: signals end it in order, and the runtime gets its moment.

SIGTERM and SIGINT cancel the coroutine, so that every `async with` leaves in order. A process that
leaves right after its Temporal worker shut down may die at interpreter exit with its work done, so
the event loop stays half a second longer; this is the one place that sees to it.

What serves for weeks runs on uvloop, which takes a third less processor time for the same sockets,
and looks for garbage less often: what was imported lives as long as the process, and a request's
own objects are gone when it is answered. Short commands stay as the standard library has them.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import uvloop

SIGNALLED = 128  # plus the signal's number: the shell's own convention
_RUNTIME_MOMENT = 0.5  # seconds; seen: 0 of 15 runs died with it, about 1 of 7 without
_GARBAGE = (
    20_000,
    20,
    20,
)  # objects, rounds, rounds; seen: the default took 5 % of the door's time


def run(main: Callable[[], Awaitable[int | None]], *, serving: bool = False) -> int:
    """The exit status of the coroutine; 128 + n when signal n ended it."""
    if serving:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if serving else None) as runner:
        return runner.run(_signalled(main))


async def _signalled(main: Callable[[], Awaitable[int | None]]) -> int:
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []
    task = asyncio.ensure_future(main())

    def end(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    try:
        with suppress(asyncio.CancelledError):
            return await task or 0
        return SIGNALLED + (received[0] if received else signal.SIGTERM)
    finally:
        if "temporalio.worker" in sys.modules:
            await asyncio.sleep(_RUNTIME_MOMENT)
