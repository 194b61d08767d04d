"""A holiday notice on its way to open cases and bookings, a few at a time, until none is behind.

A case or a booking is behind as long as its row names an older notice. It is marked only after its
signal has been taken by the server, so that a pass that is cut off goes on where it stopped; one
that is told twice knows the notice by the moment it was entered and moves nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from api.door.gateway import CaseGateway
from api.door.telling import has_heard
from api.wiring.calendars import Behind, CalendarTable
from api.wiring.door import Books
from domain.calendar import civil_date
from workflows.messages.matters import NewCalendar

AT_ONCE: Final = 40
"""Cases told in one round; with a pause after each, the workers keep time for everything else."""


async def retime_some(
    books: Books, cases: CaseGateway, table: CalendarTable, *, limit: int = AT_ONCE
) -> int:
    """Tell some of the cases that are behind; how many were told. NotKnownYet: no server."""
    if table.entered_at is None:
        return 0
    async with books.unit() as unit:
        behind = await unit.calendars.behind(table.number, limit=limit)
    return sum([await _tell(books, cases, table, table.entered_at, case) for case in behind])


async def retime_all(
    books: Books,
    cases: CaseGateway,
    table: CalendarTable,
    *,
    pause: Callable[[], Awaitable[None]],
    progress: Callable[[int, int], None],
) -> int:
    """Tell every case that is behind, with a pause between rounds; how many were told."""
    async with books.unit() as unit:
        total = await unit.calendars.count_behind(table.number)
    told = 0
    progress(told, total)
    while some := await retime_some(books, cases, table):
        told += some
        progress(told, max(told, total))
        await pause()
    return told


async def _tell(
    books: Books, cases: CaseGateway, table: CalendarTable, at: datetime, case: Behind
) -> bool:
    """Tell one case; one that cannot be told must not keep the others from it."""
    first_year = civil_date(case.reported_at).year - 1
    days = table.calendar.window(first_year, table.calendar.horizon.year)
    heard = await has_heard(
        cases,
        case.case_id,
        "new_calendar",
        NewCalendar(calendar=days, at=at),
        nobody="retimed_nobody",
        failed="not_retimed",
    )
    if not heard:
        return False
    async with books.unit() as unit:
        await unit.calendars.given(case.case_id, table.number)
    return True
