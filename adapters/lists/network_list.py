"""Reads a network's list of hospitals (CSV or xlsx) as an insurer or provider sends it.

Each row names a hospital of the directory, by its id or by province, city and name; a hospital the
directory has not is a remark, never a guess. A version is kept whole beside earlier ones, so that a
case goes on with the list of its day, and a version named for a later day counts from that day on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.lists.bulk import ROWS_AT_ONCE, Progress, no_progress, upsert
from adapters.lists.files import Column, ListFile, Row
from adapters.lists.insured_rows import as_day
from adapters.lists.report import Remark, Remarks, RowsRefused
from adapters.lists.versions import ListName, claim, record
from adapters.tables.cases import hospitals, network_hospitals
from adapters.yaml_files import FileRefused
from domain.hospital import tidy

COLUMNS: Final = (
    Column("hospital_id", ("医院编号", "医院id"), required=False),
    Column("province", ("省份", "省", "省/直辖市"), required=False),
    Column("city", ("城市", "市", "地市"), required=False),
    Column("county", ("区县", "区/县"), required=False),
    Column("name", ("医院名称", "医院", "网络医院")),
    Column("online_payment", ("线上支付", "线上网络支付"), required=False),
    Column("qr_live_from", ("二维码上线日", "二维码上线日期"), required=False),
    Column("core_city", ("核心城市", "专员城市"), required=False),
)

_A_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_YES: Final = {"是": True, "有": True, "yes": True, "true": True, "1": True}
_NO: Final = {"": False, "否": False, "无": False, "no": False, "false": False, "0": False}


class NetworkListReport(BaseModel):
    """What became of a network's rows; `refused` is none unless a partial import was asked for."""

    model_config = ConfigDict(frozen=True)

    network: str
    list_version: str
    read: int
    inserted: int
    updated: int
    unchanged: int
    removed: int
    refused_rows: int = 0
    refused: tuple[Remark, ...] = ()


async def import_network_list(
    database: AsyncEngine,
    file: ListFile,
    name: ListName,
    *,
    at: datetime,
    partial: bool = False,
    remarks: Remarks | None = None,
    progress: Progress = no_progress,
) -> NetworkListReport:
    """Read a list in one transaction. Raises RowsRefused or FileRefused, and then wrote nothing."""
    if not _is_a_day(name.version):
        reason = "版本名须为日期 / a network's version is the day it counts from: 2026-07-01"
        raise FileRefused(file.path, reason)
    noted = remarks or Remarks(file.path)
    async with database.begin() as connection:
        sha256 = await claim(connection, name, file)
        book = _Book(await _directory(connection), noted)
        for row in file.rows(COLUMNS):
            book.take(row)
        if noted.count and not partial:
            raise RowsRefused(file.path, noted)
        if not book.listed:
            raise FileRefused(file.path, "没有一行可用 / no row of it can be taken")
        rows = [
            {"programme": name.programme, "list_version": name.version, **one}
            for one in book.listed.values()
        ]
        inserted = updated = 0
        for start in range(0, len(rows), ROWS_AT_ONCE):
            batch = rows[start : start + ROWS_AT_ONCE]
            keys = ("programme", "list_version", "hospital_id")
            new, changed = await upsert(connection, network_hospitals, batch, keys=keys)
            inserted, updated = inserted + new, updated + changed
            progress(start + len(batch), len(rows))
        gone = await connection.execute(
            delete(network_hospitals)
            .where(network_hospitals.c.programme == name.programme)
            .where(network_hospitals.c.list_version == name.version)
            .where(network_hospitals.c.hospital_id.not_in(list(book.listed)))
        )
        await record(connection, name, sha256=sha256, at=at, rows=book.read, refused=len(book.bad))
    return NetworkListReport(
        network=name.programme,
        list_version=name.version,
        read=book.read,
        inserted=inserted,
        updated=updated,
        unchanged=len(rows) - inserted - updated,
        removed=gone.rowcount,
        refused_rows=len(book.bad),
        refused=tuple(noted.first),
    )


@dataclass(frozen=True)
class _Hospital:
    id: str
    province: str
    city: str
    county: str


async def _directory(connection: AsyncConnection) -> Mapping[str, list[_Hospital]]:
    """The hospitals by name, and each by its id."""
    columns = (hospitals.c.id, hospitals.c.province, hospitals.c.city, hospitals.c.county)
    found: dict[str, list[_Hospital]] = {}
    for row in await connection.execute(select(*columns, hospitals.c.name)):
        one = _Hospital(row.id, row.province, row.city, row.county)
        found.setdefault(tidy(row.name), []).append(one)
        found[row.id] = [one]
    return found


class _Book:
    """The hospitals of a list while it is read."""

    def __init__(self, directory: Mapping[str, list[_Hospital]], noted: Remarks) -> None:
        self._directory = directory
        self._noted = noted
        self._lines: dict[str, int] = {}
        self.listed: dict[str, dict[str, Any]] = {}
        self.bad: set[int] = set()
        self.read = 0

    def take(self, row: Row) -> None:
        """Read one row, or note what is wrong with it."""
        self.read += 1
        for column, reason in row.wrong:
            self._note(row, column, reason)
        if row.wrong:
            return
        found = self._found(row)
        flags = self._flags(row)
        if found is None or flags is None:
            return
        if found.id in self.listed:
            earlier = self._lines[found.id]
            self._note(row, "name", f"已见于第{earlier}行 / stands in line {earlier} already")
            return
        self._lines[found.id] = row.line
        self.listed[found.id] = {"hospital_id": found.id, **flags}

    def _found(self, row: Row) -> _Hospital | None:
        """The one hospital a row means."""
        known = row.cells.get("hospital_id") or row.cells["name"]
        fitting = [one for one in self._directory.get(known, ()) if _lies_there(one, row)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            self._note(
                row, "name", "名录中有多家, 请写明区县 / several of that name: say the county"
            )
        else:
            self._note(row, "name", "名录中没有此医院 / the directory has no such hospital")
        return None

    def _flags(self, row: Row) -> dict[str, Any] | None:
        flags: dict[str, Any] = {}
        good = True
        for column in ("online_payment", "core_city"):
            text = row.cells.get(column, "").lower()
            flags[column] = _YES.get(text, False)
            if text not in _YES and text not in _NO:
                good = False
                self._note(row, column, "须为 是 或 否 / yes or no")
        live = row.cells.get("qr_live_from", "")
        flags["qr_live_from"] = as_day(live)
        if live and flags["qr_live_from"] is None:
            good = False
            self._note(row, "qr_live_from", "不是有效日期 / no such day; 2026-01-31")
        return flags if good else None

    def _note(self, row: Row, column: str, reason: str) -> None:
        self.bad.add(row.line)
        # A hospital is nobody's personal data; the remark still shows no more than others do.
        self._noted.add(row.line, column, reason, row.cells.get(column, ""))


def _lies_there(hospital: _Hospital, row: Row) -> bool:
    """Whether what a row says of the place agrees; 江西 is 江西省, 南昌 is 南昌市."""
    for column in ("province", "city", "county"):
        said = row.cells.get(column, "")
        if said and not getattr(hospital, column).startswith(said.rstrip("省市")):
            return False
    return True


def _is_a_day(text: str) -> bool:
    try:
        return bool(_A_DAY.fullmatch(text)) and date.fromisoformat(text) is not None
    except ValueError:
        return False
