"""The partner's statement is believed only as signed, for its day; each falsification is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from adapters.books.reconciliation import PartnerStatements
from adapters.partners.line import NoBelievableAnswer, PartnerLine, Unreachable
from adapters.partners.payment import PaymentNetwork
from domain.calendar import civil_date
from domain.reconciliation import Line
from tests.adapters.partners.conftest import IMPATIENT, Scripted
from tests.adapters.partners.people import a_payment
from tests.simulator_process import SECRET, Simulator, free_port


@pytest.fixture
async def statements(simulator: Simulator) -> AsyncIterator[PartnerStatements]:
    async with PartnerLine(f"{simulator.url}/payment/v1", patience=IMPATIENT) as line:
        yield PartnerStatements(line, secret=SECRET)
    simulator.http.delete("/statement/falsifications")


def today() -> date:
    return civil_date(datetime.now(UTC))


async def told(statements: PartnerStatements, movement_id: str) -> list[Line]:
    return [line for line in await statements.of_day(today()) if line.movement_id == movement_id]


def falsify(simulator: Simulator, kind: str, movement_id: str, **more: Any) -> None:
    lie = {"day": today().isoformat(), "kind": kind, "movement_id": movement_id, **more}
    simulator.http.post("/statement/falsifications", json=lie).raise_for_status()


async def test_a_statement_tells_what_was_paid_with_its_receipt(
    statements: PartnerStatements, payments: PaymentNetwork
) -> None:
    order = a_payment()
    paid = await payments.pay(order)
    (line,) = await told(statements, order.movement_id)
    assert (line.kind, line.amount_fen, line.done) == ("payment", order.amount_fen, True)
    assert line.receipt_no == paid.receipt_no
    assert await statements.of_day(today() - timedelta(days=400)) == []


async def test_a_falsified_statement_says_something_else_than_the_books(
    statements: PartnerStatements, payments: PaymentNetwork, simulator: Simulator
) -> None:
    missing, other, reversed_ = a_payment(), a_payment(), a_payment()
    for order in (missing, other, reversed_):
        await payments.pay(order)
    falsify(simulator, "missing", missing.movement_id)
    falsify(
        simulator,
        "other_amount",
        other.movement_id,
        amount={"amount": "0.01", "currency": "CNY"},
    )
    falsify(simulator, "other_status", reversed_.movement_id)
    falsify(simulator, "extra", "dw-x:deposit:9", amount={"amount": "1.00", "currency": "CNY"})
    assert await told(statements, missing.movement_id) == []
    assert [line.amount_fen for line in await told(statements, other.movement_id)] == [1]
    (line,) = await told(statements, reversed_.movement_id)
    assert (line.done, line.status) == (False, "reversed")
    assert [line.amount_fen for line in await told(statements, "dw-x:deposit:9")] == [100]
    simulator.http.delete("/statement/falsifications")
    assert len(await told(statements, missing.movement_id)) == 1


async def test_a_statement_under_another_secret_is_none(simulator: Simulator) -> None:
    async with PartnerLine(f"{simulator.url}/payment/v1", patience=IMPATIENT) as line:
        other = PartnerStatements(line, secret="whsec_" + "b3RoZXI=")
        with pytest.raises(NoBelievableAnswer, match="signature_wrong"):
            await other.of_day(today())


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("refuse", "http_404"),
        ("error_first", "http_503"),
        ("garbage", "answer_is_no_json"),
        ("timeout_after_success", "ReadTimeout"),
    ],
)
async def test_a_partner_that_misbehaves_gives_no_statement(
    statements: PartnerStatements, simulator: Simulator, fault: str, why: str
) -> None:
    simulator.switch_on("payment", "statement", fault)
    with pytest.raises(NoBelievableAnswer, match=why):
        await statements.of_day(today())
    await statements.of_day(today())


async def test_an_unsigned_answer_and_a_partner_that_is_away_give_no_statement(
    scripted: Scripted,
) -> None:
    body = b'{"day": "2026-05-06", "entries": []}'
    said = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    async with scripted(said) as url, PartnerLine(url, patience=IMPATIENT) as line:
        with pytest.raises(NoBelievableAnswer, match="signature_missing"):
            await PartnerStatements(line, secret=SECRET).of_day(date(2026, 5, 6))
    nobody = f"http://127.0.0.1:{free_port()}"
    async with PartnerLine(nobody, patience=IMPATIENT) as line:
        with pytest.raises(Unreachable):
            await PartnerStatements(line, secret=SECRET).of_day(date(2026, 5, 6))
