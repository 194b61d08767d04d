"""The working-day table in the database: notices go in once, everybody reads the same table.

The files that are shipped are entered like any other notice, so that the table alone says what
counts: of each year the notice entered last. An estimate never takes the place of a notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Table as RowsTable
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.calendar_file import CalendarYear, calendar_of, read_year
from adapters.database import looks
from adapters.house import house_id
from adapters.tables.booking import bookings
from adapters.tables.calendar import BOOKING_IS_OPEN, CASE_IS_OPEN, calendar_notices
from adapters.tables.cases import cases, tasks
from adapters.tables.matter import ROWS_OF, key_of
from adapters.yaml_files import FileRefused
from domain.calendar import CalendarYearMissing, WorkCalendar, YearStatus, wanted_notice
from domain.matter import OPENING, matter_of
from domain.roles import Role
from domain.steps.kinds import TaskKind

_LOCK: Final = 0x63616C656E646172
_TAKE_TURN: Final = select(func.pg_advisory_xact_lock(_LOCK))
_NEWEST: Final = select(func.coalesce(func.max(calendar_notices.c.number), 0))


class ChangedDay(BaseModel):
    """A day that is one thing by the new table and was another by the old one."""

    model_config = ConfigDict(frozen=True)

    day: date
    now: Literal["休 / off", "班 / working"]


class CalendarReport(BaseModel):
    """What became of a notice."""

    model_config = ConfigDict(frozen=True)

    year: int
    status: YearStatus
    version: str
    entered: bool
    changed_days: tuple[ChangedDay, ...]


class NoticeRefused(ValueError):
    """A notice that cannot stand beside what the table holds."""


async def import_notice(
    database: AsyncEngine, path: Path, *, at: datetime, shipped: Sequence[CalendarYear]
) -> CalendarReport:
    """Enter one year's file, after the shipped ones; the same arrangement again changes nothing.

    A supervisor's open step that asks for this year's notice is closed with it. Raises FileRefused
    when the file does not hold or cannot stand beside the table.
    """
    notice = read_year(path)
    async with database.begin() as connection:
        await _enter_unseen(connection, shipped, at=at)
        standing = await _standing(connection)
        try:
            before, after = _replaced(standing, notice)
        except NoticeRefused as refused:
            raise FileRefused(path, str(refused)) from refused
        known = {year.year: year for year in standing}.get(notice.year)
        entered = known is None or known.digest != notice.digest
        if entered:
            await _enter(connection, notice, at=at)
        if notice.status is YearStatus.OFFICIAL:
            await _no_longer_asked(connection, notice.year, at=at)
    return CalendarReport(
        year=notice.year,
        status=notice.status,
        version=after.version,
        entered=entered,
        changed_days=tuple(_changed(before, after, notice)),
    )


async def _enter_unseen(
    connection: AsyncConnection, shipped: Sequence[CalendarYear], *, at: datetime
) -> None:
    """Take the turn, and enter the shipped years that the table has never seen.

    A file is entered once: what an operator has corrected since is not taken back by a restart.
    """
    await connection.execute(_TAKE_TURN)
    seen = set(await connection.scalars(select(calendar_notices.c.digest)))
    standing = {year.year: year for year in await _standing(connection)}
    for year in shipped:
        if year.digest not in seen and not _is_weaker(year, standing.get(year.year)):
            await _enter(connection, year, at=at)


def _is_weaker(year: CalendarYear, known: CalendarYear | None) -> bool:
    """Whether it is an estimate of a year that has its notice."""
    official, estimated = YearStatus.OFFICIAL, YearStatus.ESTIMATED
    return known is not None and known.status is official and year.status is estimated


def _replaced(
    standing: Sequence[CalendarYear], notice: CalendarYear
) -> tuple[WorkCalendar, WorkCalendar]:
    """The table before and after a notice. Raises NoticeRefused with the reason."""
    years = {year.year: year for year in standing}
    known = years.get(notice.year)
    if _is_weaker(notice, known):
        raise NoticeRefused(f"{notice.year} is official already; an estimate cannot replace it")
    if known is None and notice.year - 1 not in years:
        raise NoticeRefused(f"the table ends in {max(years)}; import {notice.year - 1} first")
    before = calendar_of(list(years.values()))
    try:
        return before, calendar_of([*(years | {notice.year: notice}).values()])
    except ValidationError as contradicts:
        (first, *_) = contradicts.errors(include_url=False, include_input=False)
        raise NoticeRefused(f"beside the other years: {first['msg']}") from contradicts


def _changed(before: WorkCalendar, after: WorkCalendar, notice: CalendarYear) -> list[ChangedDay]:
    day, changed = date(notice.year - 1, 12, 1), []
    while day <= date(notice.year, 12, 31):
        try:
            differs = before.is_working_day(day) != after.is_working_day(day)
        except CalendarYearMissing:
            differs = False  # a year that nobody knew has nothing to differ from
        if differs:
            works = after.is_working_day(day)
            changed.append(ChangedDay(day=day, now="班 / working" if works else "休 / off"))
        day += timedelta(days=1)
    return changed


async def _standing(connection: AsyncConnection) -> list[CalendarYear]:
    """Of each year the notice entered last."""
    newest = (
        select(func.max(calendar_notices.c.number))
        .group_by(calendar_notices.c.year)
        .scalar_subquery()
    )
    rows = await connection.scalars(
        select(calendar_notices.c.body)
        .where(calendar_notices.c.number.in_(newest))
        .order_by(calendar_notices.c.year)
    )
    return [CalendarYear.model_validate(body) for body in rows]


async def _enter(connection: AsyncConnection, notice: CalendarYear, *, at: datetime) -> None:
    row: dict[str, Any] = {
        "year": notice.year,
        "status": notice.status.value,
        "published": notice.published,
        "digest": notice.digest,
        "body": notice.model_dump(mode="json"),
        "imported_at": at,
    }
    await connection.execute(insert(calendar_notices).values(row))


async def _no_longer_asked(connection: AsyncConnection, year: int, *, at: datetime) -> None:
    await connection.execute(
        update(tasks)
        .where(tasks.c.case_id == house_id(wanted_notice(year)))
        .where(tasks.c.kind == TaskKind.IMPORT_CALENDAR.value, tasks.c.closed_at.is_(None))
        .values(closed_at=at, done=True, closed_role=Role.SYSTEM.value, closed_by="import")
    )


# Reading it --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """The table as it stands: the number of its newest notice, and when that came."""

    number: int
    entered_at: datetime | None
    calendar: WorkCalendar


class CalendarShelf:
    """The table of the database at hand, brought up to date whenever it is asked to be.

    Until a notice has been entered the table is the one given at the start. A table that was moved
    by whole weeks with its story stays moved.
    """

    def __init__(
        self, engine: AsyncEngine, given: WorkCalendar, *, shipped: Sequence[CalendarYear] = ()
    ) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._shipped = shipped
        self._moved_by = given.moved_by
        self._table = Table(0, None, given)

    @property
    def table(self) -> Table:
        """As of the last refresh."""
        return self._table

    async def refresh(self) -> None:
        """Read the table again if a notice has been entered since; enter the shipped ones first."""
        if self._shipped:
            async with self._engine.begin() as connection:
                await _enter_unseen(connection, self._shipped, at=datetime.now(UTC))
            self._shipped = ()
        async with self._looks.connect() as connection:
            number = (await connection.execute(_NEWEST)).scalar_one()
            if number == self._table.number:
                return
            years = await _standing(connection)
            entered_at = (
                await connection.execute(
                    select(calendar_notices.c.imported_at).where(
                        calendar_notices.c.number == number
                    )
                )
            ).scalar_one()
        self._table = Table(number, entered_at, calendar_of(years).moved(self._moved_by))


@dataclass(frozen=True)
class Behind:
    """An open case or booking that has not been given the newest notice."""

    case_id: str
    reported_at: datetime


class _Kind(NamedTuple):
    """A kind of matter whose promises are counted in working days."""

    rows: RowsTable
    since: str
    is_open: str


_KINDS: Final = (
    _Kind(cases, "reported_at", CASE_IS_OPEN),
    _Kind(bookings, "requested_at", BOOKING_IS_OPEN),
)


class CalendarRows:
    """Who has been given which notice, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def behind(self, number: int, *, limit: int) -> list[Behind]:
        """Open ones with an older table, in a steady order; one being opened is left for later."""
        found: list[Behind] = []
        for kind in _KINDS:
            key, columns = key_of(kind.rows), kind.rows.c
            rows = await self._connection.execute(
                select(key, columns[kind.since])
                .where(*_is_behind(kind, number))
                .order_by(columns.calendar_number, key)
                .limit(limit - len(found))
            )
            found += [Behind(*row) for row in rows]
        return found

    async def count_behind(self, number: int) -> int:
        """How many there are."""
        total = 0
        for kind in _KINDS:
            counted = select(func.count()).select_from(kind.rows).where(*_is_behind(kind, number))
            total += (await self._connection.execute(counted)).scalar_one()
        return total

    async def given(self, matter_id: str, number: int) -> None:
        """A matter has been given a notice; a newer one it has stays."""
        own = ROWS_OF[matter_of(matter_id)]
        await self._connection.execute(
            update(own)
            .where(key_of(own) == matter_id, own.c.calendar_number < number)
            .values(calendar_number=number)
        )


def _is_behind(kind: _Kind, number: int) -> tuple[Any, ...]:
    # Written out as in the index, so that the planner sees that the index holds all of them.
    columns = kind.rows.c
    return (columns.calendar_number < number, text(kind.is_open), columns.stage != OPENING)
