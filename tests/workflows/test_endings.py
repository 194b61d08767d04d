"""How a case ends: the variations of story 1, and every way to end before the first payment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.eligibility import Outcome
from domain.eligibility import Reason as Ground
from domain.posting import Reason
from domain.programmes.terms import RuleCode
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from tests.builders import AGENT, a_verdict
from tests.workflows import people
from tests.workflows.conftest import QUIET, Case

CaseOf = Callable[..., Any]
LIMIT = 50_000_000


async def _on_the_ward(case: Case) -> None:
    """18 June of the story: 500,000 advanced in two payments, all slips in."""
    await case.open()
    await people.admitted(case)
    await people.ask_top_up(case, "t-1", 45_000_000)
    await people.answer_top_up(case, "t-1")
    await people.slip(case, 2)


async def _goes_home(case: Case, bill_fen: int, *, papers: bool = True) -> None:
    await case.go_to("2026-06-23 14:00")
    await people.notice_discharge(case, case.day("2026-06-25"))
    await case.task(TaskKind.DISCHARGE_VISIT)
    await case.go_to("2026-06-25 11:00")
    await people.discharge_visit(case, bill_fen, papers=papers)


async def _files(case: Case) -> None:
    await case.task(TaskKind.FILE_CLAIM)
    await case.go_to("2026-06-26 10:00")
    await people.file_claim(case)
    await case.until(lambda: case.stage is Stage.ADJUDICATION)


def _booked(case: Case, reason: Reason) -> list[int]:
    return [one.amount_fen for one in case.books.transfers.values() if one.reason is reason]


async def test_1b_the_hospital_returns_70_000_and_the_customer_gets_the_residual(
    case_of: CaseOf,
) -> None:
    async with case_of("2026-06-18 15:00") as case:
        await _on_the_ward(case)
        await _goes_home(case, 43_000_000)
        refund = await case.task(TaskKind.CONFIRM_REFUND)
        assert refund.amount_fen == 7_000_000
        await people.refund(case, 7_000_000)
        await _files(case)
        assert case.pages[-1].outstanding_fen == 43_000_000
        await case.go_to("2026-06-29 10:00")
        await people.decide(case, "approved", LIMIT)
        await case.ends(Stage.CLOSED)
        assert _booked(case, Reason.REFUND) == [7_000_000]
        assert _booked(case, Reason.OFFSET) == [43_000_000]
        assert _booked(case, Reason.PAYOUT) == [7_000_000]
        assert case.partners.paid[f"{case.case_id}:payout"] == 7_000_000
        assert case.civil(case.clocks["K07.1"].due_at) == "06-25 24:00"
        assert case.civil(case.clocks["K08.1"].due_at) == "06-26 11:00"


@pytest.mark.parametrize(("bill_fen", "owed_fen"), [(LIMIT, LIMIT), (43_000_000, 43_000_000)])
async def test_1c_after_a_denial_the_customer_owes_what_was_advanced(
    case_of: CaseOf, bill_fen: int, owed_fen: int
) -> None:
    async with case_of("2026-06-18 15:00") as case:
        await _on_the_ward(case)
        await _goes_home(case, bill_fen)
        if bill_fen < LIMIT:
            await people.refund(case, LIMIT - bill_fen)
        await _files(case)
        await case.go_to("2026-06-29 10:00")
        await people.decide(case, "denied")
        repayment = await case.task(TaskKind.RECORD_REPAYMENT)
        assert repayment.amount_fen == case.pages[-1].owed_fen == owed_fen
        assert repayment.due_at is not None
        assert case.civil(repayment.due_at) == "07-29 24:00"
        await people.repay(case, 30_000_000)
        await case.until(lambda: case.pages[-1].owed_fen == owed_fen - 30_000_000)
        await people.repay(case, owed_fen - 30_000_000)
        await case.ends(Stage.CLOSED)
        assert case.told.count("repaid") == 2


async def test_1d_papers_that_never_come_make_the_advance_repayable(case_of: CaseOf) -> None:
    async with case_of("2026-06-18 15:00") as case:
        await _on_the_ward(case)
        await _goes_home(case, LIMIT, papers=False)
        await case.task(TaskKind.COLLECT_CLAIM_DOCUMENTS)
        await case.go_to("2026-07-25 23:59")
        assert case.stage is Stage.CLAIM_FILING
        await case.go_to("2026-07-26 00:00")
        repayment = await case.task(TaskKind.RECORD_REPAYMENT)
        assert repayment.amount_fen == LIMIT
        assert repayment.due_at is not None
        assert case.civil(repayment.due_at) == "08-25 24:00"
        await case.go_to("2026-09-01 10:00")
        await case.until(lambda: "还款逾期" in case.alerts)
        assert case.told.count("repayment_reminder") == 3
        await people.repay(case, LIMIT)
        await people.acknowledge(case, "还款逾期")
        await case.ends(Stage.CLOSED)


async def test_a_bill_of_nothing_closes_when_the_hospital_has_returned_everything(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 0)
        await people.refund(case, 5_000_000)
        await people.file_claim(case)
        await people.decide(case, "denied")
        await case.ends(Stage.CLOSED)


async def test_a_bill_above_the_advance_leaves_the_rest_to_the_family(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, 6_000_001)
        assert "own_share" in case.lines
        await people.decide(case, "partial", 3_000_000)
        repayment = await case.task(TaskKind.RECORD_REPAYMENT)
        assert repayment.amount_fen == 2_000_000
        await people.repay(case, 2_000_000)
        await case.ends(Stage.CLOSED)


# Endings before a payment ------------------------------------------------------------------------


async def test_a_case_the_rules_refuse_is_rejected_with_the_reason_and_asks_nobody(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        reason = Ground(
            code=RuleCode.DISEASE_AGREED,
            text="住院原因不属于约定疾病",
            quote="因约定疾病住院时",
            source="000:L18",
        )
        verdict = a_verdict().model_copy(update={"outcome": Outcome.REJECTED, "reasons": (reason,)})
        await case.open(verdict=verdict)
        await case.ends(Stage.REJECTED)
        assert case.pages[-1].reason == "住院原因不属于约定疾病"
        assert case.told == ["qualification"]
        assert all(not page.tasks_opened for page in case.pages)


async def test_a_person_whose_identity_is_not_verified_is_rejected(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.contact(case, identity_verified=False)
        await case.ends(Stage.REJECTED)
        assert case.partners.ordered == []


async def test_a_review_that_says_no_is_told_before_the_case_ends(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.contact(case)
        await people.assign_team(case)
        await people.authorize(case)
        await people.complete_papers(case)
        await people.judge(case, approved=False)
        await people.tell_result(case)
        await case.ends(Stage.DECLINED)
        assert case.pages[-1].reason == "不属于约定疾病"
        assert "K05.1" not in case.clocks
        assert case.books.limits == {}


async def test_a_customer_who_does_not_authorize_cancels_the_case(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.contact(case)
        await people.assign_team(case)
        await people.authorize(case, signed=False)
        await case.ends(Stage.CANCELLED)


async def test_a_customer_who_does_not_sign_at_the_bed_cancels_the_case(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        await people.sign_on_site(case, signed=False)
        await case.ends(Stage.CANCELLED)
        assert case.partners.ordered == []
        assert case.partners.cancelled == list(case.partners.visits)


async def test_papers_that_never_get_complete_let_the_case_expire(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.contact(case)
        await people.assign_team(case)
        await people.authorize(case)
        lacking = ["pathology_report"]
        await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, complete=False, missing=lacking)
        await case.until(lambda: case.pages[-1].missing_documents == lacking)
        assert "documents_missing" in case.told
        await case.task(TaskKind.CONFIRM_DOCUMENTS)
        await case.go_to("2026-05-30 00:00")
        for alert in await case.until(lambda: case.alerts):
            await people.acknowledge(case, alert)
        await case.ends(Stage.EXPIRED)
        assert "expired" in case.told


async def _nothing(_: Case) -> None:
    pass


async def _contacted(case: Case) -> None:
    await people.contact(case)


async def _with_team(case: Case) -> None:
    await people.contact(case)
    await people.assign_team(case)


async def _signed(case: Case) -> None:
    await _with_team(case)
    await people.authorize(case)


async def _complete(case: Case) -> None:
    await _signed(case)
    await people.complete_papers(case)


async def _judged(case: Case) -> None:
    await _complete(case)
    await people.judge(case)


async def _arranged(case: Case) -> None:
    await people.at_the_bed(case)


@pytest.mark.parametrize(
    ("wait", "reach"),
    [
        (TaskKind.FIRST_CONTACT, _nothing),
        (TaskKind.ASSIGN_TEAM, _contacted),
        (TaskKind.SIGN_AUTHORIZATION, _with_team),
        (TaskKind.CONFIRM_DOCUMENTS, _signed),
        (TaskKind.JUDGE_LIABILITY, _complete),
        (TaskKind.TELL_RESULT, _judged),
        (TaskKind.ARRANGE_VISIT, people.reviewed),
        (TaskKind.SIGN_ON_SITE, _arranged),
    ],
)
async def test_a_customer_may_withdraw_at_each_wait_before_the_payment(
    case_of: CaseOf, wait: TaskKind, reach: Callable[[Case], Awaitable[None]]
) -> None:
    async with case_of() as case:
        await case.open()
        await reach(case)
        await case.task(wait)
        await people.withdraw(case, "家属决定自行缴费")
        await case.ends(Stage.CANCELLED)
        assert case.pages[-1].reason == "家属决定自行缴费"
        assert "withdrawn" in case.told
        assert case.partners.ordered == []
        assert case.partners.cancelled == list(case.partners.visits)


async def test_a_withdrawal_in_the_same_breath_as_the_signature_pays_nothing(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.at_the_bed(case)
        signing = await case.task(TaskKind.SIGN_ON_SITE)
        # With no worker about, both commands wait for the same workflow task.
        await case.stop_worker()
        both = case.together(
            people.sign_on_site(case),
            people.withdraw(case),
        )
        await asyncio.sleep(QUIET)
        await case.start_worker()
        await both
        await case.ends(Stage.CANCELLED)
        assert signing.task_id in case.closed_tasks
        assert case.partners.ordered == []


async def test_when_no_way_of_paying_is_left_the_customer_may_still_withdraw(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused() for _ in range(4)]
        await case.open()
        await people.at_the_bed(case)
        await people.sign_on_site(case)
        await case.until(lambda: "全部付款方式均被拒绝" in case.alerts)
        await case.task(TaskKind.ARRANGE_VISIT)
        await people.withdraw(case)
        await people.acknowledge(case, "全部付款方式均被拒绝")
        await case.ends(Stage.CANCELLED)
        assert set(case.books.ended.values()) == {"void"}


async def test_a_visit_for_today_is_ordered_for_now_when_nine_has_passed(case_of: CaseOf) -> None:
    async with case_of("2026-04-29 20:10") as case:
        await case.open()
        await people.admitted(case)
        before = case.time.now()
        await people.notice_discharge(case, case.today)
        await case.until(lambda: len(case.partners.visits) == 2)
        visit_at = case.partners.visits[f"{case.case_id}:visit_discharge:1"].visit_at
        assert before <= visit_at < before + timedelta(minutes=1)
        await people.discharge_visit(case, 5_000_000)
        await people.file_claim(case)
        await people.decide(case, "approved", 5_000_000)
        await case.ends(Stage.CLOSED)
