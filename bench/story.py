"""What story 1 costs the server, counted on a case that is told in virtual time."""

from __future__ import annotations

from temporalio.client import Client

from adapters.settings import Settings
from bench.score import Counts, counts
from demo.house import opened
from demo.story_one import BEGINS, StoryOne


async def story_one(settings: Settings) -> Counts:
    """Tell story 1 to its end and count."""
    async with opened(settings, story_begins=BEGINS) as house:
        story = StoryOne(house)
        await story.tell()
        client = await Client.connect(**settings.temporal_connect_config())
        return await counts(client, story.case_id)
