"""The stages of a green-channel booking and the moves between them (GC02–GC16).

The stage says where the booking stands; the story itself is told in `workflows.bookings`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.calendar import civil_date
from domain.programmes.services import Loss


class BookingStage(StrEnum):
    """Where a booking stands; the values a case has as well mean the same there."""

    REQUESTED = "requested"  # GC02–GC04: asked for, a unit reserved, first answer owed
    MATERIALS = "materials"  # GC05
    MEDICAL_REVIEW = "medical_review"  # GC06
    CHOICE = "choice"  # GC07
    COORDINATING = "coordinating"  # GC08, again after every failure of a provider
    PAPERS_DUE = "papers_due"  # GC05: the papers of what was paid are on their way
    EXAMINATION = "examination"  # GC06: they are examined
    PAYING_BACK = "paying_back"  # GC13: money is on its way to the customer
    CONFIRMED = "confirmed"  # GC09–GC12: until somebody reports what came of it
    FOLLOW_UP = "follow_up"  # GC15
    CLOSED = "closed"
    REJECTED = "rejected"  # GC03: not entitled, or not the person
    DECLINED = "declined"  # GC06: the review said no
    CANCELLED = "cancelled"  # GC10: the customer gave it up
    TERMINATED = "terminated"  # it did not take place for the customer's own reasons
    UNAVAILABLE = "unavailable"  # nobody could provide it; the unit came back
    EXPIRED = "expired"  # the policy year ended while the customer still owed papers or a sample


BOOKING_STAGE_NAMES: Final[dict[BookingStage, str]] = {
    BookingStage.REQUESTED: "已申请",
    BookingStage.MATERIALS: "收集资料",
    BookingStage.MEDICAL_REVIEW: "医学审核",
    BookingStage.CHOICE: "分诊与选择",
    BookingStage.COORDINATING: "协调资源",
    BookingStage.PAPERS_DUE: "等待票据寄达",
    BookingStage.EXAMINATION: "审核票据",
    BookingStage.PAYING_BACK: "支付报销款",
    BookingStage.CONFIRMED: "预约已确认",
    BookingStage.FOLLOW_UP: "回访",
    BookingStage.CLOSED: "已结案",
    BookingStage.REJECTED: "不符合资格",
    BookingStage.DECLINED: "审核未通过",
    BookingStage.CANCELLED: "已撤销",
    BookingStage.TERMINATED: "服务终止",
    BookingStage.UNAVAILABLE: "无法安排",
    BookingStage.EXPIRED: "已过期",
}

BOOKING_ENDED: Final = frozenset(
    {
        BookingStage.CLOSED,
        BookingStage.REJECTED,
        BookingStage.DECLINED,
        BookingStage.CANCELLED,
        BookingStage.TERMINATED,
        BookingStage.UNAVAILABLE,
        BookingStage.EXPIRED,
    }
)

_ON: Final = (
    BookingStage.MATERIALS,
    BookingStage.MEDICAL_REVIEW,
    BookingStage.CHOICE,
    BookingStage.COORDINATING,
    BookingStage.PAPERS_DUE,
    BookingStage.EXAMINATION,
    BookingStage.PAYING_BACK,
    BookingStage.CONFIRMED,
)
"""The way to a visit, in order; a service that has no use for a stage passes it by."""


class OutOfOrder(ValueError):
    """A booking was asked to go where its stage does not lead."""


def moved_to(stage: BookingStage, to: BookingStage) -> BookingStage:
    """The stage after a move; `OutOfOrder` where none leads.

    Forward along the way, back to coordinating from a confirmed visit, to an end from anywhere.
    """
    forward = stage not in BOOKING_ENDED and to in BOOKING_ENDED
    if stage is BookingStage.REQUESTED:
        forward |= to in _ON
    elif stage in _ON:
        forward |= to in _ON[_ON.index(stage) + 1 :]
    again = stage is BookingStage.CONFIRMED and to in (
        BookingStage.COORDINATING,
        BookingStage.FOLLOW_UP,
    )
    paid = stage is BookingStage.PAYING_BACK and to in (
        BookingStage.EXAMINATION,  # before any money left: a paper was paid back before
        BookingStage.FOLLOW_UP,
    )
    if not (forward or again or paid):
        raise OutOfOrder(f"no way from {stage} to {to}")
    return to


class VisitOutcome(StrEnum):
    """What came of a confirmed visit; never concluded from silence."""

    DELIVERED = "delivered"
    RESCHEDULED = "rescheduled"  # another date, by the customer's wish
    PROVIDER_FAILED = "provider_failed"  # coordinated again, nothing is used up
    NO_SHOW = "no_show"
    NOT_ON_TIME = "not_on_time"
    NOT_ADMITTED = "not_admitted"
    GIVEN_UP = "given_up"


AGAIN: Final = frozenset({VisitOutcome.RESCHEDULED, VisitOutcome.PROVIDER_FAILED})

LOSSES: Final[dict[VisitOutcome, Loss]] = {
    VisitOutcome.NO_SHOW: "no_show",
    VisitOutcome.NOT_ON_TIME: "not_on_time",
    VisitOutcome.NOT_ADMITTED: "not_admitted",
    VisitOutcome.GIVEN_UP: "given_up",
}
"""What did not take place for the customer's own reasons, as the terms of a quota call it."""


def may_be_over(service_at: datetime | None, at: datetime) -> bool:
    """Whether what was arranged for a moment can have taken place at another.

    Who comes early is seen early, on the same civil day; on an earlier one nothing took place.
    """
    return service_at is None or civil_date(at) >= civil_date(service_at)
