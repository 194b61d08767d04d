"""What partners write where a number of theirs belongs, and what a hospital's yes says.

A partner may put a phone or ID number into any field; it is dropped before anything keeps it, in
whichever way the word came: as an answer or as a callback.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from domain.bookings.coordination import Resource
from domain.id_numbers import names_somebody
from domain.programmes.services import DoctorLevel

WITHHELD: Final = "withheld"
"""Stands for a number we must not keep; the word itself counts all the same."""


def no_person(code: str) -> str:
    """A number of the partner's own; an ID or phone number would name somebody and is dropped."""
    return WITHHELD if names_somebody(code) else code


_Number = Annotated[
    str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]*$"), AfterValidator(no_person)
]


class HospitalWord(BaseModel):
    """The fields of a hospital's word on an ask, whatever carries it."""

    service_at: AwareDatetime | None = None
    hospital: _Number = ""
    expert: _Number = ""
    doctor_level: DoctorLevel | None = None
    hospital_class: Literal["3A", "2A"] | None = None
    hospital_rank: int | None = Field(default=None, gt=0)

    def found(self, at: datetime) -> Resource:
        """What they offer at a moment; a number we must not keep names no expert."""
        return Resource(
            service_at=at,
            hospital_id=self.hospital or None,
            expert=None if self.expert in ("", WITHHELD) else self.expert,
            doctor_level=self.doctor_level,
            hospital_class=self.hospital_class,
            hospital_rank=self.hospital_rank,
        )
