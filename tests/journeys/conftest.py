"""Journeys run on everything real: servers, processes, HTTP. Each gets a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import pytest_asyncio
from temporalio.client import Client

from adapters.settings import Settings
from adapters.temporal import search_attributes
from demo.house import Guest, House, opened
from demo.story_one import BEGINS
from tests.fixtures.door import an_app
from workflows.cockpit import SEARCH_ATTRIBUTES

APPLICATION = partial(an_app, sweeping=True)


@pytest_asyncio.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A greenlane at the first moment of story 1."""
    client = await Client.connect(**settings.temporal_connect_config())
    await search_attributes.register(client, SEARCH_ATTRIBUTES)
    async with opened(settings, story_begins=BEGINS, application=APPLICATION) as house:
        yield house


HouseOf = Callable[[str, Guest], AbstractAsyncContextManager[House]]
"""`async with house_of(BEGINS, GUEST) as house`: a greenlane at the first moment of that story."""


@pytest_asyncio.fixture
async def house_of(settings: Settings) -> HouseOf:
    """A greenlane for the guest of any programme."""
    client = await Client.connect(**settings.temporal_connect_config())
    await search_attributes.register(client, SEARCH_ATTRIBUTES)

    @asynccontextmanager
    async def of(begins: str, guest: Guest) -> AsyncIterator[House]:
        async with opened(
            settings, story_begins=begins, guest=guest, application=APPLICATION
        ) as house:
            yield house

    return of
