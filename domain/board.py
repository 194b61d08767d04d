"""What people read of cases and tasks: rows of the record, with the person masked.

These are values between the books and the door. Whoever has to call the customer asks for a
`ContactRow`, and asking leaves an audit row. Words a person wrote are in them; no log may hold
them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from domain.clock import Clock
from domain.eligibility import Verdict
from domain.posting import Account, Reason
from domain.roles import Role
from domain.steps.kinds import Evidence

PAGE_MAX = 200
"""The longest list a page may hold (design: door)."""

SlaState = Literal["calm", "warned", "breached"]
T = TypeVar("T")


class BadCursor(ValueError):
    """A cursor that no page of ours ever ended with."""


class Row(BaseModel):
    """One row; equal rows are equal values."""

    model_config = ConfigDict(frozen=True)


class Paged(Row, Generic[T]):
    """One page of a list and where the next one begins; no cursor means the end."""

    items: list[T]
    next_cursor: str | None = None


class Viewer(Row):
    """Who looks: the role acted in and an opaque id."""

    role: Role
    id: str


class CaseFilter(Row):
    """Which cases; what is None does not narrow."""

    programme: str | None = None
    stage: str | None = None
    sla_state: SlaState | None = None
    awaiting: Role | None = None
    hospital_id: str | None = None
    channel: str | None = None
    customer_subject: str | None = None
    helper: str | None = None  # a person of ours on the case's team or in its tasks
    due_before: datetime | None = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class CaseRow(Row):
    """A case in a list. `stage` is a `domain.waiver.Stage`, or `opening` before its first page."""

    case_id: str
    programme: str
    programme_version: str
    hospital_id: str
    hospital_name: str = ""
    channel: str
    sales_channel: str
    customer_subject: str | None
    name_masked: str
    id_masked: str
    phone_masked: str
    planned_admission: date | None
    follows: str | None = None
    reported_at: datetime
    stage: str
    awaiting: list[Role]
    sla_state: SlaState
    next_due_at: datetime | None
    limit_fen: int | None
    left_fen: int | None  # what is granted or on its way counts as gone
    advanced_fen: int
    outstanding_fen: int
    owed_fen: int
    discharge_on: date | None
    claim_state: str
    team: dict[str, str]
    changed_at: datetime


class TimelineRow(Row):
    """One line of a case's history."""

    at: datetime
    role: Role
    actor_id: str
    event: str
    text: str
    document_ids: list[str]


class TopUpRow(Row):
    """A top-up request and what became of it."""

    top_up_id: str
    case_id: str
    requested_fen: int
    state: str
    granted_fen: int
    offered_fen: int
    reason: str
    requested_at: datetime
    answered_at: datetime | None
    paid_at: datetime | None


class TaskRow(Row):
    """A step of a person, with as much of its case as a worklist shows."""

    task_id: str
    case_id: str
    kind: str
    roles: list[Role]
    title: str
    opened_at: datetime
    due_at: datetime | None
    assignee: str | None
    clock: str | None
    subject: str
    duty: str | None
    amount_fen: int | None
    evidence: Evidence | None = None
    claimed_by: str | None
    claimed_role: Role | None
    claimed_at: datetime | None
    closed_at: datetime | None
    done: bool | None
    closed_by: str | None
    closed_role: Role | None
    reason: str
    completion: dict[str, Any] = Field(default={}, repr=False)  # what was reported; not in lists
    offered: list[dict[str, Any]] = Field(default=[], repr=False)  # to choose from, in lists
    beside: list[TopUpRow] = Field(default=[])  # other top-ups of the case, where one is answered
    programme: str = ""
    service: str = ""  # of a booking
    asked_at: datetime | None = None  # when the booking was, or the rescue raised
    hospital_id: str = ""
    hospital_name: str = ""
    stage: str = ""
    name_masked: str = ""
    channel: str = ""
    customer_subject: str | None = None


class TaskFilter(Row):
    """Which tasks; what is None does not narrow."""

    roles: list[Role] | None = None
    seen_by: str | None = None  # with roles: leave out what is another person's
    claimed_by: str | None = None
    state: Literal["open", "unclaimed", "claimed", "closed"] | None = "open"
    kind: str | None = None
    case_id: str | None = None
    channel: str | None = None
    customer_subject: str | None = None
    hospital_id: str | None = None  # leave out what is in another hospital's channel
    due_before: datetime | None = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class PaymentRow(Row):
    """A payment and what is known of it."""

    movement_id: str
    reason: str
    amount_fen: int
    mode: str | None
    status: str
    ordered_at: datetime
    settled_at: datetime | None
    receipt_no: str
    refusal: str
    code_url: str


