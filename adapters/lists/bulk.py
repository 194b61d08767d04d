"""Writes many rows of a list at once, and counts what changed.

Importing a list twice changes nothing: a row is inserted, updated where it differs, or left alone.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from sqlalchemy import Boolean, ColumnElement, Table, bindparam, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""

ROWS_AT_ONCE: Final = 500
"""Rows of one statement: enough to be quick, few enough that a progress bar moves."""


def no_progress(_done: int, _total: int) -> None:
    """For a caller who does not watch."""


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: list[dict[str, Any]],
    *,
    keys: tuple[str, ...],
    silent: tuple[str, ...] = (),
) -> tuple[int, int]:
    """Insert rows or update those that differ; how many were inserted and how many updated.

    A `silent` column is written with a change but is no reason for one. Each column is sent as one
    array: to name every value of every row takes longer than to write them.
    """
    columns = [table.c[name] for name in rows[0]]
    arrays = [
        bindparam(column.name, [row[column.name] for row in rows], type_=ARRAY(column.type))
        for column in columns
    ]
    sent = func.unnest(*arrays).table_valued(*columns).render_derived()
    statement = insert(table).from_select(columns, select(sent))
    given = [column for column in rows[0] if column not in keys]
    compared = [column for column in given if column not in silent]
    differs = or_(
        *(table.c[column].is_distinct_from(statement.excluded[column]) for column in compared)
    )
    # xmax is zero for a row this statement inserted, and not for one it updated.
    is_new: ColumnElement[bool] = literal_column("xmax = 0", Boolean)
    result = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(keys),
            set_={column: statement.excluded[column] for column in given},
            where=differs,
        ).returning(is_new)
    )
    flags = cast("list[bool]", list(result.scalars()))
    return sum(flags), len(flags) - sum(flags)
