"""The payment networks: four ways to a hospital's cashier, payouts and refunds.

`hospital_online` and `inhouse_specialist` answer at once. `contracted_nurse` is paid at the desk a
moment later and reported by callback. `qr_code` waits until somebody scans the code. Whatever the
way, one movement id moves money at most once.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from simulator.books import Order, stay_of
from simulator.desk import Amount, Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers

_STATUS_CODES: Final = {"paid": 200, "pending": 202, "refused": 422}
Account = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:-]+$")]


class PaymentRequest(Body):
    """Pay a hospital. Amount and account are all a payment partner learns."""

    movement_id: OrderId
    amount: Amount
    mode: Literal[
        "hospital_online",
        "qr_code",
        "inhouse_specialist",
        "contracted_nurse",
        "medical_assistant_onsite",
        "insurer_staff_onsite",
        "direct_pay",
    ]
    account: Account


class PayoutRequest(Body):
    """Pay a customer whose account the network holds under a reference."""

    movement_id: OrderId
    amount: Amount
    account: Account


class RefundRequest(Body):
    """Let a hospital give unused deposit of a stay back to the payer."""

    refund_id: OrderId
    movement_id: OrderId
    amount: Amount


class PaymentNetworks:
    """The rules of the payment side, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(
        self, kind: str, body: PaymentRequest | PayoutRequest, key: str, fault: Fault
    ) -> Order:
        """Take an order and begin it when it is new; the same order again changes nothing."""
        with self._desk.books.together():
            order = self._desk.place(kind, body.movement_id, key, body)
            if order.is_new:
                order = self.begin(order, fault)
        if fault.reports_twice and order.state["status"] != "pending":
            self._desk.report("payment", result_of(order), copies=fault.copies)
        return order

    def begin(self, order: Order, fault: Fault) -> Order:
        """Decide a new order: refused, pending, or paid now."""
        amount = Amount(**order.body["amount"])
        mode = order.body.get("mode", "payout")
        if not amount.is_payable:
            return self.refuse(order, "amount_not_payable")
        late = fault.late_seconds
        if late is None and mode == "contracted_nurse" and not fault.refuses:
            late = self._desk.settings.settle_seconds
        if late is not None or (mode == "qr_code" and not fault.refuses):
            pending = self._desk.books.progress(order.kind, order.id, {"status": "pending"})
            if mode != "qr_code" or fault.refuses:
                self._desk.settle_later(pending, fault, late or 0)
            return pending
        if fault.refuses:
            return self.refuse(order, "refused_by_network")
        return self.pay(order)

    def pay(self, order: Order) -> Order:
        """Move the money, once."""
        fen = Amount(**order.body["amount"]).fen
        at = self._desk.clock.stamp()
        with self._desk.books.together():
            receipt_no = self._desk.books.move(
                order.kind, order.id, fen=fen, account=order.body["account"], at=at
            )
            state = {"status": "paid", "receipt_no": receipt_no, "paid_at": at}
            return self._desk.books.progress(order.kind, order.id, state)

    def refuse(self, order: Order, reason_code: str) -> Order:
        """Refuse for good: the id will never be paid."""
        state = {"status": "refused", "reason_code": reason_code}
        return self._desk.books.progress(order.kind, order.id, state)

    def settle(self, order: Order, refused: bool) -> dict[str, Any]:
        """Bring a pending payment to its end and say so."""
        done = self.refuse(order, "refused_by_network") if refused else self.pay(order)
        return result_of(done)

    def find(self, movement_id: str) -> Order:
        """A payment or a payout by its movement id; 404 when neither."""
        payout = self._desk.books.find("payout", movement_id)
        return payout or self._desk.found("payment", movement_id)

    def scan(self, movement_id: str, fault: Fault) -> Order:
        """Somebody scans the code: pay what is pending; a second scan changes nothing."""
        with self._desk.books.together():
            order = self._desk.found("payment", movement_id)
            if order.body["mode"] != "qr_code":
                raise HTTPException(409, "not_a_code")
            if order.state["status"] == "pending":
                event = self.settle(order, refused=fault.refuses)
                self._desk.report("payment", event, copies=fault.copies)
        return self.find(movement_id)

    def cancel(self, movement_id: str) -> Order:
        """Take a code back that nobody has scanned; anything else stays as it is."""
        with self._desk.books.together():
            order = self._desk.found("payment", movement_id)
            if order.body["mode"] == "qr_code" and order.state["status"] == "pending":
                return self.refuse(order, "cancelled")
            return order

    def refund(self, order: Order, request: RefundRequest, copies: int) -> dict[str, Any]:
        """Give unused deposit back, never more than the hospital holds for the stay."""
        desk = self._desk
        paid = desk.found("payment", request.movement_id)
        fen = request.amount.fen
        if not request.amount.is_payable or fen > desk.books.held_for(stay_of(paid.id)):
            state: dict[str, Any] = {"status": "refused", "reason_code": "more_than_held"}
        else:
            account, at = paid.body["account"], desk.clock.stamp()
            receipt = desk.books.move("refund", paid.id, fen=fen, account=account, at=at)
            state = {"status": "refunded", "receipt_no": receipt, "refunded_at": at}
            event = {
                "event": "refund",
                "refund_id": order.id,
                "movement_id": paid.id,
                "amount": request.amount.model_dump(),
            }
            desk.report("payment", event, copies=copies)
        desk.books.progress("refund", order.id, state)
        return state


