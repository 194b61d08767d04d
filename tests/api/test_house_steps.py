"""Steps of the house: seen and closed at the door by those whose role they name."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from activities.ports.house import HouseTask
from adapters.house import HouseList
from adapters.tables.cases import cases
from api.door.upkeep import upkeep
from domain.steps.kinds import Evidence, TaskKind
from tests.api.conftest import House

ABOUT = "payment 2026-05-06 only_theirs X-1"


async def _opened(house: House) -> str:
    step = HouseTask(
        about=ABOUT,
        kind=TaskKind.EXPLAIN_DIFFERENCE,
        at=house.clock(),
        amount_fen=100,
        evidence=Evidence(ours="无记录", theirs="1.00"),
    )
    await HouseList(house.database).open(step)
    (task,) = (await house.get("/v1/tasks", "finance")).json()["items"]
    assert task["evidence"] == {"ours": "无记录", "theirs": "1.00"}
    return str(task["task_id"])


async def test_finance_takes_a_step_of_the_house_and_closes_it_with_a_reason(house: House) -> None:
    task_id = await _opened(house)
    assert (await house.post(f"/v1/tasks/{task_id}/claim", {}, "finance")).status_code == 200
    at, done = f"/v1/tasks/{task_id}/completion", {"explanation": "渠道次日更正"}
    refused = await house.post(at, done, "finance", subject="finance-2")
    assert refused.status_code == 409
    first = await house.post(at, done, "finance", key="key-house-1")
    assert first.status_code == 200
    again = await house.post(at, done, "finance", key="key-house-1")
    assert again.json() == first.json()
    assert (await house.get("/v1/tasks", "finance")).json()["items"] == []
    (closed,) = (await house.get("/v1/tasks?state=closed", "finance")).json()["items"]
    assert closed["closed_at"] is not None
    late = await house.post(at, done, "finance", subject="finance-2")
    assert late.status_code == 409


async def test_a_step_of_the_house_is_nobody_elses(house: House) -> None:
    task_id = await _opened(house)
    at, done = f"/v1/tasks/{task_id}/completion", {"explanation": "x"}
    assert (await house.post(at, done, "agent")).status_code == 403
    assert (await house.post(at, done, "customer")).status_code == 404
    assert (await house.post(at, {}, "finance")).status_code == 422


async def _filed(house: House, case_id: str, *, silent: timedelta) -> None:
    """The case's claim lies with the insurer, and nothing was heard for so long."""
    at = house.clock() - silent
    change = update(cases).where(cases.c.case_id == case_id)
    async with house.database.begin() as connection:
        await connection.execute(change.values(stage="adjudication", changed_at=at))


async def test_a_claim_nobody_decides_is_asked_for_after_thirty_days_and_every_thirty_days(
    house: House,
) -> None:
    case_id = (await house.report()).json()["case_id"]

    async def asked() -> list[str]:
        for _ in range(2):
            await upkeep(house.app.state.door)
        steps = (await house.get("/v1/tasks", "agent")).json()["items"]
        for step in steps:
            at = f"/v1/tasks/{step['task_id']}/completion"
            done = await house.post(at, {"action": "保险公司称下周给出结论"}, "agent")
            assert done.status_code == 200, done.text
        return [f"{step['kind']} {step['subject']}" for step in steps]

    for days, number in ((29, 0), (30, 1), (31, 0), (60, 2)):
        await _filed(house, case_id, silent=timedelta(days=days))
        told = [f"chase_decision claim {case_id} #{number}"] if number else []
        assert await asked() == told, days
