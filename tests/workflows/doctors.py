"""Doctors, their rosters and the telephone system, as the stories of consultations tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.bookings.roster import Slot
from domain.bookings.telephone import Caller, CallNews
from domain.programmes.services import DoctorLevel
from tests.builders import CUSTOMER
from tests.workflows.booked import Booked
from workflows.messages.bookings import CallHeard, SlotWithdrawn, TakeSlot
from workflows.messages.matters import Accepted


def a_slot(booked: Booked, at: str, number: int = 1, **changes: Any) -> Slot:
    """A quarter of an hour of an expert whom P02 promises."""
    starts_at = booked.at(at)
    known: dict[str, Any] = {
        "slot_id": f"slot-{number}",
        "department": "心内科",
        "doctor": f"doctor-{number}",
        "doctor_level": DoctorLevel.ASSOCIATE_CHIEF,
        "hospital_rank": 12,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=15),
    }
    return Slot.model_validate(known | changes)


async def take_slot(booked: Booked, slot: Slot) -> None:
    """What the door sends once the slot's row is the booking's."""
    message = TakeSlot(slot=slot, actor=CUSTOMER, at=booked.time.now())
    await booked.handle.execute_update("take_slot", message, result_type=Accepted)


async def withdraw(booked: Booked, slot: Slot) -> None:
    await booked.handle.signal(
        "slot_withdrawn", SlotWithdrawn(slot_id=slot.slot_id, at=booked.time.now())
    )


async def call(
    booked: Booked,
    news: CallNews,
    call_id: str,
    caller: Caller = "doctor",
    *,
    at: str | None = None,
    seconds: int = 0,
) -> None:
    """One report of the telephone system."""
    moment = booked.time.now() if at is None else booked.at(at)
    message = CallHeard(call_id=call_id, caller=caller, news=news, at=moment, seconds=seconds)
    await booked.handle.signal("call_heard", message)
