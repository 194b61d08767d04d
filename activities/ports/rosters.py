"""What greenlane asks of the roster: a turn with a doctor on duty, and a slot given back."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import Field

from activities.ports.cases import Message
from domain.bookings.roster import Slot, Turn
from domain.programmes.services import Service


class LineUp(Message):
    """An order for a doctor on duty looks whether its turn has come."""

    booking_id: str
    programme: str
    service: Service
    call_within_s: int
    placed_at: datetime
    at: datetime
    not_by: list[str] = Field(default=[])  # doctors who have let this customer down


class Place(Message):
    """Where the order stands; a slot only when its turn has come."""

    turn: Turn
    ahead: int = 0
    slot: Slot | None = None


class Take(Message):
    """A booking wants a slot, in place of the one it may hold."""

    booking_id: str
    programme: str
    slot_id: str
    at: datetime


class RosterPort(Protocol):
    """Slots and the line of those who wait for a doctor on duty."""

    async def take(self, wish: Take) -> bool:
        """Give the booking the slot; False when somebody else has it or nobody may have it."""
        ...

    async def line_up(self, order: LineUp) -> Place:
        """Take the free slot of a doctor on duty when the order is first in line; else wait.

        An order that has its slot is answered with it again; where nobody is on duty it leaves
        the line.
        """
        ...

    async def leave(self, booking_id: str) -> None:
        """Give the booking's slot back and leave the line; again changes nothing."""
        ...
