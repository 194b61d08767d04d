"""What the telephone system and the roster of doctors report, read strictly."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from api.door.text import Moment
from api.letters.codes import Event, ReasonCode, SubjectId
from domain.bookings.roster import Slot
from domain.bookings.telephone import Caller
from domain.strict import said

SHIFT_MAX: Final = timedelta(hours=24)
"""No doctor is on duty for longer in one slot."""

ProgrammeCode = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
SlotId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class PublishedSlot(Slot):
    """A slot as the roster writes it; the doctor by the partner's number, never by name."""

    slot_id: SlotId
    department: Annotated[str, Field(min_length=1, max_length=64)]
    doctor: SlotId
    hospital_rank: int | None = Field(default=None, ge=1, le=10_000)
    starts_at: Moment
    ends_at: Moment

    @model_validator(mode="after")
    def _within_a_day(self) -> Self:
        if self.ends_at - self.starts_at > SHIFT_MAX:
            raise said("一个时段最长为24小时")
        return self


class CallEvent(Event):
    """The telephone system recorded something of a call to a booking's customer (C-38)."""

    event: Literal["call_answered", "call_failed", "call_ended"]
    call_id: SubjectId
    booking_id: SubjectId
    caller: Caller
    at: Moment
    seconds: int = Field(default=0, ge=0, le=86_400)  # of a talk that has ended
    reason_code: ReasonCode = ""


class RosterEvent(Event):
    """Doctors will be on duty: their slots of the coming days (R175)."""

    event: Literal["roster_published"]
    programme: ProgrammeCode
    slots: list[PublishedSlot] = Field(min_length=1, max_length=200)


class SlotEvent(Event):
    """A doctor does not keep a slot."""

    event: Literal["slot_withdrawn"]
    slot_id: SlotId
    reason_code: ReasonCode = ""
