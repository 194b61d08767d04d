"""What greenlane asks of the record of bookings: one page per beat, and the unit of the quota.

It stands beside `activities.ports.cases`, because a booking moves units of an entitlement, and
money only where it pays back what a journey cost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field

from activities.ports.cases import (
    Message,
    NoticeOrder,
    PaymentRecord,
    TaskClosed,
    TaskOpened,
    TimelineEntry,
)
from domain.bookings.booking import BookingStage
from domain.bookings.conversation import EntryKind
from domain.clock import Clock
from domain.documents import DocumentKind
from domain.money import Fen
from domain.posting import Transfer
from domain.programmes.waiver_terms import LimitOperator
from domain.roles import Role


class UseMoved(Message):
    """The booking's unit was used up or comes back; `why` is a code for the books."""

    to: Literal["consumed", "given_back"]
    why: str
    at: datetime


class RecordKept(Message):
    """What a doctor leaves in the record of the customer's family (R154, R155)."""

    entry_id: str
    kind: EntryKind
    says: dict[str, str]
    actor_role: Role
    actor_id: str
    at: datetime


class BookingPage(Message):
    """All that changed in one beat of a booking, written in one transaction.

    `page` counts from 1 and never repeats; a page written twice is written once.
    """

    booking_id: str
    page: int
    at: datetime
    stage: BookingStage
    reason: str = ""
    awaiting: list[Role] = Field(default=[])
    sla_state: Literal["calm", "warned", "breached"] = "calm"
    next_due_at: datetime | None = None
    service_at: datetime | None = None
    hospital_id: str | None = None
    owner: str | None = None
    failed_by: list[str] = Field(default=[])  # doctors, experts and laboratories, by their ids
    limit_fen: Fen | None = None
    limit_operator: LimitOperator | None = None  # on the page that opens the books of the booking
    uses: list[UseMoved] = Field(default=[])
    timeline: list[TimelineEntry] = Field(default=[])
    tasks_opened: list[TaskOpened] = Field(default=[])
    tasks_closed: list[TaskClosed] = Field(default=[])
    clocks: list[Clock] = Field(default=[])
    payments: list[PaymentRecord] = Field(default=[])
    transfers: list[Transfer] = Field(default=[])  # booked before the page is written
    kept: list[RecordKept] = Field(default=[])
    notices: list[NoticeOrder] = Field(default=[])  # sent after the page is written

    @property
    def matter_id(self) -> str:
        """What it is a page of."""
        return self.booking_id


class BookingBookPort(Protocol):
    """The record of bookings."""

    async def write_booking(self, page: BookingPage) -> None:
        """Write one page; the same page again changes nothing."""
        ...


class EntitlementPort(Protocol):
    """Units of a quota, each reserved at the door under the booking's id."""

    async def consume(self, use_id: str, *, at: datetime, why: str = "completed") -> None:
        """Use the unit up; again changes nothing."""
        ...

    async def give_back(self, use_id: str, *, at: datetime, why: str) -> None:
        """Give the unit back to its period; again changes nothing."""
        ...


class Paper(Message):
    """A paper by its kind and number."""

    kind: DocumentKind
    number: str


class PapersPaid(Message):
    """The papers a booking is about to pay back."""

    booking_id: str
    programme: str
    papers: list[Paper]
    at: datetime


class PaperPort(Protocol):
    """Which papers were paid back."""

    async def take(self, papers: PapersPaid) -> list[str]:
        """Take papers for a booking, all or none; the numbers another booking has."""
        ...
