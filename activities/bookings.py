"""Keeping the record of a booking: its unit and its money first, then its page; safe to repeat."""

from __future__ import annotations

from temporalio import activity

from activities.booking_ports import BookingBookPort, BookingPage, EntitlementPort
from activities.books import enter_books
from activities.ports import LedgerPort


class KeepBookings:
    """The verb of the record of bookings."""

    def __init__(
        self, *, record: BookingBookPort, entitlements: EntitlementPort, ledger: LedgerPort
    ) -> None:
        self._record = record
        self._entitlements = entitlements
        self._ledger = ledger

    @activity.defn(name="turn_booking_page")
    async def turn_page(self, page: BookingPage) -> None:
        """Move the unit and book what moved, as the page says, then write the page."""
        for use in page.uses:
            move = (
                self._entitlements.consume if use.to == "consumed" else self._entitlements.give_back
            )
            await move(page.booking_id, at=use.at, why=use.why)
        await enter_books(self._ledger, page.booking_id, page)
        await self._record.write_booking(page)
