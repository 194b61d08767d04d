"""Idempotency keys: claimed with the work they guard, answered when it is done.

A key is a caller's promise that two requests are one. The answer is kept sealed, because it may
name a person. A key whose holder died is taken over after its lease; a key whose answer was only
"not known yet" may be taken up again at once, by the same content. After KEPT_FOR the answer is
forgotten; its key stays taken, so that nothing is done twice even then.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.encryption.keys import Sealer
from adapters.tables.door import idempotency_keys as keys
from domain.guards import Standing

LEASE: Final = timedelta(seconds=20)
"""Longer than any request may take: three seconds for the case, ten for a statement."""

KEPT_FOR: Final = timedelta(days=30)
"""Longer than any caller asks again; then nothing of what was answered is left."""

FORGOTTEN_AT_ONCE: Final = 1_000
"""Answers forgotten in one statement; the next round takes the next ones."""

UNSETTLED: Final = 202
_BODY: Final = "idempotency_keys.body"


# Built once: building them anew costs as much processor time as running them.
_ONE: Final = (keys.c.scope == bindparam("of_scope")) & (keys.c.key == bindparam("of_key"))
_CLAIM: Final = insert(keys).on_conflict_do_nothing().returning(keys.c.key)
_LOOK: Final = select(keys).where(_ONE).with_for_update()
_CHANGE: Final = update(keys).where(_ONE)
_RELEASE: Final = delete(keys).where(_ONE, keys.c.state == "in_progress")


class KeyRows:
    """The keys, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def claim(
        self,
        *,
        scope: str,
        key: str,
        operation: str,
        fingerprint: str,
        now: datetime,
        foreseen: tuple[int, dict[str, str], dict[str, Any]] | None = None,
    ) -> Standing:
        """Take the key for this content, or say how it stands. `now` is the process clock.

        An answer that the caller's own transaction makes true is `foreseen` - status, headers and
        body - and kept at once.
        """
        row: dict[str, Any] = {
            "scope": scope,
            "key": key,
            "operation": operation,
            "fingerprint": fingerprint,
            "state": "in_progress",
            "at": now,
        }
        if foreseen is not None:
            status, headers, body = foreseen
            row |= {"state": "answered", "status": status, "headers": headers}
            row |= {"body": self._sealed(body), "answered_at": now}
        added = await self._connection.execute(_CLAIM, row)
        if added.first() is not None:
            return Standing("fresh")
        return await self._standing(scope, key, fingerprint, now)

    async def _standing(self, scope: str, key: str, fingerprint: str, now: datetime) -> Standing:
        one = {"of_scope": scope, "of_key": key}
        found = (await self._connection.execute(_LOOK, one)).mappings().first()
        if found is None:  # it was given back between the two statements
            return Standing("busy")
        if found["fingerprint"] != fingerprint:
            return Standing("reused")
        if found["state"] == "answered":
            if found["body"] is None:
                return Standing("forgotten")
            body = self._sealer.open(found["body"], _BODY)
            return Standing("answered", found["status"], found["headers"], body)
        if found["status"] != UNSETTLED and found["at"] > now - LEASE:
            return Standing("busy")
        await self._connection.execute(_CHANGE, {**one, "at": now, "status": None})
        return Standing("resumed")

    async def answer(
        self,
        *,
        scope: str,
        key: str,
        status: int,
        headers: dict[str, str],
        body: dict[str, Any],
        now: datetime,
        settled: bool,
    ) -> None:
        """Keep the answer; an unsettled one leaves the key to be taken up again."""
        values = {
            "state": "answered" if settled else "in_progress",
            "status": status,
            "headers": headers,
            "body": self._sealed(body) if settled else None,
            "answered_at": now,
        }
        await self._connection.execute(_CHANGE, {**values, "of_scope": scope, "of_key": key})

    async def forget(self, *, now: datetime) -> int:
        """Forget some of the answers that were kept long enough; how many. Process clock."""
        kept = keys.c.body.is_not(None) & (keys.c.answered_at < now - KEPT_FOR)
        some = select(keys.c.scope, keys.c.key).where(kept).limit(FORGOTTEN_AT_ONCE)
        forgotten = await self._connection.execute(
            update(keys)
            .where(tuple_(keys.c.scope, keys.c.key).in_(some))
            .values(body=None, headers=None)
        )
        return int(forgotten.rowcount)

    async def release(self, *, scope: str, key: str) -> None:
        """Give the key back: what it guarded was refused and left nothing behind."""
        await self._connection.execute(_RELEASE, {"of_scope": scope, "of_key": key})

    def _sealed(self, body: dict[str, Any]) -> bytes:
        return self._sealer.seal(json.dumps(body, ensure_ascii=False), _BODY)
