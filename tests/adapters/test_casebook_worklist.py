"""The worklist: most urgent first, the first claim wins; documents opened by their case only."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import CasePage, TaskClosed, TaskOpened, TopUpRecord, TopUpState
from adapters.books.casebook import Casebook
from adapters.books.documents import DocumentChanged, Documents, DocumentTooLarge
from adapters.books.worklist import Worklist
from adapters.door.unit import DoorBooks
from adapters.encryption.keys import SealBroken
from adapters.tables.cases import DOCUMENT_BYTES_MAX
from adapters.tables.door import audit
from domain.board import BadCursor, DocumentRow, TaskFilter, Viewer
from domain.roles import Role, is_theirs
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from tests.fixtures.cases import CASE, REPORTED_AT, a_reported_case, a_sealer

AGENT = Viewer(role=Role.AGENT, id="agent-1")


def minutes(count: int) -> datetime:
    return REPORTED_AT + timedelta(minutes=count)


def a_task(number: int, due: int | None = 30, **changes: Any) -> TaskOpened:
    facts: dict[str, Any] = {
        "task_id": f"{CASE}.care.{number}",
        "kind": TaskKind.CARE,
        "roles": [Role.NURSE],
        "title": "住院关怀",
        "opened_at": REPORTED_AT,
        "due_at": None if due is None else minutes(due),
    }
    return TaskOpened(**(facts | changes))


def a_page(tasks: list[TaskOpened], closed: list[TaskClosed] | None = None) -> CasePage:
    return CasePage(
        case_id=CASE,
        page=1,
        at=minutes(1),
        stage=Stage.IN_HOSPITAL,
        tasks_opened=tasks,
        tasks_closed=closed or [],
        team={"nurse": "nurse-5"},
    )


@pytest.fixture
async def worklist(database: AsyncEngine) -> Worklist:
    sealer = a_sealer()
    await a_reported_case(database, sealer)
    tasks = [
        a_task(1, 90),
        a_task(2, None),
        a_task(3, 30, roles=[Role.AGENT], kind=TaskKind.FIRST_CONTACT),
        a_task(4, 30, assignee="nurse-7"),
        a_task(5, None),
        a_task(6, 10),
    ]
    over = TaskClosed(task_id=tasks[5].task_id, closed_at=minutes(5), done=True)
    book = Casebook(database, sealer, clock=lambda: minutes(5))
    await book.write(a_page(tasks, [over]))
    return Worklist(database, sealer)


async def numbers(worklist: Worklist, **narrow: Any) -> list[int]:
    found = await worklist.tasks(TaskFilter(**narrow))
    return [int(task.task_id[-1]) for task in found.items]


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        ({}, [3, 4, 1, 2, 5]),
        ({"state": None}, [6, 3, 4, 1, 2, 5]),
        ({"state": "closed"}, [6]),
        ({"state": "claimed"}, []),
        ({"roles": [Role.AGENT]}, [3]),
        ({"roles": [Role.AGENT, Role.NURSE]}, [3, 4, 1, 2, 5]),
        ({"roles": []}, []),
        ({"seen_by": "nurse-8", "roles": [Role.NURSE]}, []),
        ({"seen_by": "nurse-5", "roles": [Role.NURSE]}, [1, 2, 5]),
        ({"seen_by": "nurse-7", "roles": [Role.NURSE]}, [4]),
        ({"seen_by": "nurse-7", "roles": [Role.NURSE, Role.AGENT]}, [3, 4]),
        ({"kind": "first_contact"}, [3]),
        ({"case_id": "dw-other"}, []),
        ({"channel": "hotline"}, [3, 4, 1, 2, 5]),
        ({"customer_subject": "customer-2"}, []),
        ({"due_before": minutes(31)}, [3, 4]),
    ],
)
async def test_the_most_urgent_comes_first_and_each_filter_narrows(
    worklist: Worklist, narrow: dict[str, Any], expected: list[int]
) -> None:
    assert await numbers(worklist, **narrow) == expected


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_cursor_walks_the_worklist_once(worklist: Worklist, limit: int) -> None:
    walked: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        page = await worklist.tasks(TaskFilter(cursor=cursor, limit=limit))
        walked += [task.task_id[-1] for task in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert walked == ["3", "4", "1", "2", "5"]
    with pytest.raises(BadCursor):
        await worklist.tasks(TaskFilter(cursor="nonsense"))


@pytest.mark.parametrize("person", ["nurse-5", "nurse-7", "nurse-8", "agent-1"])
@pytest.mark.parametrize("role", [Role.NURSE, Role.AGENT])
async def test_the_list_and_the_rule_agree_whose_step_it_is(
    worklist: Worklist, person: str, role: Role
) -> None:
    for number, roles, assignee in [
        (1, [Role.NURSE], None),
        (3, [Role.AGENT], None),
        (4, [Role.NURSE], "nurse-7"),
    ]:
        ruled = role in roles and is_theirs(role, person, assignee=assignee, nurse="nurse-5")
        listed = await numbers(worklist, roles=[role], seen_by=person)
        assert (number in listed) is ruled, (number, person, role)


async def test_of_many_who_claim_at_once_exactly_one_has_it(
    worklist: Worklist, database: AsyncEngine
) -> None:
    people = [f"nurse-{number}" for number in range(8)]
    books, task_id = DoorBooks(database, a_sealer()), f"{CASE}.care.1"

    async def claims(person: str) -> bool:
        async with books.unit() as unit:
            return await unit.cases.claim_task(
                task_id, subject=person, role=Role.NURSE.value, at=minutes(6)
            )

    taken = await asyncio.gather(*(claims(person) for person in people))
    winners = [person for person, won in zip(people, taken, strict=True) if won]
    assert len(winners) == 1
    assert (
        await numbers(worklist, claimed_by=winners[0])
        == [1]
        == await numbers(worklist, state="claimed")
    )
    assert await claims(winners[0]), "one's own again is fine"


async def test_a_task_shows_its_case_with_the_person_masked_and_top_ups_beside_each_other(
    worklist: Worklist, database: AsyncEngine
) -> None:
    task = (await worklist.tasks(TaskFilter())).items[0]
    assert (task.name_masked, task.stage, task.hospital_id) == ("客*", "in_hospital", "h-1")
    kind = TaskKind.ANSWER_TOP_UP
    asked = [
        TopUpRecord(
            top_up_id=f"tu-{n}", requested_fen=n, state=TopUpState.RECEIVED, requested_at=minutes(n)
        )
        for n in (1, 2)
    ]
    steps = [a_task(n, kind=kind, task_id=f"{CASE}.t.{n}", subject=f"tu-{n}") for n in (1, 2)]
    page = a_page(steps).model_copy(update={"page": 2, "top_ups": asked})
    await Casebook(database, a_sealer(), clock=lambda: minutes(5)).write(page)
    found = (await worklist.tasks(TaskFilter(kind=kind.value))).items
    assert [[one.top_up_id for one in task.beside] for task in found] == [["tu-2"], ["tu-1"]]


# Documents ----------------------------------------------------------------------------------------


@pytest.fixture
async def documents(database: AsyncEngine) -> Documents:
    await a_reported_case(database, a_sealer())
    return Documents(database, a_sealer())


async def stored(
    database: AsyncEngine, body: bytes = b"\xff\xd8\xff image", **changes: Any
) -> DocumentRow:
    row = DocumentRow(
        document_id="doc-1",
        case_id=CASE,
        kind="pathology_report",
        sha256=hashlib.sha256(body).hexdigest(),
        content_type="image/jpeg",
        size=len(body),
        uploaded_role=AGENT.role,
        uploaded_by=AGENT.id,
        uploaded_at=REPORTED_AT,
    )
    async with DoorBooks(database, a_sealer()).unit() as unit:
        return await unit.documents.store(row.model_copy(update=changes), body)


async def test_an_upload_comes_back_byte_for_byte_and_the_view_is_audited(
    documents: Documents, database: AsyncEngine
) -> None:
    row = await stored(database)
    found = await documents.fetch(CASE, "doc-1", AGENT, at=minutes(1))
    assert found == (row, b"\xff\xd8\xff image")
    assert await documents.listed(CASE) == [row] == [await documents.look_up(CASE, "doc-1")]
    async with database.connect() as connection:
        assert (await connection.execute(select(audit.c.action))).scalars().all() == [
            "document.viewed"
        ]
        body = (await connection.execute(text("SELECT body FROM documents"))).scalar_one()
    assert b"image" not in body


@pytest.mark.usefixtures("documents")
async def test_the_same_upload_again_is_the_same_document(database: AsyncEngine) -> None:
    row = await stored(database)
    assert await stored(database, uploaded_at=minutes(9)) == row
    with pytest.raises(DocumentChanged):
        await stored(database, body=b"other")


async def test_another_case_does_not_find_it(documents: Documents, database: AsyncEngine) -> None:
    await stored(database)
    assert await documents.look_up("dw-other", "doc-1") is None
    assert await documents.fetch("dw-other", "doc-1", AGENT, at=minutes(1)) is None


async def test_bytes_moved_to_another_document_do_not_open(
    documents: Documents, database: AsyncEngine
) -> None:
    await stored(database)
    await stored(database, document_id="doc-2", body=b"other")
    async with database.begin() as connection:
        await connection.execute(
            text(
                "UPDATE documents SET body = (SELECT body FROM documents WHERE document_id='doc-2')"
            )
        )
    with pytest.raises(SealBroken):
        await documents.fetch(CASE, "doc-1", AGENT, at=minutes(1))


@pytest.mark.parametrize("size", [0, DOCUMENT_BYTES_MAX + 1])
async def test_an_empty_or_oversized_upload_is_refused(database: AsyncEngine, size: int) -> None:
    with pytest.raises(DocumentTooLarge):
        await stored(database, body=b"x" * size)
