"""The stories of appointments, one an ending, each as short as its ending allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final

from adapters.settings import Settings
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.bookings.coordination import AskStatus
from domain.steps.kinds import TaskKind
from tests.workflows import escorts, stewards
from tests.workflows.booked import Booked, booking_opener

P16_BED: Final = ("global_doctor_ci", "inpatient_arrangement")
P20_BED: Final = ("ins_oncology", "inpatient_arrangement")


async def _appointment_closed(booked: Booked) -> None:
    """Three experts, one chosen; the hospital fails once; then somebody goes to the visit too."""
    await stewards.appointed(booked, "2026-10-08 09:00")
    await escorts.offer(booked, 1)
    await escorts.says(booked, 1)
    await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
    await stewards.agreed(booked, "2026-10-09 09:00")
    await escorts.offer(booked, 2)
    await escorts.says(booked, 2)
    await escorts.call(booked, 2)
    await booked.go_to("2026-10-09 08:50")
    await escorts.check_in(booked, 2)
    await escorts.on_the_way(booked, 2)
    await escorts.meet(booked, 2)
    await booked.go_to("2026-10-09 11:00")
    await escorts.check_out(booked, 2, items=["accompany"])
    await stewards.report(booked)
    await booked.ends(BookingStage.CLOSED)


async def _appointment_cancelled(booked: Booked) -> None:
    """Given up after the visit was confirmed, long enough before."""
    await stewards.appointed(booked, "2026-10-08 09:00")
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    await booked.give_up()
    await booked.ends(BookingStage.CANCELLED)


async def _appointment_moved(booked: Booked) -> None:
    """The hospital takes its yes back, the customer wishes another day, and then does not come."""
    await stewards.take(booked)
    await stewards.choose(booked)
    await stewards.arrange(booked, "2026-10-08 09:00")
    await booked.do(TaskKind.CONFIRM_BOOKING, confirmed=False, told_by="phone", withdrawn=True)
    await stewards.agreed(booked, "2026-10-08 15:00")
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    await booked.wish_for("2026-10-09")
    await stewards.agreed(booked, "2026-10-09 09:00")
    await booked.go_to("2026-10-10 09:01")
    await booked.task(TaskKind.BREACH)
    await stewards.report(booked, VisitOutcome.NO_SHOW)
    await booked.ends(BookingStage.TERMINATED)


async def _appointment_expired(booked: Booked) -> None:
    """Papers come, are not enough, and the policy year ends before the rest is there."""
    await stewards.take(booked)
    await booked.papers_arrive()
    await booked.do(TaskKind.CHECK_PAPERS, complete=False, missing=["admission_slip"])
    await booked.go_to("2026-10-01 00:01")
    await booked.ends(BookingStage.EXPIRED)


async def _appointment_in_hospital(booked: Booked) -> None:
    """Doctor and family are spoken with twice in a week, until the patient has left (P16)."""
    await stewards.take(booked)
    await stewards.hand_in(booked, *P16_BED)
    await stewards.agree(booked, TaskKind.ARRANGE_SERVICE)
    await stewards.agreed(booked, "2026-09-28 09:00")
    await booked.go_to("2026-09-28 10:00")
    await stewards.report(booked)
    for over in (False, True):
        for _ in ("follow_with_doctor", "keep_in_touch"):
            await stewards.serve_step(booked, over=over)
        if not over:
            await booked.go_to("2026-10-05 10:01")
    await booked.ends(BookingStage.CLOSED)


async def _appointment_by_wire(booked: Booked) -> None:
    """Hospitals say yes and then no, and no again: the dispatcher finds a place."""
    await stewards.take(booked)
    await stewards.choose(booked)
    await booked.hospitals_say(AskStatus.ACCEPTED, "2026-10-08 09:00", **stewards.BEST)
    await stewards.confirm(booked)
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    await booked.hospitals_say(AskStatus.REFUSED)
    await booked.hospitals_say(AskStatus.REFUSED, ask=2)
    await stewards.agreed(booked, "2026-10-09 09:00")
    await booked.go_to("2026-10-09 11:00")
    await stewards.report(booked)
    await booked.ends(BookingStage.CLOSED)


_EXPIRED: Final[dict[str, Any]] = {
    "of": P20_BED,
    "on": "2026-08-31 10:00",
    "last_day": "2026-09-30",
}

Opens = Callable[[Settings], Callable[[], AbstractAsyncContextManager[Any]]]

STORIES: Final[dict[str, tuple[Callable[[Any], Awaitable[None]], Opens]]] = {
    "Appointment.closed": (_appointment_closed, booking_opener),
    "Appointment.cancelled": (_appointment_cancelled, booking_opener),
    "Appointment.terminated": (_appointment_moved, booking_opener),
    "Appointment.closed_by_wire": (
        _appointment_by_wire,
        lambda settings: partial(booking_opener(settings), coordination_consent="v2026_01"),
    ),
    "Appointment.in_hospital": (
        _appointment_in_hospital,
        partial(booking_opener, of=P16_BED),
    ),
    "Appointment.expired": (_appointment_expired, partial(booking_opener, **_EXPIRED)),
}
"""Who tells it and how it is opened, by workflow and ending."""
