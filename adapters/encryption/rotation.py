"""Key rotation: brings sealed columns to the newest key, and says which keys are still needed.

A column's purpose is `table.column`; a document is sealed under its own id. The timeline and the
answers to enquiries, steps of rescues, checks of readiness, messages and family records only grow,
so that their envelopes keep their key: a key may leave the ring only when `keys_in_use` no longer
names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console
from sqlalchemy import Column, LargeBinary, Table, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

import adapters.tables.door
import adapters.tables.family
import adapters.tables.outbox
import adapters.tables.rescue
import adapters.tables.states  # noqa: F401 - their tables stand on the same metadata
from adapters.database import open_database
from adapters.encryption.keys import HEAD_MAX, KeyRing, Sealer, key_of
from adapters.settings import Settings
from adapters.tables.cases import METADATA, documents, timeline
from adapters.tables.enquiry import enquiry_answers
from adapters.tables.rescue import readiness_checks, rescue_steps
from adapters.tables.talk import booking_messages, family_records

Progress = Callable[[str, int], None]
"""Called with a column's name and how many of its envelopes were resealed so far."""

ROWS_AT_ONCE: Final = 20
"""The largest documents have ten megabytes each."""

_GROWS_ONLY: Final = frozenset(
    table.name
    for table in (
        timeline,
        enquiry_answers,
        rescue_steps,
        readiness_checks,
        family_records,
        booking_messages,
    )
)


def sealed_columns() -> list[tuple[Table, Column[Any]]]:
    """Every column that holds envelopes."""
    return [
        (table, column)
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    ]


async def keys_in_use(engine: AsyncEngine) -> Counter[str]:
    """How many envelopes each key still opens, by key id."""
    used: Counter[str] = Counter()
    async with engine.connect() as connection:
        for _, column in sealed_columns():
            # The head of an envelope is enough to know its key.
            heads = select(func.substr(column, 1, HEAD_MAX)).where(column.is_not(None))
            async for (head,) in await connection.stream(heads):
                used[key_of(head)] += 1
    return used


async def reseal_all(engine: AsyncEngine, sealer: Sealer, *, progress: Progress) -> int:
    """Bring every column that may change to the newest key; how many envelopes were renewed.

    Works in small transactions and may be stopped and started again. Raises `SealBroken` for an
    envelope whose key has left the ring.
    """
    renewed = 0
    for table, column in sealed_columns():
        if table.name in _GROWS_ONLY:
            continue
        done = 0
        while batch := await _reseal_some(engine, sealer, table, column):
            done += batch
            progress(f"{table.name}.{column.name}", done)
        renewed += done
    return renewed


async def _reseal_some(
    engine: AsyncEngine, sealer: Sealer, table: Table, column: Column[Any]
) -> int:
    keys = list(table.primary_key)
    newest = sealer.newest_head
    old = (
        select(*keys, column)
        .where(column.is_not(None), func.substr(column, 1, len(newest)) != newest)
        .limit(ROWS_AT_ONCE)
        .with_for_update()
    )
    async with engine.begin() as connection:
        rows = (await connection.execute(old)).all()
        for row in rows:
            purpose = f"{table.name}.{column.name}"
            if table is documents:
                purpose = f"{purpose}:{row.document_id}"
            same_row = (key == value for key, value in zip(keys, row[:-1], strict=True))
            envelope = sealer.reseal(row[-1], purpose)
            await connection.execute(update(table).where(*same_row).values({column.name: envelope}))
    return len(rows)


async def reseal_and_tell(settings: Settings, console: Console) -> None:
    """Renew what is stored, saying how far it is, and then which keys are still needed."""
    engine = open_database(settings.libpq_url)
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    try:
        renewed = await reseal_all(
            engine, sealer, progress=lambda what, done: console.print(f"{what}: {done}")
        )
        console.print(f"已换新 / renewed: {renewed}")
        for key_id, count in sorted((await keys_in_use(engine)).items()):
            console.print(
                f"密钥 {key_id} 还须保留, 由它加密的有 {count} 项 / key {key_id} must stay, "
                f"it opens {count} sealed values",
                markup=False,
                soft_wrap=True,
            )
    finally:
        await engine.dispose()
