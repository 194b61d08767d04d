"""A payment that is refused, unknown, late, told twice or cut off pays once, and is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

import worker
from activities.ports.cases import PaymentOutcome, PaymentStatus
from domain.posting import Reason
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import FINANCE
from tests.workflows import people
from tests.workflows.conftest import Case

CaseOf = Callable[..., Any]

NOT_FOUND = PaymentOutcome(status=PaymentStatus.NOT_FOUND)
PAID = PaymentOutcome(status=PaymentStatus.PAID, receipt_no="R-1")


async def _pays_first_deposit(case: Case, mode: PaymentMode = PaymentMode.HOSPITAL_ONLINE) -> None:
    await case.open()
    await people.at_the_bed(case, mode)
    await people.sign_on_site(case)


async def _on_the_ward_with(case: Case, *movements: int) -> None:
    """The patient is in, and exactly these payments were posted."""
    await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
    posted = [key for key, how in case.books.ended.items() if how == "post"]
    assert posted == [case.movement(number) for number in movements]
    assert set(case.books.ended) == set(case.books.holds)
    assert sorted(case.partners.paid) == posted
    assert case.partners.paid_twice == []


async def test_a_refused_way_is_followed_by_the_next_under_a_new_movement(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await _pays_first_deposit(case)
        await _on_the_ward_with(case, 2)
        modes = [order.mode for order in case.partners.ordered]
        assert modes == [PaymentMode.HOSPITAL_ONLINE, PaymentMode.QR_CODE]
        assert case.books.ended[case.movement(1)] == "void"


async def test_when_every_way_is_refused_a_dispatcher_finds_another(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused() for _ in range(4)]
        await _pays_first_deposit(case)
        await case.until(lambda: "全部付款方式均被拒绝" in case.alerts)
        await people.arrange(case, mode=PaymentMode.CONTRACTED_NURSE)
        await _on_the_ward_with(case, 5)
        assert case.partners.ordered[-1].mode is PaymentMode.CONTRACTED_NURSE


async def test_an_unknown_outcome_is_looked_up_until_it_is_certain(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.unknown()]
        case.partners.looked_up = [case.partners.unknown(), PAID]
        await _pays_first_deposit(case)
        await case.until(lambda: case.payments[case.movement(1)].status is PaymentStatus.UNKNOWN)
        case.partners.pays(case.movement(1), 5_000_000)
        await case.time.go_to(case.time.now() + timedelta(minutes=5))
        await _on_the_ward_with(case, 1)
        assert len(case.partners.ordered) == 1
        assert len(case.partners.looks) == 2


async def test_an_order_the_partner_never_saw_is_sent_again_under_the_same_id(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.unknown()]
        case.partners.looked_up = [NOT_FOUND]
        await _pays_first_deposit(case)
        await case.until(lambda: case.payments[case.movement(1)].status is PaymentStatus.UNKNOWN)
        await case.time.go_to(case.time.now() + timedelta(minutes=2))
        await _on_the_ward_with(case, 1)
        assert [order.movement_id for order in case.partners.ordered] == [case.movement(1)] * 2


async def test_a_code_waits_for_the_cashier_for_days(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.pending(code_url="https://code.example/1")]
        await case.open(planned_admission=case.day("2026-05-06"))
        await people.at_the_bed(case, PaymentMode.QR_CODE)
        await people.sign_on_site(case)
        await case.until(lambda: case.payments[case.movement(1)].code_url)
        await case.go_to("2026-05-02 21:00")
        assert TaskKind.RESOLVE_PAYMENT not in {task.kind for task in case.open_tasks.values()}
        assert len(case.partners.looks) <= 7
        await case.partner_pays(1)
        await _on_the_ward_with(case, 1)


@pytest.mark.parametrize("paid", [True, False])
async def test_an_outcome_unknown_beyond_its_bound_is_found_out_by_finance(
    case_of: CaseOf, *, paid: bool
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.unknown()]
        await _pays_first_deposit(case)
        await case.until(lambda: case.payments[case.movement(1)].status is PaymentStatus.UNKNOWN)
        if paid:
            case.partners.paid[case.movement(1)] = 5_000_000
        case.partners.looked_up = [case.partners.unknown() for _ in range(40)]
        await case.time.go_to(case.time.now() + timedelta(minutes=80))
        task = await case.task(TaskKind.RESOLVE_PAYMENT, subject=case.movement(1))
        assert task.amount_fen == 5_000_000
        assert "payment_delayed" in case.told
        found = {"paid": paid, "evidence": "已与医院财务核对", "reference": "B-1" if paid else None}
        await case.complete(task, FINANCE, found)
        await _on_the_ward_with(case, 1 if paid else 2)


async def test_a_partner_that_is_away_for_a_while_is_tried_again_under_the_same_id(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        away = PaymentOutcome(status=PaymentStatus.UNREACHABLE)
        case.partners.answers = [away, away]
        await _pays_first_deposit(case)
        await _on_the_ward_with(case, 1)
        assert {order.movement_id for order in case.partners.ordered} == {case.movement(1)}


async def test_late_and_repeated_words_change_nothing_and_a_contradiction_is_looked_into(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await _pays_first_deposit(case)
        await _on_the_ward_with(case, 2)
        await people.slip(case, 2)
        await case.partner_says(2, PaymentStatus.PAID)
        await case.partner_says(2, PaymentStatus.PENDING)
        await case.partner_says(1, PaymentStatus.REFUSED)
        await case.settled()
        assert case.alerts == []
        # The refused way was paid after all: money is out that the books do not know.
        await case.partner_says(1, PaymentStatus.PAID)
        await case.partner_says(1, PaymentStatus.PAID)
        await case.partner_says(2, PaymentStatus.PAID, amount_fen=1)
        await case.partner_says(7, PaymentStatus.PAID, amount_fen=1)
        await people.acknowledge(case, f"收到未下达付款的结果 {case.movement(7)}")
        first = await case.task(
            TaskKind.CORRECT_PAYMENT, subject=f"contradiction {case.movement(1)}"
        )
        second = await case.task(
            TaskKind.CORRECT_PAYMENT, subject=f"contradiction {case.movement(2)}"
        )
        await case.settled()
        doubts = [one for one in case.open_tasks.values() if one.kind is TaskKind.CORRECT_PAYMENT]
        assert len(doubts) == 2
        assert "未付" in first.evidence.ours
        assert "已付" in first.evidence.theirs
        assert "0.01 元" in second.evidence.theirs
        await people.correct(case, second, 5_000_000)
        await people.correct(case, first, 5_000_000)
        await case.until(lambda: case.pages[-1].advanced_fen == 10_000_000)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 5_000_000)
        await people.refund(case, 5_000_000)
        await people.file_claim(case)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)


async def test_a_callback_that_overtakes_the_answer_is_heard(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.unknown()]
        await case.open()
        await people.at_the_bed(case, PaymentMode.HOSPITAL_ONLINE)
        await people.sign_on_site(case)
        await case.until(lambda: case.movement(1) in case.payments)
        await case.partner_pays(1)
        await _on_the_ward_with(case, 1)
        assert case.partners.looks == []


async def test_a_worker_that_dies_between_the_partners_yes_and_our_record_pays_once(
    case_of: CaseOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "STOP_WITHIN", timedelta())
    async with case_of() as case:
        died = asyncio.Event()

        def dies(verb: str) -> None:
            if verb == "pay" and not died.is_set():
                died.set()
                raise asyncio.CancelledError

        case.partners.after = dies
        await _pays_first_deposit(case)
        await died.wait()
        await case.stop_worker()
        assert case.partners.paid == {case.movement(1): 5_000_000}
        await case.start_worker()
        await _on_the_ward_with(case, 1)
        assert [order.movement_id for order in case.partners.ordered] == [case.movement(1)] * 2


@pytest.mark.parametrize("paid", [True, False])
async def test_a_residual_the_partner_refuses_is_paid_by_finance_before_the_case_closes(
    case_of: CaseOf, *, paid: bool
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, 5_000_000)
        if not paid:
            case.partners.answers = [case.partners.refused()]
        await people.decide(case, "approved", 6_000_000)
        if not paid:
            await case.do(TaskKind.RESOLVE_PAYMENT, FINANCE, paid=False, evidence="账户已销户")
            await case.do(
                TaskKind.RESOLVE_PAYMENT, FINANCE, paid=True, reference="B-7", evidence="另行支付"
            )
        await case.ends(Stage.CLOSED)
        payouts = [
            one.amount_fen for one in case.books.transfers.values() if one.reason is Reason.PAYOUT
        ]
        assert payouts == [1_000_000]


async def test_a_refund_told_by_hospital_and_finance_counts_once_and_too_much_is_looked_into(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.refund(case, 300_000, "B-early")
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 4_000_000)
        # The hospital's early word answers the first task; finance sees the one for the rest.
        await case.until(lambda: case.pages[-1].outstanding_fen == 4_700_000)
        again = {"received": people.money(300_000), "reference": "B-early"}
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await case.do(TaskKind.CONFIRM_REFUND, FINANCE, **again)
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.details == ("reference",)
        await case.settled()
        assert case.pages[-1].outstanding_fen == 4_700_000
        await people.refund(case, 800_000, "B-late")
        await case.until(lambda: case.pages[-1].outstanding_fen == 4_000_000)
        await people.file_claim(case)
        await people.decide(case, "approved", 4_000_000)
        rest = await case.task(TaskKind.SETTLE_LATE_REFUND)
        assert (rest.amount_fen, case.stage) == (100_000, Stage.CLOSED)
        names = ("to_customer", "to_insurer", "to_loss", "to_hospital")
        form: dict[str, Any] = {name: people.money(0) for name in names}
        form |= {"to_insurer": people.money(100_000), "reason": "账单更正"}
        await case.complete(rest, FINANCE, form)
        await case.ends(Stage.CLOSED)
