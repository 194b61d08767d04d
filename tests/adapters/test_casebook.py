"""The record: written page by page, exactly once, and what people then read of it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import (
    CasebookPort,
    CasePage,
    Delivery,
    DischargeRecord,
    NoticeRecord,
    PaymentRecord,
    PaymentStatus,
    TaskClosed,
    TaskOpened,
    TimelineEntry,
    TopUpRecord,
    TopUpState,
)
from adapters.books.caseboard import Caseboard
from adapters.books.casebook import Casebook, CaseUnknown, PageConflict
from adapters.encryption.keys import Sealer
from adapters.tables.cases import tasks, timeline
from adapters.tables.door import audit
from domain.board import CaseFilter, CaseView, Viewer
from domain.calendar import WorkCalendar
from domain.clock import Budget, Clock, Unit, WarnRule
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.fixtures.cases import (
    CASE,
    DISEASE,
    ID_NUMBER,
    NAME,
    PHONE,
    REPORTED_AT,
    a_reported_case,
    a_sealer,
)

AGENT = Viewer(role=Role.AGENT, id="agent-1")
NOTE = "客户说在朝阳医院"
NO_CALENDAR = WorkCalendar(version="none", years={}, holidays=frozenset(), make_up_days=frozenset())


def minutes(count: int) -> datetime:
    return REPORTED_AT + timedelta(minutes=count)


def a_clock() -> Clock:
    return Clock.start(
        clock_id="K02",
        name="30分钟响应",
        number=1,
        started_at=REPORTED_AT,
        budget=Budget(amount=30, unit=Unit.MINUTE),
        warn=WarnRule(before=Budget(amount=10, unit=Unit.MINUTE)),
        calendar=NO_CALENDAR,
    )


def a_line(event: str = "reported", words: str = NOTE) -> TimelineEntry:
    return TimelineEntry(
        at=REPORTED_AT,
        role=Role.AGENT,
        actor_id="agent-1",
        event=event,
        text=words,
        document_ids=["doc-1"],
    )


def a_task(number: int = 1, **changes: Any) -> TaskOpened:
    facts: dict[str, Any] = {
        "task_id": f"{CASE}.first_contact.{number}",
        "kind": TaskKind.FIRST_CONTACT,
        "roles": [Role.AGENT],
        "title": "首次联系客户",
        "opened_at": REPORTED_AT,
        "due_at": minutes(30),
        "clock": "K02.1",
    }
    return TaskOpened(**(facts | changes))


def a_page(number: int = 1, **changes: Any) -> CasePage:
    facts: dict[str, Any] = {
        "case_id": CASE,
        "page": number,
        "at": minutes(number),
        "stage": Stage.REPORTED,
        "awaiting": [Role.AGENT],
        "next_due_at": minutes(30),
    }
    return CasePage(**(facts | changes))


def a_full_page() -> CasePage:
    return a_page(
        limit_fen=50_000_000,
        advanced_fen=5_000_000,
        outstanding_fen=5_000_000,
        reason="说明",
        discharge_on=date(2026, 6, 25),
        claim_state="filed",
        team={"agent": "agent-1", "nurse": "nurse-7", "doctor": "doctor-2"},
        missing_documents=["pathology_report"],
        timeline=[a_line("reported"), a_line("contacted")],
        tasks_opened=[a_task(), a_task(2, assignee="agent-2")],
        tasks_closed=[
            TaskClosed(
                task_id=a_task().task_id,
                closed_at=minutes(22),
                done=True,
                actor_role=Role.AGENT,
                actor_id="agent-1",
            )
        ],
        clocks=[a_clock()],
        top_ups=[
            TopUpRecord(
                top_up_id="t-1",
                requested_fen=10_000_000,
                state=TopUpState.RECEIVED,
                requested_at=REPORTED_AT,
            )
        ],
        payments=[
            PaymentRecord(
                movement_id=f"{CASE}:deposit:1",
                reason="deposit",
                amount_fen=5_000_000,
                mode=PaymentMode.QR_CODE,
                status=PaymentStatus.PENDING,
                ordered_at=REPORTED_AT,
            )
        ],
        discharges=[
            DischargeRecord(
                notice_id="d-1",
                discharge_on=date(2026, 6, 25),
                accepted=True,
                received_at=REPORTED_AT,
            )
        ],
    )


@pytest.fixture
def sealer() -> Sealer:
    return a_sealer()


@pytest.fixture
async def casebook(database: AsyncEngine, sealer: Sealer) -> CasebookPort:
    await a_reported_case(database, sealer)
    return Casebook(database, sealer, clock=lambda: minutes(5))


@pytest.fixture
def board(database: AsyncEngine, sealer: Sealer) -> Caseboard:
    return Caseboard(database, sealer, clock=lambda: minutes(6))


async def seen(board: Caseboard, case_id: str = CASE) -> CaseView:
    view = await board.case(case_id, AGENT)
    assert view is not None
    return view


async def test_a_page_is_read_as_it_was_written(casebook: CasebookPort, board: Caseboard) -> None:
    page = a_full_page()
    await casebook.write(page)
    view = await seen(board)
    assert (view.stage, view.awaiting, view.next_due_at) == ("reported", [Role.AGENT], minutes(30))
    assert (view.limit_fen, view.advanced_fen, view.reason) == (50_000_000, 5_000_000, "说明")
    assert view.team["nurse"] == "nurse-7"
    assert view.missing_documents == ["pathology_report"]
    assert [(line.event, line.text, line.document_ids) for line in view.timeline] == [
        ("reported", NOTE, ["doc-1"]),
        ("contacted", NOTE, ["doc-1"]),
    ]
    assert view.clocks == page.clocks
    assert [task.done for task in view.tasks] == [True, None]
    assert view.tasks[0].closed_by == "agent-1"
    assert view.top_ups[0].state == "received"
    assert view.payments[0].status == "pending"
    assert view.discharges[0].accepted is True
    assert (view.name_masked, view.id_masked) == ("客*", "110101********0715")
    assert view.phone_masked == "138****8000"


async def test_a_page_written_twice_is_written_once(
    casebook: CasebookPort, board: Caseboard
) -> None:
    await casebook.write(a_full_page())
    before = await seen(board)
    await casebook.write(a_full_page())
    assert await seen(board) == before


async def test_a_page_written_by_two_at_once_is_written_once(
    casebook: CasebookPort, board: Caseboard
) -> None:
    await asyncio.gather(*(casebook.write(a_full_page()) for _ in range(6)))
    assert len((await seen(board)).timeline) == 2


async def test_a_page_number_with_other_content_is_refused_and_changes_nothing(
    casebook: CasebookPort, board: Caseboard, database: AsyncEngine
) -> None:
    await casebook.write(a_full_page())
    before = await seen(board)
    for _ in range(2):
        with pytest.raises(PageConflict):
            await casebook.write(a_page(timeline=[a_line("forged")]))
    assert await seen(board) == before
    async with database.connect() as connection:
        told = await connection.execute(select(tasks.c.roles).where(tasks.c.subject == CASE))
    assert list(told.scalars()) == [["supervisor"]], "the case stands still, and one person hears"


async def test_what_a_later_page_leaves_empty_has_not_changed(
    casebook: CasebookPort, board: Caseboard
) -> None:
    await casebook.write(a_full_page())
    await casebook.write(a_page(2, stage=Stage.COLLECTING, awaiting=[], next_due_at=None))
    view = await seen(board)
    assert (view.stage, view.awaiting, view.next_due_at) == ("collecting", [], None)
    assert (view.limit_fen, view.claim_state) == (50_000_000, "filed")
    assert view.discharge_on == date(2026, 6, 25)
    assert view.missing_documents == ["pathology_report"]
    await casebook.write(a_page(3, missing_documents=[]))
    assert (await seen(board)).missing_documents == []


async def test_rows_come_to_their_newest_state(casebook: CasebookPort, board: Caseboard) -> None:
    first = a_full_page()
    await casebook.write(first)
    await casebook.write(
        a_page(
            2,
            clocks=[first.clocks[0].meet(minutes(22))],
            top_ups=[first.top_ups[0].model_copy(update={"state": TopUpState.PAID})],
            payments=[first.payments[0].model_copy(update={"status": PaymentStatus.PAID})],
            tasks_opened=[a_task(2, due_at=minutes(90), assignee="agent-2")],
        )
    )
    view = await seen(board)
    assert view.clocks[0].met_at == minutes(22)
    assert (view.top_ups[0].state, view.payments[0].status) == ("paid", "paid")
    assert view.tasks[1].due_at == minutes(90)


async def test_a_late_copy_of_an_older_page_undoes_nothing(
    casebook: CasebookPort, board: Caseboard
) -> None:
    first = a_full_page()
    paid = first.payments[0].model_copy(update={"status": PaymentStatus.PAID})
    await casebook.write(a_page(2, stage=Stage.COLLECTING, payments=[paid]))
    await casebook.write(first)
    view = await seen(board)
    assert (view.stage, view.page) == ("collecting", 2)
    assert view.payments[0].status == "paid"
    assert len(view.timeline) == 2


async def test_a_page_that_fails_midway_leaves_nothing(
    casebook: CasebookPort, board: Caseboard, database: AsyncEngine
) -> None:
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE discharges ADD CHECK (notice_id <> 'd-1')"))
    with pytest.raises(Exception, match="violates check"):
        await casebook.write(a_full_page())
    view = await seen(board)
    assert (view.stage, view.timeline, view.tasks) == ("opening", [], [])


async def test_a_case_nobody_reported_has_no_pages(casebook: CasebookPort) -> None:
    with pytest.raises(CaseUnknown):
        await casebook.write(a_page(case_id="dw-nobody"))
    with pytest.raises(CaseUnknown):
        await casebook.contact("dw-nobody")


async def test_contact_opens_the_person_and_leaves_an_audit_row(
    casebook: CasebookPort, database: AsyncEngine
) -> None:
    contact = await casebook.contact(CASE)
    assert (contact.name, contact.phone, contact.id_last_four) == (NAME, PHONE, "0715")
    assert (contact.bed, contact.policy_ref) == ("12", "p-1")
    assert NAME not in repr(contact)
    async with database.connect() as connection:
        row = (await connection.execute(select(audit))).one()
    assert (row.action, row.case_id, row.at) == ("contact.used", CASE, minutes(5))


async def test_a_notice_recorded_again_updates_its_delivery(
    casebook: CasebookPort, board: Caseboard
) -> None:
    notice = NoticeRecord(
        notice_id=f"{CASE}.notice.1",
        case_id=CASE,
        template="checklist",
        channel="sms",
        text="请准备资料",
        sent_at=REPORTED_AT,
        delivery=Delivery.UNKNOWN,
    )
    await casebook.note_notices([notice])
    arrived = notice.model_copy(update={"delivery": Delivery.DELIVERED})
    await casebook.note_notices([arrived])
    [row] = (await seen(board)).notices
    assert (row.text, row.delivery) == ("请准备资料", "delivered")


async def test_every_view_of_a_case_or_person_is_audited_and_a_list_is_not(
    casebook: CasebookPort, board: Caseboard, database: AsyncEngine
) -> None:
    await board.cases(CaseFilter())
    await board.case(CASE, AGENT)
    contact = await board.contact(CASE, AGENT)
    assert contact is not None
    assert (contact.name, contact.phone, contact.bed) == (NAME, PHONE, "12")
    assert PHONE not in repr(contact)
    async with database.connect() as connection:
        rows = await connection.execute(select(audit.c.action, audit.c.actor_id))
        assert [tuple(row) for row in rows] == [
            ("case.viewed", "agent-1"),
            ("contact.viewed", "agent-1"),
        ]


async def test_nothing_a_person_is_known_by_lies_readable_in_any_table(
    casebook: CasebookPort, database: AsyncEngine
) -> None:
    await casebook.write(a_full_page())
    async with database.connect() as connection:
        names = (
            await connection.execute(
                text("SELECT table_name FROM information_schema.tables WHERE table_schema='public'")
            )
        ).scalars()
        rows = [
            str(row)
            for name in names
            for row in await connection.execute(text(f"SELECT t::text FROM {name} t"))  # noqa: S608
        ]
    everything = "\n".join(rows)
    assert CASE in everything  # the control: this test sees what is readable
    for secret in (NAME, ID_NUMBER, PHONE, DISEASE, NOTE):
        assert secret not in everything
        assert secret.encode().hex() not in everything


async def test_the_timeline_keeps_its_order_and_grows_only(
    casebook: CasebookPort, board: Caseboard, database: AsyncEngine
) -> None:
    for number in range(1, 4):
        await casebook.write(a_page(number, timeline=[a_line(f"e{number}")]))
    heard_late = a_line("e0").model_copy(update={"at": REPORTED_AT - timedelta(minutes=3)})
    await casebook.write(a_page(4, timeline=[heard_late]))
    shown = [line.event for line in (await seen(board)).timeline]
    assert shown == ["e0", "e1", "e2", "e3"]  # as it happened, then as it was written
    async with database.connect() as connection:
        count = await connection.execute(select(func.count()).select_from(timeline))
        assert count.scalar_one() == 4


async def test_a_reason_that_holds_no_longer_is_gone(
    casebook: CasebookPort, board: Caseboard
) -> None:
    await casebook.write(a_page(1, reason="资料未齐"))
    assert (await seen(board)).reason == "资料未齐"
    await casebook.write(a_page(2))
    assert (await seen(board)).reason == ""


async def test_what_a_person_reported_is_kept_sealed_with_the_step(
    casebook: CasebookPort, board: Caseboard, database: AsyncEngine
) -> None:
    form = {"need": NOTE, "identity_verified": True}
    closed = TaskClosed(
        task_id=a_task().task_id, closed_at=minutes(2), done=True, actor_id="agent-1", form=form
    )
    await casebook.write(a_page(1, tasks_opened=[a_task()], tasks_closed=[closed]))
    assert (await seen(board)).tasks[0].completion == form
    async with database.connect() as connection:
        stored = (await connection.execute(text("SELECT form FROM tasks"))).scalar_one()
    assert NOTE.encode() not in stored
