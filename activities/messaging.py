"""Telling the customer: a notice is sent, and recorded with what became of it (I22)."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ports import (
    CasebookPort,
    Delivery,
    MessagingPort,
    NoticeOrder,
    NoticeRecord,
)

TRIES = 5
"""As many as the workflow's retry policy allows; the last one reports failure instead of raising."""


class TellCustomer:
    """The verb of the messaging partner."""

    def __init__(self, *, messaging: MessagingPort, casebook: CasebookPort) -> None:
        self._messaging = messaging
        self._casebook = casebook

    @activity.defn(name="tell_customer")
    async def send(self, order: NoticeOrder) -> Delivery:
        """Send under the notice id; tries again on failure, then says so and a person phones."""
        contact = await self._casebook.contact(order.case_id)
        delivery = await self._messaging.send(order, contact.phone)
        await self._casebook.note_notice(
            NoticeRecord(
                notice_id=order.notice_id,
                case_id=order.case_id,
                template=order.template,
                channel=order.channel,
                text=order.text,
                sent_at=order.at,
                delivery=delivery,
            )
        )
        if delivery is not Delivery.DELIVERED and activity.info().attempt < TRIES:
            raise ApplicationError("notice not delivered yet", type="NoticeNotDelivered")
        return delivery if delivery is Delivery.DELIVERED else Delivery.FAILED
