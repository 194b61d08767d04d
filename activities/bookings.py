"""Keeping the record of a booking: unit and money first, then its page, then he is told."""

from __future__ import annotations

from temporalio import activity

from activities.books import enter_books
from activities.notices import TellCustomers
from activities.ports.bookings import BookingBookPort, BookingPage, EntitlementPort
from activities.ports.cases import LedgerPort


class KeepBookings:
    """The verb of the record of bookings."""

    def __init__(
        self,
        *,
        record: BookingBookPort,
        entitlements: EntitlementPort,
        ledger: LedgerPort,
        notices: TellCustomers,
    ) -> None:
        self._record = record
        self._entitlements = entitlements
        self._ledger = ledger
        self._notices = notices

    @activity.defn(name="turn_booking_page")
    async def turn_page(self, page: BookingPage) -> list[str]:
        """Move unit and money, write the page, send its notices; the ids that did not go."""
        for use in page.uses[-1:]:  # what a unit came by on its way is no move to make twice
            move = (
                self._entitlements.consume if use.to == "consumed" else self._entitlements.give_back
            )
            await move(page.booking_id, at=use.at, why=use.why)
        await enter_books(self._ledger, page.booking_id, page)
        await self._record.write_booking(page)
        return await self._notices.at_once(page.notices)
