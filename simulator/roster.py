"""The roster of doctors: a provider publishes who is on duty, and takes a slot back.

Nobody asks it anything; it reports. Times are handed in by whoever writes the roster.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from simulator.desk import Body, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers


class Slot(Body):
    """A doctor's time for one customer."""

    slot_id: OrderId
    department: Annotated[str, Field(min_length=1, max_length=64)]
    doctor: OrderId
    doctor_level: Literal["attending", "associate_chief", "chief"]
    hospital_rank: Annotated[int | None, Field(ge=1)] = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class Publication(Body):
    """A part of the roster of the coming days."""

    publication_id: OrderId
    programme: Annotated[str, Field(min_length=1, max_length=64)]
    slots: Annotated[list[Slot], Field(min_length=1, max_length=200)]


class Withdrawal(Body):
    """A doctor cannot keep a slot."""

    withdrawal_id: OrderId
    slot_id: OrderId


routes = APIRouter(prefix="/roster/v1", tags=["roster"])


@routes.post("/publications")
async def publish(
    body: Publication,
    key: IdempotencyKey,
    desk: TheDesk,
    fault: Annotated[Fault, suffers("roster", "publish")],
) -> Response:
    """Publish slots."""
    with desk.books.together():
        order = desk.place("publication", body.publication_id, key, body)
        if order.is_new:
            told = {name: order.body[name] for name in ("programme", "slots")}
            desk.report("roster", {"event": "roster_published", **told}, copies=fault.copies)
    return await fault.answer(200, {"publication_id": order.id, "slots": len(body.slots)})


@routes.post("/withdrawals")
async def withdraw(
    body: Withdrawal,
    key: IdempotencyKey,
    desk: TheDesk,
    fault: Annotated[Fault, suffers("roster", "withdraw")],
) -> Response:
    """Take a slot back."""
    with desk.books.together():
        order = desk.place("withdrawal", body.withdrawal_id, key, body)
        if order.is_new:
            told = {"slot_id": body.slot_id, "reason_code": "doctor_away"}
            desk.report("roster", {"event": "slot_withdrawn", **told}, copies=fault.copies)
    return await fault.answer(200, {"withdrawal_id": order.id, "slot_id": body.slot_id})
