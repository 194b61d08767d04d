"""What cases, enquiries and bookings gather alike, as people read it.

History, promises, steps and papers of a matter stand in the same tables whatever it is about; what
only one kind has is read where that kind is (`…books.caseboard`, `…enquiries`, `…bookings`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, Select, Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.books.audit import write_audit
from adapters.books.pages import TASK_FORM
from adapters.encryption.keys import Sealer
from adapters.tables.cases import clocks, documents, notices, policies, tasks, timeline
from domain.board import DocumentRow, NoticeRow, TaskRow, TimelineRow, Viewer
from domain.clock import Clock
from domain.id_numbers import same_name

SHOWN_WITH_A_STEP: Final = (
    "programme",
    "hospital_id",
    "hospital_name",
    "stage",
    "channel",
    "customer_subject",
    "name_masked",
)
"""What of its matter a step shows; the worklist shows the same."""


@cache
def _rows_of(table: Table, order: tuple[str, ...]) -> Select[Any]:
    """A matter's rows, built once: a look at a whole case asks nine tables. Bytes stay there."""
    shown = [column for column in table.c if table is not documents or column.name != "body"]
    mine = select(*shown).where(table.c.case_id == bindparam("matter"))
    return mine.order_by(*(table.c[name] for name in order))


def known(model: type[Any], row: Row[Any]) -> dict[str, Any]:
    """The columns of a row that a model has."""
    return {name: value for name, value in row._asdict().items() if name in model.model_fields}


def nothing_more(_: Row[Any]) -> dict[str, Any]:
    """A step without anything added."""
    return {}


class MatterFile:
    """The file of one matter, each list in the order in which it happened."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer, matter_id: str) -> None:
        self._connection = connection
        self._sealer = sealer
        self._matter_id = matter_id

    async def rows(self, table: Table, *order: str) -> list[Row[Any]]:
        """The matter's rows of a table that names it `case_id`."""
        asked = {"matter": self._matter_id}
        return list((await self._connection.execute(_rows_of(table, order), asked)).all())

    async def timeline(self) -> list[TimelineRow]:
        """Its history, opened: as it happened, which may be heard of later."""
        return [
            TimelineRow(
                **known(TimelineRow, row)
                | {"text": self._sealer.open_text(row.text, "timeline.text")}
            )
            for row in await self.rows(timeline, "at", "page", "n")
        ]

    async def clocks(self) -> list[Clock]:
        """Its promises."""
        rows = await self.rows(clocks, "started_at", "instance")
        return [Clock.model_validate(row.body) for row in rows]

    async def tasks(
        self, more: Callable[[Row[Any]], dict[str, Any]] = nothing_more
    ) -> list[TaskRow]:
        """Its steps, each with what else is shown of it."""
        return [
            TaskRow(**known(TaskRow, row) | more(row))
            for row in await self.rows(tasks, "opened_at", "task_id")
        ]

    async def notices(self) -> list[NoticeRow]:
        """What the customer was told, opened."""
        return [
            NoticeRow(
                **known(NoticeRow, row) | {"text": self._sealer.open_text(row.text, "notices.text")}
            )
            for row in await self.rows(notices, "sent_at", "notice_id")
        ]

    def reported(self, row: Row[Any]) -> dict[str, Any]:
        """The form that ended a step, opened."""
        if row.form is None:
            return {}
        return dict(json.loads(self._sealer.open_text(row.form, TASK_FORM)))

    async def documents(self) -> list[DocumentRow]:
        """Its papers without their bytes."""
        rows = await self.rows(documents, "uploaded_at", "document_id")
        return [DocumentRow(**known(DocumentRow, row)) for row in rows]


async def other_name(
    connection: AsyncConnection, sealer: Sealer, policy_id: str | None, name: str
) -> str | None:
    """The name the insurer's list has for this policy today, where it is another one."""
    query = select(policies.c.name).where(policies.c.policy_id == policy_id)
    sealed = await connection.scalar(query)
    listed = "" if sealed is None else sealer.open_text(sealed, "policies.name")
    return listed if listed.strip() and not same_name(name, listed) else None


async def looked_at(
    connection: AsyncConnection, viewer: Viewer, action: str, matter_id: str, *, at: datetime
) -> None:
    """Somebody looked at personal data: a row of the audit."""
    await write_audit(
        connection,
        at=at,
        actor_role=viewer.role.value,
        actor_id=viewer.id,
        action=action,
        case_id=matter_id,
    )
