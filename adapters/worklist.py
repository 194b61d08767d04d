"""The worklist: the steps that wait for people, the most urgent first.

A step is claimed through the door's own unit (`adapters.door_cases`); closing one is the case's
own act and arrives with a page (`adapters.casebook`).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.caseboard import known
from adapters.cursors import cursor_after, cursor_read
from adapters.encryption import Sealer
from adapters.tables import TEAM_NURSE, cases, hospitals, tasks
from adapters.tables_booking import bookings
from adapters.tables_enquiry import enquiries
from domain.board import Paged, TaskFilter, TaskRow
from domain.privacy import mask_name
from domain.tasks import NAMED_PERSONS
from domain.waiver import Role

_WITH_MATTER: Final = select(
    tasks,
    func.coalesce(cases.c.programme, enquiries.c.programme, bookings.c.programme, "").label(
        "programme"
    ),
    func.coalesce(cases.c.hospital_id, "").label("hospital_id"),
    func.coalesce(cases.c.stage, enquiries.c.stage, bookings.c.stage, "").label("stage"),
    func.coalesce(cases.c.channel, enquiries.c.channel, bookings.c.channel, "").label("channel"),
    cases.c.customer_subject,
    cases.c.name.label("sealed_name"),
    hospitals.c.name.label("hospital_name"),
).select_from(
    tasks.join(cases, tasks.c.case_id == cases.c.case_id, isouter=True)
    .join(enquiries, tasks.c.case_id == enquiries.c.enquiry_id, isouter=True)
    .join(bookings, tasks.c.case_id == bookings.c.booking_id, isouter=True)
    .join(hospitals, cases.c.hospital_id == hospitals.c.id, isouter=True)
)
_NEVER: Final[ColumnElement[Any]] = literal_column("'infinity'::timestamptz")
_DUE: Final = func.coalesce(tasks.c.due_at, _NEVER)
"""A step without a due moment comes after all that have one; the index says the same."""


class Worklist:
    """Tasks as people see them."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def tasks(self, wanted: TaskFilter) -> Paged[TaskRow]:
        """One page of tasks, the most urgent first. Raises `BadCursor`."""
        query = _narrowed(_WITH_MATTER, wanted).order_by(_DUE, tasks.c.task_id)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query.limit(wanted.limit + 1))).all()
        items = [self._task(row) for row in rows[: wanted.limit]]
        more = len(rows) > wanted.limit
        after = cursor_after(items[-1].due_at, items[-1].task_id) if more else None
        return Paged[TaskRow](items=items, next_cursor=after)

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
        query = query.where(_for(wanted.roles, wanted.seen_by))
    if wanted.state is not None:
        query = query.where(_IN_STATE[wanted.state])
    if wanted.due_before is not None:
        query = query.where(tasks.c.due_at < wanted.due_before)
    if wanted.cursor is not None:
        moment, key = cursor_read(wanted.cursor)
        due: Any = _NEVER if moment is None else moment
        query = query.where(or_(due < _DUE, and_(due == _DUE, tasks.c.task_id > key)))
    return query


def _for(roles: list[Role], person: str | None) -> ColumnElement[bool]:
    """Steps of these roles; with a person only those that `is_theirs` gives them."""
    bound = NAMED_PERSONS if person is not None else frozenset[Role]()
    anyone = tasks.c.roles.overlap([role.value for role in roles if role not in bound])
    named = tasks.c.roles.overlap([role.value for role in roles if role in bound])
    return or_(anyone, and_(named, func.coalesce(tasks.c.assignee, TEAM_NURSE) == person))


_IN_STATE: Final = {
    "open": tasks.c.closed_at.is_(None),
    "unclaimed": and_(tasks.c.closed_at.is_(None), tasks.c.claimed_by.is_(None)),
    "claimed": and_(tasks.c.closed_at.is_(None), tasks.c.claimed_by.is_not(None)),
    "closed": tasks.c.closed_at.is_not(None),
}
