"""What of a matter's steps is the customer's to read: of reports one list, by kind, and no doubts.

Where the house looks into something itself, a payment, a person, a promise, the step is not the
customer's; who is looked into would be told. Which lines of the history are theirs says
`domain.told`. Of a report what is not named stays with the people who serve the booking: their
notes, who the others were that could not come, what was read off the papers. The whole form is
theirs alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from domain.steps.kinds import TaskKind

SHOWN: Final[dict[str, frozenset[str]]] = {
    kind.value: frozenset(fields)
    for kind, fields in {
        TaskKind.CHECK_PAPERS: ("complete", "missing"),
        TaskKind.OFFER_OPTIONS: ("options",),  # to choose from
        TaskKind.MATCH_DOCTOR: ("matched", "doctor", "doctor_level", "hospital_class"),
        TaskKind.ARRANGE_SERVICE: (
            "arranged",
            "service_at",
            "hospital_id",
            "expert",
            "doctor_level",
            "hospital_class",
            "equal_alternative",
        ),
        TaskKind.CONFIRM_BOOKING: ("confirmed", "says"),
        TaskKind.ASSIGN_EXPERT: (
            "assigned",
            "expert",
            "hospital_id",
            "city",
            "specialty",
            "doctor_level",
            "hospital_class",
        ),
        TaskKind.SEND_KIT: ("sample", "courier_no"),
        TaskKind.DELIVER_REPORT: ("at", "delivered", "images", "courier_no"),
        TaskKind.WRITE_SUMMARY: ("summary",),  # R173: read where the booking is seen
        TaskKind.RECEIVE_PAPERS: ("complete", "missing"),
        TaskKind.PLAN_CARE: ("first_visit_on", "calls", "plan"),
        TaskKind.CARE_CALL: ("reached", "advice", "plan_changed"),
        TaskKind.PLAN_ESCORT: ("meeting_at", "meeting_place"),
    }.items()
}
"""Names of fields, by kind of step; a kind that is not here shows nothing."""

OVERSIGHT: Final = frozenset(
    {
        TaskKind.BREACH.value,
        TaskKind.RELEASE_HOLD.value,
        TaskKind.CORRECT_PAYMENT.value,
        TaskKind.EXPLAIN_DIFFERENCE.value,
        TaskKind.RESUME_MATTER.value,
        TaskKind.SIGN_WRITE_OFF.value,
    }
)
"""Kinds of step in which the house looks into itself or into somebody."""


def shown_of(kind: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """The customer's part of a report; empty where there is none."""
    names = SHOWN.get(kind, frozenset())
    return {name: value for name, value in form.items() if name in names}
