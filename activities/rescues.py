"""Keeping the record of a rescue: one verb, safe to repeat."""

from __future__ import annotations

from temporalio import activity

from activities.ports.rescues import RescueBookPort, RescuePage


class KeepRescues:
    """The verb of the record of rescues."""

    def __init__(self, *, record: RescueBookPort) -> None:
        self._record = record

    @activity.defn(name="turn_rescue_page")
    async def turn_page(self, page: RescuePage) -> None:
        """Write the page."""
        await self._record.write_rescue(page)
