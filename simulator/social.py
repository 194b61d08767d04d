"""Social insurance, and the data company that holds hospitals' electronic bills.

A bill is put there by an operator, as a hospital's system would. Social insurance settles its part
of a bill once under an id: at once, or later by callback when told to be slow. What it pays of a
bill stands on the bill; one it never saw it refuses.
"""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import Field

from simulator.books import Order
from simulator.callbacks import signed_headers
from simulator.desk import Amount, Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers

_STATUS_CODES: Final = {"settled": 200, "pending": 202, "refused": 422}
_NOT_FOUND: Final = {"status": "refused", "reason_code": "bill_not_found"}

BillNo = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


class Item(Body):
    """A line of a bill."""

    code: Annotated[str, Field(min_length=1, max_length=12)]
    amount: Amount


class Bill(Body):
    """A bill as the hospital's system has it, with what social insurance will pay of it."""

    hospital: Annotated[str, Field(min_length=1, max_length=200)]
    bill_no: BillNo
    bill: Amount
    social_paid: Amount
    self_pay: Amount
    items: Annotated[list[Item], Field(default=[], max_length=500)]
    is_settled: bool = False  # whether social insurance's part stands on it already


class Settlement(Body):
    """An order to settle: no name and no diagnosis, a bill is known by its number."""

    settlement_id: OrderId
    hospital: Annotated[str, Field(min_length=1, max_length=200)]
    bill_no: BillNo
    bill: Amount


class SocialInsurance:
    """The rules of social insurance, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: Settlement, key: str, fault: Fault) -> Order:
        """Take an order and settle it when it is new; the same again changes nothing."""
        with self._desk.books.together():
            order = self._desk.place("settlement", body.settlement_id, key, body)
            if order.is_new:
                order = self._begin(order, fault)
        if fault.reports_twice and order.state["status"] != "pending":
            self._desk.report("social", settled(order), copies=fault.copies)
        return order

    def settle(self, order: Order, refused: bool) -> dict[str, Any]:
        """Bring a pending settlement to its end and say so."""
        return settled(self._decided(order, refused))

    def _begin(self, order: Order, fault: Fault) -> Order:
        if fault.late_seconds is not None:
            pending = self._desk.books.progress("settlement", order.id, {"status": "pending"})
            self._desk.settle_later(pending, fault, fault.late_seconds)
            return pending
        return self._decided(order, fault.refuses)

    def _decided(self, order: Order, refused: bool) -> Order:
        bill_id = _bill_id(order.body["hospital"], order.body["bill_no"])
        bill = self._desk.books.find("bill", bill_id)
        state = dict(_NOT_FOUND)
        if bill is not None and not refused and bill.body["bill"] == order.body["bill"]:
            parts = {name: bill.body[name] for name in ("social_paid", "self_pay")}
            state = {"status": "settled", **parts}
        return self._desk.books.progress("settlement", order.id, state)


def settled(order: Order) -> dict[str, Any]:
    """The callback that tells how a settlement ended."""
    return {"event": "social_settled", "settlement_id": order.id, **order.state}


def _bill_id(hospital: str, bill_no: str) -> str:
    return f"{hospital}:{bill_no}"


routes = APIRouter(tags=["social"])


def _insurance(desk: TheDesk) -> SocialInsurance:
    return SocialInsurance(desk)


@routes.post("/social/v1/settlements")
async def settle(
    body: Settlement,
    key: IdempotencyKey,
    insurance: Annotated[SocialInsurance, Depends(_insurance)],
    fault: Annotated[Fault, suffers("social", "settle")],
) -> Response:
    """Settle social insurance's part of a bill."""
    order = insurance.take(body, key, fault)
    view = {"settlement_id": order.id, **order.state}
    return await fault.answer(_STATUS_CODES[order.state["status"]], view)


@routes.post("/bills/v1/bills", status_code=201)
async def put_bill(body: Bill, desk: TheDesk) -> dict[str, Literal["kept"]]:
    """Operator: the hospital's system hands a bill over."""
    bill_id = _bill_id(body.hospital, body.bill_no)
    with desk.books.together():
        desk.place("bill", bill_id, bill_id, body)
        desk.books.progress("bill", bill_id, {"status": "kept"})
    return {"status": "kept"}


@routes.get("/bills/v1/hospitals/{hospital}/bills/{bill_no}")
async def bill(
    hospital: str,
    bill_no: str,
    desk: TheDesk,
    fault: Annotated[Fault, suffers("bills", "read")],
) -> Response:
    """The bill under a number, signed; with social insurance's part once that is settled."""
    if fault.refuses:
        raise HTTPException(404, "not_found")
    kept = desk.found("bill", _bill_id(hospital, bill_no)).body
    shown = ["bill_no", "bill", "items"]
    shown += ["social_paid", "self_pay"] if kept["is_settled"] else []
    answer = await fault.answer(200, {name: kept[name] for name in shown})
    said, event_id = bytes(answer.body), f"bill-{uuid.uuid4().hex[:8]}"
    signed = signed_headers(desk.settings.secret, event_id=event_id, body=said, at=int(time.time()))
    answer.headers.update({name: signed[name] for name in signed if name.startswith("webhook")})
    return answer
