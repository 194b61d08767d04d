"""The names lists go by: a version is one list for ever, so that a case can name the list it saw.

Imports of one list take turns. A version taken in part may be read again when its file is mended;
one taken whole may only come again as it was.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.lists.files import ListFile
from adapters.tables.lists import imported_lists
from adapters.yaml_files import FileRefused

STATEMENT_TIMEOUT: Final = "10min"
"""Of an import's own statements, which touch more rows than any request's."""


@dataclass(frozen=True)
class ListName:
    """What a list is of, and the name its sender gave it."""

    kind: Literal["insured", "network"]
    programme: str
    version: str


async def claim(connection: AsyncConnection, name: ListName, file: ListFile) -> str:
    """Take the list for this transaction; its hash. Raises FileRefused for a name that is taken."""
    digest = file.sha256()
    await connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
    await connection.execute(
        select(
            func.pg_advisory_xact_lock(func.hashtextextended(f"{name.kind}:{name.programme}", 0))
        )
    )
    found = await connection.execute(
        select(imported_lists.c.sha256, imported_lists.c.partial)
        .where(imported_lists.c.kind == name.kind)
        .where(imported_lists.c.programme == name.programme)
        .where(imported_lists.c.list_version == name.version)
    )
    known = found.first()
    if known is not None and known.sha256 != digest and not known.partial:
        reason = (
            f"版本 {name.version} 已以其他内容导入, 请用新的版本名 / "
            f"version {name.version} was read with other content; give this list a name of its own"
        )
        raise FileRefused(file.path, reason)
    return digest


async def record(
    connection: AsyncConnection,
    name: ListName,
    *,
    sha256: str,
    at: datetime,
    rows: int,
    refused: int,
) -> None:
    """Write down that a list was read; what was refused of it makes it partial."""
    said = {
        "sha256": sha256,
        "imported_at": at,
        "rows": rows,
        "refused": refused,
        "partial": refused > 0,
    }
    statement = insert(imported_lists).values(
        kind=name.kind, programme=name.programme, list_version=name.version, **said
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "programme", "list_version"], set_=said
        )
    )
