"""What only some programmes ask of a case: two people, a customer's day, a balance, a use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from activities.ports.cases import PaymentStatus
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import AGENT, FINANCE, INSURER, NURSE, REVIEWER, SUPERVISOR
from tests.workflows import advances, people
from tests.workflows.advances import P02, P19, P20, P21
from tests.workflows.conftest import Case
from workflows.messages.cases import Intervene
from workflows.messages.matters import Actor

CaseOf = Callable[..., Any]


async def refused(case: Case, kind: TaskKind, by: Actor, **form: Any) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as failure:
        await case.do(kind, by, **form)
    return str(getattr(failure.value.cause, "type", ""))


async def test_whoever_gave_the_opinion_does_not_sign_second(case_of: CaseOf) -> None:
    async with case_of() as case:
        await advances.opened(case, P02)
        await advances.reviewed(case, P02)
        same = Actor(role=Role.INSURER, id=REVIEWER.id)
        assert await refused(case, TaskKind.SECOND_REVIEW, same, approved=True) == "SamePerson"
        await advances.second(case, INSURER)
        await case.task(TaskKind.TELL_RESULT)
        assert case.pages[-1].limit_fen == 50_000_000


async def test_an_opinion_of_no_is_confirmed_and_explained(case_of: CaseOf) -> None:
    async with case_of() as case:
        await advances.opened(case, P02)
        await advances.contact(case)
        await advances.team(case)
        await advances.papers(case, P02)
        await people.judge(case, approved=False)
        assert (
            await refused(case, TaskKind.SECOND_REVIEW, INSURER, approved=True) == "PlanOutOfRange"
        )
        await advances.second(case, approved=False, reason="不属于责任范围")
        no_word = await refused(case, TaskKind.TELL_RESULT, AGENT, told_by="phone")
        assert no_word == "FormRefused"
        await advances.told(case, note="已向客户说明")
        await case.ends(Stage.DECLINED)


async def test_the_insurers_amount_bounds_the_case_and_reaching_it_is_too_much(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await advances.opened(case, P02)
        await advances.reviewed(case, P02, deposit_fen=2_000_000)
        too_low = people.money(2_000_000)
        assert (
            await refused(case, TaskKind.SECOND_REVIEW, INSURER, approved=True, limit=too_low)
            == "PlanOutOfRange"
        )
        await advances.second(case, limit=people.money(2_000_001))
        await case.task(TaskKind.TELL_RESULT)
        assert case.books.limits[case.case_id] == (2_000_001, "below")


async def test_the_customers_own_day_moves_the_visit(case_of: CaseOf) -> None:
    async with case_of("2026-06-22 10:00") as case:
        await advances.opened(case, P02)
        await advances.reviewed(case, P02)
        await advances.second(case)
        await case.until(lambda: case.clocks["K13.1"])
        assert case.civil(case.clocks["K13.1"].due_at) == "06-23 24:00"
        await advances.told(case, customer_date=case.day("2026-06-26"))
        await case.until(lambda: case.clocks["K13.1"].moves)
        assert case.civil(case.clocks["K13.1"].due_at) == "06-26 24:00"


async def test_a_visit_for_papers_waits_for_the_customers_day(case_of: CaseOf) -> None:
    async with case_of("2026-06-20 00:15") as case:
        await advances.opened(case, P02)
        day = case.day("2026-06-24").isoformat()
        await advances.contact(case, visit_wanted=True, visit_on=day)
        await advances.team(case)
        task = await case.task(TaskKind.DOCUMENT_VISIT)
        assert task.due_at is not None
        assert case.civil(task.due_at) == "06-24 24:00"
        await case.do(TaskKind.DOCUMENT_VISIT, NURSE, images=["i-1"])
        await case.task(TaskKind.CONFIRM_DOCUMENTS)


@pytest.mark.parametrize("no_show", [True, False])
async def test_what_is_not_signed_is_used_up_where_the_terms_say_so(
    case_of: CaseOf, no_show: bool
) -> None:
    async with case_of() as case:
        await advances.opened(case, P20)
        await advances.reviewed(case, P20)
        await advances.told(case)
        await advances.signed(case, agreements_signed=False, no_show=no_show)
        await case.ends(Stage.CONSUMED)
        assert "used_up" in case.told


async def test_a_balance_stays_within_bill_and_limit_and_a_small_one_pays_nothing(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await advances.opened(case, P20)
        await advances.reviewed(case, P20, deposit_fen=5_000_000)
        await advances.told(case)
        await advances.signed(case)
        await people.slip(case, 1)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 60_000_000)
        for covered in (60_000_001, 50_000_001):
            form = {"covered": people.money(covered)}
            found = await refused(case, TaskKind.SETTLE_BALANCE, INSURER, **form)
            assert found == "AmountOutOfRange"
        await case.do(TaskKind.SETTLE_BALANCE, INSURER, covered=people.money(4_000_000))
        await people.file_claim(case)
        await people.decide(case, "partial", 4_000_000)
        await case.until(lambda: case.stage is Stage.REPAYMENT)
        assert list(case.payments) == [case.movement(1)]
        await people.repay(case, 1_000_000)
        await case.ends(Stage.CLOSED)


async def test_direct_pay_spares_the_customer_the_deposit_and_is_settled_with_the_bill(
    case_of: CaseOf,
) -> None:
    """R820: P21 pays at admission what it would pay at discharge, and the rest then."""
    async with case_of() as case:
        await advances.opened(case, P21)
        await advances.reviewed(case, P21, deposit_fen=500_000)
        await advances.told(case)
        await advances.signed(case)
        await people.slip(case, 1)
        deposit = case.payments[case.movement(1)]
        assert (deposit.amount_fen, deposit.mode) == (500_000, PaymentMode.DIRECT_PAY)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 774_362)
        await case.do(TaskKind.SETTLE_BALANCE, INSURER, covered=people.money(669_524))
        await people.file_claim(case)
        await people.decide(case, "approved", 669_524)
        await case.ends(Stage.CLOSED)
        assert case.payments[case.movement(2)].amount_fen == 169_524
        assert case.pages[-1].owed_fen == 0


async def test_slips_change_hands_on_the_record(case_of: CaseOf) -> None:
    async with case_of("2026-10-12 10:00") as case:
        await advances.opened(case, P19)
        await advances.reviewed(case, P19)
        await advances.told(case)
        await advances.signed(case)
        await people.slip(case, 1)
        kept = await case.task(TaskKind.KEEP_SLIP)
        await case.do(
            TaskKind.KEEP_SLIP,
            FINANCE,
            handed_by=NURSE.id,
            received_by="custody-1",
            receipt_no=kept.subject,
        )
        await people.notice_discharge(case, case.today)
        assert (
            await refused(
                case,
                TaskKind.DISCHARGE_VISIT,
                NURSE,
                bill=people.money(1),
                claim_explained=True,
                documents_collected=False,
                images=["i-1"],
            )
            == "WrongStage"
        )
        await case.do(TaskKind.GIVE_OUT_SLIPS, FINANCE, handed_by="custody-1", received_by=NURSE.id)
        await case.until(lambda: "slips_given_out" in case.lines)
        assert case.lines.index("slip_kept") < case.lines.index("slips_given_out")


async def test_a_balance_that_does_not_fit_any_more_is_a_supervisors_and_the_case_goes_on(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.refused()]
        await advances.opened(case, P20)
        await advances.reviewed(case, P20, deposit_fen=5_000_000)
        await advances.told(case)
        await advances.signed(case)
        await people.acknowledge(case, "全部付款方式均被拒绝")
        await people.arrange(case, mode=None)
        await people.slip(case, 2)
        await people.notice_discharge(case, case.today)
        await people.discharge_visit(case, 50_000_000)
        hold = Intervene(act="hold", actor=SUPERVISOR, at=case.time.now())
        await case.update("intervene", hold)
        await case.do(TaskKind.SETTLE_BALANCE, INSURER, covered=people.money(50_000_000))
        await case.partner_says(1, PaymentStatus.PAID)
        await people.correct(case, await case.task(TaskKind.CORRECT_PAYMENT), 5_000_000)
        await case.do(TaskKind.RELEASE_HOLD, SUPERVISOR)
        await people.acknowledge(case, "直付 450,000.00 元 超出额度, 未支付")
        await people.file_claim(case)
        await people.decide(case, "approved", 10_000_000)
        await case.ends(Stage.CLOSED)
        assert case.pages[-1].advanced_fen == 10_000_000
