"""Reads an insurer's list of insured persons (客户清单, CSV) into the database.

Names, numbers and telephones are sealed before they are written; a person is found by a keyed hash.
A row that does not hold is reported with its line and its reason, never with its content, and then
nothing of the file is written: a list is taken whole or not at all. A person who is on the list no
more keeps the row with the day it was taken off, and loses new cases only.
"""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from stdnum.cn import ric

from adapters.bulk import ROWS_AT_ONCE, Progress, no_progress, upsert
from adapters.encryption import Sealer
from adapters.tables import policies
from adapters.yaml_files import FileRefused
from domain.hospital import tidy
from domain.money import AmountRefused, parse_fen

_POLICY_ID_DIGITS: Final = 24
_SEALED: Final = ("policy_no", "name", "id_number", "phone")
_REASONS_SHOWN: Final = 10

Text = Annotated[str, Field(min_length=1, max_length=100)]


class InsuredRow(BaseModel):
    """One insured person and policy as the list has them."""

    # A failure must not repeat what stood in the row: it may reach a log.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    policy_no: Text
    name: Text
    id_kind: Literal["resident_id", "passport", "hk_macau_permit", "taiwan_permit"]
    id_number: Text
    phone: Annotated[str, Field(pattern=r"^(1[3-9][0-9]{9})?$")]
    product: Text
    sum_insured_fen: int
    used_fen: int
    sales_channel: Text
    valid_from: date
    valid_to: date

    @model_validator(mode="after")
    def _holds(self) -> Self:
        if self.id_kind == "resident_id" and not ric.is_valid(self.id_number):
            raise ValueError("the resident ID number does not hold: length, date or check digit")
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        if self.used_fen > self.sum_insured_fen:
            raise ValueError("more is used than is insured")
        return self


class InsuredReport(BaseModel):
    """What became of a list's rows."""

    model_config = ConfigDict(frozen=True)

    programme: str
    list_version: str
    read: int
    inserted: int
    updated: int
    unchanged: int
    removed: int


async def import_insured(
    database: AsyncEngine,
    path: Path,
    *,
    programme: str,
    list_version: str,
    sealer: Sealer,
    at: datetime,
    progress: Progress = no_progress,
) -> InsuredReport:
    """Read a list in one transaction; raises FileRefused with lines and reasons, never content."""
    rows = list(_rows(path))
    inserted = updated = 0
    async with database.begin() as connection:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            batch = rows[start : start + ROWS_AT_ONCE]
            new, changed = await _write(connection, batch, programme, list_version, sealer)
            inserted, updated = inserted + new, updated + changed
            progress(start + len(batch), len(rows))
        wanted = {_policy_id(sealer, programme, row) for row in rows}
        removed = await _remove_others(connection, programme, wanted, at)
    return InsuredReport(
        programme=programme,
        list_version=list_version,
        read=len(rows),
        inserted=inserted,
        updated=updated,
        unchanged=len(rows) - inserted - updated,
        removed=removed,
    )


def _rows(path: Path) -> Iterator[InsuredRow]:
    """Every row of a file, or FileRefused with the first few things that are wrong."""
    wrong: list[str] = []
    seen: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            for row in reader:
                line = reader.line_num
                found = _row({key: tidy(value) for key, value in row.items() if key}, line, wrong)
                if found is None:
                    continue
                if found.policy_no in seen:
                    wrong.append(f"line {line}: the policy stands in line {seen[found.policy_no]}")
                seen[found.policy_no] = line
                if not wrong:
                    yield found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(path, f"no readable CSV in UTF-8: {error}") from None
    if wrong:
        more = f"; and {len(wrong) - _REASONS_SHOWN} more" if len(wrong) > _REASONS_SHOWN else ""
        raise FileRefused(path, "; ".join(wrong[:_REASONS_SHOWN]) + more)


def _row(cells: dict[str, str], line: int, wrong: list[str]) -> InsuredRow | None:
    try:
        amounts = {
            "sum_insured_fen": parse_fen(cells.pop("sum_insured", "")),
            "used_fen": parse_fen(cells.pop("used", "") or "0.00"),
        }
        return InsuredRow.model_validate({**cells, **amounts}, extra="forbid")
    except AmountRefused as error:
        wrong.append(f"line {line}: {error}")
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            column = ".".join(map(str, problem["loc"])) or "row"
            wrong.append(f"line {line}: {column}: {problem['msg']}")
    return None


async def _write(
    connection: AsyncConnection,
    rows: list[InsuredRow],
    programme: str,
    list_version: str,
    sealer: Sealer,
) -> tuple[int, int]:
    """Insert or update; an envelope that still holds the same words is kept as it is."""
    ids = [_policy_id(sealer, programme, row) for row in rows]
    found = await connection.execute(
        select(policies.c.policy_id, *(policies.c[column] for column in _SEALED)).where(
            policies.c.policy_id.in_(ids)
        )
    )
    known = {one["policy_id"]: one for one in found.mappings()}
    written = []
    for policy_id, row in zip(ids, rows, strict=True):
        values: dict[str, Any] = {
            "policy_id": policy_id,
            "programme": programme,
            "id_kind": row.id_kind,
            "person_hash": sealer.lookup_hash(row.id_number),
            "policy_no_hash": sealer.lookup_hash(row.policy_no),
            "product": row.product,
            "sum_insured_fen": row.sum_insured_fen,
            "used_fen": row.used_fen,
            "sales_channel": row.sales_channel,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "list_version": list_version,
            "removed_at": None,
        }
        for column in _SEALED:
            envelope = known[policy_id][column] if policy_id in known else None
            values[column] = _sealed(sealer, getattr(row, column), column, envelope)
        written.append(values)
    return await upsert(connection, policies, written, keys=("policy_id",))


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


async def _remove_others(
    connection: AsyncConnection, programme: str, wanted: set[str], at: datetime
) -> int:
    there = await connection.scalars(
        select(policies.c.policy_id).where(
            policies.c.programme == programme, policies.c.removed_at.is_(None)
        )
    )
    gone = sorted(set(there) - wanted)
    for start in range(0, len(gone), ROWS_AT_ONCE):
        batch = gone[start : start + ROWS_AT_ONCE]
        await connection.execute(
            update(policies).where(policies.c.policy_id.in_(batch)).values(removed_at=at)
        )
    return len(gone)
