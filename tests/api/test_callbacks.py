"""Partners' results: believed only when signed, counted only when they are ours, done once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import insert, text

from adapters.tables import payments
from api.delivery import sweep
from tests.api.conftest import House, nothing_written
from tests.api.test_bad_input import problem


def signed(secret: str, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = str(int(at.timestamp()))
    digest = hmac.new(key, f"{event_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/json",
    }


async def call(
    house: House,
    event: dict[str, Any],
    *,
    partner: str = "payment",
    event_id: str = "evt-1",
    secret: str | None = None,
    at: datetime | None = None,
) -> httpx.Response:
    body = json.dumps(event).encode()
    headers = signed(
        secret or house.settings.simulator_secret, event_id, body, at or datetime.now(UTC)
    )
    return await house.client.post(f"/v1/callbacks/{partner}", content=body, headers=headers)


async def waiting(house: House) -> int:
    return await house.rows("inbox WHERE signalled_at IS NULL")


async def a_payment(house: House) -> tuple[str, dict[str, Any]]:
    """A case with an ordered payment of 50,000.00, and the partner's word on it."""
    case_id = (await house.report()).json()["case_id"]
    movement = f"{case_id}:deposit:1"
    async with house.database.begin() as connection:
        await connection.execute(
            insert(payments).values(
                movement_id=movement,
                case_id=case_id,
                reason="deposit",
                amount_fen=5_000_000,
                mode="hospital_online",
                status="pending",
                ordered_at=house.clock(),
            )
        )
    event = {
        "event": "payment_result",
        "movement_id": movement,
        "status": "paid",
        "amount": {"amount": "50000.00", "currency": "CNY"},
        "receipt_no": "R-1",
        "reason_code": "",
    }
    return case_id, event


async def test_a_signed_result_reaches_its_case_once(worked: House) -> None:
    case_id, event = await a_payment(worked)
    first = await call(worked, event)
    assert first.status_code == 200, first.text
    assert first.json()["state"] == "delivered"
    assert (await call(worked, event)).status_code == 200
    assert await worked.rows("inbox") == 1
    history = await worked.temporal.get_workflow_handle(case_id).fetch_history()
    signals = [
        one
        for one in history.events
        if one.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert len(signals) == 1


async def test_a_wrong_signature_is_401_and_writes_nothing(house: House) -> None:
    _, event = await a_payment(house)
    before = await nothing_written(house)
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    problem(await call(house, event, secret=other), 401, "signature-refused")
    stale = datetime.now(UTC) - timedelta(minutes=6)
    problem(await call(house, event, at=stale), 401, "signature-refused")
    unsigned = await house.client.post("/v1/callbacks/payment", json=event)
    problem(unsigned, 401, "signature-refused")
    assert await nothing_written(house) == before


async def test_a_wrong_amount_or_currency_is_422_and_only_audited(house: House) -> None:
    _, event = await a_payment(house)
    before = await nothing_written(house)
    less = event | {"amount": {"amount": "49999.99", "currency": "CNY"}}
    problem(await call(house, less), 422, "amount-mismatch", "amount")
    dollars = event | {"amount": {"amount": "50000.00", "currency": "USD"}}
    said = problem(await call(house, dollars), 422, "invalid")
    assert said["errors"][0]["field"].endswith("currency")
    huge = event | {"amount": {"amount": "99999999999999999.99", "currency": "CNY"}}
    assert (await call(house, huge)).status_code == 422
    assert await nothing_written(house) == before
    async with house.database.connect() as connection:
        rows = await connection.execute(text("SELECT action FROM audit"))
        assert "callback.refused" in [row[0] for row in rows]
    assert (await call(house, event)).status_code in (200, 202)


async def test_a_partner_reports_only_what_is_its_own(house: House) -> None:
    _, event = await a_payment(house)
    problem(await call(house, event, partner="claims"), 403, "forbidden")


async def test_an_unknown_movement_waits_in_the_inbox_until_it_is_ours(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    event = {
        "event": "payment_result",
        "movement_id": f"{case_id}:deposit:9",
        "status": "refused",
        "amount": {"amount": "1.00", "currency": "CNY"},
    }
    kept = await call(worked, event)
    assert kept.status_code == 202
    assert kept.json()["state"] == "stored"
    assert await worked.rows("inbox") == 1
    worked.clock.move(seconds=10)
    await sweep(worked.app.state.door)
    assert await waiting(worked) == 1
    async with worked.database.begin() as connection:
        await connection.execute(
            insert(payments).values(
                movement_id=event["movement_id"],
                case_id=case_id,
                reason="top_up",
                amount_fen=100,
                status="pending",
                ordered_at=worked.clock(),
            )
        )
    worked.clock.move(seconds=10)
    await sweep(worked.app.state.door)
    assert await waiting(worked) == 0
    assert (await call(worked, event)).json()["state"] == "delivered"


async def test_garbage_with_a_good_signature_is_refused(house: House) -> None:
    for event in (
        {},
        {"event": "no_such"},
        {"event": "claim_decided", "claim_id": "x" * 5000},
        {"event": "message_delivered", "message_id": "a\x00b", "status": "delivered"},
    ):
        for partner in ("payment", "claims", "message", "nurse"):
            answer = await call(house, event, partner=partner)
            assert answer.status_code in (403, 422), answer.text
    unknown = await house.client.post("/v1/callbacks/nobody", json={})
    assert unknown.status_code == 422
    assert await house.rows("inbox") == 0


async def test_a_message_report_updates_the_notice_and_needs_no_signal(house: House) -> None:
    event = {"event": "message_delivered", "message_id": "n-1", "status": "delivered"}
    answer = await call(house, event, partner="message")
    assert answer.status_code == 200, answer.text
