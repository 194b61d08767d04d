"""The nurse platform: visits ordered or offered, re-planned and called off.

It accepts bed, contact and checklist; a body with anything more, a diagnosis for one, is refused
as malformed. A visit is accepted at once, or later by callback when told to be slow; one that is
offered to several waits for the first of them to say yes.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from zlib import crc32

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import AwareDatetime, Field

from simulator.books import Order
from simulator.desk import Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers

_STATUS_CODES: Final = {"accepted": 200, "cancelled": 200, "pending": 202, "refused": 422}
_POOL: Final = 5000


NurseId = Annotated[str, Field(min_length=1, max_length=64)]


class Contact(Body):
    """How the nurse reaches the patient."""

    phone: Annotated[str, Field(min_length=1, max_length=64)]


class Visit(Body):
    """A nurse at a bedside at a time, with a list of things to do."""

    visit_id: OrderId
    purpose: Literal["documents", "deposit", "top_up", "discharge", "care", "escort"]
    hospital: Annotated[str, Field(min_length=1, max_length=200)]
    bed: Annotated[str, Field(max_length=100)]
    contact: Contact
    nurse_id: Annotated[str | None, Field(max_length=64)] = None
    visit_at: AwareDatetime
    place: Annotated[str, Field(max_length=500)] = ""
    checklist: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)]
    offered_to: Annotated[list[NurseId], Field(max_length=20)] = Field(default=[])
    clinical_nurse: bool = False


class NursesWord(Body):
    """What a nurse says in the platform's app to a visit she was offered."""

    nurse_id: NurseId
    accepts: bool


class NursePlatform:
    """The rules of the nurse platform, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: Visit, key: str, fault: Fault) -> Order:
        """Take an order and begin it when it is new; the same order again changes nothing."""
        with self._desk.books.together():
            order = self._desk.place("visit", body.visit_id, key, body)
            if order.is_new:
                order = self.begin(order, fault)
        if fault.reports_twice and order.state["status"] != "pending":
            self._desk.report("nurse", taken(order), copies=fault.copies)
        return order

    def begin(self, order: Order, fault: Fault) -> Order:
        """Find a nurse for a new visit, or not, or later."""
        if order.body["offered_to"] and not fault.refuses:
            offered = {"status": "pending", "visit_at": order.body["visit_at"], "declined": []}
            return self._desk.books.progress("visit", order.id, offered)
        if fault.late_seconds is not None:
            state = {"status": "pending", "visit_at": order.body["visit_at"]}
            pending = self._desk.books.progress("visit", order.id, state)
            self._desk.settle_later(pending, fault, fault.late_seconds)
            return pending
        return self._decided(order, fault.refuses)

    def settle(self, order: Order, refused: bool) -> dict[str, Any]:
        """Bring a pending visit to its end and say so."""
        return taken(self._decided(order, refused))

    def cancel(self, visit_id: str) -> Order:
        """Call a visit off; twice is once."""
        order = self._desk.found("visit", visit_id)
        return self._desk.books.progress("visit", order.id, {**order.state, "status": "cancelled"})

    def hear(self, visit_id: str, word: NursesWord) -> Order:
        """A nurse's word on an offer: the first yes counts; who said it may yet withdraw."""
        with self._desk.books.together():
            order = self._desk.found("visit", visit_id)
            if word.nurse_id not in order.body["offered_to"]:
                raise HTTPException(403, "not_offered")
            if order.state["status"] not in {"pending", "accepted"}:
                raise HTTPException(409, "visit_is_over")
            if word.nurse_id != order.state.get("nurse_id", word.nurse_id):
                raise HTTPException(409, "already_taken")
            order = self._desk.books.progress("visit", order.id, _state_after(order, word))
        told = taken(order) | {"accepted": word.accepts, "nurse_id": word.nurse_id}
        self._desk.report("nurse", told)
        return order

    def replan(self, order: Order, visit: Visit) -> Order:
        """Another time, bed, nurse or checklist for a visit already ordered."""
        told = visit.model_dump(mode="json")
        state = {**order.state, "visit_at": told["visit_at"], "bed": told["bed"]}
        if visit.nurse_id is not None:
            state["nurse_id"] = visit.nurse_id
        self._desk.received.append({"kind": "visit", "id": order.id, "body": told})
        return self._desk.books.progress("visit", order.id, state)

    def _decided(self, order: Order, refused: bool) -> Order:
        if refused:
            state = {"status": "refused", "reason_code": "no_nurse_available"}
        else:
            nurse_id = order.body["nurse_id"] or f"nurse-{crc32(order.id.encode()) % _POOL:04d}"
            visit_at = order.state.get("visit_at", order.body["visit_at"])
            state = {"status": "accepted", "nurse_id": nurse_id, "visit_at": visit_at}
        return self._desk.books.progress("visit", order.id, state)


