"""What the door needs of the events a programme's emergency mode is on for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol


class Emergencies(Protocol):
    """Events a programme's emergency mode is on for."""

    async def on(self, programme: str) -> list[dict[str, Any]]: ...
    async def begin(
        self,
        *,
        programme: str,
        code: str,
        name: str,
        pledge: Sequence[str],
        by: str,
        at: datetime,
    ) -> bool: ...
    async def end(self, *, programme: str, code: str, by: str, at: datetime) -> bool: ...
    async def lend(self, row: dict[str, Any]) -> bool: ...
    async def claims_before(self, policy_id: str, *, since: datetime) -> int: ...
