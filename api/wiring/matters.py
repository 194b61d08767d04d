"""What the door needs of matters of any kind, as our record has them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol


class Matters(Protocol):
    """Cases, bookings, rescues and enquiries."""

    async def open_among(self, ids: Collection[str]) -> set[str]: ...
    async def told_stopped(self) -> list[str]: ...
    async def load(self, on: datetime) -> dict[str, dict[str, float]]: ...
