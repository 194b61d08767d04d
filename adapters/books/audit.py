"""The audit: one row for each view of personal data and each act that must be answered for.

Rows are chained: each carries the hash of the one before it, so that a row changed, removed or put
in between shows. Writers take turns under an advisory lock until their transaction ends; therefore
the audit row is the last thing a transaction writes. Rows hold codes and opaque ids, no person.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database import open_database
from adapters.settings import Settings
from adapters.tables.door import audit

_START: Final = "0" * 64
"""What the first row of the chain names as the one before it."""

_APPEND: Final = text(
    "SELECT append_audit(:at, :actor_role, :actor_id, :action, :case_id, :subject,"
    " :until_before, :after_before)"
)
"""One call for turn, look and row: three would hold up every other writer three times as long."""

_BEFORE: Final = '"prev_hash":"'
"""Where the hash of the row before stands in what is hashed; no text within can look like it."""


async def write_audit(
    connection: AsyncConnection,
    *,
    at: datetime,
    actor_role: str,
    actor_id: str,
    action: str,
    case_id: str | None = None,
    subject: str = "",
) -> None:
    """Append one row to the chain, in the caller's transaction."""
    row: dict[str, Any] = {
        "at": at.astimezone(UTC),
        "actor_role": actor_role,
        "actor_id": actor_id,
        "action": action,
        "case_id": case_id,
        "subject": subject,
    }
    until, mark, after = _written(row | {"prev_hash": ""}).partition(_BEFORE)
    await connection.execute(_APPEND, row | {"until_before": until + mark, "after_before": after})


async def first_break(engine: AsyncEngine) -> int | None:
    """The number of the first row that does not fit the chain; None when all of them do."""
    expected = _START
    async with engine.connect() as connection:
        rows = await connection.stream(select(audit).order_by(audit.c.seq))
        async for row in rows:
            if row.prev_hash != expected or row.hash != _hash(_content(row)):
                return int(row.seq)
            expected = row.hash
    return None


async def verify_and_tell(settings: Settings, console: Console) -> int:
    """Read the whole chain; 0 when it holds, 1 with the number of the row that does not fit."""
    engine = open_database(settings.libpq_url)
    try:
        broken = await first_break(engine)
    finally:
        await engine.dispose()
    if broken is None:
        console.print("审计链完整 / the audit holds: no row was changed, removed or put in between")
        return 0
    console.print(f"审计链自第 {broken} 行起不符 / the audit breaks at row {broken}", style="red")
    return 1


def _content(row: Row[Any]) -> dict[str, Any]:
    names = ("at", "actor_role", "actor_id", "action", "case_id", "subject", "prev_hash")
    return {name: getattr(row, name) for name in names}


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(_written(content).encode()).hexdigest()


def _written(content: dict[str, Any]) -> str:
    plain = {**content, "at": content["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
