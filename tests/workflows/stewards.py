"""The people of a booking: what each of them does at a step, as the stories tell it."""

from __future__ import annotations

from typing import Any

from domain.booking import VisitOutcome
from domain.booking_terms import papers_for
from domain.steps import TaskKind
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
        case TaskKind.ASSIGN_EXPERT:
            await booked.do(kind, assigned=True, expert="expert-9", city="上海")
        case TaskKind.SEND_KIT:
            await booked.do(kind, courier_no="SF100")
        case TaskKind.RECEIVE_SAMPLE:
            await booked.do(kind, at=booked.time.now().isoformat())
        case TaskKind.DELIVER_REPORT:
            await deliver_report(booked)
        case TaskKind.EXPLAIN_REPORT:
            await booked.do(kind, told_by="phone")
        case _:
            raise AssertionError(kind)


async def deliver_report(booked: Booked) -> None:
    """The report goes out on paper and as a file."""
    await booked.do(
        TaskKind.DELIVER_REPORT,
        documents={"gene_report": ["doc-9"]},
        at=booked.time.now().isoformat(),
        images=["doc-9"],
        courier_no="SF101",
    )
