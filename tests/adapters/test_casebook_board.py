"""Lists of cases: each filter narrows, a cursor walks the whole list once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import CasePage, TaskOpened
from adapters.books.caseboard import Caseboard
from adapters.books.casebook import Casebook
from adapters.encryption.keys import Sealer
from domain.board import BadCursor, CaseFilter
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from tests.fixtures.cases import CASE, REPORTED_AT, a_reported_case, a_sealer


def minutes(count: int) -> datetime:
    return REPORTED_AT + timedelta(minutes=count)


@pytest.fixture
def sealer() -> Sealer:
    return a_sealer()


@pytest.fixture
def board(database: AsyncEngine, sealer: Sealer) -> Caseboard:
    return Caseboard(database, sealer, clock=lambda: minutes(6))


def a_page() -> CasePage:
    task = TaskOpened(
        task_id=f"{CASE}.first_contact.1",
        kind=TaskKind.FIRST_CONTACT,
        roles=[Role.AGENT],
        title="首次联系客户",
        opened_at=REPORTED_AT,
        assignee="agent-2",
    )
    return CasePage(
        case_id=CASE,
        page=1,
        at=minutes(1),
        stage=Stage.REPORTED,
        awaiting=[Role.AGENT],
        next_due_at=minutes(30),
        team={"nurse": "nurse-7"},
        tasks_opened=[task],
    )


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({}, 3),
        ({"programme": "bainian_deposit_waiver"}, 3),
        ({"programme": "other"}, 0),
        ({"stage": "reported"}, 1),
        ({"stage": "opening"}, 2),
        ({"awaiting": Role.AGENT}, 1),
        ({"awaiting": Role.NURSE}, 0),
        ({"sla_state": "calm"}, 3),
        ({"channel": "app"}, 1),
        ({"customer_subject": "customer-2"}, 1),
        ({"hospital_id": "h-1"}, 3),
        ({"helper": "nurse-7"}, 1),
        ({"helper": "agent-2"}, 1),
        ({"helper": "nurse-8"}, 0),
        ({"due_before": minutes(31)}, 1),
        ({"due_before": minutes(30)}, 0),
    ],
)
async def test_a_list_narrows_by_each_filter(
    board: Caseboard,
    database: AsyncEngine,
    sealer: Sealer,
    narrow: dict[str, Any],
    expected: int,
) -> None:
    await a_reported_case(database, sealer)
    await a_reported_case(database, sealer, case_id="dw-b", channel="app")
    await a_reported_case(database, sealer, case_id="dw-c", customer_subject="customer-2")
    await Casebook(database, sealer, clock=lambda: minutes(5)).write(a_page())
    found = await board.cases(CaseFilter(**narrow))
    assert len(found.items) == expected


async def test_a_cursor_walks_the_whole_list_once(
    board: Caseboard, database: AsyncEngine, sealer: Sealer
) -> None:
    for number in range(7):
        moment = minutes(number // 2)
        await a_reported_case(database, sealer, case_id=f"dw-{number}", reported_at=moment)
    cursor, walked = None, []
    for _ in range(4):
        page = await board.cases(CaseFilter(cursor=cursor, limit=2))
        walked += [row.case_id for row in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert walked == [f"dw-{number}" for number in range(6, -1, -1)]


@pytest.mark.parametrize("cursor", ["", "x", "####", "W10", "WzEsMl0", "bnVsbA", "é", "Wzdd" * 50])
async def test_a_forged_cursor_is_refused(board: Caseboard, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await board.cases(CaseFilter(cursor=cursor))
