"""The steps of a consultation: a slot is chosen, customer and doctor talk, the doctor sums up.

What the telephone system records ends a talk as well (`domain.bookings.telephone`); the forms are
for people, and for the day on which the telephone system is silent.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from domain.bookings.roster import levels
from domain.programmes.programme import Programme
from domain.programmes.services import Consulting, DoctorLevel, Service
from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.forms import Form, Note, StaffId
from domain.steps.kinds import TaskKind, TaskTerms, task_terms
from domain.strict import wrong


class ConsultOutcome(StrEnum):
    """What came of a talk."""

    ADVISED = "advised"
    PROVIDER_FAILED = "provider_failed"  # another doctor or another time, nothing is used up
    NOT_REACHED = "not_reached"  # only where no telephone system counts the calls in vain


class MatchDoctor(Form):
    """Who advises the customer, and what makes him fit; or that nobody is found."""

    matched: bool
    doctor: StaffId | None = None
    doctor_level: DoctorLevel | None = None
    hospital_class: Literal["3A", "3B", "2A", "2B"] | None = None
    again_because: Note = ""  # why one who has failed this booking before
    final: bool = False
    note: Note = ""

    @model_validator(mode="after")
    def _somebody_if_matched(self) -> MatchDoctor:
        if self.matched and (self.doctor is None or self.doctor_level is None):
            raise wrong(
                "doctor" if self.doctor is None else "doctor_level", "已匹配须填写医生编号与职称"
            )
        return self


class ChooseSlot(Form):
    """The slot the customer chose from the roster."""

    slot_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class CallAhead(Form):
    """The steward told the customer to expect the doctor's call, or could not reach them."""

    reached: bool
    note: Note = ""


class Consult(Form):
    """What came of the talk, as the doctor reports it."""

    outcome: ConsultOutcome
    note: Note = ""


class WriteSummary(Form):
    """The doctor's summary, which the customer reads where they see the booking."""

    summary: Annotated[str, Field(min_length=1, max_length=2000)]


class RateService(Form):
    """The customer's opinion of the doctor."""

    satisfaction: Annotated[int, Field(ge=1, le=5)]
    note: Note = ""


CONSULTATION_TASKS: Final[dict[TaskKind, TaskTerms]] = {
    TaskKind.MATCH_DOCTOR: task_terms("匹配医生", MatchDoctor, Role.REVIEWER, Role.DISPATCHER),
    TaskKind.CHOOSE_SLOT: task_terms("选择出诊时段", ChooseSlot, Role.CUSTOMER, Role.AGENT),
    TaskKind.CALL_AHEAD: task_terms("提前致电客户, 提醒接听", CallAhead, Role.AGENT),
    TaskKind.CONSULT: task_terms("解答客户咨询", Consult, Role.DOCTOR),
    TaskKind.WRITE_SUMMARY: task_terms("发送咨询总结", WriteSummary, Role.DOCTOR),
    TaskKind.RATE_SERVICE: task_terms("评价服务", RateService, Role.CUSTOMER, Role.AGENT),
}

_BY_PHONE: Final = Consulting(by="phone", source="inferred")


def consulting_of(service: Service) -> Consulting:
    """How a service lets people talk; without a word in its file by phone."""
    return service.consulting or _BY_PHONE


def matched_by(service: Service) -> Role | None:
    """Who finds the doctor: the medical consultant (R171), a dispatcher, or nobody needs to."""
    if consulting_of(service).by in ("roster", "direct"):
        return None
    if any(step.code == "match_doctor" for step in service.steps):
        return Role.REVIEWER
    return Role.DISPATCHER if service.staffing is not None else None


def advised_by(service: Service) -> list[Role]:
    """Who may report on a talk: the doctor; that he does not come, also whoever matched him."""
    matcher = matched_by(service)
    return [Role.DOCTOR] if matcher is None else [Role.DOCTOR, matcher]


def misfit(form: MatchDoctor, service: Service) -> str | None:
    """The field for which a doctor is not one the service promises (R150, R295); None if he is."""
    staffing = service.staffing
    if not form.matched or staffing is None:
        return None
    if form.doctor_level not in levels(service):
        return "doctor_level"
    asked = staffing.hospital_class
    return "hospital_class" if asked is not None and form.hospital_class != asked else None


def is_summed_up(service: Service) -> bool:
    """Whether the doctor sends a summary as text (R173)."""
    return "text_summary" in service.result


def is_answered_at_once(programme: Programme, service: Service) -> bool:
    """Whether nobody of ours stands between customer and doctor: a slot, a line, or G09."""
    if consulting_of(service).by in ("roster", "direct"):
        return True
    return any(ExpectedEvent.DOCTOR_ANSWERED in clock.stops for clock in programme.clocks)


def promised_call(programme: Programme) -> int:
    """Seconds within which a doctor on duty calls (G14); 0 where no promise says."""
    for clock in programme.clocks:
        elapsed = clock.budget.elapsed()
        if ExpectedEvent.ORDER_PLACED in clock.starts and elapsed is not None:
            return int(elapsed.total_seconds())
    return 0
