"""Claims of their own against fake partners: refusals, fallbacks, unknown ends (P21)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from activities.ports.cases import PaymentStatus
from activities.ports.exchange import BillItem, SocialAnswer, StatedBill
from domain.posting import Account, Reason
from domain.steps.kinds import Evidence, TaskKind
from domain.waiver import Stage
from tests.builders import AGENT, CUSTOMER, FINANCE, INSURER, SUPERVISOR, programme_of
from tests.workflows import advances, people
from tests.workflows.conftest import Case
from tests.workflows.test_afterwards import reopened
from workflows.messages.cases import (
    BillSettled,
    ClaimAsked,
    DisputeClaim,
    Intervene,
    RefundReceived,
)
from workflows.messages.payments import DifferenceFound, PaymentResult

CaseOf = Callable[..., Any]

PAPERS = {"id_card_front": ["doc-1"], "diagnosis_proof": ["doc-2"]}
CI: dict[str, Any] = {"disease": "colorectal_cancer", "diagnosis": "confirmed"}
COUNTER: dict[str, Any] = {
    "bill": people.money(774_362),
    "social_paid": people.money(0),
    "self_pay": people.money(104_838),
}


async def complete(case: Case) -> None:
    await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=PAPERS, complete=True)


async def decide(case: Case, decision: str, fen: int, reason: str = "") -> None:
    form: dict[str, Any] = {"decision": decision, "payable": people.money(fen), "reason": reason}
    await case.do(TaskKind.ADJUDICATE, INSURER, **form)


async def test_a_claim_is_paid_out_and_its_books_are_at_zero(case_of: CaseOf) -> None:
    async with case_of("2026-04-13 10:30") as case:
        await advances.claimed(case, "ci_one_day_payout", **CI)
        await complete(case)
        await decide(case, "approved", 25_000_000)
        await case.ends(Stage.CLOSED)
        assert case.clocks["K22.1"].met_at is not None


async def test_a_claim_may_be_withdrawn_until_it_is_paid(case_of: CaseOf) -> None:
    async with case_of() as case:
        await advances.claimed(case, "ci_one_day_payout", **CI)
        await complete(case)
        await case.task(TaskKind.ADJUDICATE)
        await people.withdraw(case)
        await case.ends(Stage.CANCELLED)


async def test_a_payout_refused_is_settled_by_finance(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await advances.claimed(case, "ci_one_day_payout", **CI)
        await complete(case)
        await decide(case, "approved", 25_000_000)
        with pytest.raises(WorkflowUpdateFailedError):
            await people.withdraw(case)
        await case.do(
            TaskKind.RESOLVE_PAYMENT, FINANCE, paid=True, reference="B-1", evidence="银行回单"
        )
        await case.ends(Stage.CLOSED)


async def test_a_counter_the_hospital_refuses_pays_the_customer(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await advances.claimed(case, "claim_direct_pay")
        await case.do(TaskKind.SETTLE_AT_COUNTER, AGENT, **COUNTER)
        await case.ends(Stage.CLOSED)
        moved = {transfer.reason.value for transfer in case.books.transfers.values()}
        assert {"claim_money", "residual", "payout"} <= moved
        assert "offset" not in moved


async def test_a_counter_settles_bill_and_claim_on_the_page_that_posts_the_payment(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await advances.claimed(case, "claim_direct_pay")
        await case.do(TaskKind.SETTLE_AT_COUNTER, AGENT, **COUNTER)
        await case.ends(Stage.CLOSED)
        (page,) = [page for page in case.pages if page.transfers]
        assert {one.credit for one in page.transfers} >= {Account.HOSPITAL_DEPOSIT}
        assert [one.settled_at is not None for one in page.payments] == [True]


async def test_a_claim_that_is_denied_says_why_and_pays_nothing(case_of: CaseOf) -> None:
    async with case_of() as case:
        await advances.claimed(case, "ci_one_day_payout", **CI)
        await complete(case)
        with pytest.raises(WorkflowUpdateFailedError):
            await decide(case, "denied", 0)
        await decide(case, "denied", 0, "未如实告知")
        await case.ends(Stage.DECLINED)
        assert case.partners.ordered == []


BILL = StatedBill(
    found=True,
    bill_fen=774_362,
    items=[BillItem(code="T-SURGERY", amount_fen=774_362)],
)
WITH_BILL = {"bill_no": "E-0001"}


async def social_says(case: Case, social_fen: int, self_fen: int) -> None:
    message = BillSettled(
        settlement_id=f"{case.case_id}:social",
        done=True,
        social_paid_fen=social_fen,
        self_pay_fen=self_fen,
        at=case.time.now(),
    )
    await case.handle.signal("bill_settled", message)


async def test_what_bill_and_social_insurance_say_is_shown_before_it_is_settled(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.bills["E-0001"] = BILL
        await advances.claimed(case, "claim_direct_pay", more=WITH_BILL)
        await case.until(lambda: case.partners.settled)
        await social_says(case, 300_000, 104_838)
        task = await case.task(TaskKind.SETTLE_AT_COUNTER)
        await social_says(case, 300_000, 104_838)  # twice is once
        assert task.amount_fen == 369_524
        assert task.subject == "总费用 7,743.62 元, 医保 3,000.00 元, 个人支付 1,048.38 元"
        form = COUNTER | {"social_paid": people.money(300_000), "present": "family"}
        with pytest.raises(WorkflowUpdateFailedError):  # not shown
            await case.do(TaskKind.SETTLE_AT_COUNTER, AGENT, **form)
        with pytest.raises(WorkflowUpdateFailedError):  # something else than was shown
            await case.do(TaskKind.SETTLE_AT_COUNTER, AGENT, **COUNTER, amounts_shown=True)
        await case.do(TaskKind.SETTLE_AT_COUNTER, AGENT, **form, amounts_shown=True)
        await case.ends(Stage.CLOSED)
        assert case.partners.settled[0].bill_fen == 774_362
        events = {line.event for page in case.pages for line in page.timeline}
        assert {"bill_read", "social_settled", "family_present"} <= events


async def test_a_counter_that_hears_nothing_states_the_bill_itself(case_of: CaseOf) -> None:
    """Social insurance took the order and never called back; nobody is left standing there."""
    async with case_of() as case:
        case.partners.bills["E-0001"] = BILL
        await advances.claimed(case, "claim_direct_pay", more=WITH_BILL)
        await case.until(lambda: case.partners.settled)
        await case.time.go_to(case.time.now() + timedelta(minutes=3))
        await case.task(TaskKind.SETTLE_AT_COUNTER)
        await social_says(case, 300_000, 104_838)  # too late, and something else
        await case.do(TaskKind.SETTLE_AT_COUNTER, AGENT, **COUNTER)
        await people.acknowledge(case, "医保结算结果与已采用的不一致")
        await case.ends(Stage.CLOSED)


async def test_a_refused_settlement_leaves_the_shares_to_the_counter(case_of: CaseOf) -> None:
    async with case_of() as case:
        case.partners.bills["E-0001"] = BILL
        case.partners.social = SocialAnswer(status="refused", reason="bill_not_found")
        await advances.claimed(case, "claim_direct_pay", more=WITH_BILL)
        task = await case.task(TaskKind.SETTLE_AT_COUNTER)
        assert task.amount_fen is None
        await people.withdraw(case)
        await case.ends(Stage.CANCELLED)


async def test_a_bill_with_strange_lines_goes_to_a_person_with_the_score(case_of: CaseOf) -> None:
    """The rules are clear, and all the same a person decides (R804, R806)."""
    async with case_of() as case:
        lines = [BillItem(code="T-DIALYSIS", amount_fen=774_362)]
        bill = {"social_paid_fen": 300_000, "self_pay_fen": 104_838, "items": lines}
        case.partners.bills["E-0001"] = BILL.model_copy(update=bill)
        await advances.claimed(
            case, "e_bill_claim", more=WITH_BILL, disease="colorectal_cancer", policy_days=2000
        )
        task = await case.task(TaskKind.ADJUDICATE)
        assert task.subject == "风险评分 40: 有与病种不符的药品或诊疗项目"
        assert task.amount_fen == 369_524
        await decide(case, "approved", 369_524)
        await case.ends(Stage.CLOSED)


async def test_somebody_helps_to_gather_and_comes_when_all_is_there(case_of: CaseOf) -> None:
    """R831, R827: neither holds the decision up."""
    async with case_of("2026-04-13 09:00") as case:
        await advances.claimed(case, "ci_one_day_payout", **CI)
        await case.do(
            TaskKind.CONFIRM_DOCUMENTS, AGENT, complete=False, missing=["diagnosis_proof"]
        )
        help_ = await case.task(TaskKind.HOME_VISIT, subject="协助收集: 诊断证明")
        await complete(case)
        visit = await case.task(TaskKind.HOME_VISIT, subject="资料齐全, 上门协助理赔")
        assert visit.due_at == case.clocks["K22.1"].due_at
        assert help_.task_id not in case.open_tasks
        await case.complete(visit, AGENT, {"images": ["i-1"]})
        await decide(case, "approved", 25_000_000)
        await case.ends(Stage.CLOSED)
        assert "home_visit" in {line.event for page in case.pages for line in page.timeline}


async def test_a_claim_that_is_offered_waits_for_the_customers_yes(case_of: CaseOf) -> None:
    """R828: the customer is told and asked before anything is gathered."""
    async with case_of() as case:
        await advances.claimed(case, "ci_one_day_payout", more={"proactive": True}, **CI)
        task = await case.task(TaskKind.OFFER_CLAIM)
        assert "诊断证明" in task.subject
        await case.complete(task, AGENT, {"reached": False})
        with pytest.raises(WorkflowUpdateFailedError):
            await case.do(TaskKind.OFFER_CLAIM, AGENT, reached=True, wants=True)
        await case.do(
            TaskKind.OFFER_CLAIM, AGENT, reached=True, wants=True, consent_version="v2026_01"
        )
        await complete(case)
        await decide(case, "approved", 25_000_000)
        await case.ends(Stage.CLOSED)
        sent = [one.template for one in case.partners.sent]
        assert (sent[0], sent[-1]) == ("claim_offered", "survey")


@pytest.mark.parametrize(("calls", "ending"), [(3, Stage.EXPIRED), (1, Stage.CANCELLED)])
async def test_an_offer_nobody_takes_ends_with_nothing_gathered(
    case_of: CaseOf, calls: int, ending: Stage
) -> None:
    async with case_of() as case:
        await advances.claimed(case, "emergency_express_payout", more={"proactive": True})
        for _ in range(calls):
            await case.do(TaskKind.OFFER_CLAIM, AGENT, reached=ending is Stage.CANCELLED)
        await case.ends(ending)
        assert case.partners.ordered == []


async def _payout_says(
    case: Case, status: PaymentStatus, fen: int, movement_id: str | None = None
) -> None:
    said = PaymentResult(
        movement_id=movement_id or f"{case.case_id}:payout",
        status=status,
        amount_fen=fen,
        receipt_no="R-9",
        at=case.time.now(),
    )
    await case.handle.signal("payment_result", said)


def _disputed(case: Case, dispute_id: str) -> DisputeClaim:
    at = case.time.now()
    return DisputeClaim(dispute_id=dispute_id, reason="少算一项", actor=CUSTOMER, at=at)


async def test_money_is_handed_over_at_the_branch_the_customer_named(case_of: CaseOf) -> None:
    """R862: the network pays the branch, the branch the customer."""
    async with case_of() as case:
        more = {"branch": "sichuan", "branch_name": "四川省分公司"}
        await advances.claimed(case, "ci_one_day_payout", more=more, **CI)
        await complete(case)
        await decide(case, "approved", 25_000_000)
        task = await case.task(TaskKind.HAND_OVER_MONEY)
        assert (task.subject, task.amount_fen) == ("四川省分公司", 25_000_000)
        # It had not reached the branch after all: what is sent instead is waited for.
        again = f"{case.case_id}:payout:2"
        case.partners.answers = [case.partners.pending()]
        await _payout_says(case, PaymentStatus.REFUSED, 25_000_000)
        await people.correct(case, await case.task(TaskKind.CORRECT_PAYMENT), 0)
        await case.until(lambda: again in case.payments)
        await case.handle.signal("dispute_claim", _disputed(case, "di-1"))
        await people.acknowledge(case, "客户对理赔结论有异议")
        form = {"branch": "zhejiang", "identity_verified": True, "reference": "CASH-1"}
        await case.complete(task, AGENT, form)
        await case.settled()
        assert case.stage is Stage.PAYOUT
        case.partners.pays(again, 25_000_000)
        await _payout_says(case, PaymentStatus.PAID, 25_000_000, again)
        await case.ends(Stage.CLOSED)
        assert [getattr(one, "branch", "") for one in case.partners.ordered] == ["sichuan"] * 2


async def test_a_claim_that_is_held_is_not_paid_before_it_is_released(case_of: CaseOf) -> None:
    async with case_of() as case:
        await advances.claimed(case, "ci_one_day_payout", **CI)
        await complete(case)
        await case.task(TaskKind.ADJUDICATE)
        hold = Intervene(act="hold", actor=SUPERVISOR, at=case.time.now())
        await case.update("intervene", hold)
        for act in ("hold", "policy_ended"):
            with pytest.raises(WorkflowUpdateFailedError):
                await case.update("intervene", hold.model_copy(update={"act": act}))
        await decide(case, "approved", 1_000_000)
        await case.settled()
        assert case.partners.paid == {}
        await case.do(TaskKind.RELEASE_HOLD, SUPERVISOR)
        await case.ends(Stage.CLOSED)
        assert case.partners.paid[f"{case.case_id}:payout"] == 1_000_000


async def test_a_claim_does_not_close_over_a_payout_on_which_two_sides_differ(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.pending()]
        await advances.claimed(case, "ci_one_day_payout", **CI)
        await complete(case)
        await decide(case, "approved", 1_000_000)
        await case.until(lambda: case.payments)
        movement_id = f"{case.case_id}:payout"
        about = f"payment {case.today} other_status {movement_id}"
        evidence = Evidence(ours="处理中", theirs="已付 9,999.99 元")
        found = DifferenceFound(about=about, amount_fen=1, evidence=evidence, at=case.time.now())
        await case.handle.signal("difference_found", found)
        explained = await case.task(TaskKind.EXPLAIN_DIFFERENCE)
        await case.complete(explained, FINANCE, {"explanation": "当日尚未完成"})
        case.partners.pays(movement_id, 1_000_000)
        for fen in (999_999, 1_000_000):
            await _payout_says(case, PaymentStatus.PAID, fen)
        task = await case.task(TaskKind.CORRECT_PAYMENT)
        await case.settled()
        assert case.stage is Stage.PAYOUT
        await people.correct(case, task, 1_000_000)
        await case.ends(Stage.CLOSED)


async def _paid_at_the_counter(case: Case) -> dict[str, Any]:
    """A claim that paid the hospital and has ended; what it was opened with."""
    await advances.claimed(case, "claim_direct_pay")
    await case.do(TaskKind.SETTLE_AT_COUNTER, AGENT, **COUNTER)
    await case.ends(Stage.CLOSED)
    asked = ClaimAsked(service="claim_direct_pay", elements={"sum_insured_left": 25_000_000})
    return {"programme": programme_of(advances.P21), "claim": asked}


async def _goes_to_the_insurer(case: Case, fen: int) -> None:
    parts = {"to_customer": 0, "to_insurer": fen, "to_loss": 0, "to_hospital": 0}
    form: dict[str, Any] = {name: people.money(part) for name, part in parts.items()}
    await case.do(TaskKind.SETTLE_LATE_REFUND, FINANCE, **form, reason="账单更正")


async def test_what_a_hospital_returns_of_a_counters_payment_goes_to_the_insurer(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        facts = await _paid_at_the_counter(case)
        refund = RefundReceived(
            refund_id="r-1", amount_fen=524, reference="B-1", at=case.time.now()
        )
        await reopened(case, "refund_received", refund, **facts)
        await _goes_to_the_insurer(case, 524)
        await case.ends(Stage.CLOSED)
        reasons = {one.reason: one.amount_fen for one in case.books.transfers.values()}
        assert reasons[Reason.REFUND] == reasons[Reason.CLAIM_RETURNED] == 524
        await reopened(case, "dispute_claim", _disputed(case, "di-9"), **facts)
        await people.acknowledge(case, "客户对理赔结论有异议")
        await case.ends(Stage.CLOSED)


async def test_a_counters_payment_that_never_left_is_given_back_to_the_insurer(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        facts = await _paid_at_the_counter(case)
        said = PaymentResult(
            movement_id=case.movement(1),
            status=PaymentStatus.REFUSED,
            amount_fen=669_524,
            at=case.time.now(),
        )
        await reopened(case, "payment_result", said, **facts)
        await people.correct(case, await case.task(TaskKind.CORRECT_PAYMENT), 0)
        await _goes_to_the_insurer(case, 669_524)
        await people.acknowledge(case, "医院账单有 6,695.24 元 并未由押金支付")
        await case.ends(Stage.CLOSED)
