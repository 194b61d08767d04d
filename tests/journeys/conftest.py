"""Journeys run on everything real: servers, processes, HTTP. Each gets a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.client import Client

from adapters import search_attributes
from adapters.settings import Settings
from demo.house import House, opened
from demo.story_one import BEGINS
from workflows.cockpit import SEARCH_ATTRIBUTES


@pytest_asyncio.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A greenlane at the first moment of story 1."""
    client = await Client.connect(**settings.temporal_connect_config())
    await search_attributes.register(client, SEARCH_ATTRIBUTES)
    async with opened(settings, story_begins=BEGINS) as house:
        yield house
