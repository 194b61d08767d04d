"""Slots of doctors on duty: which of them a customer may take, and who comes next in line.

A roster is published a week ahead. A slot is taken by one booking; that two cannot have it is the
database's part, what may be taken at all is said here. Every moment is handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from domain.calendar import civil_date
from domain.programmes.services import DoctorLevel, Service

_LEVELS: Final = tuple(DoctorLevel)


class Slot(BaseModel):
    """One doctor's time for one customer; the doctor by an opaque id."""

    model_config = ConfigDict(frozen=True)

    slot_id: str
    department: str
    doctor: str
    doctor_level: DoctorLevel
    hospital_rank: int | None = None  # in the national ranking of hospitals
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Slot:
        if self.ends_at <= self.starts_at:
            raise ValueError("a slot ends after it begins")
        return self


class SlotRefusal(StrEnum):
    """Why a slot is not for this customer now."""

    PAST = "past"
    TOO_EARLY = "too_early"
    TOO_FAR = "too_far"
    OTHER_DOCTOR = "other_doctor"  # below the level or the ranking that the service promises


SLOT_REFUSALS: Final[dict[SlotRefusal, str]] = {
    SlotRefusal.PAST: "该时段已经开始或已过",
    SlotRefusal.TOO_EARLY: "该时段距今过近",
    SlotRefusal.TOO_FAR: "只能预约一周内的时段",
    SlotRefusal.OTHER_DOCTOR: "该医生不属于本服务的专家",
}


def levels(service: Service) -> tuple[DoctorLevel, ...]:
    """The levels of doctors that a service promises: the least and all above it."""
    least = service.staffing.doctor_level_min if service.staffing is not None else None
    return _LEVELS if least is None else _LEVELS[_LEVELS.index(least) :]


def fits(slot: Slot, service: Service) -> bool:
    """Whether the doctor is one whom the service promises: level and hospital's rank (R163)."""
    top = service.staffing.ranking_top if service.staffing is not None else None
    if slot.doctor_level not in levels(service):
        return False
    return top is None or (slot.hospital_rank is not None and slot.hospital_rank <= top)


def wanted(slots: Iterable[Slot], service: Service, *, not_by: Collection[str]) -> list[Slot]:
    """Slots of the doctors a service promises, without those who have failed the customer."""
    return [slot for slot in slots if fits(slot, service) and slot.doctor not in not_by]


def refused(slot: Slot, service: Service, *, at: datetime) -> SlotRefusal | None:
    """Why a slot cannot be taken at a moment, None when it can (R176, R177, G15)."""
    if not fits(slot, service):
        return SlotRefusal.OTHER_DOCTOR
    if slot.starts_at <= at:
        return SlotRefusal.PAST
    ahead = (civil_date(slot.starts_at) - civil_date(at)).days
    lead = service.lead
    if lead is not None and lead.at_most is not None and ahead > lead.at_most.amount:
        return SlotRefusal.TOO_FAR
    if lead is not None and lead.at_least is not None and ahead < lead.at_least.amount:
        return SlotRefusal.TOO_EARLY
    return None


class Turn(StrEnum):
    """How an order for a doctor on duty stands."""

    NOW = "now"  # a doctor is free: the promise of a call runs from here
    WAITS = "waits"  # orders stand before it, or all who are on duty are taken
    NOBODY = "nobody"  # no doctor is on duty


def turn(
    slots: Sequence[Slot], taken: frozenset[str], *, ahead: int, at: datetime, within: timedelta
) -> tuple[Turn, Slot | None]:
    """Whose turn it is, and with which slot (R192, R193).

    On duty is who has a slot now, or one that begins within the time the call is promised in. Of
    the free ones the slot with most of its time left is given.
    """
    duty = [one for one in slots if one.starts_at <= at + within and at < one.ends_at]
    free = [one for one in duty if one.slot_id not in taken]
    if not duty:
        return Turn.NOBODY, None
    if ahead or not free:
        return Turn.WAITS, None
    return Turn.NOW, max(free, key=lambda one: (one.ends_at, one.slot_id))
