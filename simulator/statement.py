"""The networks' statement of one Shanghai day: what moved, signed, and falsified when told to.

The statement is made of the movements in the books and of nothing else. A falsification changes
what is told, never what is in the books: a line left out, a line too many, another amount, another
status.
"""

from __future__ import annotations

import json
import time
import uuid
from datetime import date
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import model_validator

from simulator.callbacks import signed_headers
from simulator.clock import business_day
from simulator.desk import Amount, Body, Desk, OrderId, TheDesk, as_amount
from simulator.faults import Fault, Kind, suffers


class Falsification(Body):
    """One lie in the statement of a day, about one movement."""

    day: date
    kind: Literal["missing", "extra", "other_amount", "other_status"]
    movement_id: OrderId
    amount: Amount | None = None

    @model_validator(mode="after")
    def _amount_where_one_is_told(self) -> Self:
        if (self.amount is None) != (self.kind in {"missing", "other_status"}):
            raise ValueError("an extra line and another amount name it, the others do not")
        return self


def told(desk: Desk, day: date) -> dict[str, Any]:
    """The statement of a day as it is told."""
    entries = [
        {
            "kind": m.kind,
            "movement_id": m.movement_id,
            "amount": as_amount(m.fen),
            "account": m.account,
            "receipt_no": m.receipt_no,
            "status": "done",
            "at": m.at,
        }
        for m in desk.books.movements()
        if business_day(m.at) == day
    ]
    for lie in desk.falsifications:
        if lie.day == day:
            entries = _falsified(entries, lie, at=desk.clock.stamp())
    return {"day": day.isoformat(), "entries": entries, "totals": _totals(entries)}


def _falsified(entries: list[dict[str, Any]], lie: Falsification, *, at: str) -> Any:
    if lie.kind == "missing":
        return [one for one in entries if one["movement_id"] != lie.movement_id]
    if lie.kind == "extra" and lie.amount is not None:
        line = {"kind": "payment", "movement_id": lie.movement_id, "account": "unknown"}
        amount = lie.amount.model_dump()
        return [
            *entries,
            line | {"amount": amount, "receipt_no": "PAX-1", "status": "done", "at": at},
        ]
    other = {"status": "reversed"} if lie.amount is None else {"amount": lie.amount.model_dump()}
    return [one | other if one["movement_id"] == lie.movement_id else one for one in entries]


def _totals(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        kind: as_amount(sum(Amount(**one["amount"]).fen for one in entries if one["kind"] == kind))
        for kind in ("payment", "refund", "payout")
    }


routes = APIRouter(tags=["payment"])


@routes.get("/payment/v1/statement")
async def statement(
    day: date, desk: TheDesk, fault: Annotated[Fault, suffers("payment", "statement")]
) -> Response:
    """The networks' own books of one Shanghai day, signed like a callback."""
    answer = await fault.answer(200, told(desk, day))
    if fault.kind is Kind.REFUSE:
        answer = JSONResponse({"code": "not_ready"}, status_code=404)
    body = bytes(answer.body)
    event_id, at = f"statement-{day}-{uuid.uuid4().hex[:8]}", int(time.time())
    signed = signed_headers(desk.settings.secret, event_id=event_id, body=body, at=at)
    answer.headers.update({name: signed[name] for name in signed if name.startswith("webhook")})
    return answer


@routes.post("/statement/falsifications", status_code=201)
async def falsify(lie: Falsification, desk: TheDesk) -> list[dict[str, Any]]:
    """Operator: let the statement of a day say something else than the books."""
    desk.falsifications.append(lie)
    return [json.loads(one.model_dump_json()) for one in desk.falsifications]


@routes.delete("/statement/falsifications", status_code=204)
async def tell_the_truth(desk: TheDesk) -> None:
    """Operator: every statement says what the books say."""
    desk.falsifications.clear()
