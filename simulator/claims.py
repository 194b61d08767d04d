"""The insurer's claims core: takes a claim at once, decides it when a person of theirs says so.

The decision is an operator's call here; it is reported by callback and never changes afterwards.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import AwareDatetime, Field

from simulator.books import Order
from simulator.desk import Amount, Body, Desk, IdempotencyKey, OrderId, TheDesk
from simulator.faults import Fault, suffers

_STATUS_CODES: Final = {"refused": 422, "pending": 202}
_REFUSED: Final = {"status": "refused", "reason_code": "policy_not_found"}


class Claim(Body):
    """A claim as the insurer's core takes it."""

    claim_id: OrderId
    policy_ref: Annotated[str, Field(max_length=100)]
    hospital: Annotated[str, Field(min_length=1, max_length=200)]
    bill: Amount
    advanced: Amount
    document_ids: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=500)]
    filed_at: AwareDatetime


class Decision(Body):
    """How the insurer decides: what it pays, and why not more."""

    decision: Literal["approved", "partial", "denied"]
    payable: Amount
    reason_code: Annotated[str, Field(max_length=64)] = ""
    changes: Annotated[bool, Field(exclude=True, description="in place of an earlier one")] = False

    @property
    def holds(self) -> bool:
        """Denied pays nothing; approved and partial pay something; always in yuan."""
        if self.decision == "denied":
            return self.payable.fen == 0 and self.payable.currency == "CNY"
        return self.payable.is_payable


class ClaimsCore:
    """The rules of the claims side, apart from HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def take(self, body: Claim, key: str, fault: Fault) -> Order:
        """Take a claim and register it when it is new; the same again changes nothing."""
        with self._desk.books.together():
            order = self._desk.place("claim", body.claim_id, key, body)
            return self.begin(order, fault) if order.is_new else order

    def begin(self, order: Order, fault: Fault) -> Order:
        """Take a new claim in, refuse it, or take it for later."""
        if fault.late_seconds is not None:
            pending = self._desk.books.progress("claim", order.id, {"status": "pending"})
            self._desk.settle_later(pending, fault, fault.late_seconds)
            return pending
        return self._taken_in(order, fault.refuses)

    def settle(self, order: Order, refused: bool) -> None:
        """Register a pending claim; there is no callback for that, the filer asks."""
        self._taken_in(order, refused)

    def decide(self, order: Order, decision: Decision, copies: int) -> Order:
        """Decide a claim once; the same decision again is the same answer.

        Another one is 409, unless it says that it changes the earlier one.
        """
        said = decision.model_dump(mode="json")
        decided_before = order.state.get("decision") is not None
        if decided_before and order.state["said"] == said:
            return order
        if decided_before and not decision.changes:
            raise HTTPException(409, "already_decided")
        if not decided_before and order.state["status"] != "received":
            raise HTTPException(409, "not_registered")
        state = {
            **order.state,
            "status": "decided",
            "decided_at": self._desk.clock.stamp(),
            "said": said,
            **said,
        }
        with self._desk.books.together():
            decided = self._desk.books.progress("claim", order.id, state)
            event = {"event": "claim_decided", "claim_id": order.id, **said}
            self._desk.report("claims", event, copies=copies)
        return decided

    def _taken_in(self, order: Order, refused: bool) -> Order:
        state = (
            dict(_REFUSED)
            if refused
            else {"status": "received", "received_at": self._desk.clock.stamp()}
        )
        return self._desk.books.progress("claim", order.id, state)


def _view(order: Order) -> dict[str, Any]:
    return {"claim_id": order.id, **{k: v for k, v in order.state.items() if k != "said"}}


routes = APIRouter(prefix="/claims/v1", tags=["claims"])


def _core(desk: TheDesk) -> ClaimsCore:
    return ClaimsCore(desk)


Core = Annotated[ClaimsCore, Depends(_core)]


@routes.post("/claims")
async def file(
    body: Claim,
    key: IdempotencyKey,
    core: Core,
    fault: Annotated[Fault, suffers("claims", "file")],
) -> Response:
    """File a claim."""
    order = core.take(body, key, fault)
    return await fault.answer(_STATUS_CODES.get(order.state["status"], 200), _view(order))


@routes.get("/claims/{claim_id}")
async def claim(
    claim_id: str, desk: TheDesk, fault: Annotated[Fault, suffers("claims", "query")]
) -> Response:
    """How a claim stands."""
    return await fault.answer(200, _view(desk.found("claim", claim_id)))


@routes.post("/claims/{claim_id}/decision")
async def decide(
    claim_id: str,
    body: Decision,
    desk: TheDesk,
    core: Core,
    fault: Annotated[Fault, suffers("claims", "decide")],
) -> Response:
    """The insurer's adjudicator decides."""
    if not body.holds:
        raise HTTPException(400, "payable_does_not_fit_the_decision")
    decided = core.decide(desk.found("claim", claim_id), body, fault.copies)
    return await fault.answer(200, _view(decided))
