"""The worklist: the steps that wait for people, the most urgent first.

A step is claimed through the door's own unit (`adapters.door.cases`); closing one is the case's
own act and arrives with a page (`adapters.books.casebook`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.books.cursors import cursor_after, cursor_read
from adapters.books.family import cases_of
from adapters.books.matter_file import known
from adapters.books.pages import TASK_FORM
from adapters.database import looks
from adapters.encryption.keys import Sealer
from adapters.tables.booking import bookings
from adapters.tables.cases import cases, hospitals, tasks, top_ups
from adapters.tables.enquiry import enquiries
from adapters.tables.rescue import rescues
from domain.board import Paged, TaskFilter, TaskRow, TopUpRow
from domain.doubts import top_ups_beside
from domain.privacy import mask_name
from domain.roles import NAMED_PERSONS, Role
from domain.steps.kinds import TaskKind

_HOSPITAL: Final = func.coalesce(
    cases.c.hospital_id, bookings.c.hospital_id, rescues.c.hospital_id, tasks.c.hospital
)
_WITH_MATTER: Final = select(
    tasks,
    func.coalesce(
        cases.c.programme, enquiries.c.programme, bookings.c.programme, rescues.c.programme, ""
    ).label("programme"),
    func.coalesce(_HOSPITAL, "").label("hospital_id"),
    func.coalesce(cases.c.stage, enquiries.c.stage, bookings.c.stage, rescues.c.stage, "").label(
        "stage"
    ),
    func.coalesce(cases.c.channel, enquiries.c.channel, bookings.c.channel, "").label("channel"),
    func.coalesce(cases.c.customer_subject, bookings.c.customer_subject).label("customer_subject"),
    cases.c.name.label("name_of_case"),
    bookings.c.name.label("name_of_booking"),
    rescues.c.name.label("name_of_rescue"),
    hospitals.c.name.label("hospital_name"),
    func.coalesce(bookings.c.service, "").label("service"),
    func.coalesce(bookings.c.requested_at, rescues.c.raised_at).label("asked_at"),
).select_from(
    tasks.join(cases, tasks.c.case_id == cases.c.case_id, isouter=True)
    .join(enquiries, tasks.c.case_id == enquiries.c.enquiry_id, isouter=True)
    .join(bookings, tasks.c.case_id == bookings.c.booking_id, isouter=True)
    .join(rescues, tasks.c.case_id == rescues.c.rescue_id, isouter=True)
    .join(
        hospitals,
        hospitals.c.id == _HOSPITAL,
        isouter=True,
    )
)
_NEVER: Final[ColumnElement[Any]] = literal_column("'infinity'::timestamptz")
_DUE: Final = func.coalesce(tasks.c.due_at, _NEVER)
"""A step without a due moment comes after all that have one; the index says the same."""


_LAST_OFFERS: Final = (
    select(tasks.c.case_id, tasks.c.form)
    .ext(distinct_on(tasks.c.case_id))
    .where(tasks.c.case_id == func.any(bindparam("cases", type_=ARRAY(Text))))
    .where(tasks.c.kind == TaskKind.OFFER_OPTIONS.value, tasks.c.form.is_not(None))
    .order_by(tasks.c.case_id, tasks.c.opened_at.desc())
)

_TOP_UPS: Final = (
    select(top_ups)
    .where(top_ups.c.case_id == func.any(bindparam("cases", type_=ARRAY(Text))))
    .order_by(top_ups.c.requested_at, top_ups.c.top_up_id)
)


def _is_top_up(row: Row[Any]) -> bool:
    return bool(row.kind == TaskKind.ANSWER_TOP_UP.value and row.closed_at is None)


def _is_choice(row: Row[Any]) -> bool:
    return bool(row.kind == TaskKind.CHOOSE_OPTION.value and row.closed_at is None)


class Worklist:
    """Tasks as people see them."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._looks = looks(engine)
        self._sealer = sealer

    async def tasks(self, wanted: TaskFilter) -> Paged[TaskRow]:
        """One page of tasks, the most urgent first. Raises `BadCursor`."""
        values = _values(wanted)
        query = _query(frozenset(values), wanted.state, _is_past_dues(values))
        async with self._looks.connect() as connection:
            rows = (await connection.execute(query, values)).all()
            offered = await self._offered(connection, rows)
            asked = await _asked(connection, {row.case_id for row in rows if _is_top_up(row)})
        items = [
            self._task(row, offered.get(row.task_id, []), asked.get(row.case_id, []))
            for row in rows[: wanted.limit]
        ]
        more = len(rows) > wanted.limit
        after = cursor_after(items[-1].due_at, items[-1].task_id) if more else None
        return Paged[TaskRow](items=items, next_cursor=after)

    async def _offered(
        self, connection: AsyncConnection, rows: Sequence[Row[Any]]
    ) -> dict[str, list[dict[str, Any]]]:
        """What each open choice is made from: the options that were offered last."""
        choices = {row.case_id: row.task_id for row in rows if _is_choice(row)}
        if not choices:
            return {}
        found = await connection.execute(_LAST_OFFERS, {"cases": [*choices]})
        return {
            choices[row.case_id]: list(
                json.loads(self._sealer.open_text(row.form, TASK_FORM)).get("options", [])
            )
            for row in found
        }

    def _task(self, row: Row[Any], offered: list[dict[str, Any]], asked: list[TopUpRow]) -> TaskRow:
        shown = {"hospital_name": row.hospital_name or "", "name_masked": self._masked(row)}
        beside = top_ups_beside(row.subject, row.opened_at, asked) if _is_top_up(row) else []
        return TaskRow(**known(TaskRow, row) | shown, offered=offered, beside=beside)

    def _masked(self, row: Row[Any]) -> str:
        """Who the step is about; an enquiry knows no name, a step of the house is about nobody."""
        for sealed, purpose in (
            (row.name_of_case, "cases.name"),
            (row.name_of_booking, "bookings.name"),
            (row.name_of_rescue, "rescues.name"),
        ):
            if sealed is not None:
                return mask_name(self._sealer.open_text(sealed, purpose))
        return ""


