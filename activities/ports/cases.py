"""What greenlane asks of the world: one Protocol per partner and the messages that cross it.

Activities call these ports; adapters and the fakes of tests implement them. Two rules bind each: a
call is idempotent under the id it carries, and an outcome that is not known is `unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from domain.clock import Clock
from domain.money import Fen, PositiveFen
from domain.posting import Transfer
from domain.programmes.waiver_terms import LimitOperator
from domain.roles import Role
from domain.steps.kinds import CareDuty, Evidence, TaskKind
from domain.waiver import PaymentMode, Stage


class Message(BaseModel):
    """A tolerant reader: a later writer may add fields, never rename them."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# Payment -----------------------------------------------------------------------------------------


class PaymentOrder(Message):
    """Pay this amount to this hospital's cashier; the movement id is the idempotency key."""

    movement_id: str
    case_id: str
    mode: PaymentMode
    hospital_id: str
    amount_fen: PositiveFen


class PayoutOrder(Message):
    """Pay claim money to the customer, whose account the payment partner holds, or to a branch."""

    movement_id: str
    case_id: str
    amount_fen: PositiveFen
    branch: str = ""  # the one that hands it over; none = to the customer's account


class PaymentStatus(StrEnum):
    """What is known of a payment. `UNKNOWN` never becomes a failure by itself."""

    PAID = "paid"
    REFUSED = "refused"
    PENDING = "pending"  # accepted; the result comes by callback, or by looking it up
    UNKNOWN = "unknown"  # bytes left the house and no believable answer came back
    NOT_FOUND = "not_found"  # only as the answer to a look-up: the partner never saw the id
    UNREACHABLE = "unreachable"  # nothing left the house; safe to send again under the same id


class PaymentOutcome(Message):
    """A partner's word on one movement."""

    status: PaymentStatus
    receipt_no: str = ""
    reason: str = ""
    code_url: str = ""  # what a QR code shows; only for `qr_code`
    held: bool = True  # whether our own ledger holds the amount under this id
    conflict: bool = False  # the id is known with another content: only a person can tell
    resolved_unpaid: bool = False  # a person found that no money moved; only from finance


