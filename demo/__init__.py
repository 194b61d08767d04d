"""The demo: one hospital stay, told by the people in it, on real servers."""

from __future__ import annotations

from rich.console import Console

from adapters.settings import Settings


async def main(settings: Settings) -> int:
    """Tell story 1 and show what it left; 0 if every promise was kept and every account is zero."""
    from demo.house import opened
    from demo.show import Show
    from demo.story_one import BEGINS, StoryOne

    show = Show(Console(), settings)
    async with opened(settings, story_begins=BEGINS) as house:
        show.prologue(house.moved_by)
        story = StoryOne(house, show.say)
        await story.tell()
        case = await story.stage_is("closed")
        ledger = await story.ledger()
        return show.epilogue(story.answer, case, ledger)
