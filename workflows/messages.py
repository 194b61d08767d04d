"""Every input, signal, update and answer that crosses the wire between the door and a case.

All are tolerant readers (unknown fields are ignored, new ones have defaults): a malformed start
would wedge a case for ever. Strictness lives at the door. What comes from outside carries `at`,
when the door received it: a promise runs from the customer's call, not from a worker's turn.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Literal

from pydantic import AliasChoices, Field

from activities.ports.cases import Message, PaymentStatus
from domain.bookings.booking import BookingStage
from domain.bookings.roster import Slot
from domain.bookings.telephone import Caller, CallNews
from domain.bookings.visit import Escorting
from domain.cancellation import Cost
from domain.eligibility import Verdict
from domain.enquiry import EnquiryKind, EnquiryStage
from domain.money import Fen, PositiveFen
from domain.programmes.services import Shape
from domain.rescues.rescue import RescueStage
from domain.roles import Role
from domain.steps.kinds import Evidence, TaskKind
from domain.waiver import PaymentMode, Stage
from workflows.snapshots import SharedCalendar, SharedProgramme

TASK_QUEUE = "greenlane"
WORKFLOW_TYPE = "DepositWaiver"
CLAIM_TYPE = "Claim"
ENQUIRY_TYPE = "Enquiry"
RECONCILIATION_TYPE = "Reconciliation"
RESCUE_TYPE = "Rescue"
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


class Actor(Message):
    """Who did it: a role and an opaque id, never a name."""

    role: Role
    id: str


class HospitalTerms(Message):
    """The hospital as the programme's network listed it on the day the case opened (I14)."""

    hospital_id: str
    name: str
    grade: int | None
    list_version: str
    on_network: bool
    payment_modes: list[PaymentMode] = Field(default=[])  # in the programme's selection order


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


class AskQuestion(Message):
    """A question (DW01), without its words: they stand sealed in the record and nowhere else."""

    enquiry_id: str
    programme: SharedProgramme
    calendar: SharedCalendar
    kind: EnquiryKind
    channel: str
    asked_by: Actor
    asked_at: datetime


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


class RaiseRescue(Message):
    """First contact (HX01), without a word about the patient: who that is may be unknown."""

    rescue_id: str
    programme: SharedProgramme  # every service and clock of the hospital's channel
    calendar: SharedCalendar
    service: str
    hospital_id: str
    arrival: Literal["walk_in", "ambulance"]
    found_at: str  # where in the house: outpatient, radiology …
    event_id: str | None = None  # the mass event that brought the patient in
    leads_event: bool = False  # the patient whose record reports the event for all of them
    raised_by: Actor
    raised_at: datetime


class RescueAct(Message):
    """One thing that happened; `form` is the kind's form as JSON."""

    kind: TaskKind
    form: dict[str, Any]


class ReportActs(Message):
    """Update `report`: what happened, in order, whether or not somebody was asked for it."""

    acts: list[RescueAct]
    actor: Actor
    at: datetime


class AddService(Message):
    """Update `add_service`: the patient needs another service of the same channel."""

    service: str
    actor: Actor
    at: datetime


class CaseLinked(Message):
    """Signal `case_linked`: the patient is insured; a deposit case of the stay was found."""

    case_id: str
    actor: Actor
    at: datetime
    word_id: str = ""


class PatientKnown(Message):
    """Signal `patient_known`: who the patient is stands, sealed, in the record."""

    actor: Actor
    at: datetime
    word_id: str = ""


class CompleteTask(Message):
    """Update `complete_task`: a person finished a step. `form` is the task kind's form as JSON.

    `documents` is what lies in the case's file at that moment, ids by document kind: an upload
    alone wakes no case (an insurer's customer may send thirty images), a completed step does.
    """

    task_id: str
    kind: TaskKind
    form: dict[str, Any]
    documents: dict[str, list[str]] = Field(default={})
    actor: Actor
    at: datetime


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


class Accepted(Message):
    """The answer to every update: written down; the case acts on it next."""

    stage: Stage | EnquiryStage | BookingStage | RescueStage
    at: datetime
    cost: Cost | None = None  # of giving a booking up


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


class PaymentResult(Message):
    """Signal `payment_result`: the payment partner's word on one movement."""

    movement_id: str
    status: PaymentStatus
    amount_fen: Fen
    receipt_no: str = ""
    reason: str = ""
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


class VisitTaken(Message):
    """Signal `visit_taken`: the nurse platform confirmed who comes, or that nobody does."""

    visit_id: str
    nurse_id: str
    at: datetime
    accepted: bool = True
    reason: str = ""


class DifferenceFound(Message):
    """Signal `difference_found`: a statement and the ledger differ on something of this case."""

    about: str
    amount_fen: Fen
    evidence: Evidence
    at: datetime


class ReconcileDay(Message):
    """Start of `Reconciliation`; without a day, the one before the schedule's own."""

    day: date | None = None


class DayReconciled(Message):
    """What became of a day: how much was compared, what differed, who has it now."""

    day: date
    lines: int = 0
    found: int = 0
    in_cases: list[str] = Field(default=[])
    in_house: list[str] = Field(default=[])


class NoticeFailed(Message):
    """Signal `notice_failed`: what was handed over in time was reported as not delivered."""

    notice_id: str
    template: str
    at: datetime


class NewCalendar(Message):
    """Signal `new_calendar`: a holiday notice landed; running working-day clocks are re-timed."""

    calendar: SharedCalendar
    at: datetime
