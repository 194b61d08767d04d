"""What a customer owes comes back by parts, is disputed, or is given up under two signatures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.posting import Reason
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from tests.builders import CUSTOMER, FINANCE, REVIEWER, SUPERVISOR
from tests.workflows import people
from tests.workflows.conftest import Case
from workflows.messages.cases import DisputeClaim
from workflows.messages.matters import Actor

CaseOf = Callable[..., Any]
OWED = 5_000_000
BOTH = Actor(role=Role.SUPERVISOR, id=FINANCE.id)
"""The same person in another role."""


async def _owing(case: Case) -> None:
    """Denied: the customer owes all of the advance."""
    await case.open()
    await people.admitted(case)
    await people.discharged(case, OWED)
    await people.decide(case, "denied")
    await case.task(TaskKind.RECORD_REPAYMENT)


async def _dispute(case: Case, dispute_id: str = "di-1") -> None:
    message = DisputeClaim(
        dispute_id=dispute_id, reason="病历未看全", actor=CUSTOMER, at=case.time.now()
    )
    await case.handle.signal("dispute_claim", message)


def _parts(case: Case, *parts: tuple[int, int]) -> list[dict[str, Any]]:
    return [
        {"due_on": (case.today + timedelta(days=days)).isoformat(), "amount": people.money(fen)}
        for days, fen in parts
    ]


async def _refused(case: Case, kind: TaskKind, by: Actor, **form: Any) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await case.do(kind, by, **form)
    return str(getattr(caught.value.cause, "type", ""))


def _booked(case: Case, reason: Reason) -> list[int]:
    return [one.amount_fen for one in case.books.transfers.values() if one.reason is reason]


async def test_a_write_off_needs_two_different_people_and_closes_the_case_at_zero(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _owing(case)
        await people.repay(case, 1_000_000)
        await case.do(TaskKind.ARRANGE_REPAYMENT, FINANCE, write_off=True, reason="客户无力偿还")
        sign = await case.task(TaskKind.SIGN_WRITE_OFF)
        assert (sign.roles, sign.amount_fen) == ([Role.SUPERVISOR], 4_000_000)
        assert TaskKind.ARRANGE_REPAYMENT not in {one.kind for one in case.open_tasks.values()}
        form = {"approved": True, "reason": "同意"}
        assert await _refused(case, TaskKind.SIGN_WRITE_OFF, BOTH, **form) == "SamePerson"
        assert _booked(case, Reason.WRITE_OFF) == []
        await case.do(TaskKind.SIGN_WRITE_OFF, SUPERVISOR, **form)
        await case.ends(Stage.CLOSED)
        assert _booked(case, Reason.WRITE_OFF) == _booked(case, Reason.LOSS) == [4_000_000]
        assert case.pages[-1].outstanding_fen == 0


async def test_a_refused_write_off_leaves_the_debt_and_what_comes_meanwhile_counts(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _owing(case)
        await case.do(TaskKind.ARRANGE_REPAYMENT, FINANCE, write_off=True, reason="失联")
        await case.do(TaskKind.SIGN_WRITE_OFF, SUPERVISOR, approved=False, reason="再催一次")
        await case.do(TaskKind.ARRANGE_REPAYMENT, FINANCE, write_off=True, reason="仍失联")
        await people.repay(case, 4_999_999)
        await case.until(lambda: case.pages[-1].owed_fen == 1)
        await case.do(TaskKind.SIGN_WRITE_OFF, SUPERVISOR, approved=True, reason="同意")
        await case.ends(Stage.CLOSED)
        assert _booked(case, Reason.WRITE_OFF) == [1]


async def test_a_plan_of_instalments_is_what_is_owed_in_days_to_come(case_of: CaseOf) -> None:
    async with case_of() as case:
        await _owing(case)
        for parts in (
            _parts(case, (10, OWED - 1)),
            _parts(case, (10, 1_000_000), (10, 4_000_000)),
            _parts(case, (-1, 1_000_000), (10, 4_000_000)),
            _parts(case, (10, 1_000_000), (3650, 4_000_000)),
            _parts(case, (10, 0), (20, OWED)),
            [],
        ):
            refused = await _refused(
                case, TaskKind.ARRANGE_REPAYMENT, FINANCE, instalments=parts, reason="商定"
            )
            assert refused in {"FormRefused", "AmountOutOfRange"}
        both = {"instalments": _parts(case, (10, OWED)), "write_off": True, "reason": "商定"}
        refused = await _refused(case, TaskKind.ARRANGE_REPAYMENT, FINANCE, **both)
        assert refused == "FormRefused"
        await people.repay(case, OWED)
        await case.ends(Stage.CLOSED)


async def test_each_instalment_is_reminded_of_around_its_day_and_overdue_when_it_is_missed(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _owing(case)
        parts = _parts(case, (20, 2_000_000), (50, 3_000_000))
        await case.do(TaskKind.ARRANGE_REPAYMENT, FINANCE, instalments=parts, reason="电话商定")
        first = await case.until(lambda: _due(case, parts[0]["due_on"]))
        assert first.amount_fen == OWED
        await case.time.go_to(case.time.now() + timedelta(days=15))
        await case.until(lambda: case.told.count("repayment_reminder") == 1)
        assert "20000.00" in _last_reminder(case)
        await people.repay(case, 2_000_000)
        await case.until(lambda: _due(case, parts[1]["due_on"]))
        # The first part is paid, so that its own days fall silent; the second is missed.
        await case.time.go_to(case.time.now() + timedelta(days=45))
        await case.until(lambda: "还款逾期" in case.alerts)
        assert case.told.count("repayment_reminder") == 4
        assert "30000.00" in _last_reminder(case)
        await people.acknowledge(case, "还款逾期")
        await people.repay(case, 3_000_000)
        await case.ends(Stage.CLOSED)


def _due(case: Case, day: str) -> Any:
    for task in case.open_tasks.values():
        if task.kind is TaskKind.RECORD_REPAYMENT and task.due_at is not None:
            last = task.due_at - timedelta(seconds=1)
            if last.astimezone(case.at("2026-05-06 00:00").tzinfo).date().isoformat() == day:
                return task
    return None


def _last_reminder(case: Case) -> str:
    return [one for one in case.books.notices.values() if one.template == "repayment_reminder"][
        -1
    ].text


async def test_a_dispute_holds_reminders_and_write_off_and_every_day_moves_by_it(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await _owing(case)
        before = (await case.task(TaskKind.RECORD_REPAYMENT)).due_at
        for _ in range(2):
            await _dispute(case)
        await case.task(TaskKind.DECIDE_DISPUTE, subject="di-1")
        await case.until(
            lambda: TaskKind.ARRANGE_REPAYMENT not in {one.kind for one in case.open_tasks.values()}
        )
        await case.time.go_to(case.time.now() + timedelta(days=40))
        assert "repayment_reminder" not in case.told
        assert case.alerts == []
        await case.do(TaskKind.DECIDE_DISPUTE, REVIEWER, upheld=False, reason="结论无误")
        after = await case.until(
            lambda: next(
                (
                    one
                    for one in case.open_tasks.values()
                    if one.kind is TaskKind.RECORD_REPAYMENT and one.due_at != before
                ),
                None,
            )
        )
        assert after.due_at == before + timedelta(days=40)
        assert case.told[-1] == "claim_result"
        await case.time.go_to(case.time.now() + timedelta(days=24))
        await case.until(lambda: case.told.count("repayment_reminder") == 1)
        await people.repay(case, OWED)
        await case.ends(Stage.CLOSED)


@pytest.mark.parametrize("paid_under_protest", [False, True])
async def test_a_dispute_that_holds_files_the_claim_anew_and_offsets_what_it_adds(
    case_of: CaseOf, *, paid_under_protest: bool
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, OWED)
        await people.decide(case, "partial", 3_000_000)
        await case.task(TaskKind.RECORD_REPAYMENT)
        await _dispute(case)
        await case.task(TaskKind.DECIDE_DISPUTE)
        if paid_under_protest:
            await people.repay(case, 2_000_000)
            await case.until(lambda: case.pages[-1].owed_fen == 0)
        await case.do(TaskKind.DECIDE_DISPUTE, REVIEWER, upheld=True, reason="漏看病理")
        await case.task(TaskKind.FILE_CLAIM)
        # What was said of the first claim, told once more, is no answer to the second.
        await people.decide(case, "partial", 3_000_000)
        await people.file_claim(case)
        await case.until(lambda: case.pages[-1].claim_state == "filed")
        await case.settled()
        assert (case.stage, case.alerts) == (Stage.ADJUDICATION, [])
        assert f"{case.case_id}:claim:2" in case.partners.filed
        await people.decide_claim(case, f"{case.case_id}:claim:2", "approved", OWED)
        await case.ends(Stage.CLOSED)
        offset = [3_000_000] if paid_under_protest else [3_000_000, 2_000_000]
        assert _booked(case, Reason.OFFSET) == offset
        assert _booked(case, Reason.PAYOUT) == ([2_000_000] if paid_under_protest else [])


async def test_a_dispute_where_nothing_is_recovered_reaches_a_supervisor(case_of: CaseOf) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await _dispute(case)
        await people.acknowledge(case, "客户对理赔结论有异议")
        await people.discharged(case, OWED)
        await people.decide(case, "approved", OWED)
        await case.ends(Stage.CLOSED)


async def test_claim_money_that_is_added_while_the_customer_repays_lowers_what_is_owed(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, 5_000_000)
        await people.decide(case, "denied")
        await people.repay(case, 1_000_000)
        await people.decide(case, "partial", 3_000_000)
        await people.decide(case, "partial", 5_000_000)
        await case.until(
            lambda: (
                [
                    task.amount_fen
                    for task in case.open_tasks.values()
                    if task.kind is TaskKind.SETTLE_LATE_CLAIM
                ]
                == [5_000_000]
            )
        )
        form: dict[str, Any] = {"received": people.money(5_000_000), "to_loss": people.money(0)}
        await case.do(TaskKind.SETTLE_LATE_CLAIM, FINANCE, **form, reason="保险公司更正结论")
        await case.ends(Stage.CLOSED)
        # The advance first (R015): what the customer had repaid of it is his again.
        assert case.partners.paid[f"{case.case_id}:payout"] == 1_000_000


async def test_a_better_decision_before_the_first_is_acted_on_takes_its_place(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.discharged(case, 4_000_000)
        await people.decide(case, "denied")
        await case.until(lambda: case.stage is Stage.REFUND)
        await people.decide(case, "partial", 3_999_900)
        await people.decide(case, "approved", 4_000_000)
        await people.decide(case, "partial", 1)
        await people.acknowledge(case, "理赔决定与已处理的不一致")
        await people.refund(case, 1_000_000)
        await case.ends(Stage.CLOSED)
        assert "repayment_demand" not in case.told
