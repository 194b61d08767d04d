"""Keeping the books of a case: ledger first, then casebook, then the customer is told.

Each part is idempotent, so a page may be turned again after a crash at any point.
"""

from __future__ import annotations

from temporalio import activity

from activities.notices import TellCustomers
from activities.ports.bookings import BookingPage
from activities.ports.cases import CasebookPort, CasePage, LedgerPort, PaymentStatus


async def enter_books(ledger: LedgerPort, matter_id: str, page: CasePage | BookingPage) -> None:
    """Open the books with a limit, end holds, book transfers: whatever a page says of money."""
    if page.limit_operator is not None:
        await ledger.set_limit(
            matter_id, limit_fen=page.limit_fen or 0, operator=page.limit_operator
        )
    for payment in page.payments:
        if payment.settled_at is None or payment.reason == "payout":
            continue
        if not payment.held:
            continue
        end = ledger.post if payment.status is PaymentStatus.PAID else ledger.void
        await end(matter_id, payment.movement_id, at=payment.settled_at)
    if page.transfers:
        await ledger.book(matter_id, page.transfers, at=page.at)


class KeepBooks:
    """The verb of the ledger and the casebook."""

    def __init__(
        self, *, ledger: LedgerPort, casebook: CasebookPort, notices: TellCustomers
    ) -> None:
        self._ledger = ledger
        self._casebook = casebook
        self._notices = notices

    @activity.defn(name="turn_page")
    async def turn_page(self, page: CasePage) -> list[str]:
        """Book what moved, write the page, send its notices; returns the ids that did not go."""
        await enter_books(self._ledger, page.case_id, page)
        await self._casebook.write(page)
        return await self._notices.at_once(page.notices)
