"""Keeping the books of a case: ledger first, then casebook, then the customer is told.

Each part is idempotent, so a page may be turned again after a crash at any point. A notice that
does not go out at once never holds up the record: its id comes back, and it gets tries of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.booking_ports import BookingPage
from activities.ports import (
    CasebookPort,
    CasePage,
    Contact,
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
        await enter_books(self._ledger, page.case_id, page)
        await self._casebook.write(page)
        gone = await self._tried(page.notices) if page.notices else frozenset()
        return [notice.notice_id for notice in page.notices if notice.notice_id not in gone]

    @activity.defn(name="tell_customer")
    async def tell_customer(self, notice: NoticeOrder) -> Delivery:
        """Send a notice that did not go at once; the last try says so instead of raising."""
        contact = await self._casebook.contact(notice.case_id)
        delivery = await self._send(notice, contact)
        await self._casebook.note_notices([_record(notice, delivery)])
        if delivery is Delivery.DELIVERED:
            return delivery
        if activity.info().attempt < TRIES:
            raise ApplicationError("notice not delivered yet", type="NoticeNotDelivered")
        return Delivery.FAILED

    async def _send(self, notice: NoticeOrder, contact: Contact) -> Delivery:
        """By its channel; who left no address for it is phoned, as when nothing arrives."""
        to = contact.email if notice.channel == "email" else contact.phone
        return await self._messaging.send(notice, to) if to else Delivery.FAILED

    async def _tried(self, notices: Sequence[NoticeOrder]) -> frozenset[str]:
        """Send the notices of one page and record what became of them (I22); which have gone."""
        until = asyncio.get_running_loop().time() + FIRST_TRY_SECONDS
        contact: Contact | None = None
        async with _first_try(until):
            contact = await self._casebook.contact(notices[0].case_id)
        if contact is None:
            return frozenset()
        records: list[NoticeRecord] = []
        for notice in notices:
            async with _first_try(until):
                delivery = await self._send(notice, contact)
                records.append(_record(notice, delivery))
        if not records:
            return frozenset()
        # In time of its own: a gateway that took all of it must not leave what went unrecorded.
        async with _first_try(until + FIRST_TRY_SECONDS):
            await self._casebook.note_notices(records)
            return frozenset(one.notice_id for one in records if one.delivery is Delivery.DELIVERED)
        return frozenset()


@asynccontextmanager
async def _first_try(until: float) -> AsyncIterator[None]:
    """A notice never holds up the record: whatever it was, it is tried again on its own."""
    try:
        async with asyncio.timeout_at(until):
            yield
    except Exception as failure:  # noqa: BLE001 - the page stands
        activity.logger.warning(
            "notice not sent at once", extra={"failure": type(failure).__name__}
        )


def _record(notice: NoticeOrder, delivery: Delivery) -> NoticeRecord:
    return NoticeRecord(
        notice_id=notice.notice_id,
        case_id=notice.case_id,
        template=notice.template,
        channel=notice.channel,
        text=notice.text,
        sent_at=notice.at,
        delivery=delivery,
    )
