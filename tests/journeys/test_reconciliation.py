"""A day's statement that says something else than our books becomes somebody's step, once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from adapters.books.audit_reading import BEGINNING
from adapters.database import open_database
from adapters.temporal.connection import connect
from demo.house import House
from demo.people import Answer, until, yuan
from domain.calendar import civil_date
from tests.journeys.test_life import admitted
from workflows.messages.reconciliation import DayReconciled, ReconcileDay
from workflows.messages.workflow_types import RECONCILIATION_TYPE

pytestmark = pytest.mark.timeout(180)

FOREIGN = "zz-nobody:deposit:1"


async def reconciled(house: House, again: int) -> DayReconciled:
    """Compare the day of the first deposit, as the operator does."""
    client = await connect(house.settings)
    told: DayReconciled = await client.execute_workflow(
        RECONCILIATION_TYPE,
        ReconcileDay(day=civil_date(house.at("2026-05-06 12:00"))),
        id=f"reconciliation-{house.settings.task_queue}-{again}",
        task_queue=house.settings.task_queue,
        result_type=DayReconciled,
    )
    return told


async def falsify(house: House, kind: str, movement_id: str, **more: Any) -> None:
    day = civil_date(house.at("2026-05-06 12:00")).isoformat()
    lie = {"day": day, "kind": kind, "movement_id": movement_id, **more}
    await house.partner("/statement/falsifications", lie)


async def reach_into_audit(house: House) -> int:
    """Change a row of the audit, as only the owner of its table can."""
    engine = open_database(house.settings.libpq_url)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_only_grows"))
        changed = await connection.execute(
            text("UPDATE audit SET actor_id = 'x' WHERE prev_hash = :first RETURNING seq"),
            {"first": BEGINNING.hash},
        )
        row = int(changed.scalar_one())
    await engine.dispose()
    return row


async def differences(house: House) -> list[Answer]:
    seen = await house.finance.see("/v1/tasks?role=finance")
    kinds = {"explain_difference", "correct_payment"}
    return [one for one in seen["items"] if one["kind"] in kinds]


async def test_a_true_statement_agrees_and_a_false_one_is_a_step_of_finance_once(
    house: House,
) -> None:
    story = await admitted(house)
    first = await reconciled(house, 1)
    assert (first.lines, first.found) == (1, 0)

    amount = yuan(4_000_000) | {"currency": "CNY"}
    await falsify(house, "other_amount", f"{story.case_id}:deposit:1", amount=amount)
    await falsify(house, "extra", FOREIGN, amount=yuan(100) | {"currency": "CNY"})
    told = await reconciled(house, 2)
    about = f"{told.day} other_amount {story.case_id}:deposit:1"
    assert told.in_cases == [f"payment {about}"]
    assert told.in_house == [f"payment {told.day} only_theirs {FOREIGN}"]

    async def both() -> list[Answer] | None:
        found = await differences(house)
        return found if len(found) == 2 else None

    steps = {one["subject"]: one for one in await until(both, "two differences")}
    ours, theirs = steps[told.in_cases[0]], steps[told.in_house[0]]
    assert ours["case_id"] == story.case_id
    assert (ours["kind"], theirs["kind"]) == ("correct_payment", "explain_difference")
    assert "50,000.00 元" in ours["evidence"]["ours"]
    assert "40,000.00 元" in ours["evidence"]["theirs"]
    assert "账簿无记录" in theirs["evidence"]["ours"]

    again = await reconciled(house, 3)
    assert (again.found, again.in_cases, again.in_house) == (2, [], [])
    found = {"really_out": yuan(5_000_000), "reference": "BANK-1", "evidence": "渠道次日更正"}
    await house.finance.do(f"/v1/tasks/{ours['task_id']}/completion", found)
    explained = {"explanation": "渠道串户, 次日更正"}
    await house.finance.do(f"/v1/tasks/{theirs['task_id']}/completion", explained)

    async def none() -> bool:
        return await differences(house) == []

    await until(none, "no difference")
    broken = await reach_into_audit(house)
    last = await reconciled(house, 4)
    assert (last.found, last.in_cases, last.in_house) == (3, [], [f"audit {broken}"])
    seen = await house.supervisor.see("/v1/tasks?role=supervisor")
    (step,) = [one for one in seen["items"] if one["subject"] == f"audit {broken}"]
    assert f"第 {broken} 行" in step["evidence"]["ours"]
    await house.supervisor.do(f"/v1/tasks/{step['task_id']}/completion", explained)
    assert (await reconciled(house, 5)).in_house == []
