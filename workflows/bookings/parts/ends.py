"""What each end of a booking comes to: the unit of its quota, and what the customer is told.

And what he need not be told any more: a word about the way to a visit that is over, or will not be.
"""

from __future__ import annotations

from typing import Final

from domain.bookings.booking import BookingStage

SETTLED: Final = frozenset({BookingStage.CANCELLED, BookingStage.TERMINATED})
"""Ends whose unit has been settled by the rule that led there; all others give it back."""

_NOTICES: Final = {
    BookingStage.REJECTED: "booking_rejected",
    BookingStage.DECLINED: "booking_declined",
    BookingStage.CANCELLED: "booking_cancelled",
    BookingStage.TERMINATED: "booking_missed",
    BookingStage.UNAVAILABLE: "booking_unavailable",
    BookingStage.EXPIRED: "booking_expired",
}

_NOTICES_OF_USED: Final = _NOTICES | {
    BookingStage.CANCELLED: "booking_cancelled_used",
    BookingStage.TERMINATED: "booking_missed_used",
}
"""Whoever has lost a unit is told so."""

MOOT: Final = frozenset(
    {
        "promise_moved",
        "booking_received",
        "booking_outside_hours",
        "booking_checklist",
        "booking_papers_missing",
        "booking_papers_unfit",
        "booking_papers_complete",
        "booking_originals",
        "booking_originals_missing",
        "booking_started",
        "booking_confirmed",
        "booking_arranged",
        "booking_planned",
        "booking_call_confirmed",
        "booking_order_placed",
        "booking_tomorrow",
        "booking_soon",
        "booking_again",
        "booking_another_day",
        "booking_sample_again",
    }
)
"""Notices that failed and are not told by phone once the booking has ended; results still are."""


def end_notice(stage: BookingStage, *, contract_ended: bool, used: bool) -> str:
    """The notice of an end before the usual one; none for that."""
    if contract_ended and not (stage is BookingStage.CANCELLED and used):
        return "booking_contract_ended"
    return _NOTICES_OF_USED.get(stage, "") if used else _NOTICES.get(stage, "")
