"""What the pages of all matters have in common: number, history, steps and promises.

A page comes again after a retry and then changes nothing; a late copy of an older page never undoes
a newer one. The history only grows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.ports.bookings import BookingPage
from activities.ports.cases import CasePage, TaskClosed
from activities.ports.enquiries import EnquiryPage
from activities.ports.rescues import RescuePage
from adapters.encryption.keys import Sealer
from adapters.tables.cases import case_pages, clocks, payments, tasks, timeline
from adapters.tables.matter import key_of

ToldPage = CasePage | EnquiryPage | BookingPage
"""Pages of matters that have a channel to be told."""
AnyPage = ToldPage | RescuePage
TASK_FORM: Final = "tasks.form"

# Built once: building them anew costs as much processor time as running them.
_CLAIM: Final = insert(case_pages).on_conflict_do_nothing().returning(case_pages.c.page)
_FINGERPRINT: Final = select(case_pages.c.fingerprint).where(
    case_pages.c.case_id == bindparam("matter"), case_pages.c.page == bindparam("number")
)
_LINES: Final = insert(timeline)
_CLOSE: Final = update(tasks).where(
    tasks.c.task_id == bindparam("task"), tasks.c.closed_at.is_(None)
)


@cache
def _upserting(table: Table, names: tuple[str, ...]) -> Insert:
    """Insert rows of these columns, or bring them to this page."""
    keys = [column.name for column in table.primary_key]
    written = insert(table)
    told = {name: written.excluded[name] for name in names if name not in keys}
    return written.on_conflict_do_update(
        index_elements=keys, set_=told, where=table.c.page <= written.excluded.page
    )


class PageConflict(Exception):
    """A page number came back with another content; nothing was written."""


async def _claim(connection: AsyncConnection, page: AnyPage) -> bool:
    """Claim the page number; whether nobody had. Raises `PageConflict` for other content."""
    # Defaults left out, so that a release which adds a field still knows its own pages.
    said = page.model_dump_json(exclude_defaults=True)
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    row = {
        "case_id": page.matter_id,
        "page": page.page,
        "at": page.at,
        "stage": page.stage.value,
        "fingerprint": fingerprint,
    }
    if (await connection.execute(_CLAIM, row)).one_or_none() is not None:
        return True
    which = {"matter": page.matter_id, "number": page.page}
    if (await connection.execute(_FINGERPRINT, which)).scalar_one() != fingerprint:
        raise PageConflict(f"{page.matter_id} page {page.page} stands with another content")
    return False


@dataclass(frozen=True)
class OwnRow:
    """The row of its own that every matter but a case has."""

    table: Table
    turned: tuple[str, ...]
    """What a page says of it."""
    unknown: type[LookupError]
    """What is raised when there is no such row."""


async def turn_row(
    connection: AsyncConnection,
    own: OwnRow,
    page: EnquiryPage | BookingPage | RescuePage,
    words: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Bring the matter's own row to this page, unless a newer one stands.

    `words` are columns of the row that its book seals itself. Raises what `own` names for a matter
    nobody opened.
    """
    key = key_of(own.table)
    said = columns(own.table, page)
    turned = (
        update(own.table)
        .where(key == page.matter_id, own.table.c.page < page.page)
        .values(**{name: said[name] for name in own.turned}, **words, changed_at=page.at)
    )
    if (await connection.execute(turned)).rowcount == 1:
        return
    asked = select(key).where(key == page.matter_id)
    if (await connection.execute(asked)).one_or_none() is None:
        raise own.unknown(page.matter_id)


async def begin_page(connection: AsyncConnection, sealer: Sealer, page: AnyPage) -> bool:
    """Write what a page says of any matter; False when it stands already and nothing is left to do.

    The matter's own row is turned before. Raises `PageConflict` for a reused number.
    """
    if not await _claim(connection, page):
        return False
    await _append_timeline(connection, sealer, page)
    await _write_steps(connection, sealer, page)
    return True


async def _append_timeline(connection: AsyncConnection, sealer: Sealer, page: AnyPage) -> None:
    """The lines of a page; free words are sealed, because people write what they like."""
    rows = [
        {
            "case_id": page.matter_id,
            "page": page.page,
            "n": n,
            "at": entry.at,
            "role": entry.role.value,
            "actor_id": entry.actor_id,
            "event": entry.event,
            "text": sealer.seal(entry.text, "timeline.text"),
            "document_ids": entry.document_ids,
        }
        for n, entry in enumerate(page.timeline, start=1)
    ]
    if rows:
        await connection.execute(_LINES, rows)


async def _write_steps(connection: AsyncConnection, sealer: Sealer, page: AnyPage) -> None:
    """Steps and promises, each in its newest state."""
    key = {"case_id": page.matter_id, "page": page.page}
    await _free_reassigned(connection, page)
    await upsert(connection, tasks, [columns(tasks, task) | key for task in page.tasks_opened])
    await upsert(
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
    for closed in page.tasks_closed:
        await _close(connection, sealer, closed)


async def write_payments(connection: AsyncConnection, page: CasePage | BookingPage) -> None:
    """Payments, each in its newest state."""
    key = {"case_id": page.matter_id, "page": page.page}
    await upsert(connection, payments, [columns(payments, one) | key for one in page.payments])


async def _free_reassigned(connection: AsyncConnection, page: AnyPage) -> None:
    """Who had claimed a step that was given to somebody else holds it no more."""
    for task in page.tasks_opened:
        if task.assignee is not None:
            await connection.execute(
                update(tasks)
                .where(
                    tasks.c.task_id == task.task_id,
                    tasks.c.page <= page.page,
                    tasks.c.assignee.is_distinct_from(task.assignee),
                )
                .values(claimed_by=None, claimed_role=None, claimed_at=None)
            )


async def upsert(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows or bring them to this page; what a newer page said stays."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    # The same row may change twice within one page: the last word counts.
    newest = {tuple(row[name] for name in keys): row for row in rows}
    await connection.execute(_upserting(table, tuple(rows[0])), list(newest.values()))


async def _close(connection: AsyncConnection, sealer: Sealer, closed: TaskClosed) -> None:
    """End a step, once, with what the person reported sealed."""
    form = json.dumps(closed.form, ensure_ascii=False) if closed.form else None
    row = {
        "closed_at": closed.closed_at,
        "done": closed.done,
        "closed_role": closed.actor_role.value,
        "closed_by": closed.actor_id,
        "reason": closed.reason,
        "form": None if form is None else sealer.seal(form, TASK_FORM),
    }
    await connection.execute(_CLOSE, {**row, "task": closed.task_id})


def columns(table: Table, message: BaseModel) -> dict[str, Any]:
    """What a table holds of a message: days and moments as they are, codes as text."""
    held = _held(table, type(message))
    codes = message.model_dump(mode="json", include=held)
    return {
        name: value if isinstance(value, date | datetime) else codes[name]
        for name, value in message.model_dump(mode="python", include=held).items()
    }


@cache
def _held(table: Table, kind: type[BaseModel]) -> set[str]:
    return {name for name in kind.model_fields if name in table.c}
