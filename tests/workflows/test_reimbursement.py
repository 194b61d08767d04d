"""A reimbursement from its papers to the money: examined once, paid once, the books at zero."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.ports.cases import PaymentStatus
from adapters.settings import Settings
from domain.bookings.booking import BookingStage
from domain.bookings.parcel import ParcelStatus
from domain.bookings.terms import OWED_FOR
from domain.eligibility import Outcome
from domain.programmes.services import Shape
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import REVIEWER
from tests.workflows import stewards
from tests.workflows.booked import PROGRAMMES, Booked, booking_opener, refused
from workflows.messages.matters import Actor

BookingOf = Callable[..., Any]
P18 = ("xintai_million_guard", "travel_expense_reimbursement")
SERVICES = [
    (programme.code, service.code)
    for programme in PROGRAMMES.values()
    for service in programme.services
    if service.shape is Shape.REIMBURSEMENT
]
"""Every reimbursement of every programme."""


@pytest.fixture
def booking_of(temporal_settings: Settings) -> BookingOf:
    return booking_opener(temporal_settings, P18)


@pytest.mark.parametrize(("programme", "service"), SERVICES)
async def test_every_reimbursement_pays_back_what_was_granted(
    booking_of: BookingOf, programme: str, service: str
) -> None:
    async with booking_of(programme, service, outcome=Outcome.NEEDS_PERSON) as booked:
        await stewards.take(booked)
        await booked.do(TaskKind.REVIEW_BOOKING, approved=True)
        await booked.do(TaskKind.TELL_RESULT, told_by="phone")
        await stewards.send_papers(booked)
        await stewards.examine(booked)
        examiner = Actor(role=Role.FINANCE, id=REVIEWER.id)
        assert (
            await refused(booked.do(TaskKind.CONFIRM_PAYEE, examiner, is_insured=True)) == "actor"
        )
        await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)
        await booked.ends(BookingStage.CLOSED)
        movement = f"{booked.booking_id}:payout"
        assert booked.partners.paid == {movement: 110_700}
        assert booked.payments[movement].status is PaymentStatus.PAID
        assert booked.books.limits[booked.booking_id] == (110_700, "at_most")
        assert "papers_received" in booked.lines
        assert booked.told == ["booking_received", "booking_originals", "booking_paid_back"]
        [paid] = [one for one in booked.books.notices.values() if one.template == booked.told[-1]]
        assert "1107.00" in paid.text


async def test_missing_papers_are_asked_for_once_and_a_wrong_payee_is_put_right(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        await stewards.take(booked)
        assert await refused(booked.do(TaskKind.RECEIVE_PAPERS, complete=True)) == "documents"
        lacking = {"complete": False, "missing": ["lodging_invoice"], "courier_no": "SF1"}
        await booked.do(TaskKind.RECEIVE_PAPERS, **lacking)
        await booked.until(lambda: booked.lines.count("papers_missing") == 1)
        assert booked.told[1:3] == ["booking_originals", "booking_originals_missing"]
        await booked.do(TaskKind.RECEIVE_PAPERS, **lacking | {"courier_no": "SF2"})
        ticket = stewards.a_ticket(booked)
        unnamed = ticket | {"names_insured": False}
        assert await refused(stewards.examine(booked, unnamed)) == "expenses.0"
        await stewards.examine(booked, ticket)
        await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=False)
        await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)
        await booked.ends(BookingStage.CLOSED)
        assert (booked.lines.count("papers_missing"), booked.lines.count("wrong_payee")) == (1, 1)
        assert list(booked.partners.paid.values()) == [55_350]


async def test_a_parcel_that_is_lost_is_looked_for_and_another_one_is_followed_to_our_door(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        await stewards.take(booked)
        step = await booked.task(TaskKind.RECEIVE_PAPERS)
        assert booked.pages[-1].awaiting == [Role.AGENT, Role.CUSTOMER], "he hands them over"
        await booked.courier_says(1, ParcelStatus.ON_THE_WAY)
        await booked.until(lambda: booked.pages[-1].awaiting == [Role.AGENT])
        await booked.courier_says(1, ParcelStatus.LOST)
        found = await booked.task(TaskKind.FIND_PARCEL)
        assert found.subject == "KD-1 丢失"
        await booked.do(TaskKind.FIND_PARCEL, send_again=True, note="网点确认丢失")
        for _ in range(2):
            await booked.courier_says(2, ParcelStatus.DELIVERED)
        await booked.until(lambda: booked.open_tasks[step.task_id].due_at)
        await booked.courier_says(2, ParcelStatus.LOST)
        await booked.task(TaskKind.BREACH)
        await stewards.send_papers(booked)
        await stewards.examine(booked)
        await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)
        await booked.ends(BookingStage.CLOSED)
        assert [one.purpose for one in booked.partners.parcels.values()] == ["papers"] * 2


async def test_a_courier_that_is_silent_for_a_week_becomes_a_step_and_waits_half_a_year(
    booking_of: BookingOf,
) -> None:
    def away(verb: str) -> None:
        if verb == "order_parcel":
            raise OSError("the courier is away")

    async with booking_of() as booked:
        booked.partners.fail = away
        await stewards.take(booked)
        await booked.task(TaskKind.RECEIVE_PAPERS)
        await booked.time.go_to(booked.time.now() + timedelta(minutes=61))
        await booked.task(TaskKind.FIND_PARCEL)
        booked.partners.fail = lambda _: None
        await booked.do(TaskKind.FIND_PARCEL, send_again=True, note="快递系统已恢复")
        await booked.until(lambda: booked.partners.parcels)
        assert booked.partners.called_off == [f"{booked.booking_id}.parcel.1"]
        await booked.time.go_to(booked.time.now() + timedelta(days=8))
        await booked.task(TaskKind.FIND_PARCEL)
        assert len(booked.partners.tracked) == 7
        await booked.time.go_to(booked.time.now() + timedelta(days=173))
        await booked.ends(BookingStage.EXPIRED)


@pytest.mark.parametrize("complete", [True, False])
async def test_originals_that_were_delivered_in_time_are_opened_before_the_booking_ends(
    booking_of: BookingOf, *, complete: bool
) -> None:
    async with booking_of() as booked:
        await stewards.take(booked)
        step = await booked.task(TaskKind.RECEIVE_PAPERS)
        await booked.until(lambda: booked.partners.parcels)
        await booked.courier_says(1, ParcelStatus.DELIVERED)
        await booked.until(lambda: booked.open_tasks[step.task_id].due_at)
        await booked.time.go_to(booked.time.now() + OWED_FOR + timedelta(days=1))
        assert booked.stage is BookingStage.PAPERS_DUE
        if complete:
            await stewards.send_papers(booked)
            await booked.task(TaskKind.EXAMINE_EXPENSES)
        else:
            lacking = {"complete": False, "missing": ["lodging_invoice"], "courier_no": "SF1"}
            await booked.do(TaskKind.RECEIVE_PAPERS, **lacking)
            await booked.ends(BookingStage.EXPIRED)


async def test_what_is_not_paid_back_at_all_is_told_with_its_reason(booking_of: BookingOf) -> None:
    async with booking_of() as booked:
        await _papers_in(booked)
        nothing = stewards.a_ticket(booked) | {"granted": stewards.yuan("0.00")}
        await stewards.examine(booked, nothing, reason="车票没有姓名")
        await booked.do(TaskKind.TELL_RESULT, told_by="phone")
        await booked.ends(BookingStage.DECLINED)
        assert booked.pages[-1].reason == "车票没有姓名"
        assert booked.partners.ordered == []


async def test_an_unknown_outcome_is_asked_again_and_then_looked_into_by_finance(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        booked.partners.answers = [booked.partners.unknown()]
        booked.partners.looked_up = [booked.partners.unknown()] * 9
        await _to_the_payment(booked)
        await booked.until(lambda: booked.stage is BookingStage.PAYING_BACK)
        assert await refused(booked.give_up()) == "stage"
        await booked.time.go_to(booked.time.now() + timedelta(hours=2))
        task = await booked.task(TaskKind.RESOLVE_PAYMENT)
        assert task.subject == f"{booked.booking_id}:payout"
        assert len(booked.partners.looks) > 1
        said = {"paid": True, "evidence": "银行流水"}
        assert await refused(booked.do(TaskKind.RESOLVE_PAYMENT, **said)) == "reference"
        booked.partners.pays(task.subject, 110_700)
        await booked.do(TaskKind.RESOLVE_PAYMENT, reference="B-1", **said)
        await booked.ends(BookingStage.CLOSED)
        assert len(booked.partners.ordered) == 1


async def test_what_the_partner_refuses_finance_pays_by_another_way(booking_of: BookingOf) -> None:
    async with booking_of() as booked:
        booked.partners.answers = [booked.partners.refused()]
        await _to_the_payment(booked)
        await booked.do(
            TaskKind.RESOLVE_PAYMENT, paid=True, reference="B-2", evidence="改用银行转账"
        )
        await booked.ends(BookingStage.CLOSED)
        assert len(booked.partners.ordered) == 1


async def test_a_paper_that_was_paid_back_before_is_read_again_and_not_paid_twice(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        booked.books.paid_papers["T-1"] = "bk-another"
        await _to_the_payment(booked)
        task = await booked.task(TaskKind.EXAMINE_EXPENSES)
        assert task.subject == "条款未载明限额; 已报销过尾号: T-1"
        assert booked.partners.ordered == []
        night = stewards.a_ticket(booked) | {"kind": "lodging_invoice", "number": "L-1"}
        none = {"granted": stewards.yuan("0.00"), "reason": "该车票已报销过"}
        await stewards.examine(booked, stewards.a_ticket(booked) | none, night)
        await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)
        await booked.ends(BookingStage.CLOSED)
        assert list(booked.partners.paid.values()) == [55_350]


async def test_a_word_that_comes_late_and_says_otherwise_is_looked_into_and_paid_once(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        await _papers_in(booked)
        less = stewards.a_ticket(booked) | {"granted": stewards.yuan("500.00"), "reason": "超标"}
        await stewards.examine(booked, less)
        booked.partners.answers = [booked.partners.pending()]
        await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)
        first = f"{booked.booking_id}:payout"
        await booked.until(lambda: first in booked.payments)
        for _ in range(2):
            await booked.partner_says(first, PaymentStatus.PAID)
        # The customer still has to hear why it is less, so the booking still listens.
        await booked.until(lambda: booked.stage is BookingStage.CLOSED)
        await booked.partner_says(first, PaymentStatus.REFUSED)
        await booked.do(
            TaskKind.CORRECT_PAYMENT,
            really_out=stewards.yuan("0.00"),
            evidence="银行未出账",
        )
        await booked.until(lambda: f"{first}:2" in booked.partners.paid)
        await booked.ends(BookingStage.CLOSED)
        assert booked.partners.paid == {f"{first}:2": 50_000}


async def test_before_any_money_leaves_the_customer_may_give_it_up(booking_of: BookingOf) -> None:
    async with booking_of() as booked:
        await _papers_in(booked)
        await stewards.examine(booked)
        await booked.task(TaskKind.CONFIRM_PAYEE)
        await booked.give_up()
        await booked.ends(BookingStage.CANCELLED)
        assert booked.partners.ordered == []
        assert booked.partners.called_off == [f"{booked.booking_id}.parcel.1"]


async def _papers_in(booked: Booked) -> None:
    await stewards.take(booked)
    await stewards.send_papers(booked)


async def _to_the_payment(booked: Booked) -> None:
    await _papers_in(booked)
    await stewards.examine(booked)
    await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)


async def test_what_was_spent_while_the_contract_ran_is_paid_back_after_it(
    booking_of: BookingOf,
) -> None:
    async with booking_of() as booked:
        await stewards.take(booked)
        await stewards.send_papers(booked)
        await booked.task(TaskKind.EXAMINE_EXPENSES)
        await booked.lose_contract("2026-09-22")
        assert await refused(stewards.examine(booked)) == "treated_until"
        await booked.lose_contract("2026-09-23")
        await stewards.examine(booked)
        await booked.do(TaskKind.CONFIRM_PAYEE, is_insured=True)
        await booked.ends(BookingStage.CLOSED)
