"""What the door needs of the doctors' roster; no driver stands here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.bookings.roster import Slot
from domain.programmes.services import Service


class Roster(Protocol):
    """Doctors' slots."""

    async def publish(self, programme: str, slots: Sequence[Slot], *, at: datetime) -> None: ...
    async def withdraw(self, slot_id: str, *, at: datetime) -> tuple[bool, str | None]: ...
    async def free(
        self,
        programme: str,
        service: Service,
        *,
        since: datetime,
        department: str | None,
        doctor: str | None,
        after: str | None,
        limit: int,
        not_by: Collection[str] = (),
    ) -> list[Slot]: ...
    async def slot(self, programme: str, slot_id: str) -> Slot | None: ...