class DischargeRow(Row):
    """A discharge notice; `accepted` is None until the case has answered.

    Of the accepted ones only the last stands; the others are `superseded`.
    """

    notice_id: str
    case_id: str
    discharge_on: date
    accepted: bool | None
    reason: str
    received_at: datetime
    superseded: bool = False


class NoticeRow(Row):
    """What the customer was told, and whether it arrived."""

    notice_id: str
    template: str
    channel: str
    text: str
    sent_at: datetime
    delivery: str


class DocumentRow(Row):
    """An uploaded image or file, without its bytes."""

    document_id: str
    case_id: str
    kind: str
    sha256: str
    content_type: str
    size: int
    uploaded_role: Role
    uploaded_by: str
    uploaded_at: datetime


class LedgerRow(Row):
    """One phase of one movement, as the books hold it."""

    movement_id: str
    phase: Literal["single", "hold", "post", "void"]
    debit: Account
    credit: Account
    amount_fen: int
    reason: Reason
    at: datetime


class FamilyRow(Row):
    """Who of the family may act; neither name nor number."""

    subject: str
    relation: str
    recorded_at: datetime
    ended_at: datetime | None
    speaks: bool


class CaseView(CaseRow):
    """A whole case: what the file on the desk would hold."""

    reason: str = ""
    missing_documents: list[str] = Field(default=[])
    page: int = 0
    timeline: list[TimelineRow] = Field(default=[])
    clocks: list[Clock] = Field(default=[])
    tasks: list[TaskRow] = Field(default=[])
    top_ups: list[TopUpRow] = Field(default=[])
    payments: list[PaymentRow] = Field(default=[])
    discharges: list[DischargeRow] = Field(default=[])
    notices: list[NoticeRow] = Field(default=[])
    family: list[FamilyRow] = Field(default=[])
    documents: list[DocumentRow] = Field(default=[])


class AnswerRow(Row):
    """One answer to a question."""

    n: int
    at: datetime
    role: Role
    actor_id: str
    text: str = Field(repr=False)


class EnquiryView(Row):
    """A whole enquiry. `stage` is a `domain.enquiry.EnquiryStage`, or `opening`."""

    enquiry_id: str
    programme: str
    kind: str
    channel: str
    customer_subject: str | None
    asked_role: Role
    asked_by: str
    asked_at: datetime
    question: str = Field(repr=False)
    stage: str
    awaiting: list[Role]
    sla_state: SlaState
    next_due_at: datetime | None
    answers: list[AnswerRow] = Field(default=[])
    timeline: list[TimelineRow] = Field(default=[])
    clocks: list[Clock] = Field(default=[])
    tasks: list[TaskRow] = Field(default=[])


class BookingFilter(Row):
    """Which bookings; what is None does not narrow."""

    channel: str | None = None
    customer_subject: str | None = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class BookingRow(Row):
    """A booking in a list. `stage` is a `domain.bookings.booking.BookingStage`, or `opening`."""

    booking_id: str
    programme: str
    programme_version: str
    service: str
    channel: str
    name_masked: str
    hospital_id: str | None
    wished_on: date | None
    requested_at: datetime
    service_at: datetime | None
    owner: str | None = None  # the person of ours who serves it, where the programme names one
    stage: str
    awaiting: list[Role]
    sla_state: SlaState
    next_due_at: datetime | None


class BookingView(BookingRow):
    """A whole booking."""

    need: str = Field(repr=False)
    reason: str = Field(default="", repr=False)
    verdict: Verdict  # of the rules, at the door
    unit: str | None = None  # of the quota: reserved, consumed, given_back; None = not counted
    timeline: list[TimelineRow] = Field(default=[])
    clocks: list[Clock] = Field(default=[])
    tasks: list[TaskRow] = Field(default=[])
    payments: list[PaymentRow] = Field(default=[])
    documents: list[DocumentRow] = Field(default=[])
    notices: list[NoticeRow] = Field(default=[])


class ContactRow(Row):
    """Where the customer of a case is met and called."""

    case_id: str
    name: str = Field(repr=False)
    phone: str = Field(repr=False)
    bed: str = Field(default="", repr=False)
    name_on_list: str | None = Field(default=None, repr=False)  # where the list has another one