class PaymentPort(Protocol):
    """Pays hospitals and customers."""

    async def pay(self, order: PaymentOrder) -> PaymentOutcome:
        """Order a payment to a hospital; the same id never pays twice."""

    async def pay_out(self, order: PayoutOrder) -> PaymentOutcome:
        """Order a payment to the customer; the same id never pays twice."""

    async def look_up(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        """Ask what became of a movement of this amount; `not_found` if the partner never saw it.

        Raises `MovementConflict` when the partner has the id with another amount.
        """

    async def cancel(self, movement_id: str, *, amount_fen: int) -> PaymentOutcome:
        """Take a code back: `refused` if nobody can pay by it any more, `paid` if somebody did.

        Raises `MovementConflict` when the partner has the id with another amount.
        """


# Messages ----------------------------------------------------------------------------------------


class NoticeOrder(Message):
    """Tell the customer something, or the steward. The adapter adds the number; no diagnosis."""

    notice_id: str
    case_id: str
    template: str
    channel: Literal["sms", "wechat", "email"]
    text: str
    at: datetime
    to: Literal["customer", "steward"] = "customer"


class Delivery(StrEnum):
    """What became of a notice."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class MessagingPort(Protocol):
    """Sends SMS, WeChat messages and e-mails."""

    async def send(self, order: NoticeOrder, to: str) -> Delivery:
        """Send under the notice id; the same id is never sent twice by the partner."""


# Claims ------------------------------------------------------------------------------------------


class ClaimFiling(Message):
    """The claim as it goes to the insurer's core."""

    claim_id: str
    case_id: str
    hospital_id: str
    bill_fen: Fen
    advanced_fen: Fen
    document_ids: list[str]
    filed_at: datetime


class ClaimReceipt(Message):
    """The claims core's word on a filing."""

    status: Literal["accepted", "refused", "unknown"]
    reason: str = ""


class ClaimsPort(Protocol):
    """Files claims with the insurer; decisions come back as callbacks."""

    async def file(self, filing: ClaimFiling, policy_ref: str) -> ClaimReceipt:
        """File under the claim id; filing twice files once."""


# Ledger ------------------------------------------------------------------------------------------


class HoldOrder(Message):
    """Reserve an amount against the case's limit before a partner is called."""

    case_id: str
    movement_id: str
    amount_fen: PositiveFen
    reason: Literal["deposit", "top_up"]
    at: datetime


class HoldAnswer(Message):
    """Held, or not: then `left_fen` says what the limit still allows."""

    held: bool
    left_fen: Fen


class Balances(Message):
    """The six accounts of a case, debit-positive, and what its limit still allows."""

    payer_cash: int = 0
    hospital_deposit: int = 0
    advance_outstanding: int = 0
    claim_payable: int = 0
    customer_cash: int = 0
    written_off: int = 0
    held: Fen = 0
    left: Fen = 0


class MovementConflict(Exception):
    """A movement id came back with another content; nothing was booked."""


class LedgerPort(Protocol):
    """The books. Every call is idempotent under its movement ids."""

    async def set_limit(self, case_id: str, *, limit_fen: int, operator: LimitOperator) -> None:
        """Fix the limit of a case; the same again is no error, another raises."""

    async def hold(self, order: HoldOrder) -> HoldAnswer:
        """Lock the limit, compare exactly, reserve; of two that do not both fit, one gets it."""

    async def post(self, case_id: str, movement_id: str, *, at: datetime) -> None:
        """Turn a hold into a transfer."""

    async def void(self, case_id: str, movement_id: str, *, at: datetime) -> None:
        """Give a hold back."""

    async def book(self, case_id: str, transfers: list[Transfer], *, at: datetime) -> None:
        """Book one-phase transfers, all or none."""

    async def balances(self, case_id: str) -> Balances:
        """What the accounts say now."""


# Casebook ----------------------------------------------------------------------------------------


class TimelineEntry(Message):
    """One line of a case's history: who, when, what, with which images. Append-only (I27)."""

    at: datetime
    role: Role
    actor_id: str
    event: str
    text: str
    document_ids: list[str] = Field(default=[])


class TaskOpened(Message):
    """A step that waits for a person."""

    task_id: str
    kind: TaskKind
    roles: list[Role]
    title: str
    opened_at: datetime
    due_at: datetime | None = None
    assignee: str | None = None  # only this person; nobody named = anyone with the role
    clock: str | None = None  # the clock whose promise this step keeps, e.g. `K05.1`
    subject: str = ""  # about what: codes, amounts, words of the programme
    duty: CareDuty | None = None
    amount_fen: Fen | None = None
    evidence: Evidence | None = None


class TaskClosed(Message):
    """A step that is over: done by a person, or no longer wanted."""

    task_id: str
    closed_at: datetime
    done: bool
    actor_role: Role = Role.SYSTEM
    actor_id: str = ""
    reason: str = ""
    form: dict[str, Any] = Field(default={}, repr=False)  # what was reported; kept sealed


class TopUpState(StrEnum):
    """What the status URL of a top-up shows."""

    RECEIVED = "received"
    OFFERED = "offered"  # more than is left was asked for; what is left is offered
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    REFUSED = "refused"
    PAID = "paid"


class TopUpRecord(Message):
    """A top-up request and what became of it."""

    top_up_id: str
    requested_fen: PositiveFen
    state: TopUpState
    granted_fen: Fen = 0
    offered_fen: Fen = 0
    reason: str = ""
    requested_at: datetime
    answered_at: datetime | None = None
    paid_at: datetime | None = None


class PaymentRecord(Message):
    """A payment to the hospital and what became of it."""

    movement_id: str
    reason: Literal["deposit", "top_up", "payout"]
    amount_fen: PositiveFen
    mode: PaymentMode | None
    status: PaymentStatus
    ordered_at: datetime
    settled_at: datetime | None = None
    receipt_no: str = ""
    refusal: str = ""
    code_url: str = ""
    held: bool = True  # whether the ledger holds, or held, the amount under this id


class DischargeRecord(Message):
    """A discharge notice: accepted, or refused with the reason."""

    notice_id: str
    discharge_on: date
    accepted: bool
    reason: str = ""
    received_at: datetime


class CasePage(Message):
    """All that changed in one beat, in one transaction; None or empty: has not changed."""

    case_id: str
    page: int  # counts from 1; written twice it is written once
    at: datetime
    stage: Stage
    awaiting: list[Role] = Field(default=[])
    sla_state: Literal["calm", "warned", "breached"] = "calm"
    next_due_at: datetime | None = None
    limit_fen: Fen | None = None
    limit_operator: LimitOperator | None = None  # on the page that fixes the limit
    advanced_fen: Fen = 0
    outstanding_fen: Fen = 0
    owed_fen: Fen = 0
    reason: str = ""
    discharge_on: date | None = None
    claim_state: str = ""
    team: dict[str, str] = Field(default={})  # role -> staff id
    missing_documents: list[str] | None = None
    timeline: list[TimelineEntry] = Field(default=[])
    tasks_opened: list[TaskOpened] = Field(default=[])
    tasks_closed: list[TaskClosed] = Field(default=[])
    clocks: list[Clock] = Field(default=[])
    top_ups: list[TopUpRecord] = Field(default=[])
    payments: list[PaymentRecord] = Field(default=[])
    discharges: list[DischargeRecord] = Field(default=[])
    transfers: list[Transfer] = Field(default=[])  # booked before the page is written
    notices: list[NoticeOrder] = Field(default=[])  # sent after the page is written
    carried: dict[str, Any] | None = Field(default=None, repr=False)  # what an ended case knew

    @property
    def matter_id(self) -> str:
        """What it is a page of."""
        return self.case_id


class NoticeRecord(Message):
    """A notice and what became of it (I22)."""

    notice_id: str
    case_id: str
    template: str
    channel: str
    text: str
    sent_at: datetime
    delivery: Delivery


class Contact(BaseModel):
    """Where a customer is reached. Lives in memory only; never in a message, log or exception."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(repr=False)
    phone: str = Field(repr=False)
    id_last_four: str = Field(repr=False)
    email: str = Field(default="", repr=False)
    bed: str = Field(default="", repr=False)
    policy_ref: str = Field(default="", repr=False)


class CasebookPort(Protocol):
    """The record people read: cases, tasks, clocks, timeline, notices."""

    async def write(self, page: CasePage) -> None:
        """Write one page; the same page again changes nothing."""

    async def note_notices(self, records: Sequence[NoticeRecord]) -> None:
        """Record notices and their delivery; the same id updates its delivery."""

    async def contact(self, case_id: str) -> Contact:
        """Where this case's customer is reached; the view is audited."""
