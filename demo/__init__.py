"""The demo: a hospital stay, a booking or a rescue, told by its people, on real servers."""

from __future__ import annotations

from rich.console import Console

from adapters.settings import Settings


async def main(settings: Settings, programme: str = "P01", *, stays: bool = False) -> int:
    """Tell a programme's story; 0 if every promise was kept and every account is zero.

    1 also where the database holds an insurer's own list, with what to do.
    2, with the programmes that have one, where no story is told. `stays` says that the servers go
    on serving afterwards.
    """
    from demo.house import ListInUse, opened
    from demo.show import Show
    from demo.stories import TALES, tale_of

    console = Console()
    tale = tale_of(programme)
    if tale is None:
        console.print(f"没有此故事 / no such story: {programme}; {', '.join(TALES)}", markup=False)
        return 2
    show = Show(console, settings, stays=stays)
    try:
        async with opened(settings, story_begins=tale.begins, guest=tale.guest) as house:
            show.prologue(house.moved_by, tale.title)
            story = tale.story(house, show.say)
            await story.tell()
            return show.epilogue(tale, await story.told())
    except ListInUse as refused:
        console.print(str(refused), style="red", markup=False, soft_wrap=True)
        return 1
