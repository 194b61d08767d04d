"""A paper is paid back once: taken whole or not at all, by one of two who ask at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.bookings import Paper, PapersPaid
from adapters.books.paid_papers import PaidPapers
from adapters.encryption.keys import KeyRing, Sealer
from domain.documents import DocumentKind

AT = datetime(2026, 9, 24, 2, 0, tzinfo=UTC)
FIRST, SECOND = "bk-aaaaaaaaaaaaaaaaaaaa", "bk-bbbbbbbbbbbbbbbbbbbb"


@pytest.fixture
async def papers(database: AsyncEngine) -> PaidPapers:
    async with database.begin() as connection:
        for booking_id in (FIRST, SECOND):
            await connection.execute(
                text(
                    "INSERT INTO bookings (booking_id, programme, programme_version, service,"
                    " channel, person_hash, name, id_number, phone, need, requested_at,"
                    " changed_at, opened) VALUES (:id, 'p', '1', 's', 'c', 'x', '', '', '', '',"
                    " :at, :at, '')"
                ),
                {"id": booking_id, "at": AT},
            )
    return PaidPapers(database, Sealer(KeyRing((("k1", b"1" * 32),)), b"2" * 32))


def handed_in(booking_id: str, *numbers: str, programme: str = "p") -> PapersPaid:
    kind = DocumentKind.TRAVEL_TICKET
    papers = [Paper(kind=kind, number=number) for number in numbers]
    return PapersPaid(booking_id=booking_id, programme=programme, papers=papers, at=AT)


async def test_a_paper_is_taken_once_and_again_by_its_own_booking(papers: PaidPapers) -> None:
    for _ in range(2):
        assert await papers.take(handed_in(FIRST, "T-1", "T-2")) == []
    assert await papers.take(handed_in(SECOND, "T-2", "T-3")) == ["T-2"]
    assert await papers.take(handed_in(FIRST, "T-3")) == []  # nothing of the other was kept
    assert await papers.take(handed_in(SECOND, "T-1", programme="another")) == []


async def test_of_two_that_hand_a_paper_in_at_once_one_has_it(
    papers: PaidPapers, database: AsyncEngine
) -> None:
    both = (handed_in(FIRST, "T-1", "T-9"), handed_in(SECOND, "T-9", "T-1"))
    taken = await asyncio.gather(*(papers.take(one) for one in both))
    assert sorted(taken) == [[], ["T-1", "T-9"]]
    async with database.connect() as connection:
        rows = (await connection.execute(text("SELECT number_hash FROM paid_papers"))).scalars()
        assert not [one for one in rows if "T-" in one]
