"""Enquiries in the database: asked by the door, written page by page, read by people.

Question and answers are sealed; looking at them leaves an audit row. Steps, promises and history
are written and read as those of a case.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports.enquiries import EnquiryPage
from adapters.books.matter_file import MatterFile, known, looked_at
from adapters.books.openings import OpenedRows
from adapters.books.pages import OwnRow, begin_page, columns, turn_row
from adapters.books.turning import turning
from adapters.encryption.keys import Sealer
from adapters.tables.enquiry import enquiries, enquiry_answers
from adapters.webhooks.outbox import post
from domain.board import AnswerRow, EnquiryView, Viewer
from domain.guards import EnquiryAccess
from domain.matter import OPENING


class EnquiryUnknown(LookupError):
    """No enquiry of this id was ever asked."""


_OWN: Final = OwnRow(
    enquiries,
    turned=("stage", "awaiting", "sla_state", "next_due_at", "page"),
    unknown=EnquiryUnknown,
)


class EnquiryBook:
    """`EnquiryBookPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def write(self, page: EnquiryPage) -> None:
        """Write one page. Raises `EnquiryUnknown`, and `PageConflict` for a reused page number."""
        async with turning(self._engine, self._sealer, page) as connection:
            await turn_row(connection, _OWN, page)
            if not await begin_page(connection, self._sealer, page):
                return
            rows = [
                columns(enquiry_answers, answer)
                | {
                    "enquiry_id": page.enquiry_id,
                    "text": self._sealer.seal(answer.text, "enquiry_answers.text"),
                }
                for answer in page.answers
            ]
            if rows:
                await connection.execute(insert(enquiry_answers), rows)
            await post(connection, page)


class EnquiryBoard:
    """Enquiries as people read them."""

    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, *, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock

    async def enquiry(self, enquiry_id: str, viewer: Viewer) -> EnquiryView | None:
        """One whole enquiry; audited. None if it was never asked."""
        query = select(enquiries).where(enquiries.c.enquiry_id == enquiry_id)
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            view = EnquiryView(
                **known(EnquiryView, row)
                | {"question": self._sealer.open_text(row.question, "enquiries.question")},
                **await self._file(connection, enquiry_id),
            )
            await looked_at(connection, viewer, "enquiry.viewed", enquiry_id, at=self._clock())
        return view

    async def _file(self, connection: AsyncConnection, enquiry_id: str) -> dict[str, Any]:
        """What an enquiry has gathered, each list in the order in which it happened."""
        answers = (
            select(enquiry_answers)
            .where(enquiry_answers.c.enquiry_id == enquiry_id)
            .order_by(enquiry_answers.c.n)
        )
        file = MatterFile(connection, self._sealer, enquiry_id)
        return {
            "answers": [
                AnswerRow(
                    **known(AnswerRow, row)
                    | {"text": self._sealer.open_text(row.text, "enquiry_answers.text")}
                )
                for row in await connection.execute(answers)
            ],
            "timeline": await file.timeline(),
            "clocks": await file.clocks(),
            "tasks": await file.tasks(),
        }


class EnquiryRows(OpenedRows):
    """Enquiries as the door writes and guards them, in one transaction."""

    table = enquiries

    async def add(self, row: dict[str, Any]) -> None:
        """Write down a question."""
        sealed = {
            name: self._sealer.seal(row[name], f"enquiries.{name}")
            for name in ("question", "opened")
        }
        await self._connection.execute(
            insert(enquiries).values({**row, **sealed, "stage": OPENING})
        )

    async def access(self, enquiry_id: str) -> EnquiryAccess | None:
        """Who an enquiry belongs to and where it stands."""
        query = select(enquiries).where(enquiries.c.enquiry_id == enquiry_id)
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return EnquiryAccess(
            case_id=row.enquiry_id,
            channel=row.channel,
            customer_subject=row.customer_subject,
            stage=row.stage,
            asked_at=row.asked_at,
        )
