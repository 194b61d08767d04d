"""The stories of an escort, each as short as its ending allows."""

from __future__ import annotations

from functools import partial

from domain.bookings.booking import BookingStage, VisitOutcome
from domain.steps.kinds import TaskKind
from tests.workflows import escorts, stewards
from tests.workflows.booked import Booked, booking_opener

opener = partial(booking_opener, of=escorts.P02, on="2026-06-17 09:00")
"""P02's escort, asked for three days ahead."""


async def closed(booked: Booked) -> None:
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
    await booked.do(TaskKind.FOLLOW_UP_CALL, reached=True, satisfaction=5)
    await booked.ends(BookingStage.CLOSED)


async def no_show(booked: Booked) -> None:
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
