"""Partners' results: believed only when signed, counted only when they are ours, done once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import insert, text

from activities.ports.cases import Delivery, NoticeRecord
from adapters.books.casebook import Casebook
from adapters.tables.cases import payments
from api.letters.delivery import sweep
from api.letters.events import EVENTS
from tests.api.conftest import PERSON, PHONE, House, nothing_written
from tests.api.test_bad_input import problem
from tests.api.test_reporting import open_task


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
    refused = "SELECT subject FROM audit WHERE action = 'callback.refused' ORDER BY seq"
    movement = event["movement_id"]
    assert await rows_of(house, refused) == [
        f"amount-mismatch:{movement}", f"invalid:{movement}", f"invalid:{movement}"
    ]  # fmt: skip
    assert (await call(house, event)).status_code in (200, 202)


async def test_an_event_id_with_another_content_is_409_and_waits_for_a_person(
    house: House,
) -> None:
    _, event = await a_payment(house)
    assert (await call(house, event)).status_code in (200, 202)
    other = event | {"amount": {"amount": "49999.99", "currency": "CNY"}}
    for _ in range(2):
        problem(await call(house, other), 409, "event-id-reused")
    told = await house.get("/v1/reports/letters", "supervisor")
    [letter] = [one for one in told.json()["items"] if one["why"] == "contradicted"]
    assert (letter["subject"], letter["amount"]) == (event["movement_id"], other["amount"])
    house.clock.move(hours=1)
    await sweep(house.app.state.door)
    contradicted = "SELECT outcome FROM inbox WHERE event_id <> 'evt-1'"
    assert await rows_of(house, contradicted) == ["contradicted"]


async def test_of_two_contents_that_come_at_once_under_one_id_one_counts(house: House) -> None:
    case_id, _ = await a_payment(house)
    claims = [
        {"event": "claim_decided", "claim_id": f"{case_id}:claim", "decision": "approved"}
        | {"payable": {"amount": f"{amount}.00", "currency": "CNY"}}
        for amount in range(1, 5)
    ]
    answers = await asyncio.gather(*(call(house, one, partner="claims") for one in claims))
    assert sorted(answer.status_code for answer in answers)[1:] == [409, 409, 409]
    assert await house.rows("inbox WHERE outcome = 'contradicted'") == 3


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


DELIVERED = {"event": "message_delivered", "message_id": "n-1", "status": "delivered"}


async def a_notice(house: House, case_id: str, delivery: Delivery) -> None:
    record = NoticeRecord(
        notice_id="n-1",
        case_id=case_id,
        template="t",
        channel="sms",
        text="已安排",
        sent_at=house.clock(),
        delivery=delivery,
    )
    await Casebook(house.database, house.sealer, clock=house.clock).note_notices([record])


async def deliveries(house: House) -> list[str]:
    async with house.database.connect() as connection:
        return [row[0] for row in await connection.execute(text("SELECT delivery FROM notices"))]


async def rows_of(house: House, query: str) -> list[str]:
    async with house.database.connect() as connection:
        return [row[0] for row in await connection.execute(text(query))]


async def outcomes(house: House) -> list[str]:
    async with house.database.connect() as connection:
        return [row[0] for row in await connection.execute(text("SELECT outcome FROM inbox"))]


async def test_a_message_report_updates_the_notice_and_needs_no_signal(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    await a_notice(house, case_id, Delivery.UNKNOWN)
    answer = await call(house, DELIVERED, partner="message")
    assert answer.status_code == 200, answer.text
    assert await deliveries(house) == ["delivered"]


async def test_a_message_report_that_overtakes_its_notice_waits_for_it(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    assert (await call(house, DELIVERED, partner="message")).status_code == 202
    await a_notice(house, case_id, Delivery.UNKNOWN)
    house.clock.move(seconds=10)
    await sweep(house.app.state.door)
    assert await deliveries(house) == ["delivered"]
    assert await waiting(house) == 0
    await a_notice(house, case_id, Delivery.UNKNOWN)
    assert await deliveries(house) == ["delivered"], "a late answer of ours undoes nothing"


async def test_a_letter_is_never_too_old_and_unmatched_ones_leave_room(worked: House) -> None:
    case_id, event = await a_payment(worked)
    for n in range(3):
        lost = event | {"movement_id": f"{case_id}:deposit:{n + 5}"}
        assert (await call(worked, lost, event_id=f"lost-{n}")).status_code == 202
    assert (await call(worked, event | {"movement_id": f"{case_id}:deposit:4"})).status_code == 202
    door = worked.app.state.door
    for _ in range(4):
        worked.clock.move(seconds=60)
        await sweep(door)
    async with worked.database.begin() as connection:
        await connection.execute(
            text("UPDATE payments SET movement_id = :id"), {"id": f"{case_id}:deposit:4"}
        )
    worked.clock.move(days=30)
    async with door.books.unit() as unit:
        turn = await unit.inbox.waiting(until=worked.clock(), now=worked.clock(), limit=100)
        assert len(turn) == 4
        assert {letter.tries for letter in turn} >= {5}
    await sweep(door)
    assert await waiting(worked) == 3
    async with door.books.unit() as unit:
        now = await unit.inbox.waiting(until=worked.clock(), now=worked.clock(), limit=100)
    assert now == [], "what fits nothing waits for a later turn"


async def test_money_for_an_ended_case_stays_open_and_finance_sees_it(worked: House) -> None:
    case_id, event = await a_payment(worked)
    path = f"/v1/deposit-waivers/{case_id}"
    await worked.post(f"{path}/withdrawal", {"reason": "x"}, role="customer")
    for _ in range(100):
        if (await worked.get(path)).json()["stage"] == "cancelled":
            break
        await asyncio.sleep(0.1)
    for _ in range(50):
        answer = await call(worked, event)
        if (await outcomes(worked)) == ["case_ended"]:
            break
        await asyncio.sleep(0.1)
        async with worked.database.begin() as connection:
            await connection.execute(text("DELETE FROM inbox"))
    assert answer.status_code == 202, answer.text
    assert await waiting(worked) == 1
    told = await worked.get("/v1/reports/letters", "finance")
    assert told.status_code == 200, told.text
    [letter] = told.json()["items"]
    assert letter["why"] == "case_ended"
    assert letter["subject"] == event["movement_id"]
    assert letter["amount"] == event["amount"]
    problem(await worked.get("/v1/reports/letters", "agent"), 403, "forbidden")
    measured = (await worked.client.get("/metrics")).text
    assert 'greenlane_inbox_left_open{kind="payment_result",why="case_ended"} 1.0' in measured
    worked.clock.move(days=3)
    assert await sweep(worked.app.state.door) == 0
    assert await waiting(worked) == 1
    close = f"/v1/reports/letters/payment/{letter['event_id']}/close"
    why = {"reason": "款项已由医院退回"}
    problem(await worked.post(close, why, role="supervisor"), 403, "forbidden")
    problem(await worked.post(close, {"reason": " "}, role="finance"), 422, "invalid", "reason")
    assert (await worked.post(close, why, role="finance", key="k-1")).status_code == 200
    again = await worked.post(close, why, role="finance", key="k-1")
    assert again.headers["idempotent-replay"] == "true"
    problem(await worked.post(close, why, role="finance"), 409, "letter-not-open")
    nothing = "/v1/reports/letters/payment/evt%2Fnone/close"
    problem(await worked.post(nothing, why, role="finance"), 404, "not-found")
    assert (await worked.get("/v1/reports/letters", "finance")).json()["items"] == []
    shown = await worked.get("/v1/reports/letters", "auditor", params={"state": "closed"})
    [closed] = shown.json()["items"]
    assert (closed["closed_by"], closed["reason"]) == ("finance-1", why["reason"])
    assert await rows_of(worked, "SELECT actor_id FROM audit WHERE action = 'letter.closed'") == [
        "finance-1"
    ]


async def test_paid_without_a_receipt_is_not_believed(house: House) -> None:
    _, event = await a_payment(house)
    problem(await call(house, event | {"receipt_no": ""}), 422, "invalid")
    assert await house.rows("inbox") == 0


async def test_numbers_and_reasons_that_could_name_a_person_are_not_kept(house: House) -> None:
    read = EVENTS.validate_python
    _, event = await a_payment(house)
    named = read(event | {"receipt_no": PHONE, "reason_code": "110101199003070732"})
    assert named.model_dump()["receipt_no"] == "withheld"
    assert named.model_dump()["reason_code"] == "reason_not_a_code"
    visit = {"event": "visit_accepted", "visit_id": "v", "nurse_id": PERSON}
    assert read(visit).model_dump()["nurse_id"] == "withheld"
    kept = read(event | {"receipt_no": "DE20260622-000017", "reason_code": "limit_exceeded"})
    assert kept.model_dump()["receipt_no"] == "DE20260622-000017"
    assert kept.model_dump()["reason_code"] == "limit_exceeded"


async def test_that_no_nurse_comes_reaches_a_supervisor(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    event = {
        "event": "visit_accepted",
        "visit_id": f"{case_id}:visit:1",
        "accepted": False,
        "reason_code": "nobody_free",
    }
    assert (await call(worked, event, partner="nurse")).status_code == 200
    task = await open_task(worked, case_id, "breach")
    assert "nobody_free" in task["subject"]


FAILED = DELIVERED | {"status": "failed"}


async def test_a_message_that_did_not_arrive_after_all_becomes_one_phone_call(
    worked: House,
) -> None:
    case_id = (await worked.report()).json()["case_id"]
    await a_notice(worked, case_id, Delivery.DELIVERED)
    first = await call(worked, FAILED, partner="message")
    assert first.json()["state"] == "delivered", first.text
    rows = await rows_of(worked, "SELECT delivery FROM notices WHERE notice_id = 'n-1'")
    assert rows == ["failed"]
    task = await open_task(worked, case_id, "phone_customer")
    assert task["subject"] == "t"
    await call(worked, FAILED, partner="message", event_id="evt-2")
    seen = (await worked.get(f"/v1/deposit-waivers/{case_id}")).json()
    assert [one["kind"] for one in seen["tasks"]].count("phone_customer") == 1
    [told] = [one for one in seen["notices"] if one["template"] == "t"]
    assert told["delivery_name"] == "未送达"


async def test_a_message_of_an_ended_case_that_did_not_arrive_stays_open(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    await a_notice(house, case_id, Delivery.DELIVERED)
    await house.temporal.get_workflow_handle(case_id).terminate("ended")
    async with house.database.begin() as connection:
        await connection.execute(text("UPDATE cases SET stage = 'closed'"))
    assert (await call(house, FAILED, partner="message")).status_code == 202
    assert await outcomes(house) == ["case_ended"]
    [letter] = (await house.get("/v1/reports/letters", "supervisor")).json()["items"]
    assert (letter["kind"], letter["subject"]) == ("message_delivered", "n-1")
