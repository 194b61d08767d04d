"""Reads an insurer's list of insured persons (客户清单, CSV or xlsx) into the database.

Names, numbers and telephones are sealed before they are written; a person is found by a keyed hash.
A list is taken whole or not at all, in one transaction: its rows are gathered in a table of the
transaction's own, so that memory stays bounded and the policies are touched only at the end, and
only those that changed. With `partial` the rows that hold are taken and nobody is removed, because
a row that could not be read may be of a person who is still insured. A person who is on the list no
more keeps the row with the day it was taken off, and loses new cases only.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import CreateTable

from adapters.encryption.keys import Sealer
from adapters.lists.bulk import ROWS_AT_ONCE, Progress, no_progress
from adapters.lists.files import ListFile
from adapters.lists.insured_rows import COLUMNS, Codes, InsuredRow, read_row
from adapters.lists.report import REMARKS_MAX, Remark, Remarks, RowsRefused
from adapters.lists.versions import ListName, claim, record
from adapters.tables.cases import policies
from adapters.yaml_files import FileRefused
from domain.calendar import civil_date

_POLICY_ID_DIGITS: Final = 24
_SEALED: Final = ("policy_no", "name", "id_number", "phone")
_KEYS: Final = ("policy_id", "programme")
_SILENT: Final = ("list_version",)
"""Written with a change, and no reason for one: a new list that says the same changes nothing."""

_INCOMING: Final = Table(
    "incoming_policies",
    MetaData(),
    *(Column(one.name, one.type) for one in policies.c if one.name != "removed_at"),
    Column("line", Integer),
    Column("name_hash", Text),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
_GIVEN: Final = tuple(
    one.name for one in _INCOMING.c if one.name not in ("line", "name_hash", *_KEYS)
)

_DOUBLES: Final = text("""
WITH numbered AS (
    SELECT line, person_hash, product, name_hash, valid_from,
        coalesce(valid_to, 'infinity') AS valid_to,
        min(line) OVER (PARTITION BY policy_id) AS policy_line,
        min(line) OVER (PARTITION BY person_hash) AS person_line,
        first_value(name_hash) OVER (PARTITION BY person_hash ORDER BY line) AS first_name
    FROM incoming_policies
), held AS (
    SELECT line, first_value(line) OVER earlier_first AS other,
        valid_from <= max(valid_to) OVER (earlier_first ROWS BETWEEN UNBOUNDED PRECEDING AND
            1 PRECEDING) AS clashes
    FROM numbered WHERE line = policy_line AND name_hash = first_name
    WINDOW earlier_first AS (PARTITION BY person_hash, product ORDER BY valid_from, line)
)
SELECT line, policy_line AS other, 'policy' AS what FROM numbered WHERE line > policy_line
UNION ALL
SELECT line, person_line, 'name' FROM numbered
WHERE line = policy_line AND name_hash <> first_name
UNION ALL
SELECT line, other, 'person' FROM held WHERE clashes
ORDER BY line LIMIT :most
""")
_WHY: Final = {
    "policy": ("policy_no", "保单已见于第{0}行 / the policy stands in line {0}"),
    "name": ("name", "同一证件号在第{0}行姓名不同 / the ID number has another name in line {0}"),
    "person": (
        "id_number",
        "此人同一产品同期另见第{0}行 / the person stands in line {0}: same product, same days",
    ),
}


_FEW: Final = 2
"""So many may always go; a list that removes more than that, and most, is asked about first."""


class MostRemoved(FileRefused):
    """A list that would take off most of who is insured: rather another programme's, or a part."""

    def __init__(self, path: Path, *, gone: int, of: int) -> None:
        super().__init__(
            path,
            f"将移除现有 {of} 份保单中的 {gone} 份, 未写入; 请核对服务项目与清单, 确属如此请加 "
            f"--removes-most / would remove {gone} of {of} policies; nothing was written. "
            "Is it this programme's list, and all of it? --removes-most takes it as it is",
        )


class RowsNotCopied(Exception):
    """The database did not take rows that had been checked; the driver's reason by its kind."""


