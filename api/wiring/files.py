"""What the door asks of the uploaded files of cases and bookings."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.board import DocumentRow, Viewer


class Papers(Protocol):
    """Papers as they come in, in one transaction."""

    async def store(self, row: DocumentRow, body: bytes) -> DocumentRow: ...


class Files(Protocol):
    """Uploaded images and files."""

    async def listed(self, case_id: str) -> list[DocumentRow]: ...
    async def look_up(self, case_id: str, document_id: str) -> DocumentRow | None: ...
    async def fetch(
        self, case_id: str, document_id: str, viewer: Viewer, *, at: datetime
    ) -> tuple[DocumentRow, bytes] | None: ...
