"""What partners report, read strictly, compared with our own record, and turned into a signal.

A payment result counts only when its amount is the one we ordered; a movement nobody of us knows
waits in the inbox. Movement, claim and visit ids begin with the case they belong to.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import Field, TypeAdapter, model_validator

from activities.ports.cases import PaymentStatus
from api.door.openings import access_to
from api.door.problems import at_field
from api.door.text import BookableMoney
from api.letters.codes import Event, ReasonCode, Receipt, SubjectId
from api.letters.doctors import CallEvent, RosterEvent, SlotEvent
from api.letters.heard_by import SIGNALS, can_hear
from api.letters.hospitals import ResourceEvent, resource_word
from api.wiring.door import Unit
from domain.bookings.parcel import LabWord, ParcelStatus
from domain.bookings.telephone import CallNews
from domain.matter import BOOKING, CASE, id_form
from domain.money import Money
from domain.partner_words import WITHHELD
from domain.strict import said
from workflows.messages.bookings import CallHeard, LabSpoke, ParcelMoved, SlotWithdrawn
from workflows.messages.cases import BillSettled, ClaimDecided, RefundReceived
from workflows.messages.matters import NoticeFailed, VisitTaken
from workflows.messages.payments import PaymentResult

_ID: Final = id_form([CASE, BOOKING])
_CASE: Final = re.compile(rf"(?P<matter>{_ID})(?=[:.]|$)", re.ASCII)
_OURS: Final = re.compile(rf"{_ID}[:.][a-z_0-9:.]{{1,64}}", re.ASCII)


class Unmatched(Exception):
    """Nothing of ours fits the event yet; it waits."""


class PaymentResultEvent(Event):
    """How a payment ended."""

    event: Literal["payment_result"]
    movement_id: SubjectId
    status: Literal["paid", "refused"]
    amount: BookableMoney
    receipt_no: Receipt = ""
    reason_code: ReasonCode = ""

    @model_validator(mode="after")
    def _paid_has_its_receipt(self) -> Self:
        if self.status == "paid" and not self.receipt_no:
            raise said("已付款的结果须附收据号")
        return self


class RefundEvent(Event):
    """The hospital returned unused deposit; `movement_id` is a payment of the stay."""

    event: Literal["refund"]
    refund_id: SubjectId
    movement_id: SubjectId
    amount: BookableMoney
    reference: Receipt = ""


class ClaimEvent(Event):
    """The insurer decided a claim."""

    event: Literal["claim_decided"]
    claim_id: SubjectId
    decision: Literal["approved", "partial", "denied"]
    payable: BookableMoney
    reason_code: ReasonCode = ""


class VisitEvent(Event):
    """The nurse platform says who comes, or that nobody does."""

    event: Literal["visit_accepted"]
    visit_id: SubjectId
    accepted: bool = True
    nurse_id: Receipt = ""
    reason_code: ReasonCode = ""


class ParcelEvent(Event):
    """The courier says where a parcel is."""

    event: Literal["parcel_moved"]
    parcel_id: SubjectId
    status: Literal["ordered", "on_the_way", "delivered", "lost", "returned", "refused"]
    tracking_no: Receipt = ""
    reason_code: ReasonCode = ""


class LabEvent(Event):
    """The laboratory says that a sample came, will not do, or that its report is ready."""

    event: Literal["lab_word"]
    test_id: SubjectId
    word: Literal["sample_received", "unusable", "report_ready"]
    report_no: Receipt = ""


class DeliveryEvent(Event):
    """Whether a message arrived; `message_id` is our notice."""

    event: Literal["message_delivered"]
    message_id: SubjectId
    status: Literal["delivered", "failed"]


class SettledEvent(Event):
    """Social insurance settled its part of a bill, or did not."""

    event: Literal["social_settled"]
    settlement_id: SubjectId
    status: Literal["settled", "refused"]
    social_paid: BookableMoney | None = None
    self_pay: BookableMoney | None = None
    reason_code: ReasonCode = ""

    @model_validator(mode="after")
    def _settled_has_its_amounts(self) -> Self:
        if self.status == "settled" and None in (self.social_paid, self.self_pay):
            raise said("已结算的结果须附医保支付与个人支付金额")
        return self


AnyEvent = Annotated[
    PaymentResultEvent
    | RefundEvent
    | ClaimEvent
    | VisitEvent
    | DeliveryEvent
    | SettledEvent
    | CallEvent
    | RosterEvent
    | SlotEvent
    | ParcelEvent
    | LabEvent
    | ResourceEvent,
    Field(discriminator="event"),
]
EVENTS: Final[TypeAdapter[AnyEvent]] = TypeAdapter(AnyEvent)

SENT_BY: Final[dict[str, tuple[type[Event], ...]]] = {
    "payment": (PaymentResultEvent, RefundEvent),
    "nurse": (VisitEvent,),
    "message": (DeliveryEvent,),
    "claims": (ClaimEvent,),
    "telephone": (CallEvent,),
    "roster": (RosterEvent, SlotEvent),
    "social": (SettledEvent,),
    "courier": (ParcelEvent,),
    "lab": (LabEvent,),
    "hospitals": (ResourceEvent,),
}
"""Which partner may report what: the claims core cannot say that a payment was made."""


def case_of(subject_id: str) -> str | None:
    """The case or booking an id of ours belongs to, by its first part."""
    found = _CASE.match(subject_id)
    return found and found["matter"]


def subject_of(event: Event) -> str:
    """The id of ours that an event is about."""
    match event:
        case PaymentResultEvent(movement_id=subject) | RefundEvent(movement_id=subject):
            return subject
        case ClaimEvent(claim_id=subject) | VisitEvent(visit_id=subject):
            return subject
        case DeliveryEvent(message_id=subject) | SettledEvent(settlement_id=subject):
            return subject
        case ParcelEvent(parcel_id=subject) | LabEvent(test_id=subject):
            return subject
        case CallEvent(booking_id=subject) | ResourceEvent(ask_id=subject):
            return subject
    return ""


def named_in(raw: bytes) -> str:
    """The id of ours that refused bytes speak of, if they hold one we could have given."""
    try:
        said = json.loads(raw)
    except ValueError:
        return ""
    names = (
        "movement_id",
        "claim_id",
        "visit_id",
        "message_id",
        "settlement_id",
        "booking_id",
        "parcel_id",
        "test_id",
        "ask_id",
    )
    ids = [said.get(name) for name in names] if isinstance(said, dict) else []
    return next((one for one in ids if isinstance(one, str) and _OURS.fullmatch(one)), "")


def amount_of(event: Event) -> Money | None:
    """The money an event speaks of."""
    match event:
        case PaymentResultEvent(amount=money) | RefundEvent(amount=money):
            return money
        case ClaimEvent(payable=money):
            return money
    return None


async def check_amounts(unit: Unit, event: Event) -> None:
    """422 when an amount is not the one our own record has; nothing is written then."""
    match event:
        case PaymentResultEvent():
            ours = await unit.inbox.movement(event.movement_id)
            if ours is not None and ours[1] != event.amount.fen:
                raise at_field("amount-mismatch", "amount", "金额与原付款指令不一致")
        case RefundEvent():
            ours = await unit.inbox.movement(event.movement_id)
            if ours is None:
                return
            paid_fen = await unit.inbox.paid_to_hospital(ours[0])
            if not 0 < event.amount.fen <= paid_fen:
                raise at_field("amount-mismatch", "amount", "退款金额超出已缴押金")
        case ClaimEvent():
            if (event.payable.fen == 0) != (event.decision == "denied"):
                raise at_field("amount-mismatch", "payable", "理赔金额与结论不一致")
        case _:
            return


class Told(NamedTuple):
    """What a matter is told, by its signal."""

    matter_id: str
    signal: str
    message: Any


async def take_event(unit: Unit, body: str, *, received_at: datetime) -> Told | None:
    """Write what our record has to know of a stored event; what a matter is told of it, if any.

    Raises `Unmatched` when nothing of ours fits yet.
    """
    event = EVENTS.validate_json(body)
    if isinstance(event, DeliveryEvent):
        return await _noted(unit, event, received_at)
    if isinstance(event, RosterEvent):
        await unit.roster.publish(event.programme, event.slots, at=received_at)
        return None
    if isinstance(event, SlotEvent):
        return await _withdrawn(unit, event, received_at)
    case_id = case_of(subject_of(event))
    if case_id is None or await access_to(unit, case_id) is None:
        raise Unmatched
    if not await can_hear(unit, case_id, event.event):
        raise Unmatched
    if isinstance(event, (PaymentResultEvent, RefundEvent)):
        ours = await unit.inbox.movement(event.movement_id)
        if ours is None or ours[0] != case_id:
            raise Unmatched
    return Told(case_id, SIGNALS[event.event], _message(event, received_at))


async def _noted(unit: Unit, event: DeliveryEvent, at: datetime) -> Told | None:
    """What became of a notice stands in our record; the case hears only that it did not arrive."""
    noted = await unit.inbox.delivered(event.message_id, event.status)
    if noted is None:
        raise Unmatched
    case_id, template = noted
    if event.status == "delivered":
        return None
    failed = NoticeFailed(notice_id=event.message_id, template=template, at=at)
    return Told(case_id, "notice_failed", failed)


async def _withdrawn(unit: Unit, event: SlotEvent, at: datetime) -> Told | None:
    """Nobody may take the slot any more; only who holds it has to act."""
    known, holder = await unit.roster.withdraw(event.slot_id, at=at)
    if not known:
        raise Unmatched
    if holder is None:
        return None
    return Told(holder, "slot_withdrawn", SlotWithdrawn(slot_id=event.slot_id, at=at))


def _told(reference: str) -> str:
    """A number that says which; one we must not keep says nothing."""
    return "" if reference == WITHHELD else reference


def _message(event: Event, at: datetime) -> Any:
    """What the matter is told, in its own words."""
    if isinstance(event, ResourceEvent):
        return resource_word(event, at)
    return _of_money(event, at) or _of_service(event, at)


def _of_money(event: Event, at: datetime) -> Any:
    match event:
        case PaymentResultEvent():
            return PaymentResult(
                movement_id=event.movement_id,
                status=PaymentStatus(event.status),
                amount_fen=event.amount.fen,
                receipt_no=event.receipt_no,
                reason=event.reason_code,
                at=at,
            )
        case RefundEvent():
            return RefundReceived(
                refund_id=event.refund_id,
                amount_fen=event.amount.fen,
                reference=_told(event.reference) or event.refund_id,
                at=at,
            )
        case ClaimEvent():
            return ClaimDecided(
                claim_id=event.claim_id,
                decision=event.decision,
                payable_fen=event.payable.fen,
                reason=event.reason_code,
                at=at,
            )
        case SettledEvent():
            return BillSettled(
                settlement_id=event.settlement_id,
                done=event.status == "settled",
                social_paid_fen=event.social_paid.fen if event.social_paid else 0,
                self_pay_fen=event.self_pay.fen if event.self_pay else 0,
                reason=event.reason_code,
                at=at,
            )
    return None


def _of_service(event: Event, at: datetime) -> Any:
    match event:
        case VisitEvent():
            return VisitTaken(
                visit_id=event.visit_id,
                nurse_id=_told(event.nurse_id),
                at=at,
                accepted=event.accepted,
                reason=event.reason_code,
            )
        case ParcelEvent():
            return ParcelMoved(
                parcel_id=event.parcel_id,
                status=ParcelStatus(event.status),
                tracking_no=_told(event.tracking_no),
                at=at,
            )
        case LabEvent():
            return LabSpoke(
                test_id=event.test_id,
                word=LabWord(event.word),
                report_no=_told(event.report_no),
                at=at,
            )
        case CallEvent():
            return CallHeard(
                call_id=event.call_id,
                caller=event.caller,
                news=CallNews(event.event.removeprefix("call_")),
                at=event.at,
                seconds=event.seconds,
            )
    raise Unmatched
