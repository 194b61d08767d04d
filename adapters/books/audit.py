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

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_APPEND: Final = text(
    "SELECT append_audit(:at, :actor_role, :actor_id, :action, :case_id, :subject,"
    " :until_before, :after_before)"
)
"""One call for turn, look and row: three would hold up every other writer three times as long."""

_BEFORE: Final = '"prev_hash":"'
"""Where the hash of the row before stands in what is hashed; no text within can look like it."""


_HASHED: Final = ("at", "actor_role", "actor_id", "action", "case_id", "subject", "prev_hash")


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


def hash_of(row: Row[Any]) -> str:
    """What a row's content hashes to, whatever hash it states."""
    content = {name: getattr(row, name) for name in _HASHED}
    return hashlib.sha256(_written(content).encode()).hexdigest()


def _written(content: dict[str, Any]) -> str:
    plain = {**content, "at": content["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
