"""The telephone system: staff dial a customer from it, and it records what became of each call.

Told to refuse, the customer does not answer. A call that is answered lasts as long as the caller
says, or until the line closes it after the longest time it was given.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from simulator.books import Order
from simulator.desk import Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers


class Dialled(Body):
    """A member of staff dials a customer; the number stays with the telephone system."""

    call_id: OrderId
    booking_id: OrderId
    caller: Literal["steward", "doctor"]
    number: Annotated[str, Field(min_length=1, max_length=32)]
    talk_seconds: Annotated[int, Field(ge=0, le=7200)] = 300
    longest_seconds: Annotated[int | None, Field(ge=1, le=7200)] = None


class Exchange:
    """The rules of the telephone system, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: Dialled, key: str, fault: Fault) -> Order:
        """Make a call when it is new; the same again is not dialled twice."""
        with self._desk.books.together():
            order = self._desk.place("call", body.call_id, key, body)
            if not order.is_new:
                return order
            if fault.late_seconds is not None:
                pending = self._desk.books.progress("call", order.id, {"status": "pending"})
                self._desk.settle_later(pending, fault, fault.late_seconds)
                return pending
            order = self._ended(order, fault.refuses)
            for event in recorded(order):
                self._desk.report("telephone", event, copies=fault.copies)
        return order

    def settle(self, order: Order, refused: bool) -> dict[str, Any]:
        """Bring a call whose report was held back to its end; the last of its events."""
        *earlier, last = recorded(self._ended(order, refused))
        for event in earlier:
            self._desk.report("telephone", event)
        return last

    def _ended(self, order: Order, unanswered: bool) -> Order:
        at = self._desk.clock.stamp()
        if unanswered:
            return self._desk.books.progress("call", order.id, {"status": "failed", "at": at})
        talked, longest = order.body["talk_seconds"], order.body["longest_seconds"]
        seconds = talked if longest is None else min(talked, longest)
        state = {"status": "ended", "at": at, "seconds": seconds}
        return self._desk.books.progress("call", order.id, state)


def recorded(order: Order) -> list[dict[str, Any]]:
    """The callbacks of one call, in the order in which they happened."""
    about = {
        "call_id": order.id,
        "booking_id": order.body["booking_id"],
        "caller": order.body["caller"],
    }
    at, state = order.state["at"], order.state
    if state["status"] == "failed":
        return [{"event": "call_failed", **about, "at": at, "reason_code": "no_answer"}]
    ended = datetime.fromisoformat(at) + timedelta(seconds=state["seconds"])
    return [
        {"event": "call_answered", **about, "at": at},
        {"event": "call_ended", **about, "at": ended.isoformat(), "seconds": state["seconds"]},
    ]


routes = APIRouter(prefix="/telephone/v1", tags=["telephone"])


def _exchange(desk: TheDesk) -> Exchange:
    return Exchange(desk)


@routes.post("/calls")
async def dial(
    body: Dialled,
    key: IdempotencyKey,
    exchange: Annotated[Exchange, Depends(_exchange)],
    fault: Annotated[Fault, suffers("telephone", "call")],
) -> Response:
    """Dial a customer."""
    order = exchange.take(body, key, fault)
    pending = order.state["status"] == "pending"
    return await fault.answer(202 if pending else 200, {"call_id": order.id, **order.state})
