"""What crosses the wire between the door and a booking alone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from activities.ports.cases import Message
from domain.documents import DocumentKind
from workflows.messages import Actor


class EndContract(Message):
    """Update `end_contract`: the insurance contract ends early, and the service with it."""

    actor: Actor
    at: datetime
    ends_on: date | None = None  # its last day; none = it has ended


class MessageSaid(Message):
    """Signal `message_said`: customer or doctor wrote in the conversation; what, the door keeps."""

    n: int
    at: datetime
    by: Literal["customer", "doctor"] = "customer"


class PapersArrived(Message):
    """Signal `papers_arrived`: the customer handed a paper in; told again under the same id."""

    at: datetime
    document_id: str = ""
    kind: DocumentKind | None = None  # letters written before it was told say nothing of it
