"""What greenlane asks of the record of enquiries: one page per beat, as the casebook of a case.

It stands beside `activities.ports.cases`, because an enquiry moves no money and knows no partner.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field

from activities.ports.cases import CasebookPort, Message, TaskClosed, TaskOpened, TimelineEntry
from domain.clock import Clock
from domain.enquiry import EnquiryStage
from domain.roles import Role


class AnswerGiven(Message):
    """What was answered, by whom; the words are kept sealed."""

    n: int
    at: datetime
    role: Role
    actor_id: str
    text: str = Field(repr=False)


class EnquiryPage(Message):
    """All that changed in one beat of an enquiry, written in one transaction.

    `page` counts from 1 and never repeats; a page written twice is written once.
    """

    enquiry_id: str
    page: int
    at: datetime
    stage: EnquiryStage
    awaiting: list[Role] = Field(default=[])
    sla_state: Literal["calm", "warned", "breached"] = "calm"
    next_due_at: datetime | None = None
    timeline: list[TimelineEntry] = Field(default=[])
    tasks_opened: list[TaskOpened] = Field(default=[])
    tasks_closed: list[TaskClosed] = Field(default=[])
    clocks: list[Clock] = Field(default=[])
    answers: list[AnswerGiven] = Field(default=[])

    @property
    def matter_id(self) -> str:
        """What it is a page of."""
        return self.enquiry_id


class EnquiryBookPort(Protocol):
    """The record of enquiries."""

    async def write_enquiry(self, page: EnquiryPage) -> None:
        """Write one page; the same page again changes nothing."""
        ...


class RecordPort(CasebookPort, EnquiryBookPort, Protocol):
    """The whole record: cases and enquiries."""
