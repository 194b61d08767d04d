"""The hospitals' desk: resources asked for, offered, refused, and taken back after a yes.

It finds something at once, on the day that is wished for, or later by callback when told to be
slow. An operator may speak for a hospital at any time. It takes a name, four digits and, where the
asker may tell, a complaint; a body with anything more is refused as malformed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import AwareDatetime, Field, model_validator

from simulator.books import Order
from simulator.desk import Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers

_STATUS_CODES: Final = {"accepted": 200, "pending": 202, "refused": 422}
_NINE_IN_SHANGHAI: Final = time(1, tzinfo=UTC)
_BEST: Final = {"doctor_level": "chief", "hospital_class": "3A", "hospital_rank": 1}

Code = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]*$")]


class Patient(Body):
    """Whom the hospital is to see."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    id_last_four: Annotated[str, Field(max_length=4)]


class Ask(Body):
    """What is looked for."""

    ask_id: OrderId
    service: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_]+$")]
    hospital: Code | None
    expert: Code | None
    clinic: Code | None
    wished_on: date | None
    not_at: AwareDatetime | None
    urgent: bool
    patient: Patient
    complaint: Annotated[str, Field(max_length=4000)] | None


class Word(Body):
    """What a hospital has to say."""

    status: Literal["accepted", "refused"]
    service_at: AwareDatetime | None = None
    hospital: Code = ""
    expert: Code = ""
    doctor_level: Literal["attending", "associate_chief", "chief"] | None = "chief"
    hospital_class: Literal["3A", "2A"] | None = "3A"
    hospital_rank: Annotated[int, Field(ge=1)] = 1
    reason_code: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_]*$")] = ""

    @model_validator(mode="after")
    def _a_yes_has_its_time(self) -> Word:
        if self.status == "accepted" and self.service_at is None:
            raise ValueError("service_at")
        return self


class Coordination:
    """The rules of the desk, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: Ask, key: str, fault: Fault) -> Order:
        """Take an ask and begin it when it is new; the same ask again changes nothing."""
        with self._desk.books.together():
            order = self._desk.place("ask", body.ask_id, key, body)
            if order.is_new:
                order = self._begin(order, fault)
        if fault.reports_twice and order.state["status"] != "pending":
            self._desk.report("hospitals", told(order), copies=fault.copies)
        return order

    def settle(self, order: Order, refused: bool) -> dict[str, Any]:
        """Bring a pending ask to its end and say so."""
        return told(self._decided(order, refused))

    def take_back(self, taking_back: Order, _: bool) -> dict[str, Any] | None:
        """The hospital does not keep its yes, unless we do not want it any more."""
        order = self._desk.found("ask", taking_back.id)
        if order.state["status"] != "accepted":
            return None
        return told(self._refused(order, "resource_lost"))

    def say(self, ask_id: str, word: Word) -> Order:
        """A hospital's own people: a yes to what is open, a no to anything that stands."""
        with self._desk.books.together():
            order = self._desk.found("ask", ask_id)
            state = word.model_dump(mode="json", exclude_none=True)
            if order.state == state:
                return order
            may = {"accepted": {"pending"}, "refused": {"pending", "accepted"}}
            if order.state["status"] not in may[word.status]:
                raise HTTPException(409, "ask_is_over")
            order = self._desk.books.progress("ask", ask_id, state)
        self._desk.report("hospitals", told(order))
        return order

    def withdraw(self, order: Order) -> Order:
        """Nobody wants it any more: it is as good as refused."""
        is_over = order.state["status"] == "refused"
        return order if is_over else self._refused(order, "withdrawn")

    def _begin(self, order: Order, fault: Fault) -> Order:
        if fault.late_seconds is not None:
            pending = self._desk.books.progress("ask", order.id, {"status": "pending"})
            self._desk.settle_later(pending, fault, fault.late_seconds)
            return pending
        order = self._decided(order, fault.refuses)
        if fault.no_after_seconds is not None:
            self._desk.books.place("taking_back", order.id, {}, at=self._desk.clock.stamp())
            later = self._desk.books.progress("taking_back", order.id, {"status": "pending"})
            self._desk.settle_later(later, fault, fault.no_after_seconds)
        return order

    def _decided(self, order: Order, refused: bool) -> Order:
        if refused:
            return self._refused(order, "no_resource")
        found = {
            "status": "accepted",
            "service_at": self._first_free(order.body).isoformat(),
            "hospital": order.body["hospital"] or "",
            "expert": order.body["expert"] or "",
        }
        return self._desk.books.progress("ask", order.id, found | _BEST)

    def _refused(self, order: Order, why: str) -> Order:
        state = {"status": "refused", "reason_code": why}
        return self._desk.books.progress("ask", order.id, state)

    def _first_free(self, body: dict[str, Any]) -> datetime:
        """Nine in the morning of the wished day, or of tomorrow; not what could not be taken."""
        today = self._desk.clock.now().date()
        wished = body["wished_on"]
        day = date.fromisoformat(wished) if wished else today + timedelta(days=1)
        found = datetime.combine(day, _NINE_IN_SHANGHAI)
        not_at = body["not_at"]
        if not_at is not None and datetime.fromisoformat(not_at) == found:
            found += timedelta(hours=1)
        return found


def told(order: Order) -> dict[str, Any]:
    """The callback that tells what a hospital says."""
    return {"event": "resource_word", "ask_id": order.id, **order.state}


def _view(order: Order) -> dict[str, Any]:
    return {"ask_id": order.id, **order.state}


routes = APIRouter(prefix="/hospitals/v1", tags=["hospitals"])


def _coordination(desk: TheDesk) -> Coordination:
    return Coordination(desk)


TheCoordination = Annotated[Coordination, Depends(_coordination)]


@routes.post("/asks")
async def ask_for(
    body: Ask,
    key: IdempotencyKey,
    coordination: TheCoordination,
    fault: Annotated[Fault, suffers("hospitals", "ask")],
) -> Response:
    """Ask for a resource."""
    order = coordination.take(body, key, fault)
    return await fault.answer(_STATUS_CODES[order.state["status"]], _view(order))


@routes.get("/asks/{ask_id}")
async def ask(ask_id: str, desk: TheDesk) -> dict[str, Any]:
    """Operator: how an ask stands."""
    return _view(desk.found("ask", ask_id))


@routes.post("/asks/{ask_id}/cancel")
async def withdraw(
    ask_id: str,
    desk: TheDesk,
    coordination: TheCoordination,
    fault: Annotated[Fault, suffers("hospitals", "cancel")],
) -> Response:
    """Take an ask back."""
    order = desk.found("ask", ask_id)
    if fault.refuses:
        return await fault.answer(422, {"status": "refused", "reason_code": "too_late"})
    withdrawn = coordination.withdraw(order)
    return await fault.answer(200, _view(withdrawn))


@routes.post("/asks/{ask_id}/words")
async def say(ask_id: str, word: Word, coordination: TheCoordination) -> dict[str, Any]:
    """Operator: a hospital's own people speak."""
    return _view(coordination.say(ask_id, word))
