"""The people of a booking: what each of them does at a step, as the stories tell it."""

from __future__ import annotations

from typing import Any

from domain.booking import VisitOutcome
from domain.booking_terms import papers_for
from domain.tasks import TaskKind
from tests.workflows.booked import PROGRAMMES, Booked


async def take(booked: Booked) -> None:
    await booked.do(TaskKind.TAKE_REQUEST, identity_verified=True, need="复诊")


async def hand_in(booked: Booked, programme: str, service: str, **form: Any) -> None:
    """The papers a service asks for, complete."""
    terms = PROGRAMMES[programme]
    needed = papers_for(terms.for_booking(service), terms.service(service), None)
    if needed:
        await booked.papers_arrive()
        papers = {kind.value: ["doc-1"] for kind in needed}
        await booked.do(TaskKind.CHECK_PAPERS, documents=papers, complete=True, **form)


async def choose(booked: Booked) -> None:
    options = [{"option": f"expert-{n}"} for n in (1, 2, 3)]
    await booked.do(TaskKind.OFFER_OPTIONS, options=options)
    await booked.do(TaskKind.CHOOSE_OPTION, option="expert-2")


async def arrange(booked: Booked, at: str) -> None:
    await booked.do(TaskKind.ARRANGE_SERVICE, arranged=True, service_at=booked.at(at).isoformat())


async def confirm(booked: Booked) -> None:
    await booked.do(TaskKind.CONFIRM_BOOKING, confirmed=True, told_by="phone")


async def report(booked: Booked, outcome: VisitOutcome = VisitOutcome.DELIVERED) -> None:
    at = booked.time.now().isoformat()
    await booked.do(TaskKind.REPORT_VISIT, outcome=outcome.value, at=at)


async def next_step(booked: Booked, kind: TaskKind) -> None:
    match kind:
        case TaskKind.REVIEW_BOOKING:
            await booked.do(kind, approved=True)
        case TaskKind.TELL_RESULT:
            await booked.do(kind, told_by="phone")
        case TaskKind.OFFER_OPTIONS:
            wanted = 3
            await booked.do(kind, options=[{"option": f"o-{n}"} for n in range(wanted)])
        case TaskKind.CHOOSE_OPTION:
            await booked.do(kind, option="o-1")
        case TaskKind.ARRANGE_SERVICE:
            await arrange(booked, "2026-09-03 09:00")
        case TaskKind.CONFIRM_BOOKING:
            await confirm(booked)
        case _:
            raise AssertionError(kind)
