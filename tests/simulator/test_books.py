"""The counterparties keep their word: once is once, also after a kill."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulator_process import Listener, Simulator, new_id, wait_for

AT = "2026-05-06T00:40:00+00:00"


def pay(simulator: Simulator, movement_id: str, **changed: Any) -> httpx.Response:
    body = {
        "movement_id": movement_id,
        "amount": {"amount": "50000.00", "currency": "CNY"},
        "mode": "hospital_online",
        "account": "H000001",
        **changed,
    }
    return simulator.http.post(
        "/payment/v1/payments", json=body, headers={"Idempotency-Key": movement_id}
    )


def refund(simulator: Simulator, movement_id: str, amount: str) -> httpx.Response:
    body = {
        "refund_id": new_id("refund"),
        "movement_id": movement_id,
        "amount": {"amount": amount, "currency": "CNY"},
    }
    return simulator.http.post("/payment/v1/refunds", json=body)


@pytest.mark.parametrize("mode", ["hospital_online", "inhouse_specialist"])
def test_two_modes_are_paid_at_once(simulator: Simulator, mode: str) -> None:
    answer = pay(simulator, new_id(), mode=mode)
    assert (answer.status_code, answer.json()["status"]) == (200, "paid")
    assert answer.json()["receipt_no"]


def test_a_contracted_nurse_pays_a_moment_later(simulator: Simulator, listener: Listener) -> None:
    movement_id = new_id()
    assert pay(simulator, movement_id, mode="contracted_nurse").status_code == 202
    wait_for(lambda: listener.about(movement_id))
    event = listener.about(movement_id)[0].event
    receipt = simulator.moved(movement_id)[0]["receipt_no"]
    assert event.pop("id").startswith("evt-")
    assert event == {
        "event": "payment_result",
        "movement_id": movement_id,
        "status": "paid",
        "amount": {"amount": "50000.00", "currency": "CNY"},
        "receipt_no": receipt,
        "reason_code": "",
    }


def test_a_code_is_paid_by_the_first_of_two_scans(simulator: Simulator, listener: Listener) -> None:
    movement_id = new_id()
    answer = pay(simulator, movement_id, mode="qr_code")
    assert answer.status_code == 202
    assert "50000.00" in simulator.http.get(answer.json()["code_url"]).text
    assert simulator.moved(movement_id) == []
    for _ in range(2):
        scanned = simulator.http.post(f"/payment/v1/payments/{movement_id}/scan")
        assert scanned.json()["status"] == "paid"
    assert len(simulator.moved(movement_id)) == 1
    wait_for(lambda: listener.about(movement_id))
    assert len(listener.about(movement_id)) == 1


def test_the_same_order_again_is_the_same_answer(simulator: Simulator) -> None:
    movement_id = new_id()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pay(simulator, movement_id).json(), range(16)))
    assert all(answer == answers[0] for answer in answers)
    assert len(simulator.moved(movement_id)) == 1


def test_another_body_under_the_same_id_changes_nothing(simulator: Simulator) -> None:
    movement_id = new_id()
    first = pay(simulator, movement_id).json()
    other = pay(simulator, movement_id, amount={"amount": "50000.01", "currency": "CNY"})
    assert (other.status_code, other.json()) == (409, {"code": "same_id_other_content"})
    assert simulator.http.get(f"/payment/v1/payments/{movement_id}").json() == first


def test_a_key_that_is_not_the_id_is_refused(simulator: Simulator) -> None:
    answer = simulator.http.post(
        "/payment/v1/payments",
        json={
            "movement_id": new_id(),
            "amount": {"amount": "1.00", "currency": "CNY"},
            "mode": "qr_code",
            "account": "H1",
        },
        headers={"Idempotency-Key": "another"},
    )
    assert (answer.status_code, answer.json()) == (400, {"code": "key_is_not_the_id"})


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": "0.00", "currency": "CNY"},
        {"amount": "10.00", "currency": "USD"},
        {"amount": "92233720368547758.08", "currency": "CNY"},
    ],
)
def test_an_amount_that_cannot_be_paid_is_refused(
    simulator: Simulator, amount: dict[str, str]
) -> None:
    answer = pay(simulator, new_id(), amount=amount)
    assert (answer.status_code, answer.json()["reason_code"]) == (422, "amount_not_payable")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", {"amount": "1.000", "currency": "CNY"}),
        ("amount", {"amount": 1.0, "currency": "CNY"}),
        ("mode", "cash"),
        ("diagnosis", "肺癌"),
    ],
)
def test_a_body_outside_the_contract_is_malformed_and_not_repeated(
    simulator: Simulator, field: str, value: object
) -> None:
    answer = pay(simulator, new_id(), **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert field in answer.json()["fields"][0]
    assert "肺癌" not in answer.text


def test_a_refund_never_exceeds_what_the_hospital_holds(
    simulator: Simulator, listener: Listener
) -> None:
    movement_id = new_id()
    pay(simulator, movement_id)
    assert refund(simulator, movement_id, "20000.00").status_code == 200
    assert refund(simulator, movement_id, "30000.01").json()["reason_code"] == "more_than_held"
    assert refund(simulator, movement_id, "30000.00").status_code == 200
    wait_for(lambda: len(listener.about(movement_id)) == 2)
    amounts = {callback.event["amount"]["amount"] for callback in listener.about(movement_id)}
    assert amounts == {"20000.00", "30000.00"}


def test_the_statement_follows_the_shanghai_day_of_the_story(simulator: Simulator) -> None:
    movement_id = new_id()
    evening = datetime(2026, 5, 8, 16, 30, tzinfo=UTC)  # half past midnight on 9 May in Shanghai
    simulator.http.put("/clock", json={"now": evening.isoformat()}).raise_for_status()
    pay(simulator, movement_id)
    for day, expected in (("2026-05-08", 0), ("2026-05-09", 1)):
        entries = simulator.http.get("/payment/v1/statement", params={"day": day}).json()["entries"]
        assert len([e for e in entries if e["movement_id"] == movement_id]) == expected


def test_books_survive_a_kill(tmp_path: Path, listener: Listener) -> None:
    simulator = Simulator(state_file=tmp_path / "books.sqlite3", callback_base=listener.url)
    simulator.start()
    paid, late, code = new_id(), new_id(), new_id()
    first = pay(simulator, paid).json()
    simulator.switch_on("payment", "pay", "answer_late", seconds=1.5)
    assert pay(simulator, late).status_code == 202
    pay(simulator, code, mode="qr_code")
    simulator.kill()
    simulator.start()
    try:
        assert pay(simulator, paid).json() == first
        assert len(simulator.moved(paid)) == 1
        wait_for(lambda: listener.about(late))
        assert len(simulator.moved(late)) == 1
        assert simulator.http.post(f"/payment/v1/payments/{code}/scan").json()["status"] == "paid"
    finally:
        simulator.stop()


def test_a_claim_is_decided_once(simulator: Simulator, listener: Listener) -> None:
    claim_id = new_id("claim")
    amount = {"amount": "500000.00", "currency": "CNY"}
    claim = {
        "claim_id": claim_id,
        "policy_ref": "P-1",
        "hospital": "H000001",
        "bill": amount,
        "advanced": amount,
        "document_ids": ["doc-1"],
        "filed_at": AT,
    }
    path = f"/claims/v1/claims/{claim_id}/decision"
    approved = {"decision": "approved", "payable": amount, "reason_code": ""}
    assert simulator.http.post(path, json=approved).status_code == 404
    filed = simulator.http.post(
        "/claims/v1/claims", json=claim, headers={"Idempotency-Key": claim_id}
    )
    assert filed.json()["status"] == "received"
    assert simulator.http.post(path, json={**approved, "decision": "denied"}).status_code == 400
    for _ in range(2):
        assert simulator.http.post(path, json=approved).json()["status"] == "decided"
    nothing = {"amount": "0.00", "currency": "CNY"}
    denied = {"decision": "denied", "payable": nothing}
    assert simulator.http.post(path, json=denied).status_code == 409
    wait_for(lambda: listener.about(claim_id))
    event = listener.about(claim_id)[0].event
    assert {k: event[k] for k in ("event", "decision", "payable")} == {
        "event": "claim_decided",
        "decision": "approved",
        "payable": amount,
    }
    assert len(listener.about(claim_id)) == 1


def test_an_operation_a_partner_does_not_have_cannot_fail(simulator: Simulator) -> None:
    switch = {"partner": "nurse", "operation": "pay", "fault": "refuse"}
    assert simulator.http.post("/faults", json=switch).status_code == 400


def test_every_route_of_the_contract_is_on_its_page(simulator: Simulator) -> None:
    page = (Path(__file__).parents[2] / "docs" / "partners.md").read_text(encoding="utf-8")
    paths = simulator.http.get("/openapi.json").json()["paths"]
    named = re.compile(r"^/[a-z]+/v1")
    for path in paths:
        short = re.sub(r"\{\w+\}", "{id}", named.sub("", path))
        if short in {"/healthz", "/payments/{id}/code"}:
            continue
        assert short in re.sub(r"\{\w+_id\}", "{id}", page), json.dumps(path)
