"""Money that comes for an ended case: it goes on from what it knew, and ends again at zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from activities.ports.cases import PaymentStatus
from domain.posting import Reason
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import CUSTOMER, FINANCE, SUPERVISOR
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.cases import ClaimDecided, DisputeClaim, Intervene, RefundReceived
from workflows.messages.payments import PaymentResult

CaseOf = Callable[..., Any]
DEPOSIT = 5_000_000


def _booked(case: Case, reason: Reason) -> list[int]:
    return [one.amount_fen for one in case.books.transfers.values() if one.reason is reason]


async def reopened(case: Case, name: str, message: Any, **facts: Any) -> None:
    """As the door does when a letter comes for an ended case."""
    carried = next(page.carried for page in reversed(case.pages) if page.carried)
    opening = case.opening(**facts)
    state = carried | {"calendar": opening.calendar.model_dump(mode="json")}
    case.handle = await case.time.client.start_workflow(
        "Claim" if opening.claim else "DepositWaiver",
        opening.model_copy(update={"carried": state}),
        id=case.case_id,
        task_queue=case._queue,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal=name,
        start_signal_args=[message],
    )


async def _refunded(case: Case, amount_fen: int, reference: str = "B-late") -> None:
    message = RefundReceived(
        refund_id=f"r-{reference}", amount_fen=amount_fen, reference=reference, at=case.time.now()
    )
    await reopened(case, "refund_received", message)


async def _closed_after_part_repaid(case: Case) -> None:
    """The claim paid 20,000, the customer 25,000, and 5,000 were written off."""
    await case.open()
    await people.admitted(case)
    await people.discharged(case, DEPOSIT)
    await people.decide(case, "partial", 2_000_000)
    await people.repay(case, 2_500_000)
    await case.until(lambda: case.pages[-1].owed_fen == 500_000)
    await people.write_off(case)
    await case.ends(Stage.CLOSED)


def _parts(customer: int, insurer: int, loss: int, hospital: int) -> dict[str, Any]:
    names = ("to_customer", "to_insurer", "to_loss", "to_hospital")
    amounts = (customer, insurer, loss, hospital)
    form: dict[str, Any] = {
        name: people.money(fen) for name, fen in zip(names, amounts, strict=True)
    }
    return form | {"reason": "医院重新结算"}


async def test_a_refund_after_the_end_goes_to_those_who_paid_and_the_case_is_at_zero_again(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _closed_after_part_repaid(case)
        await _refunded(case, 900_000)
        task = await case.task(TaskKind.SETTLE_LATE_REFUND, subject="B-late")
        assert (task.amount_fen, case.stage) == (900_000, Stage.CLOSED)
        assert "25,000.00 元" in task.evidence.ours
        for wrong in (
            _parts(900_000, 1, 0, 0),
            _parts(899_999, 0, 0, 0),
            _parts(0, 0, 500_001, 399_999),
        ):
            with pytest.raises(WorkflowUpdateFailedError):
                await case.complete(task, FINANCE, wrong)
        await case.complete(task, FINANCE, _parts(200_000, 150_000, 500_000, 50_000))
        await case.ends(Stage.CLOSED)
        assert case.partners.paid[f"{case.case_id}:payout"] == 200_000
        # What was the hospital's all the time came, and went back to it.
        assert _booked(case, Reason.REFUND) == [900_000]
        assert _booked(case, Reason.SENT_BACK) == [50_000]
        assert case.pages[-1].outstanding_fen == 0
        # Told again, it counts once; another one finds what is left of what each gave.
        await _refunded(case, 900_000)
        await case.ends(Stage.CLOSED)
        await _refunded(case, 2_300_000, "B-2")
        again = await case.task(TaskKind.SETTLE_LATE_REFUND, subject="B-2")
        await case.complete(again, FINANCE, _parts(2_300_000, 0, 0, 0))
        await case.ends(Stage.CLOSED)
        assert case.partners.paid[f"{case.case_id}:payout:2"] == 2_300_000


async def test_a_deposit_paid_after_the_case_was_cancelled_comes_back_from_the_hospital(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused() for _ in range(4)]
        await case.open()
        await people.at_the_bed(case)
        await people.sign_on_site(case)
        await case.task(TaskKind.ARRANGE_VISIT)
        await people.withdraw(case)
        await people.acknowledge(case, "全部付款方式均被拒绝")
        await case.ends(Stage.CANCELLED)
        said = PaymentResult(
            movement_id=case.movement(2),
            status=PaymentStatus.PAID,
            amount_fen=DEPOSIT,
            receipt_no="R-late",
            at=case.time.now(),
        )
        await reopened(case, "payment_result", said)
        task = await case.task(
            TaskKind.CORRECT_PAYMENT, subject=f"contradiction {case.movement(2)}"
        )
        await people.correct(case, task, DEPOSIT)
        refund = await case.task(TaskKind.CONFIRM_REFUND)
        assert refund.amount_fen == DEPOSIT
        await case.complete(
            refund, FINANCE, {"received": people.money(DEPOSIT), "reference": "B-9"}
        )
        await case.ends(Stage.CANCELLED)
        assert _booked(case, Reason.REFUND) == [DEPOSIT]


async def test_a_payout_that_never_arrived_is_paid_again_under_its_next_number(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case, PaymentMode.HOSPITAL_ONLINE)
        await people.discharged(case, DEPOSIT)
        await people.decide(case, "approved", DEPOSIT + 700)
        await case.ends(Stage.CLOSED)
        first = f"{case.case_id}:payout"
        said = PaymentResult(
            movement_id=first, status=PaymentStatus.REFUSED, amount_fen=700, at=case.time.now()
        )
        await reopened(case, "payment_result", said)
        task = await case.task(TaskKind.CORRECT_PAYMENT, subject=f"contradiction {first}")
        await people.correct(case, task, 0)
        await case.ends(Stage.CLOSED)
        assert case.partners.paid[f"{first}:2"] == 700
        assert _booked(case, Reason.PAYOUT) == [700, 700]
        assert _booked(case, Reason.PAYOUT_REVERSAL) == [700]


def _decision(case: Case, payable_fen: int) -> ClaimDecided:
    return ClaimDecided(
        claim_id=f"{case.case_id}:claim",
        decision="partial",
        payable_fen=payable_fen,
        at=case.time.now(),
    )


async def test_claim_money_that_is_added_after_the_end_is_booked_and_paid_on(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _closed_after_part_repaid(case)
        await reopened(case, "claim_decided", _decision(case, 2_900_000))
        task = await case.task(TaskKind.SETTLE_LATE_CLAIM)
        assert (task.amount_fen, case.stage) == (900_000, Stage.CLOSED)
        for received, loss in ((899_999, 0), (900_001, 0), (900_000, 500_001)):
            wrong = {"received": people.money(received), "to_loss": people.money(loss)}
            with pytest.raises(WorkflowUpdateFailedError):
                await case.complete(task, FINANCE, wrong | {"reason": "追加"})
        form = {"received": people.money(900_000), "to_loss": people.money(500_000)}
        await case.complete(task, FINANCE, form | {"reason": "保险公司追加赔付"})
        await case.ends(Stage.CLOSED)
        assert _booked(case, Reason.CLAIM_MONEY) == [2_000_000, 900_000]
        assert _booked(case, Reason.LOSS_UNDONE) == [500_000]
        assert case.partners.paid[f"{case.case_id}:payout"] == 400_000
        # Told again it changes nothing; less than before is a supervisor's.
        await reopened(case, "claim_decided", _decision(case, 2_900_000))
        await case.ends(Stage.CLOSED)
        await reopened(case, "claim_decided", _decision(case, 100))
        await people.acknowledge(case, "理赔决定与已处理的不一致")
        await case.ends(Stage.CLOSED)


async def test_a_decision_disputed_after_the_end_is_a_supervisors_step(case_of: CaseOf) -> None:
    async with case_of() as case:
        await _closed_after_part_repaid(case)
        disputed = DisputeClaim(
            dispute_id="di-1", reason="病理报告已补充", actor=CUSTOMER, at=case.time.now()
        )
        await reopened(case, "dispute_claim", disputed)
        await people.acknowledge(case, "客户对理赔结论有异议")
        await case.ends(Stage.CLOSED)
        await reopened(case, "dispute_claim", disputed)
        await case.ends(Stage.CLOSED)


async def test_a_hold_outlives_the_case_so_that_nothing_is_paid_on_over_it(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, DEPOSIT)
        await people.decide(case, "denied")
        await case.task(TaskKind.RECORD_REPAYMENT)
        hold = Intervene(act="hold", actor=SUPERVISOR, at=case.time.now())
        await case.update("intervene", hold)
        await people.refund(case, 700)
        await people.repay(case, DEPOSIT)
        task = await case.task(TaskKind.SETTLE_LATE_REFUND)
        await case.complete(task, FINANCE, _parts(700, 0, 0, 0))
        await case.settled()
        assert case.stage is Stage.CLOSED
        assert f"{case.case_id}:payout" not in case.partners.paid
        await case.do(TaskKind.RELEASE_HOLD, SUPERVISOR)
        await case.ends(Stage.CLOSED)
        assert case.partners.paid[f"{case.case_id}:payout"] == 700
