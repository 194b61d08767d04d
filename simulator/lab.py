"""The laboratory: tests ordered, and what it says of sample and report by callback.

It says nothing by itself: an operator speaks for its people, and a laboratory that never answers is
one for which nobody speaks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from simulator.books import Order
from simulator.desk import Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers


class Test(Body):
    """A sample will come; no name and no diagnosis."""

    __test__ = False

    test_id: OrderId
    kind: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_]+$")]
    covers: Annotated[
        tuple[Literal["targeted_drugs", "immune_drugs"], ...], Field(max_length=5)
    ] = ()


class Word(Body):
    """What the laboratory has to say."""

    word: Literal["sample_received", "unusable", "report_ready"]
    report_no: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9-]*$")] = ""


class Laboratory:
    """The rules of the laboratory, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: Test, key: str, fault: Fault) -> Order:
        """Take an order; the same order again changes nothing."""
        with self._desk.books.together():
            order = self._desk.place("test", body.test_id, key, body)
            if order.is_new:
                refused = {"status": "refused", "reason_code": "kind_not_offered"}
                state = refused if fault.refuses else {"status": "accepted"}
                order = self._desk.books.progress("test", order.id, state)
        return order

    def say(self, test_id: str, word: Word) -> Order:
        """Its people have something to say of a test."""
        order = self._desk.found("test", test_id)
        event = {"event": "lab_word", "test_id": order.id, **word.model_dump(mode="json")}
        self._desk.report("lab", event)
        return order


def _view(order: Order) -> dict[str, Any]:
    return {"test_id": order.id, **order.state}


routes = APIRouter(prefix="/lab/v1", tags=["lab"])


def _laboratory(desk: TheDesk) -> Laboratory:
    return Laboratory(desk)


TheLaboratory = Annotated[Laboratory, Depends(_laboratory)]


@routes.post("/tests")
async def order_test(
    body: Test,
    key: IdempotencyKey,
    laboratory: TheLaboratory,
    fault: Annotated[Fault, suffers("lab", "order")],
) -> Response:
    """Order a test."""
    order = laboratory.take(body, key, fault)
    return await fault.answer(422 if order.state["status"] == "refused" else 200, _view(order))


@routes.post("/tests/{test_id}/words")
async def say(test_id: str, word: Word, laboratory: TheLaboratory) -> dict[str, Any]:
    """Operator: the laboratory's own people speak."""
    return _view(laboratory.say(test_id, word))
