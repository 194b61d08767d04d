"""The wire to the message gateways: one SMS, WeChat message or e-mail under one id.

The number or address is handed in at the last moment and never written down here. Texts come from
templates that carry no diagnosis.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, Literal

from activities.ports.cases import Delivery, NoticeOrder
from adapters.partners.line import NoBelievableAnswer, PartnerLine, Reply, Unreachable

_DELIVERIES: Final = {
    "delivered": Delivery.DELIVERED,
    "failed": Delivery.FAILED,
    "pending": Delivery.UNKNOWN,
}
_EXPECTED: Final = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.UNPROCESSABLE_ENTITY})


class _MessageReply(Reply):
    status: Literal["delivered", "pending", "failed"]


class MessageGateway:
    """Sends through one gateway; implements `MessagingPort`."""

    def __init__(self, line: PartnerLine) -> None:
        self._line = line

    async def send(self, order: NoticeOrder, to: str) -> Delivery:
        """Send under the notice id; `unknown` may be sent again under the same id."""
        try:
            answer = await self._line.order(
                "/messages", key=order.notice_id, body=message_body(order, to)
            )
            if answer.is_malformed_order:
                return Delivery.FAILED
            if answer.status not in _EXPECTED:
                raise answer.unexpected()
            return _DELIVERIES[answer.read(_MessageReply).status]
        except (Unreachable, NoBelievableAnswer):
            return Delivery.UNKNOWN


def message_body(order: NoticeOrder, to: str) -> dict[str, Any]:
    """All that leaves the house for a notice."""
    return {
        "message_id": order.notice_id,
        "channel": order.channel,
        "template": order.template,
        "to": to,
        "text": order.text,
    }
