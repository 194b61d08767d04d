"""What hospitals report of an ask for a resource, read strictly."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.partner_codes import WITHHELD, Event, ReasonCode, Receipt, SubjectId
from api.text import Moment
from domain.coordination import AskStatus, Resource
from domain.services import DoctorLevel
from domain.strict import said
from workflows.bookings.hospital_messages import ResourceWord

HospitalCode = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]*$")]
ExpertNo = Annotated[Receipt, Field(pattern=r"^[A-Za-z0-9._-]*$")]


class ResourceEvent(Event):
    """Hospitals found a resource, found none, or take one back."""

    event: Literal["resource_word"]
    ask_id: SubjectId
    status: Literal["accepted", "refused"]
    service_at: Moment | None = None
    hospital: HospitalCode = ""
    expert: ExpertNo = ""
    doctor_level: DoctorLevel | None = None
    hospital_class: Literal["3A", "2A"] | None = None
    hospital_rank: int | None = Field(default=None, gt=0)
    reason_code: ReasonCode = ""

    @model_validator(mode="after")
    def _a_yes_has_its_time(self) -> Self:
        if self.status == "accepted" and self.service_at is None:
            raise said("已安排的答复须附就诊时间")
        return self


def resource_word(event: ResourceEvent, at: datetime) -> ResourceWord:
    """The event as a booking hears it."""
    found = None
    if event.status == "accepted" and event.service_at is not None:
        expert = "" if event.expert == WITHHELD else event.expert
        found = Resource(
            service_at=event.service_at,
            hospital_id=event.hospital or None,
            expert=expert or None,
            doctor_level=event.doctor_level,
            hospital_class=event.hospital_class,
            hospital_rank=event.hospital_rank,
        )
    return ResourceWord(
        ask_id=event.ask_id,
        status=AskStatus(event.status),
        resource=found,
        reason=event.reason_code,
        at=at,
    )
