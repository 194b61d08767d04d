"""What the door needs of families, their records and conversations; no driver stands here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from domain.conversation import MessageRow, RecordRow
from domain.waiver import Role


class Family(Protocol):
    """Who may act for a customer."""

    async def record(self, row: dict[str, Any]) -> None: ...
    async def end(self, case_id: str, subject: str, *, at: datetime) -> bool: ...


class Talks(Protocol):
    """What is written in a booking, and what is kept of a family."""

    async def record(self, booking_id: str) -> list[RecordRow]: ...
    async def is_open(self, booking_id: str, clock: str, *, at: datetime) -> bool: ...
    async def treats(self, booking_id: str, subject: str) -> bool: ...
    async def say(
        self, booking_id: str, message_id: str, *, role: Role, author: str, words: str, at: datetime
    ) -> MessageRow: ...
    async def message(self, message_id: str) -> MessageRow | None: ...
    async def said(self, booking_id: str, *, after: int, limit: int) -> list[MessageRow]: ...
