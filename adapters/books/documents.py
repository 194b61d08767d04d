"""Uploaded images and files: sealed, with the hash of what was uploaded.

Each document is sealed under its own id, so that the bytes of one never open as another. Size and
type are checked by the door before it comes here; the table refuses what is too large.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.books.audit import write_audit
from adapters.books.matter_file import known
from adapters.database import looks
from adapters.encryption.keys import Sealer
from adapters.tables.cases import DOCUMENT_BYTES_MAX, documents
from domain.board import DocumentRow, Viewer

_WITHOUT_BODY: Final = [column for column in documents.c if column.name != "body"]
# Built once: building it anew costs as much processor time as running it.
_STORE: Final = insert(documents).on_conflict_do_nothing()


class DocumentChanged(Exception):
    """What is stored is not what was uploaded, or the id came back with other bytes."""


class DocumentTooLarge(ValueError):
    """More bytes than an upload may have, or none."""


class DocumentRows:
    """Papers as the door takes them in, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def store(self, row: DocumentRow, body: bytes) -> DocumentRow:
        """Keep an upload; the same id with the same bytes again is the same document."""
        if not 0 < len(body) <= DOCUMENT_BYTES_MAX:
            raise DocumentTooLarge(f"a document has 1 to {DOCUMENT_BYTES_MAX} bytes")
        sealed = self._sealer.seal(body, _purpose(row.document_id))
        values = row.model_dump() | {"uploaded_role": row.uploaded_role.value, "body": sealed}
        if (await self._connection.execute(_STORE, values)).rowcount == 1:
            return row
        query = select(*_WITHOUT_BODY).where(documents.c.document_id == row.document_id)
        found = (await self._connection.execute(query)).one()
        stands = DocumentRow(**known(DocumentRow, found))
        if (stands.case_id, stands.sha256) != (row.case_id, row.sha256):
            raise DocumentChanged(f"{row.document_id} stands with other bytes")
        return stands


class Documents:
    """Fetches the documents of cases."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._looks = looks(engine)
        self._sealer = sealer

    async def look_up(self, case_id: str, document_id: str) -> DocumentRow | None:
        """What is known of a document, without its bytes."""
        query = select(*_WITHOUT_BODY).where(
            documents.c.document_id == document_id, documents.c.case_id == case_id
        )
        async with self._looks.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else DocumentRow(**known(DocumentRow, row))

    async def listed(self, case_id: str) -> list[DocumentRow]:
        """The documents of a case in the order of upload."""
        query = select(*_WITHOUT_BODY).where(documents.c.case_id == case_id)
        async with self._looks.connect() as connection:
            found = query.order_by(documents.c.uploaded_at, documents.c.document_id)
            rows = (await connection.execute(found)).all()
        return [DocumentRow(**known(DocumentRow, row)) for row in rows]

    async def fetch(
        self, case_id: str, document_id: str, viewer: Viewer, *, at: datetime
    ) -> tuple[DocumentRow, bytes] | None:
        """A document with its bytes; audited. Raises `DocumentChanged` if they are not the same."""
        query = select(documents).where(
            documents.c.document_id == document_id, documents.c.case_id == case_id
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            body = self._sealer.open(row.body, _purpose(document_id))
            if hashlib.sha256(body).hexdigest() != row.sha256:
                raise DocumentChanged(f"{document_id} is not what was uploaded")
            await write_audit(
                connection,
                at=at,
                actor_role=viewer.role.value,
                actor_id=viewer.id,
                action="document.viewed",
                case_id=case_id,
                subject=document_id,
            )
        return DocumentRow(**known(DocumentRow, row)), body


def _purpose(document_id: str) -> str:
    return f"documents.body:{document_id}"