class InsuredReport(BaseModel):
    """What became of a list's rows; `refused` is none unless a partial import was asked for."""

    model_config = ConfigDict(frozen=True)

    programme: str
    list_version: str
    read: int
    inserted: int
    updated: int
    unchanged: int
    removed: int
    refused_rows: int = 0
    refused: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Terms:
    """How a list is to be taken: the name it goes by, with which keys, and when."""

    name: ListName
    sealer: Sealer
    at: datetime
    partial: bool = False
    removes_most: bool = False
    codes: Codes = field(default_factory=Codes)


async def import_insured(
    database: AsyncEngine,
    file: ListFile,
    terms: Terms,
    *,
    remarks: Remarks | None = None,
    progress: Progress = no_progress,
) -> InsuredReport:
    """Read a list in one transaction.

    Raises FileRefused, of it RowsRefused and MostRemoved, and then wrote nothing.
    """
    noted = remarks or Remarks(file.path)
    async with database.begin() as connection:
        sha256 = await claim(connection, terms.name, file)
        await connection.execute(CreateTable(_INCOMING))
        reading = _Reading(noted, terms)
        count = 0
        for batch in _batches(reading.rows(file)):
            await _stage(connection, batch, terms)
            count += len(batch)
            progress(count, 0)
        for line, column, reason in await _doubles(connection):
            noted.add(line, column, reason)
            reading.bad.add(line)
        if noted.count and not terms.partial:
            raise RowsRefused(file.path, noted)
        there = await _there(connection, terms)
        report = await _merge(connection, terms, reading)
        gone = report.removed
        if gone > _FEW and gone * 2 > there and not terms.removes_most:
            raise MostRemoved(file.path, gone=gone, of=there)
        await record(
            connection,
            terms.name,
            sha256=sha256,
            at=terms.at,
            rows=report.read,
            refused=report.refused_rows,
        )
        progress(count, count)
    return report.model_copy(update={"refused": tuple(noted.first)})


class _Reading:
    """The rows of a list while they are read, and which lines do not hold."""

    def __init__(self, noted: Remarks, terms: Terms) -> None:
        self._noted = noted
        self._terms = terms
        self.read = 0
        self.bad: set[int] = set()

    def rows(self, file: ListFile) -> Iterator[InsuredRow]:
        """The rows that hold by themselves."""
        today = civil_date(self._terms.at)
        for row in file.rows(COLUMNS):
            self.read += 1
            line, cells = row.line, row.cells

            def note(
                column: str, reason: str, line: int = line, cells: dict[str, str] = cells
            ) -> None:
                self.bad.add(line)
                self._noted.add(line, column, reason, cells.get(column, ""))

            found = read_row(row, today, note, self._terms.codes)
            if found is not None:
                yield found


def _batches(rows: Iterator[InsuredRow]) -> Iterator[list[InsuredRow]]:
    while batch := list(itertools.islice(rows, ROWS_AT_ONCE)):
        yield batch


async def _stage(connection: AsyncConnection, rows: list[InsuredRow], terms: Terms) -> None:
    """Copy rows beside the policies; an envelope that still holds the same words is kept."""
    sealer, programme = terms.sealer, terms.name.programme
    ids = [_policy_id(sealer, programme, row) for row in rows]
    found = await connection.execute(
        select(policies.c.policy_id, *(policies.c[column] for column in _SEALED)).where(
            policies.c.policy_id.in_(ids)
        )
    )
    known = {one["policy_id"]: one for one in found.mappings()}
    await _copy(
        connection,
        (
            _values(row, policy_id, known.get(policy_id, {}), terms)
            for row, policy_id in zip(rows, ids, strict=True)
        ),
    )


def _values(row: InsuredRow, policy_id: str, envelopes: Any, terms: Terms) -> dict[str, Any]:
    sealer = terms.sealer
    values: dict[str, Any] = {
        name: getattr(row, name) for name in InsuredRow.__slots__ if name in _INCOMING.c
    }
    values |= {
        "policy_id": policy_id,
        "programme": terms.name.programme,
        "person_hash": sealer.lookup_hash(row.id_number),
        "policy_no_hash": sealer.lookup_hash(row.policy_no),
        "name_hash": sealer.lookup_hash(row.name),
        "list_version": terms.name.version,
    }
    for column in _SEALED:
        values[column] = _sealed(sealer, getattr(row, column), column, envelopes.get(column))
    return values


