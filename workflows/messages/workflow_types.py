"""Under which names the workflows are registered, and where their workers listen."""

from __future__ import annotations

from typing import Final

from domain.programmes.services import Shape

TASK_QUEUE: Final = "greenlane"
WORKFLOW_TYPE: Final = "DepositWaiver"
CLAIM_TYPE: Final = "Claim"
ENQUIRY_TYPE: Final = "Enquiry"
RECONCILIATION_TYPE: Final = "Reconciliation"
RESCUE_TYPE: Final = "Rescue"
BOOKING_TYPES: Final[dict[Shape, str]] = {
    Shape.APPOINTMENT: "Appointment",
    Shape.CONSULTATION: "Consultation",
    Shape.ESCORT: "Escort",
    Shape.WRITTEN_OPINION: "WrittenOpinion",
    Shape.LAB_TEST: "WrittenOpinion",
    Shape.REHABILITATION: "Rehabilitation",
    Shape.REIMBURSEMENT: "Reimbursement",
}
"""The workflow of each shape of a service that is booked."""
