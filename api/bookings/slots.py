"""`/v1/bookings/{id}/slots` and `…/slot`: the doctors' roster as one customer may use it.

What is shown and what may be taken follows from the booking's own service. Of two customers who
want one slot the booking's workflow finds out who has it, and the other is told at once.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.door.access import seen_matter
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.docs import FAILURES
from api.door.idempotency import IdempotencyKey, ask_of
from api.door.identity import Caller, allowed
from api.door.openings import BOOKINGS
from api.door.problems import Problem, at_field
from api.door.shapes import Utc
from api.door.text import Body, BookingId, example
from api.wiring.door import Unit, door_of
from domain.bookings.consultation import consulting_of
from domain.bookings.roster import SLOT_REFUSALS, Slot, refused
from domain.guards import BookingAccess
from domain.matter import BOOKING
from domain.programmes.services import DoctorLevel
from domain.roles import Role
from workflows.messages.bookings import RequestBooking, TakeSlot

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])

SlotCaller = Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))]
SlotId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", max_length=64)]

_LEVEL_NAMES: Final = {
    DoctorLevel.ATTENDING: "主治医师",
    DoctorLevel.ASSOCIATE_CHIEF: "副主任医师",
    DoctorLevel.CHIEF: "主任医师",
}


class SlotView(BaseModel):
    """A doctor's free time; the doctor by an opaque id."""

    slot_id: str
    department: str
    doctor: str
    doctor_level: DoctorLevel
    doctor_level_name: str
    starts_at: Utc
    ends_at: Utc


class SlotPage(BaseModel):
    """A page of free slots, the earliest first."""

    items: list[SlotView]
    next_cursor: str | None = None


class SlotChoice(Body):
    """The slot that is wanted."""

    model_config = example(slot_id="slot-20261008-0900-d12")

    slot_id: SlotId


@routes.get(
    "/{booking_id}/slots", operation_id="list_slots", summary="可预约时段", responses=FAILURES
)
async def list_slots(
    booking_id: BookingId,
    request: Request,
    caller: SlotCaller,
    department: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    doctor: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = None,
) -> SlotPage:
    """Free slots of the coming week, by department or doctor."""
    door = door_of(request)
    at = door.clock()
    async with door.books.unit() as unit:
        asked, failed = await _asked(unit, caller, booking_id)
        service = asked.programme.service(asked.service)
        found = await unit.roster.free(
            asked.programme.code,
            service,
            since=at,
            department=department,
            doctor=doctor,
            after=cursor,
            limit=limit + 1,
            not_by=failed,
        )
    near = [slot for slot in found if refused(slot, service, at=at) is None]
    more = len(near) > limit
    return SlotPage(
        items=[_view(slot) for slot in near[:limit]],
        next_cursor=near[limit - 1].slot_id if more else None,
    )


@routes.post(
    "/{booking_id}/slot",
    operation_id="take_slot",
    summary="选择时段",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def take_slot(
    booking_id: BookingId,
    body: SlotChoice,
    request: Request,
    caller: SlotCaller,
    key: IdempotencyKey = None,
) -> Response:
    """Take a slot, or another one before the talk; 409 `slot-taken` when somebody else has it."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    at = door.clock()

    async def record(unit: Unit) -> TakeSlot:
        asked, _ = await _asked(unit, caller, booking_id)
        slot = await unit.roster.slot(asked.programme.code, body.slot_id)
        if slot is None:
            raise at_field("invalid", "slot_id", "没有此时段", case_id=booking_id)
        why = refused(slot, asked.programme.service(asked.service), at=at)
        if why is not None:
            raise at_field("invalid", "slot_id", SLOT_REFUSALS[why], case_id=booking_id)
        return TakeSlot(slot=slot, actor=caller.actor, at=at)

    return await command(request, ask, booking_id, "take_slot", record=record)


async def _asked(
    unit: Unit, caller: Caller, booking_id: str
) -> tuple[RequestBooking, frozenset[str]]:
    """The request behind a booking that goes by a roster and has not ended; who has failed it."""
    booking = await seen_matter(unit, caller, booking_id)
    if not isinstance(booking, BookingAccess):
        raise Problem("not-found", "没有此预约")
    if BOOKING.is_over(booking.stage):
        raise Problem("case-ended", case_id=booking_id)
    asked = await BOOKINGS.message(unit, booking_id)
    if asked is None:
        raise Problem("not-found", "没有此预约")
    if consulting_of(asked.programme.service(asked.service)).by != "roster":
        raise Problem("wrong-stage", "本服务不需选择时段", case_id=booking_id)
    return asked, booking.failed_by


def _view(slot: Slot) -> SlotView:
    return SlotView(
        **slot.model_dump(exclude={"hospital_rank"}),
        doctor_level_name=_LEVEL_NAMES[slot.doctor_level],
    )
