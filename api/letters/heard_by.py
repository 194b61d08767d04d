"""Which matters can hear which event: whatever is about a matter of another kind fits nothing.

A workflow that has no ears for a signal keeps it unread, and the partner would hear "delivered".
That these tables say what the workflows hear is proven in `tests/api/test_strays.py`.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from api.door import openings
from api.wiring.door import Unit
from domain.matter import CASE, matter_of
from domain.programmes.services import Shape
from workflows.messages.workflow_types import CLAIM_TYPE, WORKFLOW_TYPE

SIGNALS: Final = {
    "payment_result": "payment_result",
    "refund": "refund_received",
    "claim_decided": "claim_decided",
    "visit_accepted": "visit_taken",
    "social_settled": "bill_settled",
    "resource_word": "resource_word",
    "parcel_moved": "parcel_moved",
    "lab_word": "lab_spoke",
    "call_answered": "call_heard",
    "call_failed": "call_heard",
    "call_ended": "call_heard",
}
"""The signal by which a matter is told of an event."""

CASES: Final = {
    WORKFLOW_TYPE: frozenset({"payment_result", "refund", "claim_decided", "visit_accepted"}),
    CLAIM_TYPE: frozenset({"payment_result", "refund", "social_settled"}),
}
"""What a stay hears, and what a claim without an advance; its decision is a step of its own."""
_CALLS: Final = frozenset({Shape.CONSULTATION})
BOOKINGS: Final[dict[str, frozenset[Shape]]] = {
    "payment_result": frozenset({Shape.REIMBURSEMENT}),
    "visit_accepted": frozenset({Shape.APPOINTMENT, Shape.ESCORT}),
    "resource_word": frozenset({Shape.APPOINTMENT}),
    "parcel_moved": frozenset({Shape.LAB_TEST, Shape.REIMBURSEMENT}),
    "lab_word": frozenset({Shape.LAB_TEST}),
    "call_answered": _CALLS,
    "call_failed": _CALLS,
    "call_ended": _CALLS,
}
"""The shapes of booking that hear an event."""


class _Claim(BaseModel):
    claim: Any = None


class _Opened(BaseModel):
    """Of a start message only whether it asks for a claim."""

    start: _Claim


async def can_hear(unit: Unit, matter_id: str, event: str) -> bool:
    """Whether a case of this kind, or a booking of this shape, waits for such an event at all."""
    if matter_of(matter_id) is CASE:
        opened = await unit.cases.opened(matter_id)
        if opened is None:
            return False
        stay = _Opened.model_validate_json(opened).start.claim is None
        return event in CASES[WORKFLOW_TYPE if stay else CLAIM_TYPE]
    asked = await openings.BOOKINGS.message(unit, matter_id)
    if asked is None:
        return False
    return asked.programme.service(asked.service).shape in BOOKINGS.get(event, frozenset())
