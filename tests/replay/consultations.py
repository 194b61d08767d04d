"""The stories of consultations, one an ending, each as short as its ending allows."""

from __future__ import annotations

from typing import Final

from domain.bookings.booking import BookingStage
from domain.bookings.telephone import CallNews
from domain.steps.kinds import TaskKind
from tests.workflows import doctors, stewards
from tests.workflows.booked import Booked
from workflows.messages.bookings import MessageSaid

P02: Final = "pingan_value_added"
EXPERT: Final = (P02, "expert_phone_appointment")
DIRECT: Final = (P02, "expert_phone_direct")
BY_TEXT: Final = (P02, "family_doctor_text")


async def expert_called(booked: Booked) -> None:
    """A slot is taken and changed, the first call fails, the second is answered, a rating given."""
    await stewards.take(booked)
    await booked.task(TaskKind.CHOOSE_SLOT)
    await doctors.take_slot(booked, doctors.a_slot(booked, "2026-09-25 15:00"))
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    other = doctors.a_slot(booked, "2026-09-26 09:00", 2)
    await doctors.take_slot(booked, other)
    await booked.until(lambda: booked.pages[-1].service_at == other.starts_at)
    await booked.go_to("2026-09-26 08:30")
    await booked.do(TaskKind.CALL_AHEAD, reached=True)
    await booked.go_to("2026-09-26 09:00")
    await doctors.call(booked, CallNews.FAILED, "c-1")
    await doctors.call(booked, CallNews.ANSWERED, "c-2")
    await booked.until(lambda: booked.clocks["G11.1"])
    await booked.go_to("2026-09-26 09:10")
    await doctors.call(booked, CallNews.ENDED, "c-2", seconds=590)
    await booked.do(TaskKind.RATE_SERVICE, satisfaction=5)
    await booked.ends(BookingStage.CLOSED)


async def direct_in_vain(booked: Booked) -> None:
    """Somebody stands before it; then three calls, five minutes apart, reach nobody."""
    booked.roster.slots = [
        doctors.a_slot(booked, "2026-09-24 10:00", ends_at=booked.at("2026-09-24 12:00"))
    ]
    booked.roster.ahead = 1
    await stewards.take(booked)
    await booked.until(lambda: "queued" in booked.lines)
    booked.roster.ahead = 0
    await booked.go_to("2026-09-24 10:01")
    await booked.task(TaskKind.CONSULT)
    for number, at in enumerate(("10:01", "10:06", "10:11"), start=1):
        await booked.go_to(f"2026-09-24 {at}")
        await doctors.call(booked, CallNews.FAILED, f"c-{number}")
    await booked.ends(BookingStage.CANCELLED)


async def chat_closed(booked: Booked) -> None:
    """The customer writes again and is answered again; it closes after its day; nobody rates."""
    await stewards.take(booked)
    await stewards.match(booked)
    await booked.do(TaskKind.CONSULT, outcome="advised")
    written = MessageSaid(n=1, at=booked.time.now())
    await booked.handle.signal("message_said", written)
    await booked.do(TaskKind.CONSULT, outcome="advised")
    await booked.go_to("2026-09-25 10:01")
    await booked.do(TaskKind.WRITE_SUMMARY, summary="低盐饮食")
    await booked.task(TaskKind.RATE_SERVICE)
    await booked.go_to("2026-10-03 10:00")
    await booked.ends(BookingStage.CLOSED)


STORIES: Final = ((expert_called, EXPERT), (direct_in_vain, DIRECT), (chat_closed, BY_TEXT))
"""Each named for its ending, with the service it is of."""
