"""Conversations and family records in the database, in one transaction of the door.

What is said stands sealed and is never changed. A family's record is filled by the pages of
bookings (`keep_in_record`) and found by the person and the programme it belongs to; who of those
who ask may read which booking's entries, the door says: a typed number alone opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.ports.bookings import BookingPage
from adapters.books.matter_file import known
from adapters.books.pages import TASK_FORM
from adapters.encryption.keys import Sealer
from adapters.tables.booking import bookings
from adapters.tables.cases import clocks, tasks
from adapters.tables.talk import booking_messages, family_records
from domain.bookings.conversation import PAGE_MAX, MessageRow, RecordRow
from domain.matter import BOOKING
from domain.roles import Role
from domain.steps.kinds import TaskKind

_SAYS: Final = "family_records.says"
_WORDS: Final = "booking_messages.words"


async def keep_in_record(connection: AsyncConnection, sealer: Sealer, page: BookingPage) -> None:
    """What a page keeps of a family goes into the record of the person the booking is for."""
    for one in page.kept:
        whose = select(bookings.c.programme, bookings.c.person_hash).where(
            bookings.c.booking_id == page.booking_id
        )
        family = (await connection.execute(whose)).one()
        row = {
            "entry_id": one.entry_id,
            "booking_id": page.booking_id,
            "programme": family.programme,
            "person_hash": family.person_hash,
            "kind": one.kind,
            "says": sealer.seal(json.dumps(one.says, ensure_ascii=False), _SAYS),
            "written_role": one.actor_role.value,
            "written_by": one.actor_id,
            "written_at": one.at,
        }
        await connection.execute(insert(family_records).values(row).on_conflict_do_nothing())


class TalkRows:
    """Messages and records, in one transaction."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        self._connection = connection
        self._sealer = sealer

    async def family_of(self, booking_id: str) -> list[str]:
        """The bookings in which something was kept of the person a booking is for."""
        mine = select(bookings.c.person_hash, bookings.c.programme).where(
            bookings.c.booking_id == booking_id
        )
        whose = (await self._connection.execute(mine)).one()
        found = await self._connection.scalars(
            select(family_records.c.booking_id)
            .where(family_records.c.person_hash == whose.person_hash)
            .where(family_records.c.programme == whose.programme)
            .distinct()
        )
        return list(found)

    async def record(self, booking_ids: Sequence[str]) -> list[RecordRow]:
        """What was kept of a family in some bookings, the newest entry first."""
        found = await self._connection.execute(
            select(family_records)
            .where(family_records.c.booking_id.in_(booking_ids))
            .order_by(family_records.c.written_at.desc(), family_records.c.entry_id.desc())
            .limit(PAGE_MAX)
        )
        return [
            RecordRow(
                **known(RecordRow, row)
                | {"says": json.loads(self._sealer.open_text(row.says, _SAYS))}
            )
            for row in found
        ]

    async def is_open(self, booking_id: str, clock: str, *, at: datetime) -> bool:
        """Whether the promise that is a conversation's length runs at a moment."""
        found = await self._connection.execute(
            select(clocks.c.instance)
            .where(clocks.c.case_id == booking_id, clocks.c.clock == clock)
            .where(clocks.c.met_at.is_(None), clocks.c.due_at > at)
            .limit(1)
        )
        return found.first() is not None

    async def treats(self, booking_id: str, subject: str) -> bool:
        """Whether a doctor's step of a running booking is theirs, or was done by them.

        A step that anybody may claim is nobody's yet.
        """
        holder = func.coalesce(tasks.c.claimed_by, tasks.c.assignee)
        did = tasks.c.done.is_(True) & (tasks.c.closed_by == subject)
        found = await self._connection.execute(
            select(tasks.c.task_id)
            .join(bookings, bookings.c.booking_id == tasks.c.case_id)
            .where(tasks.c.case_id == booking_id, bookings.c.stage.not_in(BOOKING.ended))
            .where(tasks.c.roles.contains([Role.DOCTOR.value]))
            .where((tasks.c.closed_at.is_(None) & (holder == subject)) | did)
            .limit(1)
        )
        return found.first() is not None

    async def is_identified(self, booking_id: str) -> bool:
        """Whether a person found the customer to be who they say.

        True also where no step asks: an entitled order for a doctor at once is taken at the door.
        """
        found = await self._connection.execute(
            select(tasks.c.form, tasks.c.done)
            .where(tasks.c.case_id == booking_id)
            .where(tasks.c.kind == TaskKind.TAKE_REQUEST.value)
        )
        return all(row.done and self._found_true(row.form) for row in found)

    def _found_true(self, form: bytes | None) -> bool:
        said = {} if form is None else json.loads(self._sealer.open_text(form, TASK_FORM))
        return said.get("identity_verified") is True

    async def say(
        self, booking_id: str, message_id: str, *, role: Role, author: str, words: str, at: datetime
    ) -> MessageRow:
        """Add a message, numbered after the last one; the same id again changes nothing."""
        # Messages of one conversation are numbered one after the other.
        own = select(bookings.c.booking_id).where(bookings.c.booking_id == booking_id)
        await self._connection.execute(own.with_for_update(key_share=True))
        last = select(func.coalesce(func.max(booking_messages.c.n), 0)).where(
            booking_messages.c.booking_id == booking_id
        )
        number = int((await self._connection.execute(last)).scalar_one()) + 1
        row: dict[str, Any] = {
            "booking_id": booking_id,
            "n": number,
            "message_id": message_id,
            "role": role.value,
            "author": author,
            "words": self._sealer.seal(words, _WORDS),
            "said_at": at,
        }
        written = insert(booking_messages).values(row)
        await self._connection.execute(
            written.on_conflict_do_nothing(index_elements=["message_id"])
        )
        stands = await self.message(message_id)
        if stands is None:
            raise LookupError(message_id)
        return stands

    async def message(self, message_id: str) -> MessageRow | None:
        """A message by its id; None where nobody wrote it."""
        asked = select(booking_messages).where(booking_messages.c.message_id == message_id)
        row = (await self._connection.execute(asked)).one_or_none()
        return None if row is None else self._read(row)

    async def said(self, booking_id: str, *, after: int, limit: int) -> list[MessageRow]:
        """The messages after a number, in the order in which they were written."""
        found = await self._connection.execute(
            select(booking_messages)
            .where(booking_messages.c.booking_id == booking_id, booking_messages.c.n > after)
            .order_by(booking_messages.c.n)
            .limit(limit)
        )
        return [self._read(row) for row in found]

    def _read(self, row: Any) -> MessageRow:
        words = self._sealer.open_text(row.words, _WORDS)
        return MessageRow(**known(MessageRow, row) | {"words": words})
