"""One sum insured is never promised twice: what open cases may still take is not left."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from adapters.books.ledger import Ledger
from domain import posting
from domain.calendar import civil_date
from tests.api.conftest import HOSPITAL, PERSON, PROGRAMME, House
from tests.api.test_bookings import insured_of

P21 = "china_life_claims"


async def promised(house: House) -> list[int]:
    async with house.database.connect() as connection:
        rows = await connection.execute(text("SELECT promised_fen FROM cases"))
        return sorted(row[0] for row in rows)


async def left(house: House) -> str:
    asked = {"programme": PROGRAMME, "insured": {"id_number": PERSON}}
    answer = await house.post("/v1/eligibility-checks", asked, key=None)
    return str(answer.json()["limit"]["amount"])


def other_day(house: House, days: int) -> str:
    return (civil_date(house.clock()) + timedelta(days=days)).isoformat()


async def test_a_second_case_finds_nothing_left_while_the_first_is_open(house: House) -> None:
    assert await left(house) == "500000.00"
    assert (await house.report()).status_code == 201
    assert await left(house) == "0.00"
    assert (await house.report(planned_admission=other_day(house, 8))).status_code == 201
    assert await promised(house) == [0, 50_000_000]


async def test_of_cases_opened_at_once_one_gets_the_sum_insured(house: House) -> None:
    answers = await asyncio.gather(
        *(house.report(planned_admission=other_day(house, 7 + n)) for n in range(5))
    )
    assert [answer.status_code for answer in answers] == [201] * 5
    assert await promised(house) == [0, 0, 0, 0, 50_000_000]


@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        ("stage = 'cancelled'", "500000.00"),
        ("stage = 'in_hospital', limit_fen = 30000000, advanced_fen = 100", "200000.00"),
        ("stage = 'offset', limit_fen = 50000000, advanced_fen = 20000000", "300000.00"),
        ("stage = 'review', promised_fen = NULL", "0.00"),
    ],
)
async def test_what_a_case_takes_follows_where_it_stands(
    house: House, stands: str, expected: str
) -> None:
    await house.report()
    async with house.database.begin() as connection:
        await connection.execute(text(f"UPDATE cases SET {stands}"))  # noqa: S608
    assert await left(house) == expected


async def test_what_a_claim_was_paid_since_the_list_was_read_is_not_left(house: House) -> None:
    case_id = str((await house.report()).json()["case_id"])
    book = Ledger(house.database)
    await book.set_limit(case_id, limit_fen=50_000_000, operator="at_most")
    money = posting.claim(case_id, payable_fen=9_000_000, offset_fen=6_000_000)
    await book.book(case_id, money, at=house.clock())
    async with house.database.begin() as connection:
        await connection.execute(text("UPDATE cases SET stage = 'closed'"))
    assert await left(house) == "410000.00"
    async with house.database.begin() as connection:
        read = {"of": PROGRAMME, "at": house.clock() + timedelta(seconds=1)}
        await connection.execute(text(_LIST_READ), read)
    assert await left(house) == "500000.00"


_LIST_READ = (
    "INSERT INTO imported_lists (kind, programme, list_version, sha256, imported_at, rows, "
    "refused, partial) VALUES ('insured', :of, 'later', '', :at, 1, 0, false)"
)


async def test_a_deposit_paid_directly_and_a_claim_share_one_sum_insured(house: House) -> None:
    """R820: P21 opens both; each takes of the policy what it was promised."""
    await insured_of(house, P21)
    assert (await house.report(programme=P21)).status_code == 201
    assert await promised(house) == [50_000_000]
    claim = house.a_report(
        programme=P21, service="small_fast_claim", channel="app", planned_admission=...
    )
    assert (await house.post("/v1/claims", claim)).status_code == 201
    assert await promised(house) == [0, 50_000_000]
    async with house.database.begin() as connection:
        decided = "UPDATE cases SET stage = 'in_hospital', limit_fen = 600000 WHERE service = :of"
        await connection.execute(text(decided), {"of": "direct_pay_deposit"})
    other = claim | {"service": "e_bill_claim", "hospital_id": HOSPITAL, "disease": "gallstones"}
    async with house.database.begin() as connection:
        await connection.execute(text("UPDATE cases SET stage = 'closed' WHERE promised_fen = 0"))
    assert (await house.post("/v1/claims", other)).status_code == 201
    assert await promised(house) == [0, 49_400_000, 50_000_000]
