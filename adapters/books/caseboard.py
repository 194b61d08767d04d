"""Reads cases for people: lists with the person masked, one whole case, whom to call.

Looking at a whole case or at a contact leaves an audit row in the same transaction; a list, which
masks, leaves none. Who may look is decided at the door before it asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    Table,
    bindparam,
    cast,
    select,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.books.cursors import cursor_after, cursor_read
from adapters.books.family import cases_of
from adapters.books.ledger import left_of
from adapters.books.matter_file import SHOWN_WITH_A_STEP, MatterFile, known, looked_at, other_name
from adapters.database import looks
from adapters.encryption.keys import Sealer
from adapters.tables.cases import (
    cases,
    discharges,
    hospitals,
    payments,
    tasks,
    top_ups,
)
from adapters.tables.family import family
from domain.board import (
    BadCursor,
    CaseFilter,
    CaseRow,
    CaseView,
    ContactRow,
    DischargeRow,
    FamilyRow,
    Paged,
    PaymentRow,
    TopUpRow,
    Viewer,
)
from domain.privacy import mask_id, mask_name, mask_phone

_WITH_HOSPITAL: Final = select(
    cases,
    hospitals.c.name.label("hospital_name"),
    left_of(cases.c.case_id).scalar_subquery().label("left_fen"),
).join_from(cases, hospitals, cases.c.hospital_id == hospitals.c.id, isouter=True)
# Built once: building it anew costs as much processor time as running it.
_ONE_CASE: Final = _WITH_HOSPITAL.where(cases.c.case_id == bindparam("case"))


class Caseboard:
    """The read side of the casebook."""

    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, *, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._sealer = sealer
        self._clock = clock

    async def cases(self, wanted: CaseFilter) -> Paged[CaseRow]:
        """One page of cases, the newest report first. Raises `BadCursor`."""
        query = _narrowed(_WITH_HOSPITAL, wanted)
        query = query.order_by(cases.c.reported_at.desc(), cases.c.case_id.desc())
        async with self._looks.connect() as connection:
            rows = (await connection.execute(query.limit(wanted.limit + 1))).all()
        items = [CaseRow(**self._header(row)) for row in rows[: wanted.limit]]
        more = len(rows) > wanted.limit
        after = cursor_after(items[-1].reported_at, items[-1].case_id) if more else None
        return Paged[CaseRow](items=items, next_cursor=after)

    async def case(self, case_id: str, viewer: Viewer) -> CaseView | None:
        """One whole case; audited. None if it was never reported."""
        async with self._engine.begin() as connection:
            row = await _one_case(connection, case_id)
            if row is None:
                return None
            header = self._header(row)
            view = CaseView(
                **header,
                reason=self._opened(row.reason, "cases.reason"),
                missing_documents=row.missing_documents or [],
                page=row.page,
                **await self._file(connection, case_id, header),
            )
            await looked_at(connection, viewer, "case.viewed", case_id, at=self._clock())
        return view

    async def contact(self, case_id: str, viewer: Viewer) -> ContactRow | None:
        """Where the customer is met and called; audited. None if the case was never reported."""
        async with self._engine.begin() as connection:
            row = await _one_case(connection, case_id)
            if row is None:
                return None
            opened = {
                name: self._opened(getattr(row, name), f"cases.{name}")
                for name in ("name", "phone", "bed")
            }
            other = await other_name(connection, self._sealer, row.policy_id, opened["name"])
            speaks = select(family).where(family.c.case_id == case_id, family.c.speaks)
            if (one := (await connection.execute(speaks)).one_or_none()) is not None:
                opened |= {
                    name: self._opened(getattr(one, name), f"family.{name}")
                    for name in ("name", "phone")
                }
            await looked_at(connection, viewer, "contact.viewed", case_id, at=self._clock())
        return ContactRow(case_id=case_id, name_on_list=other, **opened)

    async def top_up(self, case_id: str, top_up_id: str) -> TopUpRow | None:
        """One top-up request of a case."""
        row = await self._one(top_ups, case_id, top_ups.c.top_up_id == top_up_id)
        return None if row is None else self._top_up(row)

    async def payment(self, case_id: str, movement_id: str) -> PaymentRow | None:
        """One payment of a case."""
        row = await self._one(payments, case_id, payments.c.movement_id == movement_id)
        return None if row is None else PaymentRow(**known(PaymentRow, row))

    async def discharge(self, case_id: str, notice_id: str) -> DischargeRow | None:
        """One discharge notice of a case."""
        async with self._looks.connect() as connection:
            noticed = await _noticed(MatterFile(connection, self._sealer, case_id))
        return next((one for one in noticed if one.notice_id == notice_id), None)

    async def _one(self, table: Table, case_id: str, which: ColumnElement[bool]) -> Row[Any] | None:
        query = select(table).where(table.c.case_id == case_id, which)
        async with self._looks.connect() as connection:
            return (await connection.execute(query)).one_or_none()

    async def _file(
        self, connection: AsyncConnection, case_id: str, header: dict[str, Any]
    ) -> dict[str, Any]:
        """Everything a case has gathered, each list in the order in which it happened."""
        shown = {name: header[name] for name in SHOWN_WITH_A_STEP}
        file = MatterFile(connection, self._sealer, case_id)
        return {
            "timeline": await file.timeline(),
            "clocks": await file.clocks(),
            "tasks": await file.tasks(lambda row: shown | {"completion": file.reported(row)}),
            "top_ups": [
                self._top_up(row) for row in await file.rows(top_ups, "requested_at", "top_up_id")
            ],
            "payments": [
                PaymentRow(**known(PaymentRow, row))
                for row in await file.rows(payments, "ordered_at", "movement_id")
            ],
            "discharges": await _noticed(file),
            "notices": await file.notices(),
            "family": [
                FamilyRow(**known(FamilyRow, row))
                for row in await file.rows(family, "recorded_at", "subject")
            ],
            "documents": await file.documents(),
        }

    def _header(self, row: Row[Any]) -> dict[str, Any]:
        """The columns of a case that a list shows, the person masked."""
        return known(CaseRow, row) | {
            "hospital_name": row.hospital_name or "",
            "name_masked": mask_name(self._opened(row.name, "cases.name")),
            "id_masked": mask_id(self._opened(row.id_number, "cases.id_number")),
            "phone_masked": mask_phone(self._opened(row.phone, "cases.phone")),
        }

    def _top_up(self, row: Row[Any]) -> TopUpRow:
        reason = self._opened(row.reason, "top_ups.reason")
        return TopUpRow(**known(TopUpRow, row) | {"reason": reason})

    def _opened(self, envelope: bytes | None, purpose: str) -> str:
        return "" if envelope is None else self._sealer.open_text(envelope, purpose)


async def _noticed(file: MatterFile) -> list[DischargeRow]:
    """The discharge notices of a case; a later one that was accepted took the place of another."""
    rows = await file.rows(discharges, "received_at", "notice_id")
    stands = next((row.notice_id for row in reversed(rows) if row.accepted), None)
    return [
        DischargeRow(
            **known(DischargeRow, row), superseded=bool(row.accepted) and row.notice_id != stands
        )
        for row in rows
    ]


def _helped_by(helper: str) -> CompoundSelect[Any]:
    """The cases a person of ours belongs to: on the team, or holding one of the tasks."""
    teams = cases.alias("teams")
    member = cast(f"$.* ? (@ == {json.dumps(helper)})", JSONPATH)
    return union(
        select(teams.c.case_id).where(teams.c.team.path_exists(member)),
        select(tasks.c.case_id).where(tasks.c.assignee == helper),
        select(tasks.c.case_id).where(tasks.c.claimed_by == helper),
    )


def _narrowed(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    if wanted.customer_subject is not None:
        query = query.where(cases.c.case_id.in_(cases_of(wanted.customer_subject)))
    for column in ("programme", "stage", "sla_state", "hospital_id", "channel"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(cases.c[column] == value)
    if wanted.awaiting is not None:
        query = query.where(cases.c.awaiting.contains([wanted.awaiting.value]))
    if wanted.due_before is not None:
        query = query.where(cases.c.next_due_at < wanted.due_before)
    if wanted.helper is not None:
        query = query.where(cases.c.case_id.in_(_helped_by(wanted.helper)))
    if wanted.cursor is not None:
        moment, key = cursor_read(wanted.cursor)
        if moment is None:
            raise BadCursor("every case was reported at some moment")
        query = query.where(tuple_(cases.c.reported_at, cases.c.case_id) < tuple_(moment, key))
    return query


async def _one_case(connection: AsyncConnection, case_id: str) -> Row[Any] | None:
    return (await connection.execute(_ONE_CASE, {"case": case_id})).one_or_none()
