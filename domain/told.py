"""Which lines of a history are the customer's to read: one list.

A line is shown to customers and their channel only when its event stands here. Whatever is not
named stays in the house: alarms, broken promises, why a supervisor stops the payments, what is
doubted, scored, corrected or written off.
"""

from __future__ import annotations

from typing import Final

from domain.steps.kinds import TaskKind
from domain.steps.shown import OVERSIGHT

_OF_ANY = {"stage", "reported", "requested", "outside_hours", "retimed", "withdrawn", "cancelled"}
_OF_A_STAY = {
    "transferred", "team_assigned", "contacted", "visit_wanted", "lead_short", "papers_asked",
    "visit_ordered", "visit_taken", "nurse_changed", "payment_ordered", "payment_settled",
    "cost_verified", "top_up_requested", "top_up_offered", "top_up_accepted", "top_up_refused",
    "discharge_noticed", "discharge_refused", "policy_ends", "policy_ended", "deceased",
}  # fmt: skip
_OF_THE_MONEY = {
    "bill", "own_share", "covered", "balance_paid", "refund", "claim_filed", "claim_mailed",
    "claim_decided", "offset", "residual", "repaid", "instalments", "disputed", "dispute_decided",
    "late_claim", "late_claim_settled",
}  # fmt: skip
_OF_A_CLAIM = {
    "consented", "home_visit", "bill_read", "social_settled", "family_present", "settled",
    "claim_paid", "handed_over",
}  # fmt: skip
_OF_A_QUESTION = {"asked", "answered", "forwarded"}
_OF_A_BOOKING = {
    "first_call", "person_named", "checklist", "papers_arrived", "papers_received",
    "papers_missing", "new_date", "another_time", "another_expert", "not_arranged", "not_assigned",
    "not_matched", "provider_failed", "slot_taken", "slot_changed", "queued", "planned",
    "meeting_moved", "not_reached", "not_there", "call_missed", "care_planned", "plan_changed",
    "care_call", "cover_ended", "contract_ended", "kept_in_record", "unit", "step_done", "parcel",
    "lab", "sample_unusable", "expenses_examined", "wrong_payee", "paid_before", "paid_back",
}  # fmt: skip
TOLD: Final = frozenset(
    _OF_ANY | _OF_A_STAY | _OF_THE_MONEY | _OF_A_CLAIM | _OF_A_QUESTION | _OF_A_BOOKING
) | (frozenset(kind.value for kind in TaskKind) - OVERSIGHT)
"""The events of the lines that customers read; a finished step is one of them."""


def is_told(event: str) -> bool:
    """Whether a line of the history is the customer's to read; one nobody decided about is not."""
    return event in TOLD
