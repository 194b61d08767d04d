"""Whole stories of written opinions and tests, as the replayed histories tell them."""

from __future__ import annotations

from domain.bookings.booking import BookingStage
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import Booked


async def gene_test_closed(booked: Booked) -> None:
    """The sample arrives, the laboratory is late, both reports go out and are explained."""
    await stewards.take(booked)
    await stewards.hand_in(booked, "ins_oncology", "gene_testing")
    while (task := await booked.anything()).kind is not TaskKind.DELIVER_REPORT:
        await stewards.next_step(booked, task.kind)
    await booked.go_to("2026-10-20 09:00")
    await stewards.deliver_report(booked)
    await booked.do(TaskKind.EXPLAIN_REPORT, told_by="phone")
    await booked.ends(BookingStage.CLOSED)


async def unavailable(booked: Booked) -> None:
    """Nobody can write it."""
    await stewards.take(booked)
    await stewards.hand_in(booked, "pingan_oncology_157", "second_opinion")
    await booked.do(TaskKind.ASSIGN_EXPERT, assigned=False, final=True)
    await booked.ends(BookingStage.UNAVAILABLE)
