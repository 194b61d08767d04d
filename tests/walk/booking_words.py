"""What others say of a booking, at any time: before it is asked for, after the end, twice.

Couriers, the laboratory, the roster, the message gateway, the calendar, the insurer and the
customer who wants another day. A signal is never refused; a command may be, with its reason.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from domain.bookings.coordination import AskStatus, Resource
from domain.bookings.parcel import LabWord, ParcelStatus
from domain.calendar import civil_date
from domain.programmes.services import DoctorLevel, Shape
from tests.builders import CUSTOMER, INSURER, a_calendar
from workflows.messages.bookings import (
    ChangeDate,
    EndContract,
    LabSpoke,
    MessageSaid,
    PapersArrived,
    ParcelMoved,
    ResourceWord,
    SlotWithdrawn,
)
from workflows.messages.matters import NewCalendar, NoticeFailed, PolicyEnds, VisitTaken

if TYPE_CHECKING:
    from tests.walk.bookings import BookingWalk

COURIERED: Final = (Shape.REIMBURSEMENT, Shape.LAB_TEST, Shape.WRITTEN_OPINION)


def say_something(walk: BookingWalk) -> None:
    """One word of somebody outside, perhaps told twice."""
    words = [_notice_failed, _calendar, _another_day, _contract_ends]
    if walk.service.shape in COURIERED:
        words += [_parcel] * 3
    if walk.service.shape in (Shape.LAB_TEST, Shape.WRITTEN_OPINION):
        words += [_lab] * 3
    if walk.service.shape is Shape.CONSULTATION:
        words += [_slot_withdrawn] * 2
    if walk.service.consulting is not None and walk.service.consulting.by == "text":
        words += [_message_said] * 4
    if walk.asks_hospitals:
        words += [_hospital] * 6
    walk.chance.choice(words)(walk)
    walk.settle()


def strangers_words(walk: BookingWalk) -> None:
    """What partners say of orders that are somebody else's, or that were never placed."""
    at, shape = walk.now, walk.service.shape
    words: list[tuple[str, Any]] = [
        ("visit_taken", VisitTaken(visit_id="visit-of-others", nurse_id="nurse-9", at=at)),
        ("papers_arrived", PapersArrived(at=at, document_id="doc-1")),
    ]
    if shape in COURIERED:
        gone = ParcelMoved(parcel_id="parcel-of-others", status=ParcelStatus.LOST, at=at)
        words.append(("parcel_moved", gone))
    if shape in (Shape.LAB_TEST, Shape.WRITTEN_OPINION):
        ready = LabSpoke(test_id="test-of-others", word=LabWord.REPORT_READY, at=at)
        words.append(("lab_spoke", ready))
    if shape is Shape.CONSULTATION:
        words.append(("message_said", MessageSaid(n=1, at=at)))
        words.append(("slot_withdrawn", SlotWithdrawn(slot_id="slot-of-others", at=at)))
    for name, message in words * 2:
        walk.run.signal(name, message)
        walk.settle()


def _signal(walk: BookingWalk, name: str, message: Any) -> None:
    walk.tell(f"{name} {message}")
    for _ in range(walk.chance.choice((1, 1, 2))):
        walk.run.signal(name, message)
        walk.settle()
        if not walk.run.running:
            return


def _parcel(walk: BookingWalk) -> None:
    parcel = walk.chance.choice([*walk.partners.parcels, "parcel-of-others"])
    status = walk.chance.choice([*ParcelStatus, ParcelStatus.DELIVERED])
    _signal(walk, "parcel_moved", ParcelMoved(parcel_id=parcel, status=status, at=walk.now))


def _lab(walk: BookingWalk) -> None:
    test = walk.chance.choice([*walk.partners.tests, "test-of-others"])
    word = walk.chance.choice([*LabWord])
    _signal(walk, "lab_spoke", LabSpoke(test_id=test, word=word, report_no="R-7", at=walk.now))


def _hospital(walk: BookingWalk) -> None:
    """A yes, a no, a no after a yes, a yes that comes again with another time, of any ask."""
    asks = [*walk.partners.asks]
    ask = walk.chance.choice([*asks[-1:] * 3, *asks, "ask-of-others"])
    status = walk.chance.choice([*AskStatus, AskStatus.ACCEPTED])
    day = walk.now + timedelta(days=walk.chance.choice((-1, 2, 9)))
    offered = Resource(service_at=day, doctor_level=DoctorLevel.CHIEF, hospital_class="3A")
    resource = offered if status is AskStatus.ACCEPTED and walk.chance.random() < 0.9 else None
    if status is AskStatus.REFUSED:
        walk.asks_refused.add(ask)
    word = ResourceWord(ask_id=ask, status=status, resource=resource, at=walk.now)
    _signal(walk, "resource_word", word)


def _slot_withdrawn(walk: BookingWalk) -> None:
    slot = walk.chance.choice([*walk.roster.taken, "slot-of-others"])
    _signal(walk, "slot_withdrawn", SlotWithdrawn(slot_id=slot, at=walk.now))


def _message_said(walk: BookingWalk) -> None:
    """The customer writes in the conversation, open or not."""
    _signal(walk, "message_said", MessageSaid(n=1, at=walk.now))


def _notice_failed(walk: BookingWalk) -> None:
    notices = [notice for page in walk.pages for notice in page.notices]
    if notices:
        one = walk.chance.choice(notices)
        failed = NoticeFailed(notice_id=one.notice_id, template=one.template, at=walk.now)
        _signal(walk, "notice_failed", failed)


def _calendar(walk: BookingWalk) -> None:
    _signal(walk, "new_calendar", NewCalendar(calendar=a_calendar(), at=walk.now))


def _another_day(walk: BookingWalk) -> None:
    """Refused where the service has no day, or the visit is over."""
    day = civil_date(walk.now) + timedelta(days=walk.chance.choice((-1, 0, 3, 20, 400)))
    walk.tell(f"another_day {day}")
    walk.run.update("change_date", ChangeDate(wished_on=day, actor=CUSTOMER, at=walk.now))


def _contract_ends(walk: BookingWalk) -> None:
    """Rare: the insurance contract ends early, now or soon, and the service with it (R350)."""
    if walk.chance.random() < 0.15:
        ahead = walk.chance.choice((None, 0, 1, 5, 30))
        last = None if ahead is None else civil_date(walk.now) + timedelta(days=ahead)
        walk.tell(f"contract_ends {last}")
        if last is not None and ahead in (1, 30):  # said of the policy, to all that rests on it
            _signal(walk, "policy_ends", PolicyEnds(actor=INSURER, at=walk.now, ends_on=last))
        else:
            walk.run.update("end_contract", EndContract(actor=INSURER, at=walk.now, ends_on=last))
        walk.contract_ends = True
