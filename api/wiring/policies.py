"""What the door needs of the rows of policies: which are named, how they end, who must hear of it.

Part of `api.wiring`, as a file of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from domain.policy import PolicyRow, Unheard
from domain.roles import Role


class Policies(Protocol):
    """Policies and their early ends."""

    def name_in(self, row: Mapping[str, Any]) -> str: ...
    async def numbered(
        self, policy_no: str, programmes: Collection[str]
    ) -> Sequence[PolicyRow]: ...
    async def end(
        self, policy_ids: Collection[str], *, on: date, role: Role, by: str, at: datetime
    ) -> None: ...
    async def under_way(self, policy_ids: Collection[str]) -> int: ...
    async def unheard(self, *, limit: int) -> Sequence[Unheard]: ...
    async def heard(self, matter_id: str, said_at: datetime) -> None: ...
    async def settle(self, *, at: datetime, said_before: datetime, over_before: date) -> None: ...
