"""Writes the record people read: one page a beat, in one transaction, exactly once.

A page comes again after a retry and then changes nothing; a late copy of an older page never undoes
a newer one. The timeline only grows. Free words are sealed, because people write what they like.
Reading is done in `adapters.caseboard`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports import CasePage, Contact, NoticeRecord, TaskClosed
from adapters.audit import write_audit
from adapters.encryption import Sealer
from adapters.tables import (
    case_pages,
    cases,
    clocks,
    discharges,
    notices,
    payments,
    policies,
    tasks,
    timeline,
    top_ups,
)
from domain.privacy import last_four
from domain.waiver import Role

ALWAYS_STATED: Final = (
    "stage",
    "awaiting",
    "sla_state",
    "next_due_at",
    "advanced_fen",
    "outstanding_fen",
    "owed_fen",
)
"""What every page says anew; the other fields of a page speak only when they are not empty."""

SAID_WHEN_CHANGED: Final = ("limit_fen", "discharge_on", "claim_state", "team", "missing_documents")


class CaseUnknown(LookupError):
    """No case of this id was ever reported."""


class PageConflict(Exception):
    """A page number came back with another content; nothing was written."""


class Casebook:
    """`CasebookPort` on PostgreSQL."""

    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, *, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock

    async def write(self, page: CasePage) -> None:
        """Write one page. Raises `CaseUnknown`, and `PageConflict` for a reused page number."""
        async with self._engine.begin() as connection:
            await self._turn_to(connection, page)
            if not await _is_new(connection, page):
                return
            await self._append_timeline(connection, page)
            await self._write_top_ups(connection, page)
            await _write_rows(connection, page)

    async def note_notice(self, record: NoticeRecord) -> None:
        """Record a notice; the same id again updates what became of it."""
        row = _columns(notices, record)
        row["text"] = self._sealer.seal(record.text, "notices.text")
        written = insert(notices).values(row)
        async with self._engine.begin() as connection:
            await connection.execute(
                written.on_conflict_do_update(
                    index_elements=["notice_id"], set_={"delivery": written.excluded.delivery}
                )
            )

    async def contact(self, case_id: str) -> Contact:
        """Where the customer is reached; audited. Raises `CaseUnknown`."""
        query = (
            select(cases, policies.c.policy_no)
            .join_from(cases, policies, cases.c.policy_id == policies.c.policy_id, isouter=True)
            .where(cases.c.case_id == case_id)
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise CaseUnknown(case_id)
            contact = Contact(
                name=self._opened(row.name, "cases.name"),
                phone=self._opened(row.phone, "cases.phone"),
                id_last_four=last_four(self._opened(row.id_number, "cases.id_number")),
                bed=self._opened(row.bed, "cases.bed"),
                policy_ref=self._opened(row.policy_no, "policies.policy_no") or row.policy_id or "",
            )
            await write_audit(
                connection,
                at=self._clock(),
                actor_role=Role.SYSTEM.value,
                actor_id="worker",
                action="contact.used",
                case_id=case_id,
            )
        return contact

    def _opened(self, envelope: bytes | None, purpose: str) -> str:
        return "" if envelope is None else self._sealer.open_text(envelope, purpose)

    async def _turn_to(self, connection: AsyncConnection, page: CasePage) -> None:
        """Bring the case's own row to this page, unless a newer one stands already."""
        said = _columns(cases, page)
        values = {name: said[name] for name in ALWAYS_STATED}
        values |= {name: said[name] for name in SAID_WHEN_CHANGED if _says_something(said[name])}
        if page.reason:
            values["reason"] = self._sealer.seal(page.reason, "cases.reason")
        turned = (
            update(cases)
            .where(cases.c.case_id == page.case_id, cases.c.page < page.page)
            .values(**values, page=page.page, changed_at=page.at)
        )
        if (await connection.execute(turned)).rowcount == 1:
            return
        known = select(cases.c.case_id).where(cases.c.case_id == page.case_id)
        if (await connection.execute(known)).one_or_none() is None:
            raise CaseUnknown(page.case_id)

    async def _append_timeline(self, connection: AsyncConnection, page: CasePage) -> None:
        rows = [
            {
                "case_id": page.case_id,
                "page": page.page,
                "n": n,
                "at": entry.at,
                "role": entry.role.value,
                "actor_id": entry.actor_id,
                "event": entry.event,
                "text": self._sealer.seal(entry.text, "timeline.text"),
                "document_ids": entry.document_ids,
            }
            for n, entry in enumerate(page.timeline, start=1)
        ]
        if rows:
            await connection.execute(insert(timeline), rows)

    async def _write_top_ups(self, connection: AsyncConnection, page: CasePage) -> None:
        """Top-ups in their newest state; why one was refused is an agent's own words."""
        rows = [
            _columns(top_ups, one)
            | {"case_id": page.case_id, "page": page.page}
            | {"reason": self._sealer.seal(one.reason, "top_ups.reason") if one.reason else None}
            for one in page.top_ups
        ]
        await _upsert(connection, top_ups, rows)


