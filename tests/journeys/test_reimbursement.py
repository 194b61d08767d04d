"""A journey paid back over HTTP (P18): papers by courier, read, paid once, and reconciled."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from adapters.temporal.connection import connect
from demo.house import Guest, House
from demo.people import PICTURE, Refused, until, yuan
from domain.calendar import civil_date
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import all_zero, moved
from workflows.messages.reconciliation import DayReconciled, ReconcileDay
from workflows.messages.workflow_types import RECONCILIATION_TYPE

pytestmark = pytest.mark.timeout(240)

BEGINS = "2026-09-24 10:00"
PATIENT = Guest(
    programme="xintai_million_guard",
    policy="million_guard_ci,500000.00,0.00,professional_intermediary,2019-01-01,2099-12-31",
)
TICKET, NIGHT = 55_350, 48_000


async def _requested(house: House) -> str:
    body = {
        "programme": house.guest.programme,
        "service": "travel_expense_reimbursement",
        "insured": {
            "name": "客户某甲",
            "id_type": "resident_id",
            "id_number": house.id_number,
            "phone": "13800138000",
        },
        "need": "赴上海就诊的路费",
        "channel": "hotline",
        "declared": {"diagnosis": "suspected", "for_insured_self": True},
        "consent": {"given": True, "at": house.at(BEGINS).isoformat(), "version": "v2026_01"},
        "customer_id": house.customer.subject,
    }
    return str((await house.agent.do("/v1/bookings", body))["booking_id"])


async def _seen(house: House, booking_id: str) -> dict[str, Any]:
    return await house.supervisor.see(f"/v1/bookings/{booking_id}")


async def _upload(house: House, booking_id: str, kind: str) -> None:
    answer = await house.agent.http.post(
        f"/v1/bookings/{booking_id}/documents",
        data={"kind": kind},
        files={"file": (f"{kind}.png", PICTURE + kind.encode(), "image/png")},
        headers={"Idempotency-Key": secrets.token_urlsafe(16)},
    )
    assert answer.status_code == 201, answer.text


def _expense(house: House, kind: str, fen: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "number": f"N-{fen}",
        "on": civil_date(house.at("2026-09-22 12:00")).isoformat(),
        "names_insured": True,
        "amount": yuan(fen),
        "granted": yuan(fen),
    } | more


async def _brought(house: House, booking_id: str) -> None:
    """The courier fetches the papers and says so by signed callbacks."""
    parcel = f"{booking_id}.parcel.1"

    async def stands() -> bool:
        return (await house.partners.get(f"/courier/v1/parcels/{parcel}")).is_success

    await until(stands, "the parcel at the courier")
    for status in ("on_the_way", "delivered"):
        told = await house.partners.post(
            f"/courier/v1/parcels/{parcel}/words", json={"status": status}
        )
        assert told.status_code == 200, told.text

    async def delivered() -> bool:
        lines = (await _seen(house, booking_id))["timeline"]
        return any("已送达" in line["text"] for line in lines)

    await until(delivered, "the courier's word")
    (order,) = [
        one["body"] for one in (await house.partners.get("/received")).json() if one["id"] == parcel
    ]
    left = json.dumps(order, ensure_ascii=False)
    assert not [word for word in ("客户某甲", house.id_number, "就诊") if word in left]


async def _reconciled(house: House) -> DayReconciled:
    client = await connect(house.settings)
    told: DayReconciled = await client.execute_workflow(
        RECONCILIATION_TYPE,
        ReconcileDay(day=civil_date(house.at(BEGINS))),
        id=f"reconciliation-{house.settings.task_queue}",
        task_queue=house.settings.task_queue,
        result_type=DayReconciled,
    )
    return told


async def test_named_papers_are_paid_back_once_and_the_day_reconciles(house_of: HouseOf) -> None:
    async with house_of(BEGINS, PATIENT) as house:
        booking_id = await _requested(house)
        await house.agent.complete(booking_id, "take_request", identity_verified=True, need="路费")
        assert (await _seen(house, booking_id))["outcome"] == "needs_person"
        await house.reviewer.complete(booking_id, "review_booking", approved=True)
        await house.agent.complete(booking_id, "tell_result", told_by="phone")
        await _brought(house, booking_id)
        for kind in ("travel_ticket", "lodging_invoice"):
            await _upload(house, booking_id, kind)
        await house.agent.complete(booking_id, "receive_papers", complete=True)
        night = _expense(house, "lodging_invoice", NIGHT)
        day = night["on"]
        papers = {
            "expenses": [_expense(house, "travel_ticket", TICKET), night],
            "treated_from": day,
            "treated_until": day,
        }
        unnamed = _expense(house, "travel_ticket", TICKET, names_insured=False)
        with pytest.raises(Refused, match="没有被保险人姓名"):
            await house.reviewer.complete(
                booking_id, "examine_expenses", **papers | {"expenses": [unnamed]}
            )
        await house.reviewer.complete(booking_id, "examine_expenses", **papers)
        fault = {"partner": "payment", "operation": "payout", "fault": "garbage"}
        await house.partners.post("/faults", json=fault)
        await house.finance.complete(booking_id, "confirm_payee", is_insured=True)
        await house.go_to("2026-09-24 10:05")

        async def closed() -> dict[str, Any] | None:
            seen = await _seen(house, booking_id)
            return seen if seen["stage"] == "closed" else None

        seen = await until(closed, "the end")
        (payment,) = seen["payments"]
        movement = f"{booking_id}:payout"
        assert (payment["movement_id"], payment["status"]) == (movement, "paid")
        ledger = await house.finance.see(f"/v1/bookings/{booking_id}/ledger")
        assert all_zero(ledger)
        assert moved(ledger) == [
            (reason, TICKET + NIGHT) for reason in ("claim_money", "residual", "payout")
        ]
        told = await _reconciled(house)
        assert (told.lines, told.found) == (1, 0)
