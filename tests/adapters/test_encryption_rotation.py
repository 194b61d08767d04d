"""Rotation in the database: every column that may change comes to the newest key, and opens."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import CasePage, TimelineEntry
from adapters.books.caseboard import Caseboard
from adapters.books.casebook import Casebook
from adapters.books.documents import Documents
from adapters.door.unit import DoorBooks
from adapters.encryption.keys import KeyRing, SealBroken, Sealer
from adapters.encryption.rotation import keys_in_use, reseal_all, sealed_columns
from domain.board import DocumentRow, Viewer
from domain.roles import Role
from domain.waiver import Stage
from tests.fixtures.cases import CASE, NAME, REPORTED_AT, a_reported_case

OLD, NEW, LOOKUP = ("k1", b"1" * 32), ("k2", b"2" * 32), b"L" * 32
AGENT = Viewer(role=Role.AGENT, id="agent-1")


async def a_case_of(engine: AsyncEngine, sealer: Sealer) -> None:
    await a_reported_case(engine, sealer)
    line = TimelineEntry(
        at=REPORTED_AT, role=Role.AGENT, actor_id="a", event="reported", text="已报案"
    )
    page = CasePage(
        case_id=CASE, page=1, at=REPORTED_AT, stage=Stage.REPORTED, timeline=[line], reason="说明"
    )
    await Casebook(engine, sealer, clock=lambda: REPORTED_AT).write(page)
    for number in range(25):
        body = b"png %d" % number
        row = DocumentRow(
            document_id=f"doc-{number}",
            case_id=CASE,
            kind="slip",
            sha256=hashlib.sha256(body).hexdigest(),
            content_type="image/png",
            size=len(body),
            uploaded_role=AGENT.role,
            uploaded_by=AGENT.id,
            uploaded_at=REPORTED_AT,
        )
        async with DoorBooks(engine, sealer).unit() as unit:
            await unit.documents.store(row, body)


async def test_after_resealing_only_the_timeline_still_needs_the_old_key(
    database: AsyncEngine,
) -> None:
    await a_case_of(database, Sealer(KeyRing([OLD]), LOOKUP))
    rotated = Sealer(KeyRing([NEW, OLD]), LOOKUP)
    told: list[tuple[str, int]] = []
    renewed = await reseal_all(database, rotated, progress=lambda *done: told.append(done))
    assert renewed == 7 + 25
    assert ("documents.body", 25) in told
    assert await keys_in_use(database) == {"k2": 7 + 25, "k1": 1}
    assert await reseal_all(database, rotated, progress=lambda *_: None) == 0
    view = await Caseboard(database, rotated, clock=lambda: REPORTED_AT).case(CASE, AGENT)
    assert view is not None
    assert (view.reason, view.timeline[0].text) == ("说明", "已报案")
    only_new = Sealer(KeyRing([NEW]), LOOKUP)
    contact = await Caseboard(database, only_new, clock=lambda: REPORTED_AT).contact(CASE, AGENT)
    assert contact is not None
    assert contact.name == NAME
    found = await Documents(database, only_new).fetch(CASE, "doc-7", AGENT, at=REPORTED_AT)
    assert found is not None
    assert found[1] == b"png 7"


async def test_without_the_old_key_nothing_is_lost_and_the_failure_has_a_name(
    database: AsyncEngine,
) -> None:
    await a_case_of(database, Sealer(KeyRing([OLD]), LOOKUP))
    with pytest.raises(SealBroken, match="not in the ring"):
        await reseal_all(database, Sealer(KeyRing([NEW]), LOOKUP), progress=lambda *_: None)
    assert set(await keys_in_use(database)) == {"k1"}


def test_every_column_of_bytes_is_one_that_rotation_knows() -> None:
    names = {f"{table.name}.{column.name}" for table, column in sealed_columns()}
    assert {"cases.name", "policies.id_number", "documents.body", "inbox.body"} <= names
