"""An expert by phone over HTTP (P02): by roster in vain, then at once; every partner is real."""

from __future__ import annotations

from typing import Any

import pytest

from demo.house import Guest, House
from demo.people import Refused, until
from demo.story_p02 import GUEST
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import promises_are

pytestmark = pytest.mark.timeout(240)

BEGINS = "2026-06-17 09:00"
PATIENT = Guest(programme=GUEST.programme, policy=GUEST.policy)
STEWARDS = "13900000000"
PROMISES = {
    "G14.1": ("2026-06-18 15:15", "2026-06-18 15:10"),
    "G11.1": ("2026-06-18 15:25", "2026-06-18 15:15"),
}


async def _publish(house: House) -> None:
    """The provider's planner writes tomorrow's roster of two doctors."""
    slots = [
        {
            "slot_id": f"slot-{number}",
            "department": "心内科",
            "doctor": f"doctor-{number}",
            "doctor_level": "chief",
            "hospital_rank": 12,
            "starts_at": house.at("2026-06-18 15:00").isoformat(),
            "ends_at": house.at("2026-06-18 15:15").isoformat(),
        }
        for number in (0, 1)
    ]
    body = {"publication_id": "roster-1", "programme": PATIENT.programme, "slots": slots}
    await _told(house, "/roster/v1/publications", "roster-1", body)


async def _dial(house: House, booking_id: str, call_id: str, caller: str) -> None:
    """Somebody dials the customer from the telephone system."""
    body = {"call_id": call_id, "booking_id": booking_id, "caller": caller, "number": "13800138000"}
    await _told(house, "/telephone/v1/calls", call_id, body)


async def _told(house: House, path: str, key: str, body: dict[str, Any]) -> None:
    answer = await house.partners.post(path, json=body, headers={"Idempotency-Key": key})
    answer.raise_for_status()


async def _requested(house: House, service: str) -> str:
    body = {
        "programme": house.guest.programme,
        "service": service,
        "insured": {
            "name": "客户某甲",
            "id_type": "resident_id",
            "id_number": house.id_number,
            "phone": "13800138000",
        },
        "need": "心悸, 想请专家看报告",
        "channel": "hotline",
        "consent": {"given": True, "at": house.at(BEGINS).isoformat(), "version": "v2026_01"},
        "customer_id": house.customer.subject,
    }
    booking_id = str((await house.agent.do("/v1/bookings", body))["booking_id"])
    await house.agent.complete(booking_id, "take_request", identity_verified=True, need="心悸")
    return booking_id


async def _staged(house: House, booking_id: str, stage: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any] | None:
        seen = await house.supervisor.see(f"/v1/bookings/{booking_id}")
        return seen if seen["stage"] == stage else None

    seen: dict[str, Any] = await until(reached, stage)
    return seen


async def _messages(house: House, template: str) -> list[dict[str, Any]]:
    received = (await house.partners.get("/received")).json()
    bodies = [one["body"] for one in received if one["kind"] == "message"]
    return [body for body in bodies if body["template"] == template]


async def test_an_expert_reaches_nobody_at_the_slot_and_the_customer_at_once(
    house_of: HouseOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENLANE_STEWARD_PHONE", STEWARDS)
    async with house_of(BEGINS, PATIENT) as house:
        await house.fault("roster", "publish", "answer_twice")
        await _publish(house)
        booking_id = await _requested(house, "expert_phone_appointment")
        await _in_vain(house, booking_id)
        direct = await _requested(house, "expert_phone_direct")
        await until(lambda: _messages(house, "booking_order_placed"), "the order's message")
        await house.fault("telephone", "call", "answer_twice")
        await _dial(house, direct, "call-9", "doctor")
        await house.customer.complete(direct, "rate_service", satisfaction=5)
        seen = await _staged(house, direct, "closed")
        promises_are(house, seen, PROMISES)
        assert seen["unit"] == "consumed"


async def _in_vain(house: House, booking_id: str) -> None:
    """A slot of tomorrow; the steward's and the doctor's calls fail; the unit comes back."""
    slots = f"/v1/bookings/{booking_id}/slots"

    async def listed() -> list[str]:
        return [one["slot_id"] for one in (await house.customer.see(slots))["items"]]

    assert await until(listed, "the roster") == ["slot-0", "slot-1"]
    await house.customer.task(booking_id, "choose_slot")
    await house.customer.do(f"/v1/bookings/{booking_id}/slot", {"slot_id": "slot-0"})
    await _staged(house, booking_id, "confirmed")
    assert await listed() == ["slot-1"]
    await house.go_to("2026-06-18 13:59")
    assert await _messages(house, "booking_steward_soon") == []
    await house.go_to("2026-06-18 14:00")
    (soon,) = await until(lambda: _messages(house, "booking_steward_soon"), "the stewards' SMS")
    assert (soon["to"], booking_id in soon["text"]) == (STEWARDS, True)
    await house.go_to("2026-06-18 14:30")
    await house.agent.task(booking_id, "call_ahead")
    await house.fault("telephone", "call", "refuse", times=5)
    for number in (1, 2):
        await _dial(house, booking_id, f"call-{number}", "steward")
    for number, at in ((3, "15:00"), (4, "15:05"), (5, "15:10")):
        await house.go_to(f"2026-06-18 {at}")
        await _dial(house, booking_id, f"call-{number}", "doctor")
    seen = await _staged(house, booking_id, "cancelled")
    assert seen["unit"] == "given_back"
    (lost,) = await until(lambda: _messages(house, "booking_not_reached"), "the last SMS")
    assert lost["to"] == "13800138000"
    with pytest.raises(Refused):
        await house.customer.see(slots)
    await _dial(house, booking_id, "call-6", "doctor")  # after the end
    await until(lambda: _all_taken(house), "every report")


async def _all_taken(house: House) -> bool:
    """Whether every call's report was taken by the door, the one after the end as well."""
    rows = (await house.partners.get("/callbacks", params={"partner": "telephone"})).json()
    return len(rows) == 7 and {row["state"] for row in rows} == {"taken"}
