"""Which papers were paid back, and for which booking; implements `PaperPort`."""

from __future__ import annotations

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.bookings import PapersPaid
from adapters.encryption.keys import Sealer
from adapters.tables.papers import paid_papers


class PaidPapers:
    """The papers on PostgreSQL."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def take(self, papers: PapersPaid) -> list[str]:
        """Take papers for a booking, all or none; those another booking has."""
        hashed = {
            (one.kind.value, self._sealer.lookup_hash(f"{one.kind.value} {one.number}")): one.number
            for one in papers.papers
        }
        rows = [
            {
                "programme": papers.programme,
                "kind": kind,
                "number_hash": number,
                "case_id": papers.booking_id,
                "at": papers.at,
            }
            for kind, number in sorted(hashed)  # in one order: two bookings never wait crosswise
        ]
        mine = paid_papers.c.case_id == papers.booking_id
        here = (paid_papers.c.programme == papers.programme) & tuple_(
            paid_papers.c.kind, paid_papers.c.number_hash
        ).in_(list(hashed))
        async with self._engine.connect() as connection:
            await connection.execute(insert(paid_papers).values(rows).on_conflict_do_nothing())
            query = select(paid_papers.c.kind, paid_papers.c.number_hash).where(here, ~mine)
            others = (await connection.execute(query)).all()
            if not others:
                await connection.commit()
        return sorted(hashed[kind, number] for kind, number in others)
