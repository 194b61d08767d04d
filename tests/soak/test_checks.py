"""The soak's checks can fail: each wrong they look for is shown to them once."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.tables.entitlement import entitlement_uses, entitlements
from adapters.tables.ledger import limits, transfers
from demo.people import Answer, yuan
from tests.adapters.test_booking_reports import P07, a_booking
from tests.fixtures.cases import CASE, REPORTED_AT, a_reported_case, a_sealer
from tests.soak.checks import wrongs

NOBODY = cast("Any", None)


def moved(kind: str, fen: int) -> Answer:
    return {"kind": kind, "movement_id": f"{CASE}:deposit:1", "amount": yuan(fen)}


async def test_a_case_beyond_its_limit_paid_twice_and_not_at_zero_is_found(
    database: AsyncEngine,
) -> None:
    await a_reported_case(database, a_sealer(), stage="closed")
    row = {
        "case_id": CASE,
        "movement_id": f"{CASE}:deposit:1",
        "debit": "hospital_deposit",
        "credit": "payer_cash",
        "amount_fen": 200,
        "reason": "deposit",
        "at": REPORTED_AT,
    }
    async with database.begin() as connection:
        await connection.execute(
            insert(limits).values(case_id=CASE, limit_fen=100, operator="at_most")
        )
        for phase in ("hold", "post"):
            await connection.execute(insert(transfers).values(row | {"phase": phase}))
    found = await wrongs(database, NOBODY, [moved("payment", 200), moved("payment", 200)])
    text = "\n".join(found)
    for wrong in ("not conserved", "moved 2 times", "than the limit", "ended with", "says"):
        assert wrong in text


async def test_a_case_that_never_moved_money_is_in_order(database: AsyncEngine) -> None:
    await a_reported_case(database, a_sealer(), stage="cancelled")
    assert await wrongs(database, NOBODY, []) == []


async def test_a_booking_that_ended_with_its_unit_reserved_and_a_unit_alone_are_found(
    database: AsyncEngine,
) -> None:
    booking_id = await a_booking(database, 1, stage="closed")
    counter = {"programme": P07, "holder": "policy-1", "pool": "visit_escort", "period": "2026"}
    async with database.begin() as connection:
        await connection.execute(insert(entitlements).values(counter))
        for use_id in (booking_id, "bk-nobody"):
            use = {"use_id": use_id, "state": "reserved"}
            at = {"reserved_at": REPORTED_AT, "changed_at": REPORTED_AT}
            await connection.execute(insert(entitlement_uses).values(counter | use | at))
    assert sorted(await wrongs(database, NOBODY, [])) == [
        f"{booking_id}: ended as closed with its unit reserved",
        "bk-nobody: a unit without a booking",
    ]
    async with database.begin() as connection:
        await connection.execute(update(entitlement_uses).values(state="consumed"))
        await connection.execute(
            delete(entitlement_uses).where(entitlement_uses.c.use_id == "bk-nobody")
        )
    assert await wrongs(database, NOBODY, []) == []