async def _is_new(connection: AsyncConnection, page: CasePage) -> bool:
    """Claim the page number; whether nobody had. Raises `PageConflict` for other content."""
    # Defaults left out, so that a release which adds a field still knows its own pages.
    said = page.model_dump_json(exclude_defaults=True)
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    row = {
        "case_id": page.case_id,
        "page": page.page,
        "at": page.at,
        "stage": page.stage.value,
        "fingerprint": fingerprint,
    }
    claimed = insert(case_pages).values(row).on_conflict_do_nothing().returning(case_pages.c.page)
    if (await connection.execute(claimed)).one_or_none() is not None:
        return True
    written = select(case_pages.c.fingerprint).where(
        case_pages.c.case_id == page.case_id, case_pages.c.page == page.page
    )
    if (await connection.execute(written)).scalar_one() != fingerprint:
        raise PageConflict(f"{page.case_id} page {page.page} stands with another content")
    return False


async def _write_rows(connection: AsyncConnection, page: CasePage) -> None:
    """Steps, promises, payments and discharge notices, each in its newest state."""
    key = {"case_id": page.case_id, "page": page.page}
    await _upsert(connection, tasks, [_columns(tasks, task) | key for task in page.tasks_opened])
    await _upsert(
        connection,
        clocks,
        [
            {
                "instance": one.instance,
                "clock": one.id,
                "state": one.state.value,
                "started_at": one.started_at,
                "due_at": one.due_at,
                "met_at": one.met_at,
                "breached_at": one.breached_at,
                "body": one.model_dump(mode="json"),
            }
            | key
            for one in page.clocks
        ],
    )
    await _upsert(connection, payments, [_columns(payments, one) | key for one in page.payments])
    await _upsert(
        connection, discharges, [_columns(discharges, one) | key for one in page.discharges]
    )
    for closed in page.tasks_closed:
        await _close(connection, closed)


async def _upsert(
    connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]
) -> None:
    """Insert rows or bring them to this page; what a newer page said stays."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    # The same row may change twice within one page: the last word counts.
    newest = {tuple(row[name] for name in keys): row for row in rows}
    written = insert(table)
    told = {name: written.excluded[name] for name in rows[0] if name not in keys}
    await connection.execute(
        written.on_conflict_do_update(
            index_elements=keys, set_=told, where=table.c.page <= written.excluded.page
        ),
        list(newest.values()),
    )


async def _close(connection: AsyncConnection, closed: TaskClosed) -> None:
    """End a step, once."""
    await connection.execute(
        update(tasks)
        .where(tasks.c.task_id == closed.task_id, tasks.c.closed_at.is_(None))
        .values(
            closed_at=closed.closed_at,
            done=closed.done,
            closed_role=closed.actor_role.value,
            closed_by=closed.actor_id,
            reason=closed.reason,
        )
    )


def _says_something(value: object) -> bool:
    """An empty list of missing documents says that none is missing any more."""
    return value == [] or bool(value)


def _columns(table: Table, message: BaseModel) -> dict[str, Any]:
    """What a table holds of a message: days and moments as they are, codes as text."""
    codes = message.model_dump(mode="json")
    return {
        name: value if isinstance(value, date | datetime) else codes[name]
        for name, value in message.model_dump(mode="python").items()
        if name in table.c
    }
