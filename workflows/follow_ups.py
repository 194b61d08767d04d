"""The calls a service promises afterwards, of a booking and of a rescue alike (GC15, HX09).

A call that nobody answers is tried again on the next mornings; each try is written down, and after
the last one nobody is pursued any further.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow

from domain.bookings.forms import FollowUpCall
from domain.bookings.rounds import CALL_ATTEMPTS
from domain.calendar import civil_date
from domain.hours import calls_from
from domain.programmes.services import FollowUp
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows.front_desk import FrontDesk

FOLLOW_UPS_MAX: Final = 12
"""No programme asks for more calls than one a month."""

_OWN_STEPS: Final = {"survey_report": TaskKind.SURVEY_REPORT}
"""What is no call, but a report that somebody writes."""


async def follow_up(
    desk: FrontDesk, promised: FollowUp, *, roles: list[Role] | None = None
) -> None:
    """One promise of a service: so many calls at its interval, or its report."""
    kind = _OWN_STEPS.get(promised.kind, TaskKind.FOLLOW_UP_CALL)
    for _ in range(min(promised.times or 1, FOLLOW_UPS_MAX)):
        if promised.every_days:
            pause = timedelta(days=promised.every_days)
            await workflow.sleep(pause, summary=f"回访 {promised.kind}")
        await _made(desk, kind, about=promised.kind, roles=roles)


async def _made(desk: FrontDesk, kind: TaskKind, *, about: str, roles: list[Role] | None) -> None:
    """A call that was answered, or tried as often as we try."""
    for attempt in range(1, CALL_ATTEMPTS + 1):
        step = desk.ask(kind, at=workflow.now(), roles=roles, subject=about)
        done = await desk.done(step)
        if kind is not TaskKind.FOLLOW_UP_CALL or done.read(FollowUpCall).reached:
            return
        desk.note("not_reached", f"服务回访未接通, 第{attempt}次", at=done.at, by=done.actor)
        if attempt < CALL_ATTEMPTS:
            again_at = calls_from(civil_date(done.at) + timedelta(days=1))
            await workflow.sleep(again_at - workflow.now(), summary="次日再次回访")
