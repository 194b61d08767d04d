"""Keeping the record of a booking: its unit first, then its page, then the customer is told."""

from __future__ import annotations

from temporalio import activity

from activities.booking_ports import BookingBookPort, BookingPage, EntitlementPort
from activities.notices import TellCustomers


class KeepBookings:
    """The verb of the record of bookings."""

    def __init__(
        self, *, record: BookingBookPort, entitlements: EntitlementPort, notices: TellCustomers
    ) -> None:
        self._record = record
        self._entitlements = entitlements
        self._notices = notices

    @activity.defn(name="turn_booking_page")
    async def turn_page(self, page: BookingPage) -> list[str]:
        """Move the unit as the page says, write it, send its notices; the ids that did not go."""
        for use in page.uses:
            move = (
                self._entitlements.consume if use.to == "consumed" else self._entitlements.give_back
            )
            await move(page.booking_id, at=use.at, why=use.why)
        await self._record.write_booking(page)
        return await self._notices.at_once(page.notices)
