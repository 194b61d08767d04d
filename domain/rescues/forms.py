"""The forms of a rescue: what hospital staff report. Registration and money come afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.money import Money
from domain.programmes.offer import Sign
from domain.rescues.rescue import DETAIL_MAX, RescueOutcome
from domain.rescues.triage import Way
from domain.steps.forms import Form, Note, Words

_Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$", max_length=64)]
_Department = Annotated[str, Field(max_length=32, pattern=r"^[^\x00-\x1f]*$")]


class TriagePatient(Form):
    """A risk assessment (R457): groups and signs as they are seen, and the way in (R458)."""

    groups: list[_Code] = Field(default=[], max_length=20)
    signs: list[Sign] = Field(default=[], max_length=4)
    way: Way | None = None  # none = what the groups have a right to
    level: Annotated[int | None, Field(ge=1, le=4)] = None
    note: Note = ""


class RecordStep(Form):
    """A step of the rescue happened; `at` when it did, which may be minutes ago."""

    step: _Code
    service: _Code | None = None  # none = the one service that has such a step
    at: datetime
    department: _Department = ""  # of a consultation
    details: dict[_Code, Annotated[str, Field(max_length=DETAIL_MAX)]] = Field(
        default={}, max_length=12, repr=False
    )
    note: Note = ""


class ReportRescue(Form):
    """A rescue was reported: to whom, by the line of the hour (R527, R528)."""

    at: datetime
    to: Annotated[str, Field(min_length=1, max_length=64)]
    note: Note = ""


class CoordinateRescue(Form):
    """Medical affairs or the duty office coordinate, and call a consultation if needed (R529)."""

    consultation: bool = False
    note: Note = ""


class AlertDepartment(Form):
    """A department puts the patient first (R530, R596)."""

    note: Note = ""


class RecordOutcome(Form):
    """How the rescue ended, and who has the patient now (R516)."""

    outcome: RescueOutcome
    at: datetime
    handed_to: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
    note: Note = ""


class DecideWard(Form):
    """Which ward takes a patient two wards dispute about (R611)."""

    ward: Words


class CollectFees(Form):
    """What the family has settled since (R613)."""

    settled: bool
    still_open: Money | None = None
    note: Note = ""


class MakeReady(Form):
    """What was done about something that a shift's check found lacking (HX08)."""

    action: Words
