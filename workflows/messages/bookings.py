"""What bookings hear: of their customers, hospitals, couriers, laboratories and telephones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import AliasChoices, Field

from activities.ports.cases import Message
from domain.bookings.coordination import AskStatus, Resource
from domain.bookings.parcel import LabWord, ParcelStatus
from domain.bookings.roster import Slot
from domain.bookings.telephone import Caller, CallNews
from domain.bookings.visit import Escorting
from domain.documents import DocumentKind
from domain.eligibility import Verdict
from workflows.messages.matters import Actor, HospitalTerms
from workflows.snapshots import SharedCalendar, SharedProgramme


class RequestBooking(Message):
    """A request (GC02) with everything the booking will ever need to know of its rules."""

    booking_id: str
    programme: SharedProgramme  # narrowed to the service
    calendar: SharedCalendar
    service: str
    verdict: Verdict
    unit_reserved: bool  # under the booking's id, where the service is counted
    year_ends_on: date | None = None  # the last day of the policy year it was asked for in
    hospital: HospitalTerms | None = None
    escorting: Escorting | None = None  # who comes along, where somebody does
    disease: str | None = None
    wished_on: date | None = None
    covered_from: date | None = None  # the first day of the policy, where one is known
    insured_since: date | None = None  # of the first of the policies it renews
    covered_until: date | None = None  # the last day of the policy, where it has one
    last_day: date | None = None  # on which policy, entitlement and service all still run
    channel: str
    language: Literal["zh", "en"] = "zh"  # in which the customer is told
    urgent: bool = False  # an office that rests at night still hears emergencies
    coordination_consent: str | None = Field(  # its version, where hospitals are asked by wire
        default=None, validation_alias=AliasChoices("coordination_consent", "coordination")
    )  # bookings under way were requested under the shorter name
    requested_by: Actor
    requested_at: datetime
    first_called_at: datetime | None = None  # about this very need, where that was earlier (C-63)


class CancelBooking(Message):
    """Update `cancel_booking`: the customer gives up; `accept_use` if that counts as used."""

    accept_use: bool = False
    actor: Actor
    at: datetime


class ChangeDate(Message):
    """Update `change_date`: the customer wishes another day; nothing is used up by it."""

    wished_on: date
    actor: Actor
    at: datetime


class TakeSlot(Message):
    """Update `take_slot`: the customer took a slot of the roster, or another one."""

    slot: Slot
    actor: Actor
    at: datetime


class SlotWithdrawn(Message):
    """Signal `slot_withdrawn`: the doctor does not keep this slot."""

    slot_id: str
    at: datetime


class CallHeard(Message):
    """Signal `call_heard`: the telephone system recorded something of a call to the customer."""

    call_id: str
    caller: Caller
    news: CallNews
    at: datetime  # when it happened
    seconds: int = 0  # how long the talk lasted, once it has ended


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


class ResourceWord(Message):
    """Signal `resource_word`: hospitals say yes or no to an ask, or no after a yes."""

    ask_id: str
    status: AskStatus
    resource: Resource | None = None
    reason: str = ""
    at: datetime


class ParcelMoved(Message):
    """Signal `parcel_moved`: the courier says where a parcel is."""

    parcel_id: str
    status: ParcelStatus
    tracking_no: str = ""
    at: datetime


class LabSpoke(Message):
    """Signal `lab_spoke`: the laboratory says something of a test."""

    test_id: str
    word: LabWord
    report_no: str = ""
    at: datetime
