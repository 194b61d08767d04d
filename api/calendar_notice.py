"""The command that enters a holiday notice: into the table, then to every open case.

Wired here and not by a route: it is an operator's act, and it may take as long as there are cases.
Cut off, it goes on where it stopped when it is run again, and a running door goes on by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from adapters.books.calendar_table import CalendarReport, CalendarShelf, import_notice
from adapters.calendar_file import calendar_of, read_years
from adapters.door.unit import Database, DoorBooks
from adapters.encryption.keys import KeyRing, Sealer
from adapters.lists.bulk import Progress
from adapters.servers.serving import running_settings
from adapters.settings import Settings
from adapters.temporal.connection import connect
from api.door.gateway import CaseGateway, NotKnownYet
from api.door.retiming import retime_all

PAUSE_S: Final = 1.0
"""After each forty cases, so that thousands of them leave the workers time for everything else."""


class NoticeReport(CalendarReport):
    """What became of a notice, and how many open cases were told of it."""

    TOLD: ClassVar = frozenset({"entered", "cases_told", "cases_left"})

    cases_told: int
    cases_left: int

    def told(self) -> str:
        """Whether the table changed, and whether every open case knows it."""
        entered = (
            "已录入 / the notice was entered"
            if self.entered
            else "与已有安排相同, 未改动 / the table says the same already, nothing was changed"
        )
        left = (
            f"还有 {self.cases_left} 个未通知, 请再运行一次 / {self.cases_left} are still to be "
            "told: run it again"
            if self.cases_left
            else "没有未通知的案件 / none is left to tell"
        )
        told = f"已通知案件 {self.cases_told} 个 / open cases told: {self.cases_told}"
        return f"{entered}; {told}; {left}"


async def bring_notice(
    settings: Settings, path: Path, database: Database, progress: Progress
) -> NoticeReport:
    """Enter a notice and tell the open cases. Raises FileRefused when it cannot be entered."""
    shipped = read_years(settings.calendar_path)
    report = await import_notice(database, path, at=datetime.now(UTC), shipped=shipped)
    shelf = CalendarShelf(database, calendar_of(shipped))
    await shelf.refresh()
    books = DoorBooks(database, Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes))
    # The servers this command has started itself, or those of the `up` that runs.
    temporal = await connect(running_settings(settings))
    cases = CaseGateway(temporal, task_queue=settings.task_queue)
    told = 0

    def count(done: int, total: int) -> None:
        nonlocal told
        told = done
        progress(done, total)

    # With the server away, a running door or this command run again tells the others.
    with contextlib.suppress(NotKnownYet):
        await retime_all(
            books, cases, shelf.table, pause=lambda: asyncio.sleep(PAUSE_S), progress=count
        )
    async with books.unit() as unit:
        left = await unit.calendars.count_behind(shelf.table.number)
    return NoticeReport(**report.model_dump(), cases_told=told, cases_left=left)
