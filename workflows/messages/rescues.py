"""What a rescue hears from the hospital it runs in; nothing of it names the patient."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from activities.ports.cases import Message
from domain.steps.kinds import TaskKind
from workflows.messages.matters import Actor
from workflows.snapshots import SharedCalendar, SharedProgramme


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
