"""Codes nobody scans, ids that conflict, partners that are away: one way is paid, never two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.ports.cases import (
    HoldOrder,
    MovementConflict,
    PaymentOutcome,
    PaymentStatus,
    TopUpState,
)
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import FINANCE
from tests.workflows import people
from tests.workflows.conftest import Case

CaseOf = Callable[..., Any]

AWAY = PaymentOutcome(status=PaymentStatus.UNREACHABLE)


async def _signed(case: Case, mode: PaymentMode) -> None:
    await case.open()
    await people.at_the_bed(case, mode)
    await people.sign_on_site(case)


async def _with_a_code(case: Case) -> None:
    """The first deposit waits for somebody to scan a code."""
    case.partners.answers = [case.partners.pending(code_url="https://code.example/1")]
    await _signed(case, PaymentMode.QR_CODE)
    await case.until(lambda: case.payments[case.movement(1)].code_url)


async def test_a_first_code_unscanned_past_its_due_is_taken_back_before_a_dispatcher_decides(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _with_a_code(case)
        told = [one.template for one in case.books.notices.values()]
        assert told.count("payment_code") == 1
        await case.time.go_to(case.clocks["K05.1"].due_at + timedelta(minutes=1))
        await people.acknowledge(case, f"付款码未被扫描, 已撤回 {case.movement(1)}")
        assert case.partners.taken_back == [case.movement(1)]
        assert case.books.ended == {case.movement(1): "void"}
        assert list(case.payments) == [case.movement(1)]
        await people.arrange(case, mode=PaymentMode.INHOUSE_SPECIALIST)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert list(case.partners.paid) == [case.movement(2)]


async def test_a_code_that_was_scanned_after_all_is_paid_when_it_is_taken_back(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _with_a_code(case)
        case.partners.pays(case.movement(1), 5_000_000)
        await case.time.go_to(case.clocks["K05.1"].due_at + timedelta(minutes=1))
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert case.books.ended == {case.movement(1): "post"}


async def test_what_finance_has_not_seen_does_not_end_a_code_that_could_not_be_taken_back(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.cancels = [AWAY] * 50
        await _with_a_code(case)
        await case.time.go_to(case.clocks["K05.1"].due_at + timedelta(minutes=75))
        tried = len(case.partners.taken_back)
        assert tried > 1
        case.partners.cancels = []
        await case.do(TaskKind.RESOLVE_PAYMENT, FINANCE, paid=False, evidence="未见到账")
        await case.task(TaskKind.ARRANGE_VISIT)
        assert len(case.partners.taken_back) > tried
        assert case.books.ended == {case.movement(1): "void"}


async def test_a_code_unscanned_at_discharge_is_taken_back_and_no_other_way_is_tried(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.ask_top_up(case, "t-1", 2_000_000)
        case.partners.answers = [case.partners.pending(code_url="https://code.example")]
        await people.answer_top_up(case, "t-1", mode=PaymentMode.QR_CODE)
        await case.until(lambda: case.payments[case.movement(2)].code_url)
        await people.notice_discharge(case, case.today)
        await case.until(lambda: case.top_ups["t-1"].state is TopUpState.REFUSED)
        assert case.books.ended[case.movement(2)] == "void"
        await people.discharge_visit(case, 5_000_000)
        await people.file_claim(case)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)
        assert list(case.partners.paid) == [case.movement(1)]


async def test_a_partner_that_is_away_neither_hides_a_callback_nor_the_one_hour_bound(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [AWAY] * 100
        await _signed(case, PaymentMode.HOSPITAL_ONLINE)
        await case.until(lambda: case.partners.ordered)
        await case.time.go_to(case.time.now() + timedelta(minutes=70))
        await case.task(TaskKind.RESOLVE_PAYMENT, subject=case.movement(1))
        assert len(case.partners.ordered) < 20
        await case.partner_pays(1)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert case.books.ended == {case.movement(1): "post"}


async def test_a_partner_that_knows_the_id_with_another_content_is_a_case_for_finance(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:

        def conflicts(verb: str) -> None:
            if verb == "pay":
                raise MovementConflict

        case.partners.fail = conflicts
        await _signed(case, PaymentMode.HOSPITAL_ONLINE)
        task = await case.task(TaskKind.RESOLVE_PAYMENT, subject=case.movement(1))
        case.partners.fail = lambda _: None
        await case.complete(task, FINANCE, {"paid": False, "evidence": "已核对"})
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert case.alerts == [f"付款编号已有不同内容 {case.movement(1)}"]
        assert case.books.ended == {case.movement(1): "void", case.movement(2): "post"}
        assert case.partners.looks == []


@pytest.mark.parametrize("mode", [PaymentMode.HOSPITAL_ONLINE, PaymentMode.QR_CODE])
async def test_another_amount_under_our_id_is_never_paid_and_a_case_for_finance(
    case_of: CaseOf, mode: PaymentMode
) -> None:
    """Asked for, or taken back: what finance finds out ends it, for there is no code of ours."""
    async with case_of() as case:
        code = case.partners.pending(code_url="https://code.example/1")
        case.partners.answers = [code if mode is PaymentMode.QR_CODE else case.partners.unknown()]
        await _signed(case, mode)
        await case.until(lambda: case.movement(1) in case.payments)
        case.partners.pays(case.movement(1), 100)
        await case.time.go_to(case.time.now() + timedelta(hours=30))
        task = await case.task(TaskKind.RESOLVE_PAYMENT, subject=case.movement(1))
        assert case.stage is Stage.ON_SITE
        await case.complete(task, FINANCE, {"paid": False, "evidence": "付的是另一笔"})
        await case.until(lambda: f"付款编号已有不同内容 {case.movement(1)}" in case.alerts)
        await case.until(lambda: case.books.ended.get(case.movement(1)) == "void")


async def test_an_id_our_own_books_know_otherwise_ends_no_hold_and_what_was_paid_is_booked(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case, PaymentMode.HOSPITAL_ONLINE)
        case.books.holds[case.movement(1)] = HoldOrder(
            case_id="dw-other",
            movement_id=case.movement(1),
            amount_fen=1,
            reason="deposit",
            at=case.time.now(),
        )
        await people.sign_on_site(case)
        task = await case.task(TaskKind.RESOLVE_PAYMENT, subject=case.movement(1))
        found = {"paid": True, "evidence": "已核对", "reference": "B-1"}
        await case.complete(task, FINANCE, found)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        await case.task(TaskKind.CORRECT_PAYMENT, subject=f"contradiction {case.movement(1)}")
        assert case.books.ended == {}
        assert (await case.books.balances(case.case_id)).hospital_deposit == 5_000_000


async def test_a_partner_that_refuses_with_our_own_word_leaves_no_hold_behind(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        refused = PaymentOutcome(status=PaymentStatus.REFUSED, reason="limit_exceeded")
        case.partners.answers = [refused]
        await _signed(case, PaymentMode.HOSPITAL_ONLINE)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert case.books.ended == {case.movement(1): "void", case.movement(2): "post"}
