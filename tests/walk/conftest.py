"""Walks over bookings, begun by a test and closed behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.walk.bookings import BookingWalk, Walks


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """Where the stories of a test run."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def walk(loop: asyncio.Runner) -> Iterator[Walks]:
    """Begins a walk over one service of a programme."""
    begun: list[BookingWalk] = []

    def begin(programme: str, service: str, *, seed: object = "plan") -> BookingWalk:
        begun.append(BookingWalk(programme, service, seed=seed, loop=loop))
        return begun[-1]

    yield begin
    for one in begun:
        one.run.close()
