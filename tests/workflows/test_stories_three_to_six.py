"""Stories 3, 4 and 5 of the acceptance material on their own dates, a scene a test.

What a scene moves besides bookings is proven where it lives: story 3's direct pay and its lead in
`tests/journeys/test_story_p20.py`, its one gene test a year in `tests/api/test_story_three.py`;
story 4's escort in `test_escort.py` here and over HTTP among the journeys, its advance in
`tests/journeys/test_story_p02.py`; stories 5 and 6 over HTTP in `tests/journeys/
test_green_channel.py`, story 6 with its late deposit case in `test_rescue.py` here. The days on
which they say yes or no: `tests/domain/test_story_dates.py`; every date by itself:
`tests/domain/test_every_clock.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.settings import Settings
from adapters.webhooks.outbox import Event, events_of
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.bookings.telephone import CallNews
from domain.cancellation import Cost
from domain.clock import ClockState
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import booking_opener, refused
from tests.workflows.doctors import a_slot, call, take_slot

BookingOf = Callable[..., Any]

P20 = "ins_oncology"
OUTPATIENT = (P20, "expert_outpatient")
INPATIENT = (P20, "inpatient_arrangement")
OPINION = (P20, "second_opinion")
GENE = (P20, "gene_testing")
EXPERT_CALL = ("pingan_value_added", "expert_phone_appointment")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


# Story 3: oncology in Hangzhou (P20) ------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "stage"),
    [
        (VisitOutcome.DELIVERED, BookingStage.CLOSED),
        (VisitOutcome.NO_SHOW, BookingStage.TERMINATED),
    ],
)
async def test_story_three_the_visit_asked_for_on_31_august_is_due_on_7_september_and_used_on_the_4(
    booking_of: BookingOf, outcome: VisitOutcome, stage: BookingStage
) -> None:
    """A visit uses the unit up, and so does a customer who does not come."""
    async with booking_of(*OUTPATIENT, "2026-08-31 09:00") as booked:
        await stewards.take(booked)
        due = await booked.until(lambda: booked.clocks["G32.1"])
        assert booked.civil(due.due_at) == "09-07 24:00"
        await stewards.hand_in(booked, *OUTPATIENT)
        await stewards.agreed(booked, "2026-09-04 09:00")
        assert booked.unit is None  # reserved with the request, not used by the appointment
        await booked.go_to("2026-09-04 10:00")
        await stewards.report(booked, outcome)
        await booked.ends(stage)
        assert booked.clocks["G32.1"].state is ClockState.MET
        assert booked.unit == "consumed"


async def test_story_three_the_second_opinion_of_4_september_comes_from_one_of_three_cities(
    booking_of: BookingOf,
) -> None:
    """Its ten working days are a setting of ours: 4 September to the 18th."""
    async with booking_of(*OPINION, "2026-09-04 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *OPINION)
        due = await booked.until(lambda: booked.clocks["G18S.1"])
        assert booked.civil(due.due_at) == "09-18 24:00"
        chosen = {"assigned": True, "expert": "expert-9", **stewards.BEST}
        for elsewhere in ("杭州", "深圳", ""):
            far = booked.do(TaskKind.ASSIGN_EXPERT, city=elsewhere, **chosen)
            assert await refused(far) == "city"
        await booked.do(TaskKind.ASSIGN_EXPERT, city="北京", **chosen)
        await booked.go_to("2026-09-18 17:00")
        while (task := await booked.anything()).kind is not TaskKind.DELIVER_REPORT:
            await stewards.next_step(booked, task.kind)
        await stewards.deliver_report(booked)
        await booked.until(lambda: booked.clocks["G18S.1"].met_at)
        assert booked.clocks["G18S.1"].state is ClockState.MET


async def test_story_three_the_bed_is_due_on_23_september_from_the_slip_issued_on_the_10(
    booking_of: BookingOf,
) -> None:
    """Ten working days from the day of issue, not of showing it; Sunday the 20th is worked."""
    async with booking_of(*INPATIENT, "2026-09-11 09:00") as booked:
        await stewards.take(booked)
        issued = booked.day("2026-09-10").isoformat()
        await stewards.hand_in(booked, *INPATIENT, slip_issued_on=issued)
        clock = await booked.until(lambda: booked.clocks["G33.1"])
        assert booked.civil(clock.due_at) == "09-23 24:00"
        await stewards.agreed(booked, "2026-09-23 09:00")
        await booked.go_to("2026-09-23 09:30")
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert (booked.clocks["G33.1"].state, booked.unit) == (ClockState.MET, "consumed")


async def test_story_three_the_gene_report_is_due_on_13_october_and_comes_on_the_12(
    booking_of: BookingOf,
) -> None:
    """Sent on the 14th, with the laboratory on 16 September: fifteen working days from there."""
    async with booking_of(*GENE, "2026-09-14 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *GENE)
        while (task := await booked.anything()).kind is not TaskKind.RECEIVE_SAMPLE:
            await stewards.next_step(booked, task.kind)
        assert "G34.1" not in booked.clocks  # on its way it promises nothing yet
        await booked.go_to("2026-09-16 11:00")
        await stewards.next_step(booked, TaskKind.RECEIVE_SAMPLE)
        clock = await booked.until(lambda: booked.clocks["G34.1"])
        assert booked.civil(clock.due_at) == "10-13 24:00"
        await booked.go_to("2026-10-12 10:00")
        await stewards.deliver_report(booked)
        await booked.do(TaskKind.EXPLAIN_REPORT, told_by="phone")
        await booked.ends(BookingStage.CLOSED)
        assert booked.clocks["G34.1"].state is ClockState.MET
        assert booked.unit == "consumed"


# Story 4: an expert by phone over Dragon Boat (P02) ----------------------------------------------


async def test_story_four_the_expert_slot_of_1500_is_called_off_after_three_calls_in_vain(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*EXPERT_CALL, "2026-06-18 09:12") as booked:
        await stewards.take(booked)
        await booked.task(TaskKind.CHOOSE_SLOT)
        await take_slot(booked, a_slot(booked, "2026-06-18 15:00"))
        await booked.until(lambda: "booking_call_confirmed" in booked.told)  # at once
        assert booked.civil(booked.pages[-1].at) == "06-18 09:12"
        await booked.go_to("2026-06-18 13:59")
        assert "booking_steward_soon" not in booked.told
        await booked.go_to("2026-06-18 14:00")
        await booked.until(lambda: "booking_steward_soon" in booked.told)
        assert "call_customer" not in booked.lines
        await booked.go_to("2026-06-18 14:30")
        ahead = await booked.task(TaskKind.CALL_AHEAD)
        assert booked.civil(ahead.opened_at) == "06-18 14:30"
        for number, at in enumerate(("14:30", "14:35", "14:40"), start=1):
            assert booked.stage is BookingStage.CONFIRMED
            await booked.go_to(f"2026-06-18 {at}")
            await call(booked, CallNews.FAILED, f"c-{number}", "steward")
            await booked.until(lambda n=number: booked.lines.count("call_failed") == n)
        await booked.ends(BookingStage.CANCELLED)
        assert booked.civil(booked.time.now()) == "06-18 14:40"
        assert booked.told[-1] == "booking_not_reached"
        pushed = events_of(booked.pages[-1], stage_before=BookingStage.CONFIRMED.value)
        assert Event("booking.stage_changed", "cancelled") in pushed
        asked = {closed.task_id: closed for closed in booked.closed_tasks.values()}
        [doctors] = [one for one in asked.values() if ".consult." in one.task_id]
        assert (doctors.done, booked.civil(doctors.closed_at)) == (False, "06-18 14:40")
        assert booked.unit == "given_back"


# Story 5: giving up (P04) ------------------------------------------------------------------------


async def test_story_five_the_expert_confirmed_on_monday_is_due_on_the_make_up_saturday(
    booking_of: BookingOf,
) -> None:
    async with booking_of(at="2026-09-28 09:00") as booked:
        await stewards.take(booked)
        await stewards.choose(booked)
        clock = await booked.until(lambda: booked.clocks["G16.1"])
        assert booked.civil(clock.due_at) == "10-10 24:00"
        await stewards.agreed(booked, "2026-10-09 09:00")
        await booked.go_to("2026-10-09 11:00")
        await stewards.report(booked)
        await booked.ends(BookingStage.CLOSED)
        assert booked.unit == "consumed"
        assert booked.clocks["G16.1"].state is ClockState.MET


@pytest.mark.parametrize(
    ("on", "cost", "unit"),
    [("2026-09-29 23:59", Cost.FREE, "given_back"), ("2026-09-30 00:00", Cost.USED, "consumed")],
)
async def test_story_five_the_visit_of_8_october_is_given_up_for_nothing_until_29_september(
    booking_of: BookingOf, on: str, cost: Cost, unit: str
) -> None:
    """Two working days before it: 30 September and 8 October."""
    async with booking_of(at="2026-09-24 10:00") as booked:
        await stewards.appointed(booked, "2026-10-08 09:00")
        await booked.until(lambda: booked.stage is BookingStage.CONFIRMED)
        await booked.go_to(on)
        if cost is Cost.USED:
            assert await refused(booked.give_up()) == "accept_use"
        accepted = await booked.give_up(accept_use=True)
        assert accepted.cost is cost
        await booked.ends(BookingStage.CANCELLED)
        assert booked.unit == unit
