"""Which matters can hear which event: whatever is about a matter of another kind fits nothing.

A workflow that has no ears for a signal keeps it unread, and the partner would hear "delivered".
"""

from __future__ import annotations

from typing import Final

from api.wiring.door import Unit
from domain.programmes.services import Shape
from workflows.messages import RequestBooking

_CASES: Final = frozenset(
    {"payment_result", "refund", "claim_decided", "visit_accepted", "social_settled"}
)
_CALLS: Final = frozenset({Shape.CONSULTATION})
_BOOKINGS: Final[dict[str, frozenset[Shape]]] = {
    "payment_result": frozenset({Shape.REIMBURSEMENT}),
    "visit_accepted": frozenset({Shape.APPOINTMENT, Shape.ESCORT}),
    "resource_word": frozenset({Shape.APPOINTMENT}),
    "parcel_moved": frozenset({Shape.LAB_TEST, Shape.REIMBURSEMENT}),
    "lab_word": frozenset({Shape.LAB_TEST}),
    "call_answered": _CALLS,
    "call_failed": _CALLS,
    "call_ended": _CALLS,
}


async def can_hear(unit: Unit, matter_id: str, event: str) -> bool:
    """Whether a case, or a booking of this shape, waits for such an event at all."""
    if not matter_id.startswith("bk-"):
        return event in _CASES
    opened = await unit.bookings.opened(matter_id)
    if opened is None:
        return False
    asked = RequestBooking.model_validate_json(opened)
    return asked.programme.service(asked.service).shape in _BOOKINGS.get(event, frozenset())
