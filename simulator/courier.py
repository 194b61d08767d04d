"""The courier: parcels ordered and followed by callback.

A parcel gets its tracking number with the order, or later by callback when told to be slow. Where
it goes from there an operator says, as the courier's own people would.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from zlib import crc32

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import Field

from simulator.books import Order
from simulator.desk import Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers

_ENDED: Final = frozenset({"delivered", "lost", "returned", "refused", "cancelled"})
_NUMBERS: Final = 10**10


class Contact(Body):
    """Whom the courier calls for the address."""

    phone: Annotated[str, Field(min_length=1, max_length=64)]


class Parcel(Body):
    """From whom to whom; what is in it is nobody's business."""

    parcel_id: OrderId
    origin: Literal["customer", "house"]
    target: Literal["customer", "house", "lab"]
    contact: Contact


class Word(Body):
    """Where a parcel is now."""

    status: Literal["on_the_way", "delivered", "lost", "returned"]


class Courier:
    """The rules of the courier, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: Parcel, key: str, fault: Fault) -> Order:
        """Take an order and begin it when it is new; the same order again changes nothing."""
        with self._desk.books.together():
            order = self._desk.place("parcel", body.parcel_id, key, body)
            if order.is_new:
                order = self._begin(order, fault)
        if fault.reports_twice:
            self._desk.report("courier", moved(order), copies=fault.copies)
        return order

    def settle(self, order: Order, refused: bool) -> dict[str, Any]:
        """Bring a pending order to its end and say so."""
        return moved(self._decided(order, refused))

    def call_off(self, order: Order) -> Order:
        """Take an order back that nobody has set out for; twice is once."""
        if order.state["status"] not in {"ordered", "pending"}:
            return order
        return self._desk.books.progress("parcel", order.id, {"status": "cancelled"})

    def move(self, parcel_id: str, word: Word) -> Order:
        """The courier's people say where it is; what has ended stays where it is."""
        order = self._desk.found("parcel", parcel_id)
        if order.state["status"] in _ENDED and order.state["status"] != word.status:
            raise HTTPException(409, "parcel_is_over")
        order = self._desk.books.progress(
            "parcel", order.id, {**order.state, "status": word.status}
        )
        self._desk.report("courier", moved(order))
        return order

    def _begin(self, order: Order, fault: Fault) -> Order:
        if fault.late_seconds is not None:
            pending = self._desk.books.progress("parcel", order.id, {"status": "pending"})
            self._desk.settle_later(pending, fault, fault.late_seconds)
            return pending
        return self._decided(order, fault.refuses)

    def _decided(self, order: Order, refused: bool) -> Order:
        if refused:
            state = {"status": "refused", "reason_code": "no_pickup_there"}
        else:
            number = crc32(order.id.encode()) % _NUMBERS
            state = {"status": "ordered", "tracking_no": f"KD{number:010d}"}
        return self._desk.books.progress("parcel", order.id, state)


def moved(order: Order) -> dict[str, Any]:
    """The callback that tells where a parcel is."""
    return {
        "event": "parcel_moved",
        "parcel_id": order.id,
        "status": order.state["status"],
        "tracking_no": order.state.get("tracking_no", ""),
        "reason_code": order.state.get("reason_code", ""),
    }


def _view(order: Order) -> dict[str, Any]:
    shown = {**order.state}
    if shown["status"] == "pending":
        shown["status"] = "ordered"
    return {"parcel_id": order.id, **shown}


routes = APIRouter(prefix="/courier/v1", tags=["courier"])


def _courier(desk: TheDesk) -> Courier:
    return Courier(desk)


TheCourier = Annotated[Courier, Depends(_courier)]


@routes.post("/parcels")
async def order_parcel(
    body: Parcel,
    key: IdempotencyKey,
    courier: TheCourier,
    fault: Annotated[Fault, suffers("courier", "order")],
) -> Response:
    """Order a parcel."""
    order = courier.take(body, key, fault)
    codes = {"pending": 202, "refused": 422}
    return await fault.answer(codes.get(order.state["status"], 200), _view(order))


@routes.get("/parcels/{parcel_id}")
async def parcel(
    parcel_id: str, desk: TheDesk, fault: Annotated[Fault, suffers("courier", "track")]
) -> Response:
    """Where a parcel is."""
    return await fault.answer(200, _view(desk.found("parcel", parcel_id)))


@routes.post("/parcels/{parcel_id}/cancel")
async def cancel(
    parcel_id: str,
    desk: TheDesk,
    courier: TheCourier,
    fault: Annotated[Fault, suffers("courier", "cancel")],
) -> Response:
    """Nobody needs to come for it; what is under way goes on."""
    order = courier.call_off(desk.found("parcel", parcel_id))
    called_off = order.state["status"] == "cancelled"
    return await fault.answer(200 if called_off else 422, _view(order))


@routes.post("/parcels/{parcel_id}/words")
async def move(parcel_id: str, word: Word, courier: TheCourier) -> dict[str, Any]:
    """Operator: the courier's own people say where it is."""
    return _view(courier.move(parcel_id, word))
