"""The forms of an escort's steps: what a steward, a dispatcher or the escort reports (GC11)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from domain.steps.forms import Form, Note, StaffId, Words
from domain.strict import wrong

ItemCode = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_]+$")]
"""A step of the service, by the code its programme gives it."""


class VisitForm(Form):
    """A report about an escort."""


class PlanEscort(VisitForm):
    """The customer was called and the order is written: when and where they meet (R235, R273)."""

    meeting_at: datetime
    meeting_place: Words
    note: Note = ""


class Offered(Form):
    """Somebody the visit is offered to."""

    nurse_id: StaffId
    clinical_nurse: bool = False  # has worked as a nurse in a clinic (P06)


class OfferVisit(VisitForm):
    """To whom the visit is offered; nobody and `final` when nobody can come."""

    nurses: list[Offered] = Field(default=[], max_length=20)
    hospital_name: Annotated[str, Field(max_length=100)] = ""  # where the booking names none
    final: bool = False
    note: Note = ""

    @model_validator(mode="after")
    def _somebody_or_nobody(self) -> OfferVisit:
        if bool(self.nurses) == self.final:
            raise wrong("nurses", "须填写派单人员, 或说明无人可派")
        return self


class CallCustomer(VisitForm):
    """The call after taking the visit: its checklist, and the time they agreed on."""

    reached: bool
    items: list[ItemCode] = Field(default=[], max_length=50)
    meeting_at: datetime | None = None  # another time than the ordered one
    note: Note = ""


class CheckIn(VisitForm):
    """There, before the customer comes."""

    at: datetime
    note: Note = ""


class CallOnTheWay(VisitForm):
    """Whether the customer will be there in time; if not, when."""

    on_time: bool
    expected_at: datetime | None = None
    note: Note = ""

    @model_validator(mode="after")
    def _late_says_when(self) -> CallOnTheWay:
        if self.on_time is (self.expected_at is not None):
            raise wrong("expected_at", "迟到须填写预计到达时间")
        return self


class MeetCustomer(VisitForm):
    """The customer is there, or has not come."""

    met: bool
    at: datetime
    note: Note = ""


class CheckOut(VisitForm):
    """The service is over: when, what was done, the closing words said (R254)."""

    at: datetime
    items: list[ItemCode] = Field(default=[], max_length=50)
    closing_words: bool
    note: Note = ""


class ReplaceEscort(VisitForm):
    """Whoever had taken the visit is not there: still coming, or somebody else is sent."""

    replaced: bool
    reason: Words
