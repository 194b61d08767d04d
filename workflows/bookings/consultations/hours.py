"""The hours of a service: who asks outside of them waits for the next opening, or hears no."""

from __future__ import annotations

from temporalio import workflow

from domain.bookings.booking import BookingStage
from workflows.bookings.parts.desk import BookingDesk, BookingOver
from workflows.cockpit import civil
from workflows.messages.bookings import RequestBooking


async def until_open(desk: BookingDesk, asked: RequestBooking) -> None:
    """Outside the service's hours a request waits for the next opening (R365).

    While it is closed for days, as at Spring Festival, it is not taken (R364); nor in the
    night before, when the next opening lies behind those days.
    """
    service = asked.programme.service(asked.service)
    hours = next((one for one in asked.programme.hours if one.code == service.hours), None)
    if hours is None:
        return
    opens = hours.next_open(asked.requested_at, asked.calendar, emergency=asked.urgent)
    if opens <= workflow.now():
        return
    resumes = civil(opens)
    desk.note("outside_hours", f"服务时间外, {resumes}受理")
    desk.tell("booking_outside_hours", date=resumes)
    if hours.closure_between(asked.requested_at, opens) is not None:
        raise BookingOver(BookingStage.UNAVAILABLE, "服务暂停期间不受理")
    await desk.by(opens, lambda: False, summary="等待服务时间")
