"""What a reviewer still wants to see before an opinion, and what that does to a promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.settings import Settings
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import booking_opener, refused

BookingOf = Callable[..., Any]


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def test_a_promise_waits_while_the_reviewer_asks_for_more_papers(
    booking_of: BookingOf,
) -> None:
    """G20 of P06 began with complete papers: it stands still, and then has what was left of it."""
    bed = ("anxin_cancer_inpatient", "inpatient_arrangement")
    async with booking_of(*bed, "2026-09-11 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *bed, slip_issued_on=booked.day("2026-09-10").isoformat())
        await booked.go_to("2026-09-15 10:00")
        more: dict[str, Any] = {"approved": False, "missing": ["outpatient_record"]}
        await booked.do(TaskKind.REVIEW_BOOKING, **more)
        await booked.until(lambda: booked.clocks["G20.1"].stands_still)
        assert (await booked.task(TaskKind.CHECK_PAPERS)).subject == "outpatient_record"
        await booked.go_to("2026-09-17 10:00")  # due the evening before, had it gone on
        done = booked.do(TaskKind.CHECK_PAPERS, complete=True)
        assert await refused(done) == "documents"
        papers = {"outpatient_record": ["doc-7"]}
        await booked.do(TaskKind.CHECK_PAPERS, documents=papers, complete=True)
        step = await booked.task(TaskKind.REVIEW_BOOKING)
        await booked.until(lambda: booked.clocks["G20.1"].moves)
        clock = booked.clocks["G20.1"]
        assert (booked.civil(clock.due_at), clock.breached_at) == ("09-18 24:00", None)
        assert step.due_at == clock.due_at
        assert "booking_papers_missing" in booked.told
        for _ in range(2):
            await booked.do(TaskKind.REVIEW_BOOKING, **more)
            await booked.do(TaskKind.CHECK_PAPERS, documents=papers, complete=True)
        assert await refused(booked.do(TaskKind.REVIEW_BOOKING, **more)) == "missing"
        await booked.do(TaskKind.REVIEW_BOOKING, approved=True)
        await booked.task(TaskKind.TELL_RESULT)


async def test_papers_for_a_reviewer_start_a_promise_and_only_the_rest_is_asked_for_again(
    booking_of: BookingOf,
) -> None:
    """P18 answers within a working day of papers (G30), whoever asked for them."""
    of = ("xintai_million_guard", "expert_outpatient")
    async with booking_of(*of, "2026-09-14 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *of)
        both = ["outpatient_record", "imaging_film"]
        await booked.do(TaskKind.REVIEW_BOOKING, approved=False, missing=both)
        await booked.task(TaskKind.CHECK_PAPERS)
        await booked.go_to("2026-09-15 09:00")
        await booked.papers_arrive("doc-2")
        await booked.until(lambda: "G30.2" in booked.clocks)
        half = {"outpatient_record": ["doc-2"]}
        lacking = {"complete": False, "missing": ["imaging_film"]}
        await booked.do(TaskKind.CHECK_PAPERS, documents=half, **lacking)
        await booked.until(lambda: not booked.clocks["G30.2"].is_open)
        said = [
            one.text for page in booked.pages for one in page.notices if "missing" in one.template
        ]
        assert "门诊病历" in said[-2]
        assert "门诊病历" not in said[-1]
        await booked.papers_arrive("doc-3")
        whole = half | {"imaging_film": ["doc-3"]}
        await booked.do(TaskKind.CHECK_PAPERS, documents=whole, complete=True)
        await booked.do(TaskKind.REVIEW_BOOKING, approved=True)
        await booked.do(TaskKind.TELL_RESULT, told_by="phone")
        await booked.task(TaskKind.ARRANGE_SERVICE)
        assert not booked.clocks["G30.3"].is_open
