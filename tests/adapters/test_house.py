"""Steps of the house: on the worklist once, whoever finds the same thing again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.house import HouseTask
from adapters.books.worklist import Worklist
from adapters.door.unit import DoorBooks
from adapters.house import HouseList, house_id
from domain.board import TaskFilter
from domain.roles import Role
from domain.steps.kinds import Evidence, TaskKind
from tests.fixtures.cases import a_sealer

AT = datetime(2026, 5, 7, 22, 0, tzinfo=UTC)


def a_step(about: str = "payment 2026-05-06 only_theirs X-1", **changes: object) -> HouseTask:
    facts: dict[str, object] = {
        "about": about,
        "kind": TaskKind.EXPLAIN_DIFFERENCE,
        "at": AT,
        "due_at": AT + timedelta(days=1),
        "amount_fen": 100,
        "evidence": Evidence(ours="无记录", theirs="PA20260506-000001 1.00"),
    }
    return HouseTask.model_validate(facts | changes)


@pytest.fixture
def worklist(database: AsyncEngine) -> Worklist:
    return Worklist(database, a_sealer())


async def test_a_step_of_the_house_stands_on_the_worklist_of_its_role_with_both_sides(
    database: AsyncEngine, worklist: Worklist
) -> None:
    assert await HouseList(database).open(a_step())
    page = await worklist.tasks(TaskFilter(roles=[Role.FINANCE]))
    (row,) = page.items
    assert (row.kind, row.subject) == ("explain_difference", a_step().about)
    assert row.evidence == a_step().evidence
    assert (row.programme, row.stage, row.name_masked) == ("", "", "")
    assert (await worklist.tasks(TaskFilter(roles=[Role.AGENT]))).items == []


async def test_the_same_thing_is_opened_once_even_after_it_was_done(
    database: AsyncEngine, worklist: Worklist
) -> None:
    house, step = HouseList(database), a_step()
    assert await house.open(step)
    assert not await house.open(step)
    task_id = f"{house_id(step.about)}.explain_difference.1"
    async with DoorBooks(database, a_sealer()).unit() as unit:
        said = {"explanation": "渠道次日更正"}
        for first in (True, False):
            closed_now = await unit.house.close(
                task_id, form=said, role="finance", subject="f-1", at=AT
            )
            assert closed_now is first
    assert not await house.open(step)
    assert (await worklist.tasks(TaskFilter())).items == []
    (closed,) = (await worklist.tasks(TaskFilter(state="closed"))).items
    assert (closed.closed_by, closed.done) == ("f-1", True)


async def test_another_thing_is_another_step(database: AsyncEngine) -> None:
    house = HouseList(database)
    assert await house.open(a_step())
    assert await house.open(a_step("payment 2026-05-07 only_theirs X-1"))
