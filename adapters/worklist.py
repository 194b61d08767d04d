"""The worklist: the steps that wait for people, and who has taken which.

The first to claim a step has it: one conditional update decides, and the second is told who won.
Closing a step is the case's own act and arrives with a page (`adapters.casebook`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.audit import write_audit
from adapters.caseboard import known
from adapters.cursors import cursor_after, cursor_read
from adapters.encryption import Sealer
from adapters.tables import cases, hospitals, tasks
from adapters.tables_enquiry import enquiries
from domain.board import Claim, Paged, TaskFilter, TaskRow, Viewer
from domain.privacy import mask_name

_WITH_MATTER: Final = select(
    tasks,
    func.coalesce(cases.c.programme, enquiries.c.programme, "").label("programme"),
    func.coalesce(cases.c.hospital_id, "").label("hospital_id"),
    func.coalesce(cases.c.stage, enquiries.c.stage, "").label("stage"),
    func.coalesce(cases.c.channel, enquiries.c.channel, "").label("channel"),
    cases.c.customer_subject,
    cases.c.name.label("sealed_name"),
    hospitals.c.name.label("hospital_name"),
).select_from(
    tasks.join(cases, tasks.c.case_id == cases.c.case_id, isouter=True)
    .join(enquiries, tasks.c.case_id == enquiries.c.enquiry_id, isouter=True)
    .join(hospitals, cases.c.hospital_id == hospitals.c.id, isouter=True)
)
_NEVER: Final[ColumnElement[Any]] = literal_column("'infinity'::timestamptz")
_DUE: Final = func.coalesce(tasks.c.due_at, _NEVER)
"""A step without a due moment comes after all that have one; the index says the same."""


class TaskUnknown(LookupError):
    """There is no such task."""


class TaskOver(Exception):
    """The task has been closed; nobody can take it any more."""


class Worklist:
    """Tasks as people see, take and leave them."""

    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, *, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock

    async def tasks(self, wanted: TaskFilter) -> Paged[TaskRow]:
        """One page of tasks, the most urgent first. Raises `BadCursor`."""
        query = _narrowed(_WITH_MATTER, wanted).order_by(_DUE, tasks.c.task_id)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query.limit(wanted.limit + 1))).all()
        items = [self._task(row) for row in rows[: wanted.limit]]
        more = len(rows) > wanted.limit
        after = cursor_after(items[-1].due_at, items[-1].task_id) if more else None
        return Paged[TaskRow](items=items, next_cursor=after)

    async def task(self, task_id: str) -> TaskRow | None:
        """One task; None if there is none."""
        async with self._engine.connect() as connection:
            row = await _one(connection, task_id)
        return None if row is None else self._task(row)

    async def claim(self, task_id: str, viewer: Viewer) -> Claim:
        """Take a task, or learn who has it; one's own again is taken. Audited when it is taken.

        Raises `TaskUnknown` and `TaskOver`.
        """
        async with self._engine.begin() as connection:
            taken = await connection.execute(
                update(tasks)
                .where(
                    tasks.c.task_id == task_id,
                    tasks.c.closed_at.is_(None),
                    or_(tasks.c.claimed_by.is_(None), tasks.c.claimed_by == viewer.id),
                    or_(tasks.c.assignee.is_(None), tasks.c.assignee == viewer.id),
                )
                .values(
                    claimed_by=viewer.id,
                    claimed_role=viewer.role.value,
                    claimed_at=func.coalesce(tasks.c.claimed_at, self._clock()),
                )
            )
            row = await _one(connection, task_id)
            if row is None:
                raise TaskUnknown(task_id)
            if row.closed_at is not None:
                raise TaskOver(task_id)
            if taken.rowcount == 1:
                await write_audit(
                    connection,
                    at=self._clock(),
                    actor_role=viewer.role.value,
                    actor_id=viewer.id,
                    action="task.claimed",
                    case_id=row.case_id,
                    subject=task_id,
                )
        return Claim(taken=taken.rowcount == 1, task=self._task(row))

    def _task(self, row: Row[Any]) -> TaskRow:
        # An enquiry knows no name, and a step of the house is about nobody.
        sealed = row.sealed_name
        name = "" if sealed is None else mask_name(self._sealer.open_text(sealed, "cases.name"))
        return TaskRow(
            **known(TaskRow, row) | {"hospital_name": row.hospital_name or "", "name_masked": name}
        )


def _narrowed(query: Select[Any], wanted: TaskFilter) -> Select[Any]:
    for column in ("kind", "claimed_by", "case_id"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(tasks.c[column] == value)
    # Channels and customers have no step in an enquiry.
    for column in ("channel", "customer_subject"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(cases.c[column] == value)
    if wanted.roles is not None:
        query = query.where(tasks.c.roles.overlap([role.value for role in wanted.roles]))
    if wanted.seen_by is not None:
        query = query.where(or_(tasks.c.assignee.is_(None), tasks.c.assignee == wanted.seen_by))
    if wanted.state is not None:
        query = query.where(_IN_STATE[wanted.state])
    if wanted.due_before is not None:
        query = query.where(tasks.c.due_at < wanted.due_before)
    if wanted.cursor is not None:
        moment, key = cursor_read(wanted.cursor)
        due: Any = _NEVER if moment is None else moment
        query = query.where(or_(due < _DUE, and_(due == _DUE, tasks.c.task_id > key)))
    return query


_IN_STATE: Final = {
    "open": tasks.c.closed_at.is_(None),
    "unclaimed": and_(tasks.c.closed_at.is_(None), tasks.c.claimed_by.is_(None)),
    "claimed": and_(tasks.c.closed_at.is_(None), tasks.c.claimed_by.is_not(None)),
    "closed": tasks.c.closed_at.is_not(None),
}


async def _one(connection: AsyncConnection, task_id: str) -> Row[Any] | None:
    query = _WITH_MATTER.where(tasks.c.task_id == task_id)
    return (await connection.execute(query)).one_or_none()
