"""What the door needs of matters of any kind, as our record has them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.guards import BookingAccess, CaseAccess, EnquiryAccess, Opening
from domain.rescues.board import RescueAccess

AnyAccess = CaseAccess | BookingAccess | EnquiryAccess | RescueAccess


class OpenedRows(Protocol):
    """The own rows of one kind, as the door wrote them before the workflow started."""

    async def access(self, matter_id: str, /) -> AnyAccess | None: ...
    async def opened(self, matter_id: str, /) -> str | None: ...
    async def openings(self, *, before: datetime, limit: int) -> Sequence[Opening]: ...


class Matters(Protocol):
    """Cases, bookings, rescues and enquiries."""

    async def open_among(self, ids: Collection[str]) -> set[str]: ...
    async def told_stopped(self) -> list[str]: ...
    async def load(self, on: datetime) -> dict[str, dict[str, float]]: ...
