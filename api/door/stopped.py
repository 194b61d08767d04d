"""Matters whose workflow ended otherwise than by its story: terminated, failed, timed out.

No code of ours runs when that happens, so that the record goes on showing a patient on the ward.
The door asks Temporal now and then, compares with its books, and gives a supervisor a step that
stands until the workflow runs again. How it is brought back: docs/decisions/cancel-requests.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from activities.ports.house import HouseTask
from api.door.gateway import Stop
from api.wiring.door import Books, Door
from domain.calendar import civil
from domain.roles import Role
from domain.steps.dues import due_by
from domain.steps.kinds import Evidence, TaskKind

LOOKED_AT: Final = 500
"""Runs in one look, the newest first; each is asked about only while its matter is open."""

ASKED_ABOUT: Final = 100
"""Matters in one look whose newest run is asked for; more at once are an outage, told by these."""

HOW: Final = {
    "TERMINATED": "被终止",
    "FAILED": "出错停止",
    "TIMED_OUT": "超时停止",
    "CANCELED": "被取消",
    "MISSING": "已不存在",
}


async def look_for_stopped(door: Door) -> int:
    """Ask a supervisor for what has stopped, and close the step of what runs again.

    Returns how many are stopped now. Raises NotKnownYet when Temporal does not say.
    """
    runs = await door.cases.broken_off(limit=LOOKED_AT)
    async with door.books.unit() as unit:
        ours = await unit.matters.open_among({run.matter_id for run in runs})
        told = await unit.matters.told_stopped()
    stopped = 0
    for matter_id in [*dict.fromkeys([*told, *sorted(ours)])][:ASKED_ABOUT]:
        stop = await door.cases.stopped(matter_id)
        stopped += stop is not None
        await (_goes_on(door, matter_id) if stop is None else tell_stopped(door, stop))
    return stopped


async def stopped_warning(books: Books, now: Callable[[], datetime]) -> str:
    """Why somebody should look; empty while every open matter has its workflow."""
    async with books.unit() as unit:
        count = (await unit.matters.load(now()))["stopped"][""]
    return f"{count:.0f} stopped: see the steps {TaskKind.RESUME_MATTER}" if count else ""


async def tell_stopped(door: Door, stop: Stop) -> None:
    """One open step for a supervisor, however often it is found."""
    now, kind = door.clock(), TaskKind.RESUME_MATTER
    since = "" if stop.at is None else civil(stop.at)
    step = HouseTask(
        about=_about(stop.matter_id),
        subject=stop.matter_id,
        kind=kind,
        at=now,
        due_at=due_by(kind, now),
        evidence=Evidence(ours="办理中", theirs=f"流程{HOW[stop.how]} {since}".strip()),
    )
    async with door.books.unit() as unit:
        await unit.house.ask(step)


async def _goes_on(door: Door, matter_id: str) -> None:
    async with door.books.unit() as unit:
        await unit.house.seen_to(
            _about(matter_id),
            TaskKind.RESUME_MATTER,
            role=Role.SYSTEM.value,
            subject="greenlane",
            at=door.clock(),
            reason="流程已恢复",
        )


def _about(matter_id: str) -> str:
    return f"stopped {matter_id}"
