"""Rescues in the database: written by the door, turned page by page, read by hospital staff.

Whatever names a patient is sealed and may be missing; looking at a rescue leaves an audit row. A
step stands as it was reported and is never changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.rescues import RescuePage
from adapters.books.matter_file import MatterFile, known, looked_at
from adapters.books.openings import OpenedRows
from adapters.books.pages import OwnRow, begin_page, columns, turn_row
from adapters.books.turning import turning
from adapters.database import looks
from adapters.encryption.keys import Sealer
from adapters.tables.cases import cases, clocks
from adapters.tables.rescue import mass_events, readiness_checks, rescue_steps, rescues
from domain.board import Viewer
from domain.matter import CASE, OPENING
from domain.privacy import mask_name
from domain.rescues.board import (
    LISTED_MAX,
    EventRow,
    RescueAccess,
    RescueFilter,
    RescueRow,
    RescueView,
    StepRow,
)
from domain.rescues.readiness import Check

_PERSON: Final = ("name", "id_number", "phone")
_DETAILS: Final = "rescue_steps.details"


class RescueUnknown(LookupError):
    """No rescue of this id was ever raised."""


_OWN: Final = OwnRow(
    rescues,
    turned=(
        "stage",
        "awaiting",
        "sla_state",
        "next_due_at",
        "level",
        "way",
        "groups",
        "services",
        "owner",
        "outcome",
        "page",
    ),
    unknown=RescueUnknown,
)


class RescueBook:
    """`RescueBookPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def write_rescue(self, page: RescuePage) -> None:
        """Write one page. Raises `RescueUnknown`, and `PageConflict` for a reused number."""
        async with turning(self._engine, self._sealer, page) as connection:
            await turn_row(connection, _OWN, page)
            if not await begin_page(connection, self._sealer, page):
                return
            rows = [
                columns(rescue_steps, told)
                | {
                    "rescue_id": page.rescue_id,
                    "details": self._sealer.seal(
                        json.dumps(told.details, ensure_ascii=False), _DETAILS
                    ),
                }
                for told in page.told
            ]
            if rows:
                await connection.execute(insert(rescue_steps), rows)


class RescueBoard:
    """Rescues as hospital staff read them."""

    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, *, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._sealer = sealer
        self._clock = clock

    async def rescues(self, wanted: RescueFilter) -> list[RescueRow]:
        """The queue: who nobody has looked at first, then the most severe, the first come first."""
        query = select(rescues).order_by(rescues.c.level, rescues.c.raised_at, rescues.c.rescue_id)
        for name in ("hospital_id", "event_id"):
            if (value := getattr(wanted, name)) is not None:
                query = query.where(rescues.c[name] == value)
        if wanted.is_open:
            query = query.where(rescues.c.outcome.is_(None))
        async with self._looks.connect() as connection:
            rows = (await connection.execute(query.limit(LISTED_MAX))).all()
        return [RescueRow(**known(RescueRow, row) | self._masked(row)) for row in rows]

    async def rescue(self, rescue_id: str, viewer: Viewer) -> RescueView | None:
        """One whole rescue; audited. None if it was never raised."""
        query = select(rescues).where(rescues.c.rescue_id == rescue_id)
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            file = MatterFile(connection, self._sealer, rescue_id)
            shown = {"programme": row.programme, "asked_at": row.raised_at}
            view = RescueView(
                **known(RescueView, row)
                | self._masked(row)
                | {"complaint": self._sealer.open_text(row.complaint, "rescues.complaint")},
                steps=await self._steps(connection, rescue_id),
                timeline=await file.timeline(),
                clocks=await file.clocks(),
                tasks=await file.tasks(lambda _: shown),
            )
            await looked_at(connection, viewer, "rescue.viewed", rescue_id, at=self._clock())
        return view

    async def outcomes(
        self, hospital_id: str | None, *, since: datetime, until: datetime
    ) -> list[dict[str, Any]]:
        """What became of those who were called for in a span, and how many promises were broken."""
        breached = exists().where(
            clocks.c.case_id == rescues.c.rescue_id, clocks.c.breached_at.is_not(None)
        )
        said = (rescues.c.programme, rescues.c.service, rescues.c.outcome)
        query = (
            select(
                *said,
                func.count().label("patients"),
                func.count().filter(breached).label("with_breach"),
            )
            .where(rescues.c.raised_at >= since, rescues.c.raised_at <= until)
            .group_by(*said)
            .order_by(*said)
        )
        if hospital_id is not None:
            query = query.where(rescues.c.hospital_id == hospital_id)
        async with self._looks.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def _steps(self, connection: AsyncConnection, rescue_id: str) -> list[StepRow]:
        query = (
            select(rescue_steps)
            .where(rescue_steps.c.rescue_id == rescue_id)
            .order_by(rescue_steps.c.n)
        )
        return [
            StepRow(
                **known(StepRow, row)
                | {"details": json.loads(self._sealer.open_text(row.details, _DETAILS))}
            )
            for row in await connection.execute(query)
        ]

    def _masked(self, row: Row[Any]) -> dict[str, str]:
        if row.name is None:
            return {"name_masked": ""}
        return {"name_masked": mask_name(self._sealer.open_text(row.name, "rescues.name"))}


class RescueRows(OpenedRows):
    """Rescues as the door writes and guards them, in one transaction."""

    table = rescues

    async def add(self, row: dict[str, Any]) -> None:
        """Write down a call."""
        sealed = {
            name: self._sealer.seal(row[name], f"rescues.{name}")
            for name in ("complaint", "opened")
        }
        await self._connection.execute(insert(rescues).values({**row, **sealed, "stage": OPENING}))

    async def add_event(self, row: dict[str, Any]) -> None:
        """Write down a mass event; the same one again changes nothing."""
        await self._connection.execute(insert(mass_events).values(row).on_conflict_do_nothing())

    async def event(self, event_id: str) -> EventRow | None:
        """A mass event."""
        query = select(mass_events).where(mass_events.c.event_id == event_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else EventRow(**known(EventRow, row))

    async def access(self, rescue_id: str) -> RescueAccess | None:
        """Whose a rescue is and where it stands."""
        query = select(rescues).where(rescues.c.rescue_id == rescue_id)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return RescueAccess(
            rescue_id=row.rescue_id,
            hospital_id=row.hospital_id,
            stage=row.stage,
            person_hash=row.person_hash,
            linked_case=row.linked_case,
        )

    async def identify(self, rescue_id: str, person: dict[str, str], person_hash: str) -> bool:
        """Write down who the patient is; False when a case is linked to somebody else already."""
        sealed = {
            name: self._sealer.seal(person[name], f"rescues.{name}")
            for name in _PERSON
            if person.get(name)
        }
        done = await self._connection.execute(
            update(rescues)
            .where(rescues.c.rescue_id == rescue_id)
            .where(rescues.c.linked_case.is_(None) | (rescues.c.person_hash == person_hash))
            .values(**sealed, person_hash=person_hash)
        )
        return done.rowcount == 1

    async def case_of(self, case_id: str, person_hash: str, hospital_id: str) -> str | None:
        """The stage of a case of this person in this hospital; None where it is not."""
        query = select(cases.c.stage).where(
            cases.c.case_id == case_id,
            cases.c.person_hash == person_hash,
            cases.c.hospital_id == hospital_id,
        )
        return (await self._connection.execute(query)).scalar()

    async def open_case_of(self, person_hash: str, hospital_id: str) -> str | None:
        """The newest case of this person in this hospital that has not ended."""
        query = (
            select(cases.c.case_id)
            .where(cases.c.person_hash == person_hash, cases.c.hospital_id == hospital_id)
            .where(cases.c.stage.not_in(CASE.ended))
            .order_by(cases.c.reported_at.desc())
            .limit(1)
        )
        return (await self._connection.execute(query)).scalar()

    async def link(self, rescue_id: str, case_id: str) -> bool:
        """Link a deposit case, once; False when one is linked."""
        done = await self._connection.execute(
            update(rescues)
            .where(rescues.c.rescue_id == rescue_id, rescues.c.linked_case.is_(None))
            .values(linked_case=case_id)
        )
        return done.rowcount == 1

    async def add_check(self, row: dict[str, Any]) -> None:
        """Write down what was found when a shift began; the same moment again changes nothing."""
        sealed = {"missing": self._sealer.seal(row["missing"], "readiness_checks.missing")}
        await self._connection.execute(
            insert(readiness_checks).values(row | sealed).on_conflict_do_nothing()
        )

    async def checks(self, hospital_id: str, programme: str, *, since: datetime) -> list[Check]:
        """The checks of a channel since a moment, the last one last."""
        query = (
            select(readiness_checks)
            .where(readiness_checks.c.hospital_id == hospital_id)
            .where(readiness_checks.c.programme == programme)
            .where(readiness_checks.c.checked_at >= since)
            .order_by(readiness_checks.c.checked_at)
        )
        return [Check(**known(Check, row)) for row in await self._connection.execute(query)]
