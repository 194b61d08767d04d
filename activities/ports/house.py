"""Steps that belong to no case and no enquiry: a day's difference, a calendar that runs out.

Such a step stands on the same worklist as all others. It is opened once, whoever finds the same
thing again, and closed by the person who did it, with the form of its kind; no story waits for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import Field

from activities.ports.cases import Message
from domain.money import Fen
from domain.roles import Role
from domain.steps.kinds import Evidence, TaskKind


class HouseTask(Message):
    """A step for somebody of the house; `about` says what it is about, and opens it only once."""

    about: str
    subject: str = ""  # what is read of it; none: what it is about
    hospital_id: str | None = None  # whose people alone see it; none: nobody's but ours
    kind: TaskKind
    at: datetime
    roles: list[Role] = Field(default=[])  # none: the roles of the kind
    due_at: datetime | None = None
    amount_fen: Fen | None = None
    evidence: Evidence | None = None


class HouseListPort(Protocol):
    """The worklist, for what belongs to no case."""

    async def open(self, task: HouseTask) -> bool:
        """Open a step; False when the same thing has been opened before, done or not."""
