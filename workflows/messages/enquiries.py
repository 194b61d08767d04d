"""What an enquiry begins with."""

from __future__ import annotations

from datetime import datetime

from activities.ports.cases import Message
from domain.enquiry import EnquiryKind
from workflows.messages.matters import Actor
from workflows.snapshots import SharedCalendar, SharedProgramme


class AskQuestion(Message):
    """A question (DW01), without its words: they stand sealed in the record and nowhere else."""

    enquiry_id: str
    programme: SharedProgramme
    calendar: SharedCalendar
    kind: EnquiryKind
    channel: str
    asked_by: Actor
    asked_at: datetime
