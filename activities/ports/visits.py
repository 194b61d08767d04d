"""What greenlane asks of the nurse platform: a visit, for a case or a booking."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import Field

from activities.ports.cases import Message
from domain.bookings.visit import Purpose


class VisitOrder(Message):
    """Send a nurse to the hospital. The adapter adds bed and contact; no diagnosis leaves."""

    visit_id: str
    case_id: str
    purpose: Purpose
    hospital_id: str
    hospital_name: str
    nurse_id: str
    visit_at: datetime
    place: str = ""  # where in the hospital they meet
    checklist: list[str] = Field(default=[])
    offered_to: list[str] = Field(default=[])  # the first of them to say yes comes
    clinical_nurse: bool = False  # only who has worked as a nurse in a clinic


class VisitAnswer(Message):
    """The platform's word on a visit."""

    accepted: bool
    reason: str = ""


class VisitKept(Exception):
    """The platform says for good that it does not call a visit off."""


class DispatchPort(Protocol):
    """Orders nurses to a bedside."""

    async def order_visit(self, order: VisitOrder) -> VisitAnswer:
        """Order or, under the same visit id with another time, re-plan a visit."""

    async def cancel_visit(self, visit_id: str) -> None:
        """Call a visit off; calling off twice or an unknown visit is no error.

        Raises `VisitKept` when asking again would not change the answer.
        """
