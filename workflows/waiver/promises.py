"""Leads: promises that are kept or broken when they are made."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from domain.clock import Clock, WarnRule
from domain.programmes.terms import LeadTime
from workflows.cases.desk import Desk

HALF: Final = 50
"""A lead never waits, so its warning is only a form; half the span."""


def note_lead(
    desk: Desk, lead: LeadTime, name: str, *, at: datetime, short: str | None = None
) -> None:
    """Record that something was asked for early enough, or `short`: what follows from it."""
    clock = Clock.start(
        clock_id=lead.id,
        name=name,
        number=desk.state.next_number(lead.id),
        started_at=at,
        budget=lead.at_least,
        warn=WarnRule(remaining_percent=HALF),
        calendar=desk.state.calendar,
    )
    if short is None:
        clock = clock.meet(at)
    else:
        desk.note("lead_short", f"{name}不足, {short}", at=at)
        clock = clock.drop(at, why=f"提前量不足, {short}")
    desk.pen.clock(clock, at)
