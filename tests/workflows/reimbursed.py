"""Whole stories of reimbursements and of a year of calls, as the replayed histories tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from activities.ports.cases import PaymentStatus
from domain.bookings.booking import BookingStage
from domain.bookings.parcel import ParcelStatus
from domain.steps.kinds import TaskKind
from tests.workflows import stewards
from tests.workflows.booked import Booked

TRAVEL = ("xintai_million_guard", "travel_expense_reimbursement")
CALLS = ("ruitai_ci", "rehab_management")


async def paid_back(booked: Booked) -> None:
    """The papers come by courier, one payment nobody knows of at first, then it is paid."""
    booked.partners.answers = [booked.partners.unknown()]
    await stewards.take(booked)
    await booked.courier_says(1, ParcelStatus.DELIVERED)
    await stewards.send_papers(booked)
    await stewards.examine(booked)
    await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)
    await booked.until(lambda: booked.stage is BookingStage.PAYING_BACK)
    await booked.time.go_to(booked.time.now() + timedelta(minutes=2))
    (movement,) = booked.payments
    await booked.partner_says(movement, PaymentStatus.PAID)
    await booked.ends(BookingStage.CLOSED)


async def declined(booked: Booked) -> None:
    """Nothing of it is paid back, and the customer hears why."""
    await stewards.take(booked)
    await stewards.send_papers(booked)
    nothing = stewards.a_ticket(booked) | {"granted": stewards.yuan("0.00")}
    await stewards.examine(booked, nothing, reason="车票没有姓名")
    await booked.do(TaskKind.TELL_RESULT, told_by="phone")
    await booked.ends(BookingStage.DECLINED)


async def a_year_of_calls(booked: Booked) -> None:
    """Two calls in a year, the first of them answered at the second try."""
    await stewards.take(booked)
    await stewards.hand_in(booked, *CALLS)
    await stewards.agree(booked, TaskKind.PLAN_CARE)
    plan: dict[str, Any] = {
        "first_visit_on": booked.today.isoformat(),
        "calls": 2,
        "plan": "循序渐进",
    }
    await booked.do(TaskKind.PLAN_CARE, None, None, **plan)
    words: dict[str, Any] = {"condition": "恢复良好", "advice": "每日散步"}
    for days, said in ((190, {"reached": False}), (2, {"reached": True} | words), (180, {})):
        await booked.time.go_to(booked.time.now() + timedelta(days=days))
        await booked.do(TaskKind.CARE_CALL, None, None, **said or {"reached": True} | words)
    await booked.ends(BookingStage.CLOSED)
