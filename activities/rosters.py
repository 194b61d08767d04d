"""The verbs of the roster; each may be repeated."""

from __future__ import annotations

from temporalio import activity

from activities.ports.rosters import LineUp, Place, RosterPort, Take


class AskRoster:
    """Standing in line for a doctor, and stepping out of it."""

    def __init__(self, *, roster: RosterPort) -> None:
        self._roster = roster

    @activity.defn(name="take_slot")
    async def take(self, wish: Take) -> bool:
        """Take a slot, if it is free."""
        return await self._roster.take(wish)

    @activity.defn(name="line_up")
    async def line_up(self, order: LineUp) -> Place:
        """See whose turn it is."""
        return await self._roster.line_up(order)

    @activity.defn(name="leave_roster")
    async def leave(self, booking_id: str) -> None:
        """Free the booking's slot."""
        await self._roster.leave(booking_id)
