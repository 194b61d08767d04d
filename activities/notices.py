"""Telling the customer of a case or a booking: one short try with the page, then tries of its own.

A notice that does not go out at once never holds up the record: its id comes back, and the story
has it told again. What became of each is recorded under its id (I22).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ports.cases import Contact, Delivery, MessagingPort, NoticeOrder, NoticeRecord

FIRST_TRY_SECONDS: Final = 2.0
"""For all notices of a page together: a slow gateway must not hold up the next page."""
TRIES: Final = 5
"""So often a notice is tried (`workflows.notices`); the last try reports failure, never raises."""


class NoticeBookPort(Protocol):
    """Where a customer is reached, and what he was told."""

    async def contact(self, case_id: str) -> Contact:
        """Where the customer of a case or a booking is reached; the view is audited."""

    async def note_notices(self, records: Sequence[NoticeRecord]) -> None:
        """Record notices and their delivery; the same id updates its delivery."""


class TellCustomers:
    """The verb of the messaging partner."""

    def __init__(
        self, *, book: NoticeBookPort, messaging: MessagingPort, steward_phone: str | None = None
    ) -> None:
        self._book = book
        self._steward_phone = steward_phone
        self._messaging = messaging

    @activity.defn(name="tell_customer")
    async def again(self, notice: NoticeOrder) -> Delivery:
        """Send a notice that did not go at once; the last try says so instead of raising."""
        contact = await self._book.contact(notice.case_id)
        delivery = await self._send(notice, contact)
        await self._book.note_notices([_record(notice, delivery)])
        if delivery is Delivery.DELIVERED:
            return delivery
        if activity.info().attempt < TRIES:
            raise ApplicationError("notice not delivered yet", type="NoticeNotDelivered")
        return Delivery.FAILED

    async def at_once(self, notices: Sequence[NoticeOrder]) -> list[str]:
        """Send the notices of one page and record what became of them; those that did not go."""
        gone = await self._tried(notices) if notices else frozenset()
        return [notice.notice_id for notice in notices if notice.notice_id not in gone]

    async def _send(self, notice: NoticeOrder, contact: Contact) -> Delivery:
        """By its channel; who left no address for it is phoned, as when nothing arrives."""
        to = contact.email if notice.channel == "email" else contact.phone
        if notice.to == "steward":
            to = self._steward_phone or ""
        return await self._messaging.send(notice, to) if to else Delivery.FAILED

    async def _tried(self, notices: Sequence[NoticeOrder]) -> frozenset[str]:
        until = asyncio.get_running_loop().time() + FIRST_TRY_SECONDS
        contact: Contact | None = None
        async with _first_try(until):
            contact = await self._book.contact(notices[0].case_id)
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
            await self._book.note_notices(records)
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
