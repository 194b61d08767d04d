"""What one more round adds to a history: `python -m tests.replay.lengths`.

Each story is told twice on a real server, with few rounds and with more; the difference is what a
round costs, in events and in bytes as Temporal counts them. docs/decisions/length-of-a-booking.md
holds the bounds of those rounds against the limits of a run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from adapters.servers.temporal import TemporalServer
from adapters.temporal import runtime
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.steps.kinds import TaskKind
from tests.builders import HOSPITAL_STAFF
from tests.replay import record, rescues
from tests.workflows import doctors, escorts, stewards
from tests.workflows.booked import Booked, booking_opener
from tests.workflows.rescued import Rescued

BED = ("ins_oncology", "inpatient_arrangement")
DIRECT = ("pingan_value_added", "expert_phone_direct")
FEW, MORE = 2, 8


@dataclass(frozen=True)
class Measured:
    """A story of so many rounds, and how it is opened."""

    what: str
    tell: Callable[[Any, int], Awaitable[None]]
    opener: Callable[..., Any] = booking_opener


async def _failed(booked: Booked, rounds: int) -> None:
    await stewards.take(booked)
    await stewards.choose(booked)
    for _ in range(rounds):
        await stewards.arrange(booked, "2026-10-08 09:00")
        await stewards.confirm(booked)
        await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
    await booked.task(TaskKind.ARRANGE_SERVICE)


async def _moved(booked: Booked, rounds: int) -> None:
    await stewards.take(booked)
    await stewards.choose(booked)
    for _ in range(rounds):
        await stewards.arrange(booked, "2026-10-08 09:00")
        await stewards.confirm(booked)
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        await booked.wish_for("2026-10-08")
        await booked.task(TaskKind.ARRANGE_SERVICE)


async def _escorted(booked: Booked, rounds: int) -> None:
    await stewards.take(booked)
    for _ in range(rounds):
        await escorts.taken(booked, "2026-06-20 09:00")
        await stewards.report(booked, VisitOutcome.PROVIDER_FAILED)
    await booked.task(TaskKind.PLAN_ESCORT)


async def _papers(booked: Booked, rounds: int) -> None:
    await stewards.take(booked)
    for number in range(rounds):
        await booked.papers_arrive(f"doc-{number}")
        await booked.do(TaskKind.CHECK_PAPERS, complete=False, missing=["admission_slip"])
    await booked.task(TaskKind.CHECK_PAPERS)


async def _in_line(booked: Booked, rounds: int) -> None:
    """A round is a minute: two looks."""
    until = booked.at("2026-09-24 12:00")
    booked.roster.slots = [doctors.a_slot(booked, "2026-09-24 10:00", ends_at=until)]
    booked.roster.ahead = 1
    await stewards.take(booked)
    await booked.until(lambda: "queued" in booked.lines)
    await booked.time.go_to(booked.time.now() + timedelta(minutes=rounds))


async def _fees(rescued: Rescued, rounds: int) -> None:
    await _over(rescued)
    for _ in range(rounds):
        await rescued.do(TaskKind.COLLECT_FEES, HOSPITAL_STAFF, settled=False)
        await rescued.time.go_to(rescued.time.now() + timedelta(days=7))
    await rescued.task(TaskKind.COLLECT_FEES)


async def _over(rescued: Rescued) -> None:
    await rescued.step(HOSPITAL_STAFF, "straight_in")
    await rescued.triage("arrest")
    await rescued.outcome("died")
    await rescued.go_on()


async def _reports(rescued: Rescued, rounds: int) -> None:
    for _ in range(rounds):
        await rescued.triage("arrest")


STORIES = (
    Measured("a visit that its provider failed", _failed),
    Measured("a confirmed visit moved to another day", _moved),
    Measured(
        "an escort that failed",
        _escorted,
        partial(booking_opener, of=escorts.P02, on="2026-06-17 09:00"),
    ),
    Measured("papers found incomplete", _papers, partial(booking_opener, of=BED)),
    Measured("a minute in line", _in_line, partial(booking_opener, of=DIRECT)),
    Measured("a reminder of fees", _fees, rescues.rescue_opener),
    Measured("a report of a rescue", _reports, rescues.rescue_opener),
)


async def main() -> int:
    """Print what each round costs."""
    async with record._server(TemporalServer) as settings:
        for story in STORIES:
            few, more = [await _length(story, settings, rounds) for rounds in (FEW, MORE)]
            events, size = ((b - a) / (MORE - FEW) for a, b in zip(few, more, strict=True))
            print(f"{story.what}: {events:.0f} events, {size:.0f} bytes")  # noqa: T201
    return 0


async def _length(story: Measured, settings: Any, rounds: int) -> tuple[int, int]:
    async with story.opener(settings)() as told:
        await story.tell(told, rounds)
        found = (await told.handle.describe()).raw_description.workflow_execution_info
        return found.history_length, found.history_size_bytes


if __name__ == "__main__":
    raise SystemExit(runtime.run(main))
