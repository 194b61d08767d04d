"""Steps of the house on the worklist: opened once under an id made of what they are about.

No workflow stands behind them. Whoever does one closes it at the door, in one transaction with the
audit; what they reported is kept sealed, as for any other step.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.house import HouseTask
from adapters.books.pages import TASK_FORM
from adapters.encryption.keys import Sealer
from adapters.tables.cases import matters, tasks
from domain.matter import HOUSE
from domain.steps.dues import due_by
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS

_LETTERS: Final = 20


def house_id(about: str) -> str:
    """The id of a matter of the house: the same for the same thing, and it says nothing of it."""
    digest = hashlib.sha256(about.encode()).digest()
    return f"{HOUSE.prefix}-{base64.b32encode(digest).decode().lower()[:_LETTERS]}"


class HouseList:
    """`HouseListPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def open(self, task: HouseTask) -> bool:
        """Open a step; False when the same thing has been opened before, done or not."""
        async with self._engine.begin() as connection:
            return await _opened(connection, task, number=1)


async def _opened(connection: AsyncConnection, task: HouseTask, *, number: int) -> bool:
    """Write a step down, the so-manieth about this thing; False when it stands there."""
    matter_id = house_id(task.about)
    row: dict[str, Any] = {
        "task_id": f"{matter_id}.{task.kind.value}.{number}",
        "case_id": matter_id,
        "kind": task.kind.value,
        "roles": [role.value for role in task.roles or TASKS[task.kind].roles],
        "title": TASKS[task.kind].title,
        "opened_at": task.at,
        "due_at": task.due_at or due_by(task.kind, task.at),
        "subject": task.subject or task.about,
        "hospital": task.hospital_id,
        "amount_fen": task.amount_fen,
        "evidence": None if task.evidence is None else task.evidence.model_dump(mode="json"),
    }
    entered = insert(matters).values(matter_id=matter_id, kind=HOUSE.noun)
    opened = insert(tasks).values(row).on_conflict_do_nothing().returning(tasks.c.task_id)
    await connection.execute(entered.on_conflict_do_nothing())
    return (await connection.execute(opened)).one_or_none() is not None


class HouseRows:
    """Steps of the house as the door closes them, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def ask(self, task: HouseTask) -> None:
        """Somebody is to see to a thing that may come again: one open step of it, told anew."""
        theirs = (tasks.c.case_id == house_id(task.about)) & (tasks.c.kind == task.kind.value)
        told = await self._connection.execute(
            update(tasks)
            .where(theirs, tasks.c.closed_at.is_(None))
            .values(subject=task.subject or task.about)
        )
        if told.rowcount == 0:
            before = select(func.count()).select_from(tasks).where(theirs)
            number = (await self._connection.execute(before)).scalar_one() + 1
            await _opened(self._connection, task, number=number)

    async def seen_to(
        self, about: str, kind: TaskKind, *, role: str, subject: str, at: datetime, reason: str
    ) -> None:
        """It is as it should be, whoever did it: the open step of it is done."""
        await self._connection.execute(
            update(tasks)
            .where(tasks.c.case_id == house_id(about), tasks.c.kind == kind.value)
            .where(tasks.c.closed_at.is_(None))
            .values(closed_at=at, done=True, closed_role=role, closed_by=subject, reason=reason)
        )

    async def close(
        self, task_id: str, *, form: dict[str, Any], role: str, subject: str, at: datetime
    ) -> bool:
        """End a step with what was reported; False when it has ended."""
        written = json.dumps(form, ensure_ascii=False)
        closed = await self._connection.execute(
            update(tasks)
            .where(tasks.c.task_id == task_id, tasks.c.closed_at.is_(None))
            .values(
                closed_at=at,
                done=True,
                closed_role=role,
                closed_by=subject,
                form=self._sealer.seal(written, TASK_FORM),
            )
        )
        return closed.rowcount == 1
