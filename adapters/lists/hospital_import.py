"""Reads the hospital list into the database.

A list is real data and therefore messy: rows that say less than they should are reported with their
line, never dropped without a word, and nothing is guessed. Importing the same file again changes
nothing. A hospital that is on the list no more keeps its row, because cases refer to it.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.lists.bulk import ROWS_AT_ONCE, Progress, no_progress, upsert
from adapters.tables.cases import hospitals
from adapters.yaml_files import FileRefused
from domain.hospital import HospitalKey, hospital_id, read_level, tidy

_COLUMNS: Final = (
    "province", "city_code", "city", "county", "name", "level", "address", "source", "published",
)  # fmt: skip


class RowNote(BaseModel):
    """Something a person should know of one row: its line, its hospital, and what."""

    model_config = ConfigDict(frozen=True)

    line: int
    name: str
    text: str


class ImportReport(BaseModel):
    """What became of the rows of a list."""

    model_config = ConfigDict(frozen=True)

    read: int
    hospitals: int
    inserted: int
    updated: int
    unchanged: int
    graded: int
    unreadable: tuple[RowNote, ...] = ()
    duplicates: tuple[RowNote, ...] = ()
    namesakes: tuple[RowNote, ...] = ()
    refused: tuple[RowNote, ...] = ()


async def import_hospitals(
    database: AsyncEngine, path: Path, *, at: datetime, progress: Progress = no_progress
) -> ImportReport:
    """Read a hospital list (CSV) in one transaction: all of it or, on a failure, nothing.

    Raises FileRefused when the file is no such list.
    """
    book = _HospitalBook()
    for line, row in _rows(path):
        book.take(line, row)
    found = list(book.hospitals.values())
    inserted = updated = 0
    async with database.begin() as connection:
        for start in range(0, len(found), ROWS_AT_ONCE):
            batch = [{**row, "updated_at": at} for row in found[start : start + ROWS_AT_ONCE]]
            new, changed = await upsert(
                connection, hospitals, batch, keys=("id",), silent=("updated_at",)
            )
            inserted, updated = inserted + new, updated + changed
            progress(start + len(batch), len(found))
    return book.report(inserted=inserted, updated=updated)


class _HospitalBook:
    """The hospitals of a list while it is being read, one entry a hospital."""

    def __init__(self) -> None:
        self.hospitals: dict[str, dict[str, Any]] = {}
        self._lines: dict[str, int] = {}
        self._by_name: dict[tuple[str, str, str], str] = {}
        self._read = 0
        self._unreadable: list[RowNote] = []
        self._duplicates: list[RowNote] = []
        self._namesakes: list[RowNote] = []
        self._refused: list[RowNote] = []

    def take(self, line: int, row: Mapping[str, str]) -> None:
        """Read one row: a new hospital, or one that stands in the list already."""
        self._read += 1
        name = tidy(row["name"])
        if not name or not tidy(row["province"]):
            self._refused.append(RowNote(line=line, name=name, text="没有名称或省份"))
            return
        hospital, unread = _hospital(row)
        if unread:
            note = f"等级“{tidy(row['level'])}”：{unread}"
            self._unreadable.append(RowNote(line=line, name=name, text=note))
        known = self.hospitals.get(hospital["id"])
        if known is None:
            self._add(line, hospital)
        else:
            self._merge(line, known, hospital)

    def report(self, *, inserted: int, updated: int) -> ImportReport:
        """What the reading came to."""
        count = len(self.hospitals)
        return ImportReport(
            read=self._read,
            hospitals=count,
            inserted=inserted,
            updated=updated,
            unchanged=count - inserted - updated,
            graded=sum(row["grade"] is not None for row in self.hospitals.values()),
            unreadable=tuple(self._unreadable),
            duplicates=tuple(self._duplicates),
            namesakes=tuple(self._namesakes),
            refused=tuple(self._refused),
        )

    def _add(self, line: int, hospital: dict[str, Any]) -> None:
        key = (hospital["province"], hospital["city"], hospital["name"])
        other = self._by_name.setdefault(key, hospital["id"])
        if other != hospital["id"]:
            text = f"与第{self._lines[other]}行同市同名，区县不同，按两家医院保留"
            self._namesakes.append(RowNote(line=line, name=hospital["name"], text=text))
        self.hospitals[hospital["id"]] = hospital
        self._lines[hospital["id"]] = line

    def _merge(self, line: int, known: dict[str, Any], again: dict[str, Any]) -> None:
        """The first row counts; a later one fills only what it left empty."""
        differs = [
            column for column, value in again.items() if value and known[column] not in (value, "")
        ]
        for column, value in again.items():
            if known[column] in ("", None):
                known[column] = value
        text = f"与第{self._lines[known['id']]}行重复"
        if differs:
            text += f"，{'、'.join(differs)}不同，以先出现的为准"
        self._duplicates.append(RowNote(line=line, name=known["name"], text=text))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            absent = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
            if absent:
                raise FileRefused(path, f"line 1: column {absent[0]!r} is missing")
            for row in reader:
                if None in row:
                    raise FileRefused(path, f"line {reader.line_num}: more cells than columns")
                if any("\x00" in cell for cell in row.values()):
                    raise FileRefused(path, f"line {reader.line_num}: no readable CSV, a null byte")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(path, f"no readable CSV in UTF-8: {error}") from error


def _hospital(row: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """A row as the table has it, and why its level could not be read, if so."""
    text = {column: tidy(row[column]) for column in _COLUMNS}
    level = read_level(row["level"])
    key = HospitalKey(
        province=text["province"], city=text["city"], county=text["county"], name=text["name"]
    )
    hospital: dict[str, Any] = {
        "id": hospital_id(key),
        "province": text["province"],
        "city_code": text["city_code"],
        "city": text["city"],
        "county": text["county"],
        "name": text["name"],
        "level_raw": row["level"].strip("\r\n"),
        "grade": level.grade,
        "sub_grade": level.sub_grade.value if level.sub_grade else "",
        "kind": level.kind.value if level.kind else "",
        "address": text["address"],
        "source": text["source"],
        "published": _date(text["published"]),
    }
    return hospital, level.unread


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
