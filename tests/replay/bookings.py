"""The stories of appointments and escorts, one an ending, each as short as its ending allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final

from adapters.settings import Settings
from domain.booking import BookingStage, VisitOutcome
from domain.steps import TaskKind
from tests.workflows import escorts, stewards
from tests.workflows.booked import Booked, booking_opener

P20_BED: Final = ("ins_oncology", "inpatient_arrangement")


async def _appointment_closed(booked: Booked) -> None:
    """Three experts, one chosen; the hospital fails once; then somebody goes to the visit too."""
    await stewards.take(booked)
    await stewards.choose(booked)
    await stewards.arrange(booked, "2026-10-08 09:00")
    await stewards.confirm(booked)
    await escorts.offer(booked, 1)
    await escorts.says(booked, 1)
    await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
    await stewards.arrange(booked, "2026-10-09 09:00")
    await stewards.confirm(booked)
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
    await stewards.take(booked)
    await stewards.choose(booked)
    await stewards.arrange(booked, "2026-10-08 09:00")
    await stewards.confirm(booked)
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    await booked.give_up()
    await booked.ends(BookingStage.CANCELLED)


async def _appointment_moved(booked: Booked) -> None:
    """The hospital takes its yes back, the customer wishes another day, and then does not come."""
    await stewards.take(booked)
    await stewards.choose(booked)
    await stewards.arrange(booked, "2026-10-08 09:00")
    await booked.do(TaskKind.CONFIRM_BOOKING, confirmed=False, told_by="phone", withdrawn=True)
    await stewards.arrange(booked, "2026-10-08 15:00")
    await stewards.confirm(booked)
    await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
    await booked.wish_for("2026-10-09")
    await stewards.arrange(booked, "2026-10-09 09:00")
    await stewards.confirm(booked)
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


async def _escort_closed(booked: Booked) -> None:
    """One withdraws, the next is not there in time, the third stays too long."""
    await stewards.take(booked)
    await escorts.taken(booked, "2026-06-20 09:00")
    await escorts.says(booked, 1, yes=False)
    await escorts.offer(booked, 2, 3)
    await escorts.says(booked, 3)
    await escorts.call(booked, 3, meeting_at=booked.at("2026-06-20 09:10").isoformat())
    await booked.go_to("2026-06-20 09:01")
    await booked.do(TaskKind.REPLACE_ESCORT, replaced=True, reason="联系不上")
    await escorts.offer(booked, 4)
    await escorts.says(booked, 4)
    await escorts.call(booked, 4)
    await escorts.check_in(booked, 4)
    await escorts.on_the_way(booked, 4, late="2026-06-20 09:20")
    await escorts.meet(booked, 4)
    await booked.go_to("2026-06-20 13:30")
    await escorts.check_out(booked, 4, items=["guide"])
    await booked.do(TaskKind.FOLLOW_UP_CALL, reached=True)
    await booked.ends(BookingStage.CLOSED)


async def _escort_no_show(booked: Booked) -> None:
    """The customer does not come; a supervisor says that this uses the service up."""
    await stewards.take(booked)
    await escorts.taken(booked, "2026-06-20 09:00")
    await escorts.call(booked)
    await booked.go_to("2026-06-20 08:45")
    await escorts.check_in(booked)
    await escorts.on_the_way(booked)
    await booked.go_to("2026-06-20 09:31")
    await escorts.meet(booked, met=False)
    await stewards.report(booked, VisitOutcome.NO_SHOW)
    await booked.do(TaskKind.DECIDE_USE, used=True, reason="未到场")
    await booked.ends(BookingStage.TERMINATED)


_ESCORT: Final[dict[str, Any]] = {"of": escorts.P02, "on": "2026-06-17 09:00"}
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
    "Appointment.expired": (_appointment_expired, partial(booking_opener, **_EXPIRED)),
    "Escort.closed": (_escort_closed, partial(booking_opener, **_ESCORT)),
    "Escort.no_show": (_escort_no_show, partial(booking_opener, **_ESCORT)),
}
"""Who tells it and how it is opened, by workflow and ending."""
