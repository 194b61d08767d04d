"""What hospitals report of an ask for a resource, read strictly."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import model_validator

from api.door.text import Moment
from api.letters.codes import Event, ReasonCode, SubjectId
from domain.bookings.coordination import AskStatus
from domain.partner_words import HospitalWord
from domain.strict import said
from workflows.messages.bookings import ResourceWord


class ResourceEvent(HospitalWord, Event):
    """Hospitals found a resource, found none, or take one back."""

    event: Literal["resource_word"]
    ask_id: SubjectId
    status: Literal["accepted", "refused"]
    service_at: Moment | None = None
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
        found = event.found(event.service_at)
    return ResourceWord(
        ask_id=event.ask_id,
        status=AskStatus(event.status),
        resource=found,
        reason=event.reason_code,
        at=at,
    )