def result_of(order: Order) -> dict[str, Any]:
    """The callback that tells how a payment ended."""
    return {
        "event": "payment_result",
        "movement_id": order.id,
        "status": order.state["status"],
        "amount": order.body["amount"],
        "receipt_no": order.state.get("receipt_no", ""),
        "reason_code": order.state.get("reason_code", ""),
    }


def _view(order: Order, request: Request) -> dict[str, Any]:
    view = {"movement_id": order.id, "amount": order.body["amount"], **order.state}
    if order.body.get("mode") == "qr_code" and order.state["status"] == "pending":
        base = str(request.base_url).rstrip("/")
        view["code_url"] = f"{base}/payment/v1/payments/{order.id}/code"
    return view


routes = APIRouter(prefix="/payment/v1", tags=["payment"])


def _networks(desk: TheDesk) -> PaymentNetworks:
    return PaymentNetworks(desk)


Networks = Annotated[PaymentNetworks, Depends(_networks)]


@routes.post("/payments")
async def pay(
    body: PaymentRequest,
    key: IdempotencyKey,
    networks: Networks,
    request: Request,
    fault: Annotated[Fault, suffers("payment", "pay")],
) -> Response:
    """Order a payment to a hospital."""
    order = networks.take("payment", body, key, fault)
    return await fault.answer(_STATUS_CODES[order.state["status"]], _view(order, request))


@routes.post("/payouts")
async def pay_out(
    body: PayoutRequest,
    key: IdempotencyKey,
    networks: Networks,
    request: Request,
    fault: Annotated[Fault, suffers("payment", "payout")],
) -> Response:
    """Order a payment to a customer."""
    order = networks.take("payout", body, key, fault)
    return await fault.answer(_STATUS_CODES[order.state["status"]], _view(order, request))


@routes.get("/payments/{movement_id}")
async def payment(
    movement_id: str,
    networks: Networks,
    request: Request,
    fault: Annotated[Fault, suffers("payment", "query")],
) -> Response:
    """What became of a movement, payment or payout."""
    return await fault.answer(200, _view(networks.find(movement_id), request))


@routes.post("/payments/{movement_id}/scan")
async def scan(
    movement_id: str,
    networks: Networks,
    request: Request,
    fault: Annotated[Fault, suffers("payment", "scan")],
) -> Response:
    """Somebody at the cashier's desk scans the code."""
    return await fault.answer(200, _view(networks.scan(movement_id, fault), request))


@routes.post("/payments/{movement_id}/cancel")
async def cancel(
    movement_id: str,
    networks: Networks,
    request: Request,
    fault: Annotated[Fault, suffers("payment", "cancel")],
) -> Response:
    """The payer takes a code back; the answer tells how the movement stands."""
    return await fault.answer(200, _view(networks.cancel(movement_id), request))


@routes.get("/payments/{movement_id}/code", response_class=HTMLResponse)
async def code(movement_id: str, desk: TheDesk) -> str:
    """The page behind a code, as a person at the desk sees it."""
    order = desk.found("payment", movement_id)
    return (
        "<!doctype html><meta charset=utf-8><title>扫码支付押金</title>"
        f"<h1>住院押金 {order.body['amount']['amount']} 元</h1>"
        f"<form method=post action='/payment/v1/payments/{order.id}/scan'>"
        "<button>确认支付</button></form>"
    )


@routes.post("/refunds")
async def refund(
    body: RefundRequest,
    desk: TheDesk,
    networks: Networks,
    fault: Annotated[Fault, suffers("payment", "refund")],
) -> Response:
    """The operator makes a hospital return unused deposit to the payer."""
    with desk.books.together():
        order = desk.place("refund", body.refund_id, body.refund_id, body)
        state = networks.refund(order, body, fault.copies) if order.is_new else order.state
    status = 422 if state["status"] == "refused" else 200
    return await fault.answer(status, {"refund_id": order.id, **state})
