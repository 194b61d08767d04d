"""The message gateways: SMS, WeChat and e-mail, each message sent once under its id.

Delivery is known at once, or reported by callback when told to be slow.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from simulator.books import Order
from simulator.desk import Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers

_STATUS_CODES: Final = {"delivered": 200, "pending": 202, "failed": 422}


class OutgoingMessage(Body):
    """A text for one person by one way."""

    message_id: OrderId
    channel: Literal["sms", "wechat", "email"]
    template: Annotated[str, Field(min_length=1, max_length=64)]
    to: Annotated[str, Field(min_length=1, max_length=64)]
    text: Annotated[str, Field(min_length=1, max_length=1000)]


class Gateways:
    """The rules of the message side, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: OutgoingMessage, key: str, fault: Fault) -> Order:
        """Take a message and send it when it is new; the same again is not sent twice."""
        with self._desk.books.together():
            order = self._desk.place("message", body.message_id, key, body)
            if order.is_new:
                order = self.begin(order, fault)
        if fault.reports_twice and order.state["status"] != "pending":
            self._desk.report("message", delivery_of(order), copies=fault.copies)
        return order

    def begin(self, order: Order, fault: Fault) -> Order:
        """Send a new message, refuse it, or take it for later."""
        if fault.late_seconds is not None:
            pending = self._desk.books.progress("message", order.id, {"status": "pending"})
            self._desk.settle_later(pending, fault, fault.late_seconds)
            return pending
        return self._sent(order, fault.refuses)

    def settle(self, order: Order, refused: bool) -> dict[str, Any]:
        """Bring a pending message to its end and say so."""
        return delivery_of(self._sent(order, refused))

    def _sent(self, order: Order, refused: bool) -> Order:
        if refused:
            state = {"status": "failed", "reason_code": "number_not_reachable"}
        else:
            state = {"status": "delivered", "delivered_at": self._desk.clock.stamp()}
        return self._desk.books.progress("message", order.id, state)


def delivery_of(order: Order) -> dict[str, Any]:
    """The callback that tells whether a message arrived."""
    return {
        "event": "message_delivered",
        "message_id": order.id,
        "status": order.state["status"],
        "reason_code": order.state.get("reason_code", ""),
    }


def _view(order: Order) -> dict[str, Any]:
    return {"message_id": order.id, **order.state}


routes = APIRouter(prefix="/message/v1", tags=["message"])


def _gateways(desk: TheDesk) -> Gateways:
    return Gateways(desk)


@routes.post("/messages")
async def send(
    body: OutgoingMessage,
    key: IdempotencyKey,
    gateways: Annotated[Gateways, Depends(_gateways)],
    fault: Annotated[Fault, suffers("message", "send")],
) -> Response:
    """Send a message."""
    order = gateways.take(body, key, fault)
    return await fault.answer(_STATUS_CODES[order.state["status"]], _view(order))


@routes.get("/messages/{message_id}")
async def message(
    message_id: str, desk: TheDesk, fault: Annotated[Fault, suffers("message", "query")]
) -> Response:
    """Whether a message arrived."""
    return await fault.answer(200, _view(desk.found("message", message_id)))
