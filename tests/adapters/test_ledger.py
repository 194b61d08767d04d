"""The ledger, rule by rule, on a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import Balances, HoldAnswer, HoldOrder, LedgerPort, MovementConflict
from adapters.books.ledger import Ledger, LimitConflict, LimitMissing, conserved
from adapters.tables.ledger import transfers
from domain import posting
from domain.posting import Account, Reason, Transfer

CASE = "dw-aaaaaaaaaaaaaaaaaaaa"
AT = datetime(2026, 5, 6, 0, 40, tzinfo=UTC)
LIMIT = 50_000_000


def a_hold(number: int = 1, amount_fen: int = 5_000_000, case_id: str = CASE) -> HoldOrder:
    return HoldOrder(
        case_id=case_id,
        movement_id=f"{case_id}:deposit:{number}",
        amount_fen=amount_fen,
        reason="deposit" if number == 1 else "top_up",
        at=AT,
    )


@pytest.fixture
async def ledger(database: AsyncEngine) -> LedgerPort:
    books = Ledger(database)
    await books.set_limit(CASE, limit_fen=LIMIT, operator="at_most")
    return books


async def test_a_hold_reserves_and_a_post_moves_the_money(ledger: LedgerPort) -> None:
    assert await ledger.hold(a_hold()) == HoldAnswer(held=True, left_fen=45_000_000)
    assert await ledger.balances(CASE) == Balances(held=5_000_000, left=45_000_000)
    await ledger.post(CASE, f"{CASE}:deposit:1", at=AT)
    assert await ledger.balances(CASE) == Balances(
        hospital_deposit=5_000_000, payer_cash=-5_000_000, left=45_000_000
    )


async def test_a_void_gives_the_amount_back_to_the_limit(ledger: LedgerPort) -> None:
    await ledger.hold(a_hold())
    await ledger.void(CASE, f"{CASE}:deposit:1", at=AT)
    assert await ledger.balances(CASE) == Balances(left=LIMIT)


@pytest.mark.parametrize(
    ("operator", "amount_fen", "held", "left_fen"),
    [
        ("at_most", LIMIT, True, 0),
        ("at_most", LIMIT + 1, False, LIMIT),
        ("below", LIMIT - 1, True, 0),
        ("below", LIMIT, False, LIMIT - 1),
    ],
)
async def test_the_limit_is_compared_to_the_fen_with_the_programme_s_operator(
    database: AsyncEngine,
    operator: Literal["at_most", "below"],
    amount_fen: int,
    held: bool,
    left_fen: int,
) -> None:
    books = Ledger(database)
    await books.set_limit(CASE, limit_fen=LIMIT, operator=operator)
    answer = await books.hold(a_hold(amount_fen=amount_fen))
    assert answer == HoldAnswer(held=held, left_fen=left_fen)


async def test_a_correction_counts_against_the_limit_and_what_never_left_does_not(
    ledger: LedgerPort,
) -> None:
    first = f"{CASE}:deposit:1"
    await ledger.hold(a_hold())
    await ledger.post(CASE, first, at=AT)
    for number, more_fen, left_fen in ((1, 700, 44_999_300), (2, -5_000_700, LIMIT)):
        fix = posting.correction(CASE, first, number, more_fen=more_fen, payout=False)
        for _ in range(2):
            await ledger.book(CASE, fix, at=AT)
        assert (await ledger.balances(CASE)).left == left_fen
    assert await ledger.balances(CASE) == Balances(left=LIMIT)


async def test_a_top_up_beyond_the_limit_is_told_what_is_left(ledger: LedgerPort) -> None:
    await ledger.hold(a_hold(1, 45_000_000))
    assert await ledger.hold(a_hold(2, 6_000_000)) == HoldAnswer(held=False, left_fen=5_000_000)
    assert await ledger.hold(a_hold(3, 5_000_000)) == HoldAnswer(held=True, left_fen=0)


async def test_a_refund_does_not_give_the_limit_back(ledger: LedgerPort) -> None:
    await ledger.hold(a_hold(1, LIMIT))
    await ledger.post(CASE, f"{CASE}:deposit:1", at=AT)
    await ledger.book(CASE, posting.refund(CASE, 1, 10_000_000), at=AT)
    assert (await ledger.balances(CASE)).left == 0


async def test_each_call_twice_is_the_same_as_once(ledger: LedgerPort) -> None:
    bill = posting.bill(CASE, 5_000_000)
    for _ in range(2):
        assert (await ledger.hold(a_hold())).held
        await ledger.post(CASE, f"{CASE}:deposit:1", at=AT)
        await ledger.book(CASE, bill, at=AT)
        await ledger.set_limit(CASE, limit_fen=LIMIT, operator="at_most")
    assert await ledger.balances(CASE) == Balances(
        advance_outstanding=5_000_000, payer_cash=-5_000_000, left=45_000_000
    )
    assert await ledger.hold(a_hold()) == HoldAnswer(held=True, left_fen=45_000_000)


@pytest.mark.parametrize(
    "change", [{"amount_fen": 1}, {"reason": "top_up"}, {"case_id": "dw-other"}]
)
async def test_the_same_movement_with_other_content_is_a_conflict(
    ledger: LedgerPort, change: dict[str, Any]
) -> None:
    await ledger.set_limit("dw-other", limit_fen=LIMIT, operator="at_most")
    await ledger.hold(a_hold())
    with pytest.raises(MovementConflict):
        await ledger.hold(a_hold().model_copy(update=change))
    assert (await ledger.balances(CASE)).held == 5_000_000


async def test_a_movement_ends_once(ledger: LedgerPort) -> None:
    await ledger.hold(a_hold())
    await ledger.void(CASE, f"{CASE}:deposit:1", at=AT)
    with pytest.raises(MovementConflict):
        await ledger.post(CASE, f"{CASE}:deposit:1", at=AT)
    with pytest.raises(MovementConflict):
        await ledger.hold(a_hold())
    await ledger.hold(a_hold(2))
    await ledger.post(CASE, f"{CASE}:deposit:2", at=AT)
    with pytest.raises(MovementConflict):
        await ledger.void(CASE, f"{CASE}:deposit:2", at=AT)


async def test_what_was_never_held_cannot_be_posted_nor_voided(ledger: LedgerPort) -> None:
    await ledger.set_limit("dw-other", limit_fen=1, operator="at_most")
    await ledger.hold(a_hold())
    for case_id, movement_id in ((CASE, f"{CASE}:deposit:9"), ("dw-other", f"{CASE}:deposit:1")):
        with pytest.raises(MovementConflict):
            await ledger.post(case_id, movement_id, at=AT)
        with pytest.raises(MovementConflict):
            await ledger.void(case_id, movement_id, at=AT)


async def test_a_list_with_one_conflict_books_nothing(ledger: LedgerPort) -> None:
    await ledger.book(CASE, posting.bill(CASE, 700), at=AT)
    with pytest.raises(MovementConflict):
        await ledger.book(CASE, [*posting.refund(CASE, 1, 300), *posting.bill(CASE, 800)], at=AT)
    assert (await ledger.balances(CASE)).payer_cash == 0


async def test_a_single_movement_never_doubles_as_a_hold(ledger: LedgerPort) -> None:
    await ledger.book(CASE, posting.deposit(CASE, 1, 5_000_000), at=AT)
    with pytest.raises(MovementConflict):
        await ledger.hold(a_hold())
    with pytest.raises(MovementConflict):
        await ledger.void(CASE, f"{CASE}:deposit:1", at=AT)
    await ledger.hold(a_hold(2))
    with pytest.raises(MovementConflict):
        await ledger.book(CASE, posting.deposit(CASE, 2, 5_000_000), at=AT)


async def test_books_without_a_limit_take_nothing(database: AsyncEngine) -> None:
    books = Ledger(database)
    with pytest.raises(LimitMissing):
        await books.hold(a_hold())
    with pytest.raises(LimitMissing):
        await books.book(CASE, posting.bill(CASE, 1), at=AT)
    assert await books.balances(CASE) == Balances()


async def test_another_limit_for_the_same_case_is_refused(ledger: LedgerPort) -> None:
    with pytest.raises(LimitConflict):
        await ledger.set_limit(CASE, limit_fen=LIMIT + 1, operator="at_most")
    with pytest.raises(LimitConflict):
        await ledger.set_limit(CASE, limit_fen=LIMIT, operator="below")
    assert (await ledger.balances(CASE)).left == LIMIT


async def test_story_one_ends_with_every_account_at_zero(
    ledger: LedgerPort, database: AsyncEngine
) -> None:
    amounts = [5_000_000, 10_000_000, 15_000_000, 15_000_000, 5_000_000]
    for number, amount_fen in enumerate(amounts, start=1):
        assert (await ledger.hold(a_hold(number, amount_fen))).held
        await ledger.post(CASE, f"{CASE}:deposit:{number}", at=AT)
    assert not (await ledger.hold(a_hold(6, 1))).held
    await ledger.book(CASE, posting.bill(CASE, LIMIT), at=AT)
    claim = posting.claim(CASE, payable_fen=LIMIT, offset_fen=LIMIT)
    await ledger.book(CASE, claim, at=AT)
    assert await ledger.balances(CASE) == Balances()
    assert await conserved(database) == []


def a_row(**changes: object) -> dict[str, object]:
    deposit = Transfer(
        movement_id=f"{CASE}:deposit:1",
        debit=Account.HOSPITAL_DEPOSIT,
        credit=Account.PAYER_CASH,
        amount_fen=5_000_000,
        reason=Reason.DEPOSIT,
    )
    row = {"case_id": CASE, "phase": "post", "at": AT, **deposit.model_dump(mode="json")}
    return row | changes


@pytest.mark.parametrize(
    "row",
    [
        a_row(amount_fen=5_000_001),
        a_row(credit="customer_cash"),
        a_row(debit="written_off"),
        a_row(reason="top_up"),
        a_row(case_id="dw-other"),
        a_row(movement_id=f"{CASE}:deposit:2"),
        a_row(phase="hold"),
        a_row(phase="single"),
        a_row(phase="single", movement_id="m", amount_fen=0),
        a_row(phase="single", movement_id="m", amount_fen=-1),
        a_row(phase="single", movement_id="m", debit="payer_cash"),
        a_row(phase="single", movement_id="m", debit="petty_cash"),
        a_row(phase="reversed", movement_id="m"),
        a_row(phase="single", movement_id="m", case_id="dw-nobody"),
    ],
)
async def test_the_database_itself_refuses_a_row_that_must_not_be(
    ledger: LedgerPort, database: AsyncEngine, row: dict[str, object]
) -> None:
    await ledger.set_limit("dw-other", limit_fen=LIMIT, operator="at_most")
    await ledger.hold(a_hold())
    async with database.connect() as connection:
        with pytest.raises(DBAPIError):
            await connection.execute(insert(transfers).values(row))


async def test_the_guards_let_a_right_row_through(
    ledger: LedgerPort, database: AsyncEngine
) -> None:
    await ledger.hold(a_hold())
    async with database.begin() as connection:
        await connection.execute(insert(transfers).values(a_row()))
    async with database.connect() as connection:
        with pytest.raises(DBAPIError, match="uq_transfers_ended"):
            await connection.execute(insert(transfers).values(a_row(phase="void")))


async def test_a_closed_case_with_a_balance_or_an_open_hold_is_named(
    ledger: LedgerPort, database: AsyncEngine
) -> None:
    await ledger.hold(a_hold())
    assert await conserved(database) == []
    async with database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO cases (case_id, programme, programme_version, hospital_id, channel,"
                " person_hash, name, id_number, phone, disease, reported_at, stage, changed_at,"
                " opened) VALUES (:id, 'p', '1', 'h', 'c', 'x', '', '', '', '', :at, 'closed',"
                " :at, '')"
            ),
            {"id": CASE, "at": AT},
        )
    assert await conserved(database) == [CASE]
    await ledger.post(CASE, f"{CASE}:deposit:1", at=AT)
    assert await conserved(database) == [CASE]
    await ledger.book(CASE, posting.refund(CASE, 1, 5_000_000), at=AT)
    assert await conserved(database) == []


async def test_a_closed_booking_with_a_balance_is_named_until_it_is_paid_back(
    database: AsyncEngine,
) -> None:
    ledger, booking_id = Ledger(database), "bk-aaaaaaaaaaaaaaaaaaaa"
    await ledger.set_limit(booking_id, limit_fen=55_350, operator="at_most")
    owed = posting.claim(booking_id, payable_fen=55_350, offset_fen=0)
    await ledger.book(booking_id, owed, at=AT)
    assert await conserved(database) == []
    async with database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO bookings (booking_id, programme, programme_version, service, channel,"
                " person_hash, name, id_number, phone, need, requested_at, stage, changed_at,"
                " opened) VALUES (:id, 'p', '1', 's', 'c', 'x', '', '', '', '', :at, 'closed',"
                " :at, '')"
            ),
            {"id": booking_id, "at": AT},
        )
    assert await conserved(database) == [booking_id]
    await ledger.book(booking_id, posting.payout(booking_id, 55_350), at=AT)
    assert await conserved(database) == []