def _sealed(sealer: Sealer, text: str, column: str, envelope: bytes | None) -> bytes | None:
    if not text:
        return None
    purpose = f"policies.{column}"
    if envelope is not None and sealer.open_text(envelope, purpose) == text:
        return sealer.reseal(envelope, purpose)
    return sealer.seal(text, purpose)


def _policy_id(sealer: Sealer, programme: str, row: InsuredRow) -> str:
    digest = sealer.lookup_hash(f"{programme}:{row.policy_no}")
    return f"p-{digest[:_POLICY_ID_DIGITS]}"


async def _copy(connection: AsyncConnection, rows: Iterable[dict[str, Any]]) -> None:
    """Hand rows over by COPY: a statement with so many values takes longer to write than to run."""
    names = [one.name for one in _INCOMING.c]
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        async with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {_INCOMING.name} ({', '.join(names)}) FROM STDIN") as copy,
        ):
            for row in rows:
                await copy.write_row([row[name] for name in names])
    except psycopg.Error as error:  # its text repeats what stood in the row
        raise RowsNotCopied(type(error).__name__) from None


async def _doubles(connection: AsyncConnection) -> list[tuple[int, str, str]]:
    """Rows that contradict another: line, column, reason. The later line is the one refused."""
    found = await connection.execute(_DOUBLES, {"most": REMARKS_MAX})
    return [(line, *(part.format(other) for part in _WHY[what])) for line, other, what in found]


async def _there(connection: AsyncConnection, terms: Terms) -> int:
    """How many policies of the programme stand on its list before this one."""
    query = (
        select(func.count())
        .select_from(policies)
        .where(policies.c.programme == terms.name.programme, policies.c.removed_at.is_(None))
    )
    return int(await connection.scalar(query) or 0)


async def _merge(connection: AsyncConnection, terms: Terms, reading: _Reading) -> InsuredReport:
    """Insert who is new, update who changed, take off who is gone; nobody else's row is touched."""
    incoming, there = _INCOMING, policies.c.policy_id == _INCOMING.c.policy_id
    refused = sorted(reading.bad)
    await connection.execute(delete(incoming).where(incoming.c.line.in_(refused)))
    # Whatever plan the database makes of tables it has no counts of yet, a look-up stays one.
    await connection.execute(text(f"CREATE UNIQUE INDEX ON {incoming.name} (policy_id)"))
    await connection.execute(text(f"ANALYZE {incoming.name}"))
    changed = or_(
        policies.c.removed_at.is_not(None),
        *(
            policies.c[name].is_distinct_from(incoming.c[name])
            for name in _GIVEN
            if name not in _SILENT
        ),
    )
    values = {name: incoming.c[name] for name in _GIVEN}
    updated = await connection.execute(
        update(policies).where(there, changed).values({**values, "removed_at": None})
    )
    names = [*_KEYS, *_GIVEN]
    new = select(*(incoming.c[name] for name in names)).where(~exists().where(there))
    inserted = await connection.execute(
        insert(policies).from_select(names, new), execution_options={"preserve_rowcount": True}
    )
    removed = 0
    if not terms.partial:
        gone = await connection.execute(
            update(policies)
            .where(policies.c.programme == terms.name.programme)
            .where(policies.c.removed_at.is_(None), ~exists().where(there))
            .values(removed_at=terms.at)
        )
        removed = gone.rowcount
    taken = reading.read - len(refused)
    return InsuredReport(
        programme=terms.name.programme,
        list_version=terms.name.version,
        read=reading.read,
        inserted=inserted.rowcount,
        updated=updated.rowcount,
        unchanged=taken - inserted.rowcount - updated.rowcount,
        removed=removed,
        refused_rows=len(refused),
    )
