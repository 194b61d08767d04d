"""Entitlements on a real PostgreSQL: the last unit goes to exactly one, nothing carries over."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.bookings import KeepBookings
from activities.notices import TellCustomers
from activities.ports.bookings import BookingPage, UseMoved
from adapters.books.entitlements import Entitlements
from domain.bookings.booking import BookingStage
from domain.entitlement import Counter, EntitlementUsedUp, UseConflict, counter_of
from tests.builders import programmes
from tests.workflows.fakes import FakeBooks, FakePartners

AT = datetime(2026, 6, 17, 1, 0, tzinfo=UTC)
ALL = {one.code: one for one in programmes()}


def counter(on: date = date(2026, 6, 17), service: str = "gene_testing") -> Counter:
    programme = ALL["ins_oncology"]
    found = counter_of(
        programme.service(service),
        programme=programme.code,
        holder="pol-1",
        policy_from=date(2026, 1, 10),
        on=on,
    )
    assert found is not None
    return found


@pytest.fixture
def units(database: AsyncEngine) -> Entitlements:
    return Entitlements(database)


async def test_a_unit_is_reserved_consumed_and_then_used_up(units: Entitlements) -> None:
    assert await units.reserve("gc-1", counter(), count=1, at=AT) == 0
    await units.consume("gc-1", at=AT)
    with pytest.raises(EntitlementUsedUp):
        await units.reserve("gc-2", counter(), count=1, at=AT)
    assert await units.used(counter()) == 1


async def test_the_same_twice_is_once(units: Entitlements) -> None:
    for _ in range(2):
        assert await units.reserve("gc-1", counter(), count=1, at=AT) == 0
    for _ in range(2):
        await units.consume("gc-1", at=AT)
    for _ in range(2):
        await units.give_back("gc-1", at=AT, why="provider_failure")
    assert await units.used(counter()) == 0
    assert await units.reserve("gc-2", counter(), count=1, at=AT) == 0


async def test_a_page_that_used_a_unit_up_and_gave_it_back_is_turned_again(
    units: Entitlements,
) -> None:
    """Approved and failed in one beat; the answer was lost, and the page is turned once more."""
    await units.reserve("bk-1", counter(), count=1, at=AT)
    books, partners = FakeBooks(), FakePartners()
    notices = TellCustomers(book=books, messaging=partners, steward_phone="13900000000")
    verb = KeepBookings(record=books, entitlements=units, ledger=books, notices=notices)
    moves = [
        UseMoved(to="consumed", why="approved", at=AT),
        UseMoved(to="given_back", why="provider_failure", at=AT),
    ]
    page = BookingPage(booking_id="bk-1", page=1, at=AT, stage=BookingStage.CANCELLED, uses=moves)
    for _ in range(2):
        await verb.turn_page(page)
    assert await units.used(counter()) == 0


async def test_a_use_given_back_is_over(units: Entitlements) -> None:
    await units.reserve("gc-1", counter(), count=1, at=AT)
    await units.give_back("gc-1", at=AT, why="free_cancellation")
    with pytest.raises(UseConflict):
        await units.consume("gc-1", at=AT)
    with pytest.raises(UseConflict):
        await units.reserve("gc-1", counter(), count=1, at=AT)
    with pytest.raises(UseConflict):
        await units.consume("never", at=AT)


async def test_a_use_belongs_to_one_counter(units: Entitlements) -> None:
    await units.reserve("gc-1", counter(), count=1, at=AT)
    with pytest.raises(UseConflict):
        await units.reserve("gc-1", counter(service="second_opinion"), count=1, at=AT)
    assert await units.used(counter(service="second_opinion")) == 0


async def test_a_new_policy_year_opens_a_new_counter_and_nothing_carries_over(
    units: Entitlements,
) -> None:
    """R700, I16: the unused unit of last year is not there beside this year's."""
    await units.reserve("gc-1", counter(), count=1, at=AT)
    next_year = counter(on=date(2027, 1, 10))
    assert await units.reserve("gc-2", next_year, count=1, at=AT) == 0
    with pytest.raises(EntitlementUsedUp):
        await units.reserve("gc-3", next_year, count=1, at=AT)


async def test_the_last_unit_asked_for_by_many_at_once_goes_to_exactly_one(
    units: Entitlements,
) -> None:
    """I15."""

    async def ask(number: int) -> bool:
        try:
            await units.reserve(f"gc-{number}", counter(), count=3, at=AT)
        except EntitlementUsedUp:
            return False
        return True

    await units.reserve("gc-a", counter(), count=3, at=AT)
    await units.reserve("gc-b", counter(), count=3, at=AT)
    got = await asyncio.gather(*(ask(number) for number in range(24)))
    assert got.count(True) == 1
    assert await units.used(counter()) == 3


async def test_one_use_id_under_two_counters_at_once_is_one_use(units: Entitlements) -> None:
    both = (counter(), counter(service="second_opinion"))
    answers = await asyncio.gather(
        *(units.reserve("gc-1", one, count=1, at=AT) for one in both), return_exceptions=True
    )
    assert [type(one) for one in answers if one != 0] == [UseConflict]
    assert sum([await units.used(one) for one in both]) == 1
