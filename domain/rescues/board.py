"""Rescues as people read them, and what decides who may.

Values between the record and the door; whoever is in the picture but opaque ids stands masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from domain.board import Row, SlaState, TaskRow, TimelineRow
from domain.clock import Clock
from domain.rescues.rescue import RescueOutcome
from domain.roles import Role

LISTED_MAX = 200
"""Patients shown at once; a hospital has fewer in its channel."""


@dataclass(frozen=True)
class RescueAccess:
    """What decides who may see a rescue and what may be linked to it."""

    rescue_id: str
    hospital_id: str
    stage: str
    person_hash: str | None
    linked_case: str | None


class RescueFilter(Row):
    """Which rescues; what is None does not narrow."""

    hospital_id: str | None = None
    event_id: str | None = None
    is_open: bool = True


class RescueRow(Row):
    """A patient in the queue. `stage` is a `domain.rescues.rescue.RescueStage`, or `opening`."""

    rescue_id: str
    programme: str
    programme_version: str
    service: str
    services: list[str]
    hospital_id: str
    event_id: str | None
    arrival: str
    found_at: str
    name_masked: str  # empty: nobody knows who the patient is
    level: int
    way: str
    groups: list[str]
    owner: str
    raised_at: datetime
    stage: str
    outcome: RescueOutcome | None
    linked_case: str | None
    awaiting: list[Role]
    sla_state: SlaState
    next_due_at: datetime | None


class StepRow(Row):
    """A step as it was reported."""

    n: int
    service: str
    step: str
    at: datetime
    recorded_at: datetime
    role: Role
    actor_id: str
    department: str
    details: dict[str, str] = Field(repr=False)


class RescueView(RescueRow):
    """A whole rescue."""

    complaint: str = Field(repr=False)
    raised_role: Role
    raised_by: str
    steps: list[StepRow] = Field(default=[])
    timeline: list[TimelineRow] = Field(default=[])
    clocks: list[Clock] = Field(default=[])
    tasks: list[TaskRow] = Field(default=[])


class EventRow(Row):
    """A mass event."""

    event_id: str
    programme: str
    hospital_id: str
    name: str
    raised_at: datetime
