"""What is really out is booked, whoever was wrong, and nobody is asked for what he does not owe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from activities.ports.cases import PaymentStatus
from domain.posting import Reason
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import FINANCE
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.payments import PaymentResult

CaseOf = Callable[..., Any]
DEPOSIT = 5_000_000


def _booked(case: Case, reason: Reason) -> list[int]:
    return [one.amount_fen for one in case.books.transfers.values() if one.reason is reason]


async def _doubted(case: Case, number: int, status: PaymentStatus) -> Any:
    await case.partner_says(number, status)
    return await case.task(
        TaskKind.CORRECT_PAYMENT, subject=f"contradiction {case.movement(number)}"
    )


async def test_a_refused_deposit_that_was_paid_after_all_is_not_paid_again(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused() for _ in range(4)]
        await case.open()
        await people.at_the_bed(case)
        await people.sign_on_site(case)
        await case.task(TaskKind.ARRANGE_VISIT)
        task = await _doubted(case, 1, PaymentStatus.PAID)
        # While it is in doubt nothing more is paid, and nobody can withdraw.
        await people.arrange(case, mode=PaymentMode.HOSPITAL_ONLINE)
        with pytest.raises(WorkflowUpdateFailedError):
            await people.withdraw(case)
        await case.settled()
        assert len(case.partners.ordered) == 4
        await people.correct(case, task, DEPOSIT)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert len(case.partners.ordered) == 4
        assert case.pages[-1].advanced_fen == DEPOSIT
        await people.slip(case, 1)
        await people.discharged(case, DEPOSIT)
        await people.decide(case, "approved", DEPOSIT)
        await people.acknowledge(case, "全部付款方式均被拒绝")
        await case.ends(Stage.CLOSED)


async def test_a_deposit_found_paid_during_repayment_is_asked_of_the_hospital_alone(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await case.open()
        await people.admitted_by(case, 2)
        await people.discharged(case, DEPOSIT)
        await people.decide(case, "denied")
        await case.task(TaskKind.RECORD_REPAYMENT)
        await people.correct(case, await _doubted(case, 1, PaymentStatus.PAID), DEPOSIT)
        await case.until(lambda: case.pages[-1].outstanding_fen == 2 * DEPOSIT)
        assert case.pages[-1].owed_fen == DEPOSIT
        assert (await case.task(TaskKind.CONFIRM_REFUND)).amount_fen == DEPOSIT
        await people.repay(case, DEPOSIT)
        await case.settled()
        assert case.stage is Stage.REPAYMENT
        await people.refund(case, DEPOSIT)
        await case.ends(Stage.CLOSED)


async def test_a_deposit_that_never_left_gives_the_limit_back_and_is_owed_by_nobody(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, DEPOSIT)
        await people.decide(case, "denied")
        await case.task(TaskKind.RECORD_REPAYMENT)
        task = await _doubted(case, 1, PaymentStatus.REFUSED)
        await people.correct(case, task, 0)
        await case.until(lambda: case.stage is Stage.CLOSED)
        assert _booked(case, Reason.REVERSAL) == _booked(case, Reason.UNBILLED) == [DEPOSIT]
        assert case.pages[-1].advanced_fen == 0
        await people.acknowledge(case, "医院账单有 50,000.00 元 并未由押金支付")
        await case.ends(Stage.CLOSED)


def _back(customer: int, insurer: int, hospital: int = 0) -> dict[str, Any]:
    parts = {"to_customer": customer, "to_insurer": insurer, "to_hospital": hospital, "to_loss": 0}
    return {name: people.money(fen) for name, fen in parts.items()} | {"reason": "押金并未付出"}


async def test_what_was_returned_of_a_deposit_that_never_left_goes_back_to_who_returned_it(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, DEPOSIT)
        await people.decide(case, "partial", 3_000_000)
        await people.repay(case, 500_000)
        await case.until(lambda: case.pages[-1].owed_fen == 1_500_000)
        await people.correct(case, await _doubted(case, 1, PaymentStatus.REFUSED), 0)
        task = await case.task(TaskKind.SETTLE_LATE_REFUND, subject=case.movement(1))
        assert task.amount_fen == 3_500_000
        assert "客户归还 5,000.00 元" in task.evidence.ours
        assert (case.pages[-1].owed_fen, case.pages[-1].outstanding_fen) == (0, 0)
        for wrong in (_back(500_001, 2_999_999), _back(500_000, 2_999_999, hospital=1)):
            with pytest.raises(WorkflowUpdateFailedError):
                await case.complete(task, FINANCE, wrong)
        case.partners.answers = [case.partners.pending()]
        await case.complete(task, FINANCE, _back(500_000, 3_000_000))
        payout = f"{case.case_id}:payout"
        await case.until(lambda: payout in case.payments)
        await case.settled()
        # What goes back is not there yet: nobody is told that all is over.
        assert case.stage is Stage.REPAYMENT
        assert "closed" not in case.told
        case.partners.pays(payout, 500_000)
        await _says_of_payout(case, PaymentStatus.PAID, 500_000)
        await people.acknowledge(case, "医院账单有 50,000.00 元 并未由押金支付")
        await case.ends(Stage.CLOSED)
        assert case.partners.paid[f"{case.case_id}:payout"] == 500_000
        assert _booked(case, Reason.CLAIM_RETURNED) == [3_000_000]
        assert _booked(case, Reason.REVERSAL) == _booked(case, Reason.UNBILLED) == [DEPOSIT]


async def test_a_bill_that_was_paid_by_another_payment_is_owed_and_not_asked_of_the_hospital(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await case.open()
        await people.admitted_by(case, 2)
        await people.discharged(case, DEPOSIT)
        await people.correct(case, await _doubted(case, 2, PaymentStatus.REFUSED), 0)
        await case.until(lambda: _booked(case, Reason.UNBILLED) == [DEPOSIT])
        await people.correct(case, await _doubted(case, 1, PaymentStatus.PAID), DEPOSIT)
        await case.until(lambda: _booked(case, Reason.BILL) == [DEPOSIT, DEPOSIT])
        await case.settled()
        assert TaskKind.CONFIRM_REFUND not in {task.kind for task in case.open_tasks.values()}
        await people.decide(case, "approved", DEPOSIT)
        await people.acknowledge(case, "医院账单有 50,000.00 元 并未由押金支付")
        await case.ends(Stage.CLOSED)


async def test_what_a_hospital_has_sent_back_had_reached_it(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, DEPOSIT - 100)
        await people.refund(case, 100)
        await case.until(lambda: _booked(case, Reason.REFUND) == [100])
        task = await _doubted(case, 1, PaymentStatus.REFUSED)
        with pytest.raises(WorkflowUpdateFailedError):
            await people.correct(case, task, 99)
        await people.correct(case, task, DEPOSIT)
        await people.decide(case, "approved", DEPOSIT - 100)
        await case.ends(Stage.CLOSED)


async def _payout_says(case: Case, status: PaymentStatus, amount_fen: int) -> Any:
    await _says_of_payout(case, status, amount_fen)
    subject = f"contradiction {case.case_id}:payout"
    return await case.task(TaskKind.CORRECT_PAYMENT, subject=subject)


async def _says_of_payout(case: Case, status: PaymentStatus, amount_fen: int) -> None:
    said = PaymentResult(
        movement_id=f"{case.case_id}:payout",
        status=status,
        amount_fen=amount_fen,
        receipt_no="R-late",
        at=case.time.now(),
    )
    await case.handle.signal("payment_result", said)


async def test_a_payment_whose_end_is_not_known_is_not_corrected_and_counts_once(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, DEPOSIT)
        case.partners.answers = [case.partners.pending()]
        await people.decide(case, "approved", DEPOSIT + 700)
        await case.until(lambda: f"{case.case_id}:payout" in case.payments)
        task = await _payout_says(case, PaymentStatus.PAID, 600)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await people.correct(case, task, 600)
        assert getattr(refused.value.cause, "type", "") == "WrongStage"
        case.partners.pays(f"{case.case_id}:payout", 700)
        await case.time.go_to(case.time.now() + timedelta(minutes=6))
        await case.until(lambda: case.payments[f"{case.case_id}:payout"].settled_at)
        await people.correct(case, task, 600)
        # The customer lacks a hundred: that is paid under an id of its own.
        await case.ends(Stage.CLOSED)
        assert _booked(case, Reason.PAYOUT) == [700, 100]
        assert _booked(case, Reason.PAYOUT_REVERSAL) == [100]


async def test_a_refused_payout_that_was_paid_after_all_is_booked_once(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, DEPOSIT)
        case.partners.answers = [case.partners.refused()]
        await people.decide(case, "approved", DEPOSIT + 700)
        resolve = await case.task(TaskKind.RESOLVE_PAYMENT)
        assert resolve.evidence is not None
        await people.correct(case, await _payout_says(case, PaymentStatus.PAID, 700), 700)
        await case.ends(Stage.CLOSED)
        assert _booked(case, Reason.PAYOUT) == [700]


async def test_what_is_owed_again_while_a_case_waits_to_be_closed_is_asked_for(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case, deposit_fen=3_000_000)
        await people.ask_top_up(case, "t-1", 2_000_000)
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 2)
        await people.discharged(case, DEPOSIT)
        await people.decide(case, "denied")
        await case.task(TaskKind.RECORD_REPAYMENT)
        first = await _doubted(case, 1, PaymentStatus.REFUSED)
        second = await _doubted(case, 2, PaymentStatus.REFUSED)
        await people.correct(case, first, 0)
        await people.repay(case, 2_000_000)
        await case.until(lambda: case.pages[-1].owed_fen == 0)
        await people.correct(case, await _doubted(case, 1, PaymentStatus.PAID), 3_000_000)
        await people.correct(case, second, 2_000_000)
        await people.acknowledge(case, "医院账单有 30,000.00 元 并未由押金支付")
        await case.settled()
        assert case.stage is Stage.REPAYMENT
        await people.repay(case, 3_000_000)
        await case.ends(Stage.CLOSED)
