"""What the door asks of the uploaded files of cases and bookings."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.board import DocumentRow, Viewer
from domain.guards import Letter


class Files(Protocol):
    """Uploaded images and files."""

    async def store(
        self,
        *,
        document_id: str,
        case_id: str,
        kind: str,
        content_type: str,
        body: bytes,
        by: Viewer,
        at: datetime,
        telling: Letter | None = None,
    ) -> DocumentRow: ...
    async def listed(self, case_id: str) -> list[DocumentRow]: ...
    async def look_up(self, case_id: str, document_id: str) -> DocumentRow | None: ...
    async def fetch(
        self, case_id: str, document_id: str, viewer: Viewer, *, at: datetime
    ) -> tuple[DocumentRow, bytes] | None: ...
