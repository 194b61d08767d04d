"""The forms of the steps of a booking: what a steward, a consultant or a customer reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from domain.bookings.booking import VisitOutcome
from domain.bookings.papers import PaperRead
from domain.documents import DocumentKind
from domain.programmes.services import DoctorLevel, Sample
from domain.steps.forms import DocumentId, Form, Note, Reference, StaffId, Words, WordsForOthers
from domain.strict import wrong

OptionId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
HospitalId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class TakeRequest(Form):
    """The first answer to a request: who it is, what is needed, why (chief complaint)."""

    identity_verified: bool
    need: Words
    # What the service asks of a request beyond that, by the codes of its file (R237-R239).
    intake: dict[Annotated[str, Field(max_length=32)], Words] = Field(default={}, max_length=20)
    found_out: Note = ""  # of what nobody had said; must be there where no reviewer judges it
    not_entitled: Note = ""  # why the service is not his, as it was found out; ends the booking
    note: Note = ""


class NamePerson(Form):
    """Who of ours serves this booking from here on."""

    staff_id: StaffId
    note: Note = ""


class CheckPapers(Form):
    """Whether the papers are complete, and when the slip was issued where one is asked for."""

    complete: bool
    missing: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=30)
    papers: list[PaperRead] = Field(default=[], max_length=60)  # what was read off them
    slip_issued_on: date | None = None  # may be left out where `papers` say it
    note: Note = ""

    @property
    def slip_days(self) -> list[date]:
        """The days of issue this form names for an admission slip: none, one, or more than one."""
        slips = (one for one in self.papers if one.kind is DocumentKind.ADMISSION_SLIP)
        named = {one.issued_on for one in slips} | {self.slip_issued_on}
        return sorted(day for day in named if day is not None)


class ReviewBooking(Form):
    """The medical opinion: within the service's conditions, or not, with the reason."""

    approved: bool
    reason: Note = ""
    missing: list[DocumentKind] = Field(default=[], max_length=30)  # asked for before an opinion

    @model_validator(mode="after")
    def _no_needs_a_reason(self) -> ReviewBooking:
        if self.approved and self.missing:
            raise wrong("missing", "资料不齐时不能同意")
        if not (self.approved or self.missing or self.reason.strip()):
            raise wrong("reason", "拒绝须说明理由")
        return self


class Option(Form):
    """One thing to choose: an expert by an opaque id, or a kind of clinic."""

    option: OptionId
    hospital_id: HospitalId | None = None
    words: Note = ""


class OfferOptions(Form):
    """What the medical consultant recommends to choose from."""

    options: list[Option] = Field(min_length=1, max_length=10)


class ChooseOption(Form):
    """The customer's choice."""

    option: OptionId


class ArrangeService(Form):
    """What the hospital said: a time, or that it cannot; `final` when nobody can."""

    arranged: bool
    service_at: datetime | None = None
    hospital_id: HospitalId | None = None
    expert: StaffId | None = None
    equal_alternative: bool = False  # another hospital of the same rank, by agreement
    doctor_level: DoctorLevel | None = None
    hospital_class: Literal["3A", "2A"] | None = None
    hospital_rank: int | None = Field(default=None, gt=0)  # in the ranking the service names
    again_because: Note = ""  # why one who has failed this booking before
    final: bool = False
    note: Note = ""

    @model_validator(mode="after")
    def _a_time_if_arranged(self) -> ArrangeService:
        if self.arranged and self.service_at is None:
            raise wrong("service_at", "已安排须填写就诊时间")
        return self


class ConfirmBooking(Form):
    """The customer has been told date and place, and says yes or wants another.

    `withdrawn`: before he said anything the hospital took its own yes back.
    """

    confirmed: bool
    told_by: Literal["phone", "wechat", "in_person", "sms_and_phone", "app"]
    withdrawn: bool = False
    # What the service wants told with the result, by the codes of its step (R565).
    says: dict[Annotated[str, Field(max_length=32)], Words] = Field(default={}, max_length=10)
    note: Note = ""

    @model_validator(mode="after")
    def _nothing_is_left_to_confirm(self) -> ConfirmBooking:
        if self.withdrawn and self.confirmed:
            raise wrong("confirmed", "医院已撤回, 不能确认")
        return self


class ReportVisit(Form):
    """What came of the visit, when."""

    outcome: VisitOutcome
    at: datetime
    images: list[DocumentId] = Field(default=[], max_length=20)
    note: Note = ""


class DecideUse(Form):
    """Whether the unit counts as used, where the programme's text does not say."""

    used: bool
    reason: Words


class FollowUpCall(Form):
    """A call after the service."""

    reached: bool
    satisfaction: int | None = Field(default=None, ge=1, le=5)
    note: Note = ""


RATING_WANTED: Final = "须填写客户的满意度 (1至5); 客户不愿评价的, 请在备注中说明"


def lacks_rating(form: FollowUpCall, *, about: str) -> bool:
    """Whether a call about satisfaction was answered and nobody has said how satisfied (R848)."""
    unrated = form.satisfaction is None and not form.note.strip()
    return about == "satisfaction" and form.reached and unrated


class SurveyReport(Form):
    """What the survey after a service found; the insurer reads it (R434). No name belongs here."""

    satisfaction: int = Field(ge=1, le=5)
    on_time: bool
    findings: WordsForOthers


class AssignExpert(Form):
    """Who writes the opinion, where; or that nobody can."""

    assigned: bool
    expert: StaffId | None = None
    hospital_id: HospitalId | None = None
    city: Annotated[str, Field(max_length=32)] = ""
    specialty: Annotated[str, Field(max_length=64)] = ""  # what he is an authority of
    doctor_level: DoctorLevel | None = None
    hospital_class: Literal["3A", "2A"] | None = None
    again_because: Note = ""  # why one who has failed this booking before
    final: bool = False
    note: Note = ""

    @model_validator(mode="after")
    def _somebody_if_assigned(self) -> AssignExpert:
        if self.assigned and self.expert is None:
            raise wrong("expert", "已确定须填写专家编号")
        return self


class SendKit(Form):
    """The customer was guided, by the test's own sample, how to give it and how to send it.

    The kit is ready for our courier, or on its way by another one; who cannot give a sample ends
    the test.
    """

    can_give: bool = True
    sample: Sample | None = None
    guided: bool = False
    courier_no: Reference | None = None  # none: our courier brings it and fetches the sample
    note: Note = ""


class ReceiveSample(Form):
    """The laboratory has the sample and says that it will do."""

    at: datetime
    usable: bool = True
    note: Note = ""


class DeliverReport(Form):
    """The report is out: when, with its files and, on paper, its courier number.

    Or it never will be (`delivered` is false): whoever was to write it cannot, and another one is
    looked for.
    """

    at: datetime
    delivered: bool = True
    images: list[DocumentId] = Field(default=[], max_length=20)
    courier_no: Reference | None = None
    note: Note = ""


class ExplainReport(Form):
    """The report was explained to the customer."""

    told_by: Literal["phone", "wechat", "in_person"]
    note: Note = ""
