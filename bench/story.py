"""What story 1 costs the server, counted on a case that is told in virtual time.

Commands, billable actions and deeds are the same every time, on any machine. All events together
are not: two messages that arrive together share a workflow task, and each task saved is three.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from adapters.settings import Settings
from adapters.temporal.connection import connect
from bench.score import Counts, counts
from demo.house import opened
from demo.story_one import BEGINS, StoryOne

KEPT: Final = Path(__file__).parent / "story_one.json"
"""What story 1 cost when somebody last agreed to it; `python -m bench --keep` writes it anew."""

GROWTH_MAX: Final = 1.05
"""More than this beyond what was kept is a change somebody has to agree to."""


async def story_one(settings: Settings) -> Counts:
    """Tell story 1 to its end and count."""
    async with opened(settings, story_begins=BEGINS) as house:
        story = StoryOne(house)
        await story.tell()
        await story.stage_is("closed")
        client = await connect(settings)
        await client.get_workflow_handle(story.case_id).result()
        return await counts(client, story.case_id)


def kept() -> dict[str, int]:
    """The counts that were agreed to."""
    found: dict[str, int] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def keep(cost: Counts) -> None:
    """Agree to these counts."""
    KEPT.write_text(json.dumps(cost.totals, indent=2) + "\n", encoding="utf-8")


def grown(cost: dict[str, int], agreed: dict[str, int]) -> list[str]:
    """What has grown too much, in sentences; empty when nothing has."""
    return [
        f"{name}: {number}, agreed {agreed[name]}"
        for name, number in cost.items()
        if number > agreed[name] * GROWTH_MAX
    ]
