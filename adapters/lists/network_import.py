"""Draws a programme's hospital network from the hospitals in the database, by a rule in a file.

The sources give a network's totals and not its list; a rule that anybody can read stands in for it
(`data/networks`). Each list version is kept whole, so that a case can name the one it was judged
by.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.lists.bulk import ROWS_AT_ONCE, Progress, no_progress, upsert
from adapters.tables.cases import hospitals, network_hospitals
from adapters.yaml_files import read_model
from domain.hospital import SubGrade


class NetworkReport(BaseModel):
    """What became of a network's rows, and how many take which payment."""

    model_config = ConfigDict(frozen=True)

    programme: str
    list_version: str
    hospitals: int
    inserted: int
    updated: int
    removed: int
    unchanged: int
    online_payment: int
    qr_live: int
    in_core_cities: int


class OnlineRule(BaseModel):
    """Which hospitals take payments over the network."""

    model_config = ConfigDict(frozen=True)

    grade_min: int = Field(ge=1, le=3)


class QrRule(BaseModel):
    """Which hospitals have a live payment QR code, and since when (C-59)."""

    model_config = ConfigDict(frozen=True)

    grade_min: int = Field(ge=1, le=3)
    sub_grade_at_grade_min: SubGrade | None = None
    live_from: date

    def live_date(self, grade: int, sub_grade: str) -> date | None:
        """The go-live date of a hospital, None where none is planned."""
        if grade > self.grade_min:
            return self.live_from
        if grade < self.grade_min:
            return None
        wanted = self.sub_grade_at_grade_min
        return self.live_from if wanted is None or wanted.value == sub_grade else None


class NetworkRule(BaseModel):
    """A rule that draws a programme's network from the hospital list."""

    model_config = ConfigDict(frozen=True)

    programme: str
    # A day, so that the newest version of a list sorts last as text.
    list_version: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    source: str
    grade_min: int = Field(ge=1, le=3)
    provinces: tuple[str, ...] = Field(min_length=1)
    online_payment: OnlineRule
    qr: QrRule
    core_cities: tuple[str, ...] = ()

    def covers(self, province: str, grade: int | None) -> bool:
        """Whether a hospital is on the network: a listed province and grade enough."""
        return grade is not None and grade >= self.grade_min and province.startswith(self.provinces)


async def import_network(
    database: AsyncEngine, path: Path, *, progress: Progress = no_progress
) -> NetworkReport:
    """Draw a network from the hospitals in the database by the rule in a file.

    Rows of the same list version that the rule no longer covers are removed; other versions stay.
    Raises FileRefused when the rule does not hold.
    """
    rule = read_model(path, NetworkRule)
    async with database.begin() as connection:
        known = await connection.execute(
            select(
                hospitals.c.id,
                hospitals.c.province,
                hospitals.c.city,
                hospitals.c.grade,
                hospitals.c.sub_grade,
            ).order_by(hospitals.c.id)
        )
        rows = [
            _network_row(rule, one)
            for one in known.mappings()
            if rule.covers(one["province"], one["grade"])
        ]
        inserted = updated = 0
        for start in range(0, len(rows), ROWS_AT_ONCE):
            batch = rows[start : start + ROWS_AT_ONCE]
            new, changed = await upsert(
                connection,
                network_hospitals,
                batch,
                keys=("programme", "list_version", "hospital_id"),
            )
            inserted, updated = inserted + new, updated + changed
            progress(start + len(batch), len(rows))
        removed = await _remove_others(connection, rule, {row["hospital_id"] for row in rows})
    return NetworkReport(
        programme=rule.programme,
        list_version=rule.list_version,
        hospitals=len(rows),
        inserted=inserted,
        updated=updated,
        removed=removed,
        unchanged=len(rows) - inserted - updated,
        online_payment=sum(row["online_payment"] for row in rows),
        qr_live=sum(row["qr_live_from"] is not None for row in rows),
        in_core_cities=sum(row["core_city"] for row in rows),
    )


def _network_row(rule: NetworkRule, hospital: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "programme": rule.programme,
        "list_version": rule.list_version,
        "hospital_id": hospital["id"],
        "online_payment": hospital["grade"] >= rule.online_payment.grade_min,
        "qr_live_from": rule.qr.live_date(hospital["grade"], hospital["sub_grade"]),
        "core_city": hospital["city"] in rule.core_cities,
    }


async def _remove_others(connection: AsyncConnection, rule: NetworkRule, wanted: set[str]) -> int:
    of_version = (
        network_hospitals.c.programme == rule.programme,
        network_hospitals.c.list_version == rule.list_version,
    )
    there = await connection.scalars(select(network_hospitals.c.hospital_id).where(*of_version))
    gone = sorted(set(there) - wanted)
    for start in range(0, len(gone), ROWS_AT_ONCE):
        batch = gone[start : start + ROWS_AT_ONCE]
        await connection.execute(
            delete(network_hospitals).where(*of_version, network_hospitals.c.hospital_id.in_(batch))
        )
    return len(gone)
