"""Claims of their own against fake partners: refusals, fallbacks, unknown ends (P21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.posting import Account
from domain.steps import TaskKind
from domain.waiver import Stage
from tests.builders import AGENT, FINANCE, INSURER
from tests.workflows import advances, people
from tests.workflows.conftest import Case

CaseOf = Callable[..., Any]

PAPERS = {"id_card_front": ["doc-1"], "diagnosis_proof": ["doc-2"]}
CI = {"disease": "colorectal_cancer", "diagnosis": "confirmed"}
COUNTER = {
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