def _state_after(order: Order, word: NursesWord) -> dict[str, Any]:
    state = order.state
    if word.accepts:
        return {**state, "status": "accepted", "nurse_id": word.nurse_id}
    if state["status"] == "accepted":
        return {**state, "status": "refused", "reason_code": "nurse_withdrew"}
    declined = sorted({*state["declined"], word.nurse_id})
    left = set(order.body["offered_to"]) - {*declined}
    ended = {} if left else {"status": "refused", "reason_code": "no_nurse_available"}
    return {**state, "declined": declined, **ended}


def taken(order: Order) -> dict[str, Any]:
    """The callback that tells who comes, or that nobody does."""
    return {
        "event": "visit_accepted",
        "visit_id": order.id,
        "accepted": order.state["status"] == "accepted",
        "nurse_id": order.state.get("nurse_id", ""),
        "reason_code": order.state.get("reason_code", ""),
    }


def _view(order: Order) -> dict[str, Any]:
    return {"visit_id": order.id, **order.state}


routes = APIRouter(prefix="/nurse/v1", tags=["nurse"])


def _platform(desk: TheDesk) -> NursePlatform:
    return NursePlatform(desk)


Platform = Annotated[NursePlatform, Depends(_platform)]


@routes.post("/visits")
async def order_visit(
    body: Visit,
    key: IdempotencyKey,
    platform: Platform,
    fault: Annotated[Fault, suffers("nurse", "order")],
) -> Response:
    """Order a visit."""
    order = platform.take(body, key, fault)
    return await fault.answer(_STATUS_CODES[order.state["status"]], _view(order))


@routes.get("/visits/{visit_id}")
async def visit(
    visit_id: str, desk: TheDesk, fault: Annotated[Fault, suffers("nurse", "query")]
) -> Response:
    """How a visit stands."""
    return await fault.answer(200, _view(desk.found("visit", visit_id)))


@routes.post("/visits/{visit_id}/words")
async def say(visit_id: str, word: NursesWord, platform: Platform) -> dict[str, Any]:
    """A nurse takes an offered visit, or does not; her hand, not part of the contract."""
    return _view(platform.hear(visit_id, word))


@routes.post("/visits/{visit_id}/cancel")
async def cancel(
    visit_id: str, platform: Platform, fault: Annotated[Fault, suffers("nurse", "cancel")]
) -> Response:
    """Call a visit off."""
    if fault.refuses:
        return await fault.answer(422, {"status": "refused", "reason_code": "under_way"})
    return await fault.answer(200, _view(platform.cancel(visit_id)))


@routes.post("/visits/{visit_id}/change")
async def change(
    visit_id: str,
    body: Visit,
    desk: TheDesk,
    platform: Platform,
    fault: Annotated[Fault, suffers("nurse", "change")],
) -> Response:
    """Plan a visit anew."""
    order = desk.found("visit", visit_id)
    if body.visit_id != visit_id:
        raise HTTPException(400, "address_is_not_the_id")
    if fault.refuses or order.state["status"] not in {"accepted", "pending"}:
        refusal = {"status": "refused", "reason_code": "date_not_possible"}
        return await fault.answer(422, refusal)
    moved = platform.replan(order, body)
    return await fault.answer(_STATUS_CODES[moved.state["status"]], _view(moved))
