"""What more than one kind of matter hears, who says it, and what every update answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from activities.ports.cases import Message
from domain.bookings.booking import BookingStage
from domain.cancellation import Cost
from domain.enquiry import EnquiryStage
from domain.rescues.rescue import RescueStage
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from workflows.snapshots import SharedCalendar


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


class Accepted(Message):
    """The answer to every update: written down; the case acts on it next."""

    stage: Stage | EnquiryStage | BookingStage | RescueStage
    at: datetime
    cost: Cost | None = None  # of giving a booking up


class NewCalendar(Message):
    """Signal `new_calendar`: a holiday notice landed; running working-day clocks are re-timed."""

    calendar: SharedCalendar
    at: datetime


class NoticeFailed(Message):
    """Signal `notice_failed`: what was handed over in time was reported as not delivered."""

    notice_id: str
    template: str
    at: datetime


class PolicyEnds(Message):
    """Signal `policy_ends`: the insurer ended the policy, early, and named its last day."""

    actor: Actor
    at: datetime
    ends_on: date


class VisitTaken(Message):
    """Signal `visit_taken`: the nurse platform confirmed who comes, or that nobody does."""

    visit_id: str
    nurse_id: str
    at: datetime
    accepted: bool = True
    reason: str = ""
