"""Keeping the record of a booking: its unit first, then its page; safe to repeat."""

from __future__ import annotations

from temporalio import activity

from activities.booking_ports import BookingBookPort, BookingPage, EntitlementPort


class KeepBookings:
    """The verb of the record of bookings."""

    def __init__(self, *, record: BookingBookPort, entitlements: EntitlementPort) -> None:
        self._record = record
        self._entitlements = entitlements

    @activity.defn(name="turn_booking_page")
    async def turn_page(self, page: BookingPage) -> None:
        """Move the unit as the page says, then write the page."""
        for use in page.uses:
            move = (
                self._entitlements.consume if use.to == "consumed" else self._entitlements.give_back
            )
            await move(page.booking_id, at=use.at, why=use.why)
        await self._record.write_booking(page)
