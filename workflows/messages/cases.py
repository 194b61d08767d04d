"""What deposit waivers and claims hear; read as tolerantly as every other message."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from activities.ports.cases import Message
from domain.eligibility import Verdict
from domain.money import Fen, PositiveFen
from domain.roles import Role
from workflows.messages.matters import Actor, HospitalTerms
from workflows.snapshots import SharedCalendar, SharedProgramme


class ClaimAsked(Message):
    """A claim under one of the programme's claim services, with what is known of it."""

    service: str
    elements: dict[str, bool | int | str] = Field(default={})  # amounts in fen
    proactive: bool = False  # we opened it; the customer has not been asked yet
    bill_no: str = ""  # of a bill that its holder delivers and social insurance settles
    branch: str = ""  # where the customer wants the money handed over; none = to the account
    branch_name: str = ""
    pledge: list[str] = Field(default=[])  # what was promised to the customers of an event


class OpenCase(Message):
    """The report (DW02) with everything the case will ever need to know of its rules."""

    case_id: str
    programme: SharedProgramme
    calendar: SharedCalendar
    hospital: HospitalTerms
    verdict: Verdict  # the programme's rules applied at the door to the facts of that moment
    disease: str
    channel: str  # sales or contact channel code: hotline, wechat, app
    reported_by: Actor
    reported_at: datetime
    planned_admission: date | None = None
    last_day: date | None = None  # of the policy or of the service, whichever is earlier
    follows: str = ""  # the case of the hospital the patient was moved from
    claim: ClaimAsked | None = None  # a claim that follows no advance (P21)
    carried: dict[str, Any] | None = None  # the `CaseState` of the run before this one


class Authorize(Message):
    """Update `authorize`: the customer signs the authorisation, or refuses to."""

    signed: bool
    images: list[str] = Field(default=[])
    actor: Actor
    at: datetime


class Withdraw(Message):
    """Update `withdraw`: the customer wants no more; allowed until the first payment order."""

    reason: str
    actor: Actor
    at: datetime


class Intervene(Message):
    """Update `intervene`: what people may do to a running case beside its steps."""

    act: Literal["hold", "reassign", "staff", "policy_ended", "died"]
    reason: str = Field(default="", repr=False)
    task_id: str = ""  # of the step that somebody else is to do
    role: Role | None = None  # whom of the team somebody else replaces
    staff_id: str = ""
    actor: Actor
    at: datetime


class RequestTopUp(Message):
    """Signal `request_top_up`: never refused here; the case answers in its own record."""

    top_up_id: str
    amount_fen: PositiveFen
    reason: Literal["deposit_used_up", "plan_changed", "other"]
    channel: str
    actor: Actor
    at: datetime


class NoticeDischarge(Message):
    """Signal `notify_discharge`: the date is known, or has changed; a new one replaces the old."""

    notice_id: str
    discharge_on: date
    actor: Actor
    at: datetime


class DisputeClaim(Message):
    """Signal `dispute_claim`: the customer says the insurer's decision is wrong, and why."""

    dispute_id: str
    reason: str
    actor: Actor
    at: datetime


class RefundReceived(Message):
    """Signal `refund_received`: the hospital returned unused deposit to the payer."""

    refund_id: str
    amount_fen: PositiveFen
    reference: str
    at: datetime


class ClaimDecided(Message):
    """Signal `claim_decided`: the insurer adjudicated (DW18)."""

    claim_id: str
    decision: Literal["approved", "partial", "denied"]
    payable_fen: Fen
    reason: str = ""
    at: datetime


class BillSettled(Message):
    """Signal `bill_settled`: social insurance's word on its part of a bill."""

    settlement_id: str
    done: bool
    social_paid_fen: Fen = 0
    self_pay_fen: Fen = 0
    reason: str = ""
    at: datetime