async def _asked(connection: AsyncConnection, of: set[str]) -> dict[str, list[TopUpRow]]:
    """The top-ups of cases, each with its fate but for the words of a refusal."""
    found: dict[str, list[TopUpRow]] = {}
    if of:
        for row in (await connection.execute(_TOP_UPS, {"cases": [*of]})).all():
            found.setdefault(row.case_id, []).append(
                TopUpRow(**known(TopUpRow, row) | {"reason": ""})
            )
    return found


def _values(wanted: TaskFilter) -> dict[str, Any]:
    """What narrows the list, by the name it has in the query. Raises `BadCursor`."""
    plain = (*_OF_TASK, *_OF_CASE, "due_before", "hospital_id")
    values = {name: getattr(wanted, name) for name in plain if getattr(wanted, name) is not None}
    if wanted.roles is not None:
        bound = NAMED_PERSONS if wanted.seen_by is not None else frozenset[Role]()
        values["anyone"] = [role.value for role in wanted.roles if role not in bound]
        if wanted.seen_by is not None:
            values["named"] = [role.value for role in wanted.roles if role in bound]
            values["person"] = wanted.seen_by
    if wanted.cursor is not None:
        values["after_due"], values["after_task"] = cursor_read(wanted.cursor)
    return values | {"rows": wanted.limit + 1}


def _is_past_dues(values: dict[str, Any]) -> bool:
    """Whether the last page ended among the steps that are due at no moment."""
    return "after_due" in values and values["after_due"] is None


@cache
def _query(names: frozenset[str], state: str | None, past_dues: bool) -> Select[Any]:
    """The list narrowed by these names: built once for each set of them that is asked for.

    Building it takes processor time for each look, and nothing is looked at more often.
    """
    query = _WITH_MATTER
    for name in _OF_TASK:
        if name in names:
            query = query.where(tasks.c[name] == bindparam(name))
    # Channels and customers have no step in an enquiry.
    for name in _OF_CASE:
        if name in names:
            query = query.where(_whose(name))
    if "hospital_id" in names:
        query = query.where(_of_hospital())
    if "anyone" in names:
        query = query.where(_for_person() if "person" in names else _for("anyone"))
    if state is not None:
        query = query.where(_IN_STATE[state])
    if "due_before" in names:
        query = query.where(tasks.c.due_at < bindparam("due_before"))
    if "after_task" in names:
        due = _NEVER if past_dues else bindparam("after_due", type_=tasks.c.due_at.type)
        place = tuple_(due, bindparam("after_task"))
        query = query.where(tuple_(_DUE, tasks.c.task_id) > place)
    return query.order_by(_DUE, tasks.c.task_id).limit(bindparam("rows", type_=Integer()))


def _whose(name: str) -> ColumnElement[bool]:
    """Steps of the cases, and of the bookings, that are somebody's own."""
    if name == "customer_subject":
        own = bookings.alias("own_bookings")
        booked = select(own.c.booking_id).where(own.c.customer_subject == bindparam(name))
        return tasks.c.case_id.in_(union(cases_of(bindparam(name)), booked))
    return or_(cases.c[name] == bindparam(name), bookings.c[name] == bindparam(name))


def _of_hospital() -> ColumnElement[bool]:
    """Steps of one hospital's own channel, beside those that are no hospital's at all."""
    whose = func.coalesce(rescues.c.hospital_id, tasks.c.hospital)
    return or_(whose == bindparam("hospital_id"), whose.is_(None))


def _for(name: str) -> ColumnElement[bool]:
    """Steps of the roles that are given under a name."""
    theirs: ColumnElement[bool] = tasks.c.roles.overlap(bindparam(name, type_=tasks.c.roles.type))
    return theirs


def _for_person() -> ColumnElement[bool]:
    """Steps of the roles that a person may do, as `is_theirs` gives them.

    The cases of a nurse are found first: asked of each step who nurses its case, all are read.
    """
    nursed, person = cases.alias("nursed"), bindparam("person", type_=Text())
    team = func.jsonb_build_object(Role.NURSE.value, person)
    hers = tasks.c.case_id.in_(select(nursed.c.case_id).where(nursed.c.team.contains(team)))
    named = or_(tasks.c.assignee == person, and_(tasks.c.assignee.is_(None), hers))
    return or_(_for("anyone"), and_(_for("named"), named))


_OF_TASK: Final = ("kind", "claimed_by", "case_id")
_OF_CASE: Final = ("channel", "customer_subject")
_IN_STATE: Final = {
    "open": tasks.c.closed_at.is_(None),
    "unclaimed": and_(tasks.c.closed_at.is_(None), tasks.c.claimed_by.is_(None)),
    "claimed": and_(tasks.c.closed_at.is_(None), tasks.c.claimed_by.is_not(None)),
    "closed": tasks.c.closed_at.is_not(None),
}
