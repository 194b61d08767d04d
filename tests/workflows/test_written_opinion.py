"""A written opinion, a gene test: from complete papers to the report in the customer's hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from activities.ports.courier import LabAnswer
from adapters.settings import Settings
from domain.bookings.booking import BookingStage
from domain.bookings.parcel import LabWord, ParcelStatus
from domain.cancellation import Cost
from domain.clock import ClockState
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import booking_opener, refused

BookingOf = Callable[..., Any]

GENE = ("ins_oncology", "gene_testing")


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings)


async def test_a_lab_that_never_answers_is_told_to_a_supervisor_and_stays_asked(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*GENE, "2026-09-14 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *GENE)
        while (task := await booked.anything()).kind is not TaskKind.DELIVER_REPORT:
            await stewards.next_step(booked, task.kind)
        await booked.go_to("2026-10-20 09:00")
        assert (await booked.task(TaskKind.CHASE_LAB)).subject == "report"
        await booked.do(TaskKind.CHASE_LAB, note="答应明日出具")
        assert (await booked.task(TaskKind.BREACH)).subject == "G34.1"
        assert (await booked.task(TaskKind.DELIVER_REPORT)).clock == "G34.1"
        await stewards.deliver_report(booked)
        await booked.do(TaskKind.EXPLAIN_REPORT, told_by="phone")
        await booked.ends(BookingStage.CLOSED)
        assert booked.clocks["G34.1"].state is ClockState.MET_LATE


async def test_courier_and_lab_bring_the_sample_and_the_report_and_one_that_will_not_do_again(
    booking_of: BookingOf,
) -> None:
    async with booking_of(*GENE, "2026-09-14 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *GENE)
        await stewards.agree(booked, TaskKind.SEND_KIT)
        assert await refused(booked.do(TaskKind.SEND_KIT, sample="blood")) == "guided"
        await booked.do(TaskKind.SEND_KIT, sample="blood", guided=True)
        for parcel in (1, 2):
            await booked.courier_says(parcel, ParcelStatus.DELIVERED)
        assert [one.purpose for one in booked.partners.parcels.values()] == ["kit", "sample"]
        await booked.lab_says(LabWord.UNUSABLE)
        await stewards.next_step(booked, TaskKind.SEND_KIT)
        assert "G34.1" not in booked.clocks
        await booked.lab_says(LabWord.SAMPLE_RECEIVED, test=2)
        clock = await booked.until(lambda: booked.clocks["G34.1"])
        assert clock.state is ClockState.RUNNING
        await booked.lab_says(LabWord.UNUSABLE, test=2)  # it looked closer
        await stewards.next_step(booked, TaskKind.SEND_KIT)
        assert booked.clocks["G34.1"].state is ClockState.DROPPED
        assert booked.told.count("booking_sample_again") == 2
        for _ in range(2):
            await booked.lab_says(LabWord.REPORT_READY, test=3, report_no="R-7")
        await booked.until(
            lambda: [
                task
                for task in booked.open_tasks.values()
                if (task.kind, task.subject) == (TaskKind.DELIVER_REPORT, "R-7")
            ]
        )
        await booked.lab_says(LabWord.UNUSABLE, test=3)  # whose report it has just called ready
        assert "前后不一" in (await booked.task(TaskKind.BREACH)).subject
        await stewards.deliver_report(booked)
        await booked.task(TaskKind.EXPLAIN_REPORT)
        await booked.lab_says(LabWord.UNUSABLE, test=3)
        await booked.do(TaskKind.EXPLAIN_REPORT, told_by="phone")
        await booked.ends(BookingStage.CLOSED)
        assert booked.clocks["G34.2"].state is ClockState.MET
        assert booked.lines.count("lab") == 4


async def test_who_cannot_write_it_and_a_lab_that_says_no_are_replaced_and_use_nothing_up(
    booking_of: BookingOf,
) -> None:
    """GC08 again (3.1): the unit stays, and whoever was let down gives up for nothing."""
    async with booking_of(*GENE, "2026-09-14 09:00") as booked:
        booked.partners.lab_answers = [LabAnswer(accepted=False, reason="closed")]
        await stewards.take(booked)
        await stewards.hand_in(booked, *GENE)
        await stewards.agree(booked, TaskKind.SEND_KIT)
        await stewards.next_step(booked, TaskKind.SEND_KIT)
        asked = await booked.task(TaskKind.ASSIGN_EXPERT)
        assert asked.subject == "曾未能提供服务: expert-9"
        same = {"expert": "expert-9", "city": "上海"}
        assert await refused(booked.do(asked.kind, assigned=True, **same)) == "expert"
        await stewards.next_step(booked, TaskKind.ASSIGN_EXPERT)
        await stewards.next_step(booked, TaskKind.SEND_KIT)
        assert booked.lines.count("provider_failed") == 1
        assert booked.told[-2:] == ["booking_again", "booking_arranged"]
        await stewards.next_step(booked, TaskKind.RECEIVE_SAMPLE)
        assert (await booked.task(TaskKind.DELIVER_REPORT)).subject == "expert-10"
        at = booked.time.now().isoformat()
        await booked.do(TaskKind.DELIVER_REPORT, at=at, delivered=False, note="设备停用")
        await booked.task(TaskKind.ASSIGN_EXPERT)
        assert booked.pages[-1].failed_by == ["expert-9", "expert-10"]
        assert (booked.stage, booked.unit) == (BookingStage.COORDINATING, None)
        assert booked.clocks["G34.1"].state is ClockState.DROPPED
        assert (await booked.give_up()).cost is Cost.FREE
        await booked.ends(BookingStage.CANCELLED)
        assert booked.unit == "given_back"
        both = ("targeted_drugs", "immune_drugs")  # R741: 靶向和免疫药物相关基因检测
        assert booked.partners.looked_at == [both, both]


async def test_who_can_give_no_sample_ends_the_test(booking_of: BookingOf) -> None:
    async with booking_of(*GENE, "2026-09-14 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *GENE)
        await stewards.agree(booked, TaskKind.SEND_KIT)
        await booked.do(TaskKind.SEND_KIT, can_give=False)
        await booked.ends(BookingStage.TERMINATED)
        assert booked.pages[-1].reason == "无法提供检测样本"
        assert booked.partners.tests == []


async def test_an_expert_outside_the_cities_and_a_report_without_its_forms_are_refused(
    booking_of: BookingOf,
) -> None:
    async with booking_of("ins_oncology", "second_opinion", "2026-09-04 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, "ins_oncology", "second_opinion")
        far = booked.do(TaskKind.ASSIGN_EXPERT, assigned=True, expert="e-1", city="杭州")
        assert await refused(far) == "city"
        await stewards.next_step(booked, TaskKind.ASSIGN_EXPERT)
    async with booking_of(*GENE, "2026-09-14 09:00") as booked:
        await stewards.take(booked)
        await stewards.hand_in(booked, *GENE)
        while (task := await booked.anything()).kind is not TaskKind.DELIVER_REPORT:
            await stewards.next_step(booked, task.kind)
        at = booked.time.now().isoformat()
        assert await refused(booked.do(TaskKind.DELIVER_REPORT, at=at)) == "courier_no"
        bare = booked.do(TaskKind.DELIVER_REPORT, at=at, courier_no="SF1")
        assert await refused(bare) == "images"
        foreign = booked.do(TaskKind.DELIVER_REPORT, at=at, courier_no="SF1", images=["doc-x"])
        assert await refused(foreign) == "images"
