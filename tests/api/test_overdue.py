"""Steps that are past their moment: counted for management, and a supervisor hears of what lies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from adapters.tables.cases import tasks
from api.door.upkeep import upkeep
from tests.api.conftest import House
from tests.api.test_bad_input import problem
from tests.api.test_house_steps import _opened


async def _due(house: House, task_id: str, **otherwise: Any) -> None:
    change = update(tasks).where(tasks.c.task_id == task_id)
    async with house.database.begin() as connection:
        await connection.execute(change.values(**otherwise))


async def _alarms(house: House) -> list[str]:
    for _ in range(2):
        await upkeep(house.app.state.door)
    listed = (await house.get("/v1/tasks", "supervisor")).json()["items"]
    steps = [step for step in listed if step["kind"] == "breach"]
    for step in steps:
        assert step["due_at"] is not None
        at = f"/v1/tasks/{step['task_id']}/completion"
        assert (await house.post(at, {"action": "已督办"}, "supervisor")).status_code == 200
    return [step["subject_name"] for step in steps]


async def test_a_step_that_lies_is_reported_and_a_supervisor_hears_of_it_every_week(
    house: House,
) -> None:
    task_id, now = await _opened(house), house.clock()
    problem(await house.get("/v1/reports/overdue", "agent"), 403, "forbidden")
    for late, told in (
        (timedelta(minutes=59), []),
        (timedelta(minutes=61), [f"待办逾期: {task_id} #0"]),
        (timedelta(days=6), []),
        (timedelta(days=8), [f"待办逾期: {task_id} #1"]),
    ):
        await _due(house, task_id, due_at=now - late)
        assert await _alarms(house) == told, late
    [line] = (await house.get("/v1/reports/overdue", "supervisor")).json()["lines"]
    assert (line["kind"], line["role_names"], line["steps"]) == ("explain_difference", ["财务"], 1)
    assert (line["programme"], line["promised"], line["days_overdue"]) == ("", 0, 8)


async def test_what_a_promise_or_a_supervisor_watches_over_is_told_only_once(house: House) -> None:
    task_id = await _opened(house)
    late = house.clock() - timedelta(days=2)
    await _due(house, task_id, due_at=late, clock="G02.1")
    assert await _alarms(house) == [], "its breach is told"
    [line] = (await house.get("/v1/reports/overdue", "auditor")).json()["lines"]
    assert line["promised"] == 1
    for desk in ("supervisor", "hospital_duty"):
        await _due(house, task_id, clock=None, roles=[desk])
        assert await _alarms(house) == [], desk
    await _due(house, task_id, roles=["finance"])
    await _due(house, task_id, closed_at=late)
    assert await _alarms(house) == []
    assert (await house.get("/v1/reports/overdue", "finance")).json()["lines"] == []
