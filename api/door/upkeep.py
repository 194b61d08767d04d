"""What the door looks after beside its requests: the working-day table, and what lies too long.

Every round reads the table again if a notice has been entered, tells some of the open cases that
are behind it or behind the end of their policy, asks a supervisor for the next notice when the sure
days run out, about steps that lie and about workflows that were stopped, and an agent for the
decision of a claim that the insurer has left lying; answers under old keys are forgotten. Each of
these looks at what is there, so that a door that was away misses nothing and two doors do no harm.
"""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import Final

import structlog

from activities.ports.house import HouseTask
from api.door.gateway import NotKnownYet
from api.door.policy_ends import settle_some, tell_some
from api.door.retiming import retime_some
from api.door.stopped import look_for_stopped
from api.wiring.door import Door
from domain.calendar import civil_date, end_of_day, wanted_notice
from domain.steps.kinds import TaskKind

EVERY_S: Final = 2.0
"""A case opened by the old table in between is behind, and told like all others."""

ASK_EVERY: Final = 300
"""Rounds between two looks at whether somebody is to be asked: ten minutes."""

LOOK_EVERY: Final = 30
"""Rounds between two looks for workflows that were stopped: a minute, for money may be out."""

SURE_DAYS_MIN: Final = 60
"""The notice of a year comes out in the last months of the year before; with fewer sure days than
this ahead, it is time to look for it."""

DECIDED_WITHIN: Final = timedelta(days=30)
"""So long an insurer may look at a claim (inferred); then an agent asks, every thirty days anew."""

CHASED_AT_ONCE: Final = 200
"""Claims in one look; the next look takes the next ones, for these have a step then."""

LIES_FOR: Final = timedelta(hours=1)
"""So long past its moment a step stands first on its desk's own worklist (inferred)."""

TOLD_EVERY: Final = timedelta(days=7)
"""So often a supervisor hears of a step that still lies (inferred)."""

log = structlog.get_logger("greenlane.door")


def calendar_warning(door: Door) -> str:
    """Why somebody should look at the table; empty while enough days are sure.

    Sure are the days of the unbroken run of official years that begins with today's. Too few of
    them make nothing unready: deadlines beyond are computed from an estimate, and say so.
    """
    today = civil_date(door.clock())
    ahead = door.calendar.official_days_ahead(today)
    if ahead >= SURE_DAYS_MIN:
        return ""
    year = door.calendar.next_unsure_year(today)
    return f"{ahead} official days ahead, fewer than {SURE_DAYS_MIN}: import the notice of {year}"


async def upkeep(door: Door, *, asking: bool = True, looking: bool = True) -> int:
    """One round; how many cases were told of a notice."""
    await door.calendars.refresh()
    if asking:
        await _ask_for_the_next_notice(door)
        await _ask_for_decisions(door)
        await _tell_of_what_lies(door)
        await settle_some(door.books, at=door.clock())
        async with door.books.statement() as unit:
            await unit.keys.forget(now=door.process_clock())
    try:
        if looking:
            await look_for_stopped(door)
        await tell_some(door.books, door.cases)
        return await retime_some(door.books, door.cases, door.calendars.table)
    except NotKnownYet:
        return 0  # the next round will do


async def _ask_for_the_next_notice(door: Door) -> None:
    """A supervisor's step, opened once for a year; the import closes it, or they do."""
    if not calendar_warning(door):
        return
    now = door.clock()
    today = civil_date(now)
    await door.house.open(
        HouseTask(
            about=wanted_notice(door.calendar.next_unsure_year(today)),
            kind=TaskKind.IMPORT_CALENDAR,
            at=now,
            due_at=end_of_day(max(today, door.calendar.official_until(today))),
        )
    )


async def _ask_for_decisions(door: Door) -> None:
    """No claim lies with an insurer without somebody of ours who asks for it."""
    now = door.clock()
    async with door.books.unit() as unit:
        silent = await unit.reports.undecided(before=now - DECIDED_WITHIN, limit=CHASED_AT_ONCE)
    for case_id, since in silent:
        about = f"claim {case_id} #{(now - since) // DECIDED_WITHIN}"
        due_at = end_of_day(civil_date(now))
        step = HouseTask(about=about, kind=TaskKind.CHASE_DECISION, at=now, due_at=due_at)
        await door.house.open(step)


async def _tell_of_what_lies(door: Door) -> None:
    """A step that broke no promise and lies is a supervisor's to hear of, week after week."""
    now = door.clock()
    async with door.books.unit() as unit:
        lying = await unit.steps.lying(now=now, by=LIES_FOR, every=TOLD_EVERY, limit=CHASED_AT_ONCE)
    for about in lying:
        step = HouseTask(about=about, kind=TaskKind.BREACH, at=now)
        await door.house.open(step)


async def look_first(door: Door) -> None:
    """Have the table before the first case; a door whose books are away starts without."""
    try:
        await door.calendars.refresh()
    except Exception as failure:  # noqa: BLE001 - readiness says what is wrong with the books
        log.warning("calendar_not_read", failure=type(failure).__name__)


async def upkeep_for_ever(door: Door, *, every_s: float = EVERY_S) -> None:
    """Round after round, until cancelled."""
    for number in itertools.count():
        try:
            await upkeep(door, asking=number % ASK_EVERY == 0, looking=number % LOOK_EVERY == 0)
        except Exception as failure:  # noqa: BLE001 - one bad round must not end all later ones
            log.warning("upkeep_failed", failure=type(failure).__name__)
        await asyncio.sleep(every_s)
