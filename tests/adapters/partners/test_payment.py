"""Three outcomes of a payment: done, refused, unknown. And one payment, whatever happens."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from activities.ports.cases import (
    MovementConflict,
    PaymentOrder,
    PaymentOutcome,
    PaymentStatus,
    PayoutOrder,
)
from adapters.partners.line import PartnerLine
from adapters.partners.payment import PaymentNetwork
from domain.waiver import PaymentMode
from tests.adapters.partners.conftest import IMPATIENT, Scripted
from tests.adapters.partners.people import a_payment, a_payout
from tests.simulator_process import Listener, Simulator, free_port, wait_for

ATTEMPTS = 6


async def looked_up(payments: PaymentNetwork, order: PaymentOrder | PayoutOrder) -> PaymentOutcome:
    """What the partner says of an order."""
    return await payments.look_up(order.movement_id, amount_fen=order.amount_fen)


async def taken_back(payments: PaymentNetwork, order: PaymentOrder) -> PaymentOutcome:
    """What the partner says when a code is taken back."""
    return await payments.cancel(order.movement_id, amount_fen=order.amount_fen)


async def settled(payments: PaymentNetwork, order: PaymentOrder | PayoutOrder) -> PaymentOutcome:
    """Ask until the partner's word is final."""
    for _ in range(100):
        outcome = await looked_up(payments, order)
        if outcome.status in {PaymentStatus.PAID, PaymentStatus.REFUSED}:
            return outcome
        await asyncio.sleep(0.05)
    raise AssertionError("never settled")


@pytest.mark.parametrize("mode", [PaymentMode.HOSPITAL_ONLINE, PaymentMode.INHOUSE_SPECIALIST])
async def test_a_payment_is_done_with_its_receipt(
    payments: PaymentNetwork, simulator: Simulator, mode: PaymentMode
) -> None:
    order = a_payment(mode=mode)
    outcome = await payments.pay(order)
    assert outcome.status is PaymentStatus.PAID
    assert outcome.receipt_no == simulator.moved(order.movement_id)[0]["receipt_no"]
    assert await looked_up(payments, order) == outcome
    assert await payments.pay(order) == outcome


async def test_a_contracted_nurse_leaves_it_pending_and_then_paid(payments: PaymentNetwork) -> None:
    order = a_payment(mode=PaymentMode.CONTRACTED_NURSE)
    assert (await payments.pay(order)).status is PaymentStatus.PENDING
    assert (await settled(payments, order)).status is PaymentStatus.PAID


