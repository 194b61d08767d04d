"""Keeping the books of a case: ledger first, then casebook, then the customer is told.

Each part is idempotent, so a page may be turned again after a crash at any point. A notice that
does not go out at once never holds up the record: its id comes back, and it gets tries of its own.
"""

from __future__ import annotations

import asyncio
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ports import (
    CasebookPort,
    CasePage,
    Delivery,
    LedgerPort,
    MessagingPort,
    NoticeOrder,
    NoticeRecord,
    PaymentStatus,
)

FIRST_TRY_SECONDS: Final = 2.0
"""For all notices of a page together: a slow gateway must not hold up the next page."""
TRIES: Final = 5
"""As many as the workflow's retry policy allows; the last one reports failure, never raises."""


class KeepBooks:
    """The verbs of the ledger, the casebook and the messaging partner."""

    def __init__(
        self, *, ledger: LedgerPort, casebook: CasebookPort, messaging: MessagingPort
    ) -> None:
        self._ledger = ledger
        self._casebook = casebook
        self._messaging = messaging

    @activity.defn(name="turn_page")
    async def turn_page(self, page: CasePage) -> list[str]:
        """Book what moved, write the page, send its notices; returns the ids that did not go."""
        if page.limit_operator is not None:
            await self._ledger.set_limit(
                page.case_id, limit_fen=page.limit_fen or 0, operator=page.limit_operator
            )
        for payment in page.payments:
            if payment.settled_at is None or payment.reason == "payout":
                continue
            if not payment.held:
                continue
            end = self._ledger.post if payment.status is PaymentStatus.PAID else self._ledger.void
            await end(page.case_id, payment.movement_id, at=payment.settled_at)
        if page.transfers:
            await self._ledger.book(page.case_id, page.transfers, at=page.at)
        await self._casebook.write(page)
        until = asyncio.get_running_loop().time() + FIRST_TRY_SECONDS
        return [n.notice_id for n in page.notices if not await self._tried(n, until=until)]

    @activity.defn(name="tell_customer")
    async def tell_customer(self, notice: NoticeOrder) -> Delivery:
        """Send a notice that did not go at once; the last try says so instead of raising."""
        delivery = await self._send(notice)
        if delivery is Delivery.DELIVERED:
            return delivery
        if activity.info().attempt < TRIES:
            raise ApplicationError("notice not delivered yet", type="NoticeNotDelivered")
        return Delivery.FAILED

    async def _tried(self, notice: NoticeOrder, *, until: float) -> bool:
        try:
            async with asyncio.timeout_at(until):
                return await self._send(notice) is Delivery.DELIVERED
        except Exception as failure:  # noqa: BLE001 - a notice never holds up the record
            # Whatever it was, the notice is tried again on its own; the page stands.
            activity.logger.warning(
                "notice not sent at once", extra={"failure": type(failure).__name__}
            )
            return False

    async def _send(self, notice: NoticeOrder) -> Delivery:
        """Send under the notice id, and record what became of it (I22)."""
        contact = await self._casebook.contact(notice.case_id)
        to = contact.email if notice.channel == "email" else contact.phone
        # Nothing to write to is told by phone, like a notice that never arrived.
        delivery = await self._messaging.send(notice, to) if to else Delivery.FAILED
        await self._casebook.note_notice(
            NoticeRecord(
                notice_id=notice.notice_id,
                case_id=notice.case_id,
                template=notice.template,
                channel=notice.channel,
                text=notice.text,
                sent_at=notice.at,
                delivery=delivery,
            )
        )
        return delivery
