"""The ledger against an oracle written another way, and many holds at once over real connections.

The oracle keeps no transfers: it keeps what each movement is now, and counts everything anew.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import Balances, HoldAnswer, HoldOrder, LedgerPort, MovementConflict
from adapters.books.ledger import Ledger, conserved
from adapters.database import open_database
from adapters.migrations.run import migrate
from domain.posting import Account, Reason, Transfer

AT = datetime(2026, 5, 6, 0, 40, tzinfo=UTC)
CASES = ("dw-a", "dw-b")
STEPS = 120
APP_ROLE = "greenlane_app"

Event = tuple[str, str, int]  # case, movement, amount


@dataclass
class Oracle:
    """What a bookkeeper with a pencil would say of one house."""

    limit: dict[str, int]
    may_reach: dict[str, bool]
    state: dict[str, str] = field(default_factory=dict)  # movement -> reserved, moved, returned
    said: dict[str, tuple[str, Transfer]] = field(default_factory=dict)

    def reserved_or_paid(self, case_id: str) -> int:
        return sum(
            move.amount_fen
            for name, (case, move) in self.said.items()
            if case == case_id
            and self.state[name] != "returned"
            and (move.debit, move.credit) == (Account.HOSPITAL_DEPOSIT, Account.PAYER_CASH)
        )

    def left(self, case_id: str) -> int:
        top = self.limit[case_id] - (0 if self.may_reach[case_id] else 1)
        return max(0, top - self.reserved_or_paid(case_id))

    def hold(self, order: HoldOrder) -> HoldAnswer | None:
        """None stands for a conflict."""
        move = Transfer(
            movement_id=order.movement_id,
            debit=Account.HOSPITAL_DEPOSIT,
            credit=Account.PAYER_CASH,
            amount_fen=order.amount_fen,
            reason=Reason(order.reason),
        )
        name = order.movement_id
        if name in self.said:
            same = self.said[name] == (order.case_id, move)
            usable = self.state[name] in {"reserved", "posted"}
            return (
                HoldAnswer(held=True, left_fen=self.left(order.case_id))
                if same and usable
                else None
            )
        total = self.reserved_or_paid(order.case_id) + order.amount_fen
        limit = self.limit[order.case_id]
        if total < limit or (total == limit and self.may_reach[order.case_id]):
            self.said[name], self.state[name] = (order.case_id, move), "reserved"
            return HoldAnswer(held=True, left_fen=self.left(order.case_id))
        return HoldAnswer(held=False, left_fen=self.left(order.case_id))

    def end(self, case_id: str, name: str, to: Literal["posted", "returned"]) -> bool:
        if self.said.get(name, ("",))[0] != case_id or self.state[name] not in {"reserved", to}:
            return False
        self.state[name] = to
        return True

    def book(self, case_id: str, moves: list[Transfer]) -> bool:
        seen = dict(self.said)
        for move in moves:
            known = seen.setdefault(move.movement_id, (case_id, move))
            if known != (case_id, move) or self.state.get(move.movement_id, "moved") != "moved":
                return False
        self.said = seen
        self.state |= {move.movement_id: "moved" for move in moves}
        return True

    def balances(self, case_id: str) -> Balances:
        totals = dict.fromkeys(Account, 0)
        held = 0
        for name, (case, move) in self.said.items():
            if case != case_id:
                continue
            if self.state[name] == "reserved":
                held += move.amount_fen
            elif self.state[name] != "returned":
                totals[move.debit] += move.amount_fen
                totals[move.credit] -= move.amount_fen
        sums = {account.value: total for account, total in totals.items()}
        return Balances(**sums, held=held, left=self.left(case_id))


def some_transfer(chance: random.Random, case_id: str) -> Transfer:
    debit, credit = chance.sample(list(Account), 2)
    # Few ids and amounts, so that the same movement comes again, now alike, now different.
    return Transfer(
        movement_id=f"{case_id}:m:{chance.randint(1, 12)}",
        debit=debit,
        credit=credit,
        amount_fen=chance.choice([1, 250, 999]),
        reason=chance.choice([Reason.BILL, Reason.REFUND]),
    )


async def one_step(chance: random.Random, ledger: LedgerPort, oracle: Oracle) -> None:
    case_id = chance.choice(CASES)
    movement_id = f"{chance.choice(CASES)}:m:{chance.randint(1, 12)}"
    match chance.choice(["hold", "hold", "hold", "post", "void", "book"]):
        case "hold":
            order = HoldOrder(
                case_id=case_id,
                movement_id=movement_id,
                amount_fen=chance.choice([1, 250, 500, 999, 1000]),
                reason="deposit",
                at=AT,
            )
            expected = oracle.hold(order)
            if expected is None:
                with pytest.raises(MovementConflict):
                    await ledger.hold(order)
            else:
                assert await ledger.hold(order) == expected
        case "post" | "void" as phase:
            fine = oracle.end(case_id, movement_id, "posted" if phase == "post" else "returned")
            act = ledger.post if phase == "post" else ledger.void
            if fine:
                await act(case_id, movement_id, at=AT)
            else:
                with pytest.raises(MovementConflict):
                    await act(case_id, movement_id, at=AT)
        case _:
            moves = [some_transfer(chance, case_id) for _ in range(chance.randint(1, 3))]
            if oracle.book(case_id, moves):
                await ledger.book(case_id, moves, at=AT)
            else:
                with pytest.raises(MovementConflict):
                    await ledger.book(case_id, moves, at=AT)


@pytest.mark.parametrize("seed", range(8))
async def test_the_ledger_says_what_the_oracle_says(database: AsyncEngine, seed: int) -> None:
    chance = random.Random(seed)
    oracle = Oracle(limit=dict.fromkeys(CASES, 2_000), may_reach={"dw-a": True, "dw-b": False})
    ledger = Ledger(database)
    await ledger.set_limit("dw-a", limit_fen=2_000, operator="at_most")
    await ledger.set_limit("dw-b", limit_fen=2_000, operator="below")
    for _ in range(STEPS):
        await one_step(chance, ledger, oracle)
        for case_id in CASES:
            found = await ledger.balances(case_id)
            assert found == oracle.balances(case_id)
            assert sum(getattr(found, account.value) for account in Account) == 0
    assert await conserved(database) == []
    assert {"reserved", "posted", "returned", "moved"} >= set(oracle.state.values())


# Many at once -------------------------------------------------------------------------------------


def an_order(number: int, amount_fen: int, case_id: str = "dw-a") -> HoldOrder:
    return HoldOrder(
        case_id=case_id,
        movement_id=f"{case_id}:deposit:{number}",
        amount_fen=amount_fen,
        reason="top_up",
        at=AT,
    )


@pytest.mark.parametrize(("operator", "through"), [("at_most", 5), ("below", 4)])
async def test_of_many_holds_at_once_exactly_as_many_as_fit_get_through(
    database_url: str, operator: Literal["at_most", "below"], through: int
) -> None:
    engine = open_database(database_url, pool_size=20)
    ledger = Ledger(engine)
    await ledger.set_limit("dw-a", limit_fen=50_000_000, operator=operator)
    orders = [an_order(number, 10_000_000) for number in range(20)]
    answers = await asyncio.gather(*(ledger.hold(order) for order in orders))
    assert sum(answer.held for answer in answers) == through
    assert (await ledger.balances("dw-a")).held == through * 10_000_000
    await engine.dispose()


async def test_the_same_hold_sent_many_times_at_once_is_held_once(database_url: str) -> None:
    engine = open_database(database_url, pool_size=10)
    ledger = Ledger(engine)
    await ledger.set_limit("dw-a", limit_fen=100, operator="at_most")
    answers = await asyncio.gather(*(ledger.hold(an_order(1, 60)) for _ in range(10)))
    assert {answer.held for answer in answers} == {True}
    assert (await ledger.balances("dw-a")).held == 60
    await engine.dispose()


async def test_a_post_and_a_void_at_once_end_the_hold_one_way(database_url: str) -> None:
    engine = open_database(database_url, pool_size=10)
    ledger = Ledger(engine)
    await ledger.set_limit("dw-a", limit_fen=1_000, operator="at_most")
    for number in range(10):
        await ledger.hold(an_order(number, 100))
        movement_id = f"dw-a:deposit:{number}"
        ends = await asyncio.gather(
            ledger.post("dw-a", movement_id, at=AT),
            ledger.void("dw-a", movement_id, at=AT),
            return_exceptions=True,
        )
        assert [type(end) for end in ends if end is not None] == [MovementConflict]
    found = await ledger.balances("dw-a")
    assert (found.held, found.hospital_deposit) == (0, 1_000 - found.left)
    await engine.dispose()


async def test_a_case_whose_limit_is_locked_does_not_hold_up_another(
    database: AsyncEngine, database_url: str
) -> None:
    ledger = Ledger(database)
    for case_id in CASES:
        await ledger.set_limit(case_id, limit_fen=100, operator="at_most")
    async with database.begin() as connection:
        lock = "SELECT * FROM limits WHERE case_id = 'dw-a' FOR UPDATE"
        await connection.execute(text(lock))
        async with asyncio.timeout(2):
            assert (await ledger.hold(an_order(1, 100, "dw-b"))).held
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await ledger.hold(an_order(1, 100, "dw-a"))
    assert (await ledger.hold(an_order(1, 100, "dw-a"))).held


async def test_a_role_of_the_operator_s_gets_to_add_to_the_books_and_to_change_nothing(
    empty_database_url: str,
) -> None:
    """With a role of its own for the application, grants refuse before any trigger is asked."""
    engine = open_database(empty_database_url)
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {APP_ROLE}"))
        await connection.execute(text(f"GRANT {APP_ROLE} TO CURRENT_USER WITH SET TRUE"))
    try:
        migrate(empty_database_url)
        for statement, refused in (
            ("SELECT * FROM transfers", False),
            ("INSERT INTO limits VALUES ('dw-a', 1, 'at_most')", False),
            ("SELECT * FROM limits FOR UPDATE", False),
            ("DELETE FROM transfers", True),
            ("UPDATE timeline SET event = 'x'", True),
            ("TRUNCATE audit", True),
            ("DELETE FROM limits", True),
            ("UPDATE alembic_version SET version_num = 'x'", True),
        ):
            assert await _is_refused(engine, statement) is refused, statement
        async with engine.connect() as connection:
            beyond = await connection.scalars(text(_BEYOND_REACH), {"role": APP_ROLE})
            assert beyond.all() == []
    finally:
        async with engine.begin() as connection:
            await connection.execute(text(f"DROP OWNED BY {APP_ROLE}"))
            await connection.execute(text(f"DROP ROLE {APP_ROLE}"))
        await engine.dispose()


_BEYOND_REACH = """
    SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        AND NOT (has_table_privilege(CAST(:role AS name), schemaname || '.' || tablename, 'SELECT')
            AND has_table_privilege(CAST(:role AS name), schemaname || '.' || tablename, 'INSERT'))
    UNION ALL
    SELECT sequencename FROM pg_sequences
    WHERE schemaname = 'public'
        AND NOT has_sequence_privilege(
            CAST(:role AS name), schemaname || '.' || sequencename, 'USAGE')
"""
"""What door and worker could not write to; every table is one of theirs."""


async def _is_refused(engine: AsyncEngine, statement: str) -> bool:
    async with engine.connect() as connection:
        await connection.execute(text(f"SET LOCAL ROLE {APP_ROLE}"))
        try:
            await connection.execute(text(statement))
        except DBAPIError as failure:
            return "permission denied" in str(failure)
    return False
