"""What greenlane asks of the record of rescues: one page per beat, with each step as it was told.

It stands beside `activities.ports.cases`, because a rescue moves no money and knows no partner.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field

from activities.ports.cases import Message, TaskClosed, TaskOpened, TimelineEntry
from domain.clock import Clock
from domain.rescues.rescue import RescueOutcome, RescueStage
from domain.roles import Role


class StepTold(Message):
    """A step of the rescue as it was reported; what it states of a person is kept sealed."""

    n: int
    service: str
    step: str
    at: datetime  # when it happened
    recorded_at: datetime
    role: Role
    actor_id: str
    department: str = ""
    details: dict[str, str] = Field(default={}, repr=False)


class RescuePage(Message):
    """All that changed in one beat of a rescue, written in one transaction.

    `page` counts from 1 and never repeats; a page written twice is written once.
    """

    rescue_id: str
    page: int
    at: datetime
    stage: RescueStage
    awaiting: list[Role] = Field(default=[])
    sla_state: Literal["calm", "warned", "breached"] = "calm"
    next_due_at: datetime | None = None
    level: int = 0
    way: str = ""
    groups: list[str] = Field(default=[])
    services: list[str] = Field(default=[])
    owner: str = ""
    outcome: RescueOutcome | None = None
    told: list[StepTold] = Field(default=[])
    timeline: list[TimelineEntry] = Field(default=[])
    tasks_opened: list[TaskOpened] = Field(default=[])
    tasks_closed: list[TaskClosed] = Field(default=[])
    clocks: list[Clock] = Field(default=[])

    @property
    def matter_id(self) -> str:
        """What it is a page of."""
        return self.rescue_id


class RescueBookPort(Protocol):
    """The record of rescues."""

    async def write_rescue(self, page: RescuePage) -> None:
        """Write one page; the same page again changes nothing."""
        ...