async def test_a_code_is_pending_with_its_address_until_scanned(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order = a_payment(mode=PaymentMode.QR_CODE)
    outcome = await payments.pay(order)
    assert outcome.status is PaymentStatus.PENDING
    assert outcome.code_url.startswith("http://")
    assert await looked_up(payments, order) == outcome
    simulator.http.post(f"/payment/v1/payments/{order.movement_id}/scan")
    assert (await looked_up(payments, order)).status is PaymentStatus.PAID


async def test_a_code_taken_back_is_never_paid_and_one_that_was_paid_stays_so(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order, paid = a_payment(mode=PaymentMode.QR_CODE), a_payment(mode=PaymentMode.QR_CODE)
    for one in (order, paid):
        await payments.pay(one)
    refused = PaymentOutcome(status=PaymentStatus.REFUSED, reason="cancelled")
    assert await taken_back(payments, order) == refused
    assert await taken_back(payments, order) == refused
    for one in (order, paid):
        simulator.http.post(f"/payment/v1/payments/{one.movement_id}/scan")
    assert simulator.moved(order.movement_id) == []
    assert (await taken_back(payments, paid)).status is PaymentStatus.PAID
    unknown = await payments.cancel("dw-nobody:deposit:1", amount_fen=1)
    assert unknown.status is PaymentStatus.NOT_FOUND


async def test_a_refusal_names_its_reason_and_is_final(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order = a_payment()
    simulator.switch_on("payment", "pay", "refuse")
    refused = PaymentOutcome(status=PaymentStatus.REFUSED, reason="refused_by_network")
    assert await payments.pay(order) == refused
    assert await looked_up(payments, order) == refused
    assert await payments.pay(order) == refused
    assert simulator.moved(order.movement_id) == []


@pytest.mark.parametrize(
    ("fault", "reason", "found"),
    [
        ("timeout_after_success", "ReadTimeout", PaymentStatus.PAID),
        ("garbage", "answer_is_no_json", PaymentStatus.PAID),
        ("error_first", "http_503", PaymentStatus.NOT_FOUND),
    ],
)
async def test_an_outcome_nobody_told_us_is_unknown_until_we_ask(
    payments: PaymentNetwork, simulator: Simulator, fault: str, reason: str, found: PaymentStatus
) -> None:
    order = a_payment()
    simulator.switch_on("payment", "pay", fault)
    assert await payments.pay(order) == PaymentOutcome(status=PaymentStatus.UNKNOWN, reason=reason)
    assert (await looked_up(payments, order)).status is found
    assert (await payments.pay(order)).status is PaymentStatus.PAID
    assert len(simulator.moved(order.movement_id)) == 1


async def test_a_slow_partner_is_unknown_first_and_paid_when_asked_later(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order = a_payment()
    simulator.switch_on("payment", "pay", "delay", seconds=0.8)
    assert (await payments.pay(order)).status is PaymentStatus.UNKNOWN
    assert (await settled(payments, order)).status is PaymentStatus.PAID
    assert len(simulator.moved(order.movement_id)) == 1


async def test_a_late_answer_is_pending_then_paid_and_reported(
    payments: PaymentNetwork, simulator: Simulator, listener: Listener
) -> None:
    order = a_payment()
    simulator.switch_on("payment", "pay", "answer_late", seconds=0.3)
    assert (await payments.pay(order)).status is PaymentStatus.PENDING
    assert (await looked_up(payments, order)).status is PaymentStatus.PENDING
    assert (await settled(payments, order)).status is PaymentStatus.PAID
    await asyncio.to_thread(wait_for, lambda: listener.about(order.movement_id))


async def test_an_answer_told_twice_pays_once(
    payments: PaymentNetwork, simulator: Simulator, listener: Listener
) -> None:
    order = a_payment()
    simulator.switch_on("payment", "pay", "answer_twice")
    assert (await payments.pay(order)).status is PaymentStatus.PAID
    await asyncio.to_thread(wait_for, lambda: len(listener.about(order.movement_id)) == 2)
    assert len(simulator.moved(order.movement_id)) == 1


@pytest.mark.parametrize("fault", ["timeout_after_success", "garbage", "error_first"])
async def test_a_look_up_that_fails_decides_nothing(
    payments: PaymentNetwork, simulator: Simulator, fault: str
) -> None:
    order = a_payment()
    await payments.pay(order)
    simulator.switch_on("payment", "query", fault)
    assert (await looked_up(payments, order)).status is PaymentStatus.UNKNOWN
    assert (await looked_up(payments, order)).status is PaymentStatus.PAID


async def test_the_same_movement_with_another_amount_is_a_named_failure(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order = a_payment()
    await payments.pay(order)
    with pytest.raises(MovementConflict):
        await payments.pay(order.model_copy(update={"amount_fen": 5_000_001}))
    assert len(simulator.moved(order.movement_id)) == 1


@pytest.mark.parametrize(
    "faults",
    list(
        itertools.product(
            ["timeout_after_success", "garbage", "error_first", "answer_late", "answer_twice"],
            repeat=2,
        )
    ),
    ids="-then-".join,
)
async def test_the_partners_books_hold_one_payment_after_any_mix_of_retries(
    payments: PaymentNetwork, simulator: Simulator, faults: tuple[str, ...]
) -> None:
    order = a_payment()
    for fault in faults:
        simulator.switch_on("payment", "pay", fault, seconds=0.45)
    for _ in faults:
        await asyncio.gather(payments.pay(order), looked_up(payments, order))
    assert (await payments.pay(order)).status in {PaymentStatus.PAID, PaymentStatus.PENDING}
    assert (await settled(payments, order)).status is PaymentStatus.PAID
    moved = simulator.moved(order.movement_id)
    assert [entry["amount"]["amount"] for entry in moved] == ["50000.00"]


async def test_many_attempts_at_once_pay_once(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order = a_payment()
    simulator.switch_on("payment", "pay", "timeout_after_success", times=2)
    outcomes = await asyncio.gather(*(payments.pay(order) for _ in range(ATTEMPTS)))
    assert sum(outcome.status is PaymentStatus.UNKNOWN for outcome in outcomes) == 2
    assert len(simulator.moved(order.movement_id)) == 1


@pytest.mark.parametrize("fault", ["timeout_after_success", "garbage", "error_first"])
async def test_a_payout_has_the_same_three_outcomes(
    payments: PaymentNetwork, simulator: Simulator, fault: str
) -> None:
    order = a_payout()
    simulator.switch_on("payment", "payout", fault)
    assert (await payments.pay_out(order)).status is PaymentStatus.UNKNOWN
    outcome = await payments.pay_out(order)
    assert outcome.status is PaymentStatus.PAID
    assert await looked_up(payments, order) == outcome
    assert [entry["kind"] for entry in simulator.moved(order.movement_id)] == ["payout"]


async def test_a_refused_payout_pays_nothing(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order = a_payout()
    simulator.switch_on("payment", "payout", "refuse")
    assert (await payments.pay_out(order)).status is PaymentStatus.REFUSED
    assert simulator.moved(order.movement_id) == []


async def test_nobody_at_the_address_means_nothing_left_the_house() -> None:
    async with PartnerLine(f"http://127.0.0.1:{free_port()}", patience=IMPATIENT) as line:
        payments = PaymentNetwork(line)
        for outcome in (await payments.pay(a_payment()), await looked_up(payments, a_payment())):
            assert outcome.status is PaymentStatus.UNREACHABLE


def _http(status: str, body: str, *headers: str) -> bytes:
    encoded = body.encode()
    head = [f"HTTP/1.1 {status}", f"content-length: {len(encoded)}", "connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode() + encoded


PAID = (
    '{"movement_id": "dw-a:deposit:1", "status": "paid", "receipt_no": "R1",'
    ' "amount": {"amount": "50000.00", "currency": "CNY"}}'
)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(b"", "RemoteProtocolError", id="hung up"),
        pytest.param(_http("200 OK", PAID)[:-20], "RemoteProtocolError", id="broken off"),
        pytest.param(b"\x00\x01 nonsense\r\n\r\n", "RemoteProtocolError", id="no HTTP"),
        pytest.param(_http("200 OK", "{"), "answer_is_no_json", id="broken JSON"),
        pytest.param(_http("200 OK", "[" * 100_000), "answer_is_no_json", id="deep JSON"),
        pytest.param(_http("200 OK", "[]"), "answer_is_no_object", id="a list"),
        pytest.param(_http("200 OK", "{}"), "answer_of_another_shape", id="another shape"),
        pytest.param(
            _http("200 OK", PAID.replace("deposit:1", "deposit:2")),
            "answer_about_something_else",
            id="another movement",
        ),
        pytest.param(
            _http("200 OK", PAID.replace("50000.00", "5000.00")),
            "answer_about_something_else",
            id="another amount",
        ),
        pytest.param(
            _http("200 OK", PAID.replace("CNY", "USD")),
            "answer_about_something_else",
            id="another currency",
        ),
        pytest.param(
            _http("202 Accepted", PAID), "answer_about_something_else", id="status contradicts"
        ),
        pytest.param(
            _http("200 OK", PAID.replace("R1", "")), "paid_without_receipt", id="no receipt"
        ),
        pytest.param(_http("200 OK", "x" * 300_000), "answer_too_long", id="too long"),
        pytest.param(_http("401 Unauthorized", "{}"), "http_401", id="not let in"),
        pytest.param(_http("299 Odd", "{}"), "http_299", id="odd status"),
        pytest.param(
            _http("307 Temporary Redirect", "{}", "location: http://127.0.0.1:1/"),
            "http_307",
            id="sent elsewhere",
        ),
        pytest.param(_http("500 Internal Server Error", PAID), "http_500", id="error with a yes"),
    ],
)
async def test_an_answer_that_cannot_be_believed_is_unknown(
    scripted: Scripted, said: bytes, reason: str
) -> None:
    order = a_payment(movement_id="dw-a:deposit:1")
    async with scripted(said) as url, PartnerLine(url, patience=IMPATIENT) as line:
        outcome = await PaymentNetwork(line).pay(order)
    assert outcome == PaymentOutcome(status=PaymentStatus.UNKNOWN, reason=reason)


@pytest.mark.parametrize("status", ["paid", "pending", "refused"])
async def test_a_movement_the_partner_has_with_another_amount_is_a_conflict(
    scripted: Scripted, status: str
) -> None:
    """Nobody paid what we ordered, and nothing of ours was refused: a person looks."""
    order = a_payment(movement_id="dw-a:deposit:1")
    said = _http("200 OK", PAID.replace("50000.00", "1.00").replace('"paid"', f'"{status}"'))
    async with scripted(said) as url, PartnerLine(url, patience=IMPATIENT) as line:
        for asked in (looked_up, taken_back):
            with pytest.raises(MovementConflict):
                await asked(PaymentNetwork(line), order)


async def test_the_believable_answer_the_others_differ_from_is_believed(scripted: Scripted) -> None:
    order = a_payment(movement_id="dw-a:deposit:1")
    async with scripted(_http("200 OK", PAID)) as url, PartnerLine(url) as line:
        outcome = await PaymentNetwork(line).pay(order)
    assert outcome == PaymentOutcome(status=PaymentStatus.PAID, receipt_no="R1")


@pytest.mark.parametrize("body", ["<html>404</html>", '{"code": "no_such_route"}'])
async def test_a_404_that_is_not_the_partners_own_finds_nothing_out(
    scripted: Scripted, body: str
) -> None:
    async with scripted(_http("404 Not Found", body)) as url, PartnerLine(url) as line:
        outcome = await looked_up(PaymentNetwork(line), a_payment())
    assert outcome.status is PaymentStatus.UNKNOWN


async def test_an_order_the_partner_calls_malformed_is_still_unknown(
    payments: PaymentNetwork, simulator: Simulator
) -> None:
    order = a_payment(hospital_id="")
    outcome = await payments.pay(order)
    assert outcome == PaymentOutcome(status=PaymentStatus.UNKNOWN, reason="http_400")
    assert (await looked_up(payments, order)).status is PaymentStatus.NOT_FOUND


async def test_too_many_requests_means_it_was_not_read(scripted: Scripted) -> None:
    async with scripted(_http("429 Too Many Requests", "")) as url, PartnerLine(url) as line:
        outcome = await PaymentNetwork(line).pay(a_payment())
    assert outcome.status is PaymentStatus.UNREACHABLE


async def test_a_reason_in_free_words_is_not_kept(scripted: Scripted) -> None:
    said = PAID.replace('"paid"', '"refused"').replace("R1", "")
    said = said.replace("{", '{"reason_code": "某甲甲 余额不足", ', 1)
    order = a_payment(movement_id="dw-a:deposit:1")
    async with scripted(_http("422 Unprocessable", said)) as url, PartnerLine(url) as line:
        outcome = await PaymentNetwork(line).pay(order)
    assert outcome == PaymentOutcome(status=PaymentStatus.REFUSED, reason="reason_not_a_code")
