"""Consultations through the door: a roster published, a slot taken, calls recorded, a talk held."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from adapters.tables.cases import policies
from domain.calendar import civil_date
from tests.api.conftest import NAME, STRANGER, House
from tests.api.papers import handed_in
from tests.api.test_bad_input import problem
from tests.api.test_bookings import NEED, P02, booked, done, insured_of, request_of, staged
from tests.api.test_callbacks import call, waiting
from tests.api.test_reporting import open_task

EXPERT = {"programme": P02, "service": "expert_phone_appointment"}


def slots_of(house: House, *ahead_h: float) -> list[dict[str, Any]]:
    """Quarters of an hour of one chief doctor, so many hours ahead."""
    starts = [house.clock() + timedelta(hours=hours) for hours in ahead_h]
    return [
        {
            "slot_id": f"slot-{number}",
            "department": "心内科",
            "doctor": "doctor-7",
            "doctor_level": "chief",
            "hospital_rank": 12,
            "starts_at": at.isoformat(),
            "ends_at": (at + timedelta(minutes=15)).isoformat(),
        }
        for number, at in enumerate(starts)
    ]


async def published(house: House, *ahead_h: float, event_id: str = "evt-roster") -> None:
    event = {"event": "roster_published", "programme": P02, "slots": slots_of(house, *ahead_h)}
    answer = await call(house, event, partner="roster", event_id=event_id)
    assert (answer.status_code, answer.json()["state"]) == (200, "delivered"), answer.text


async def heard(
    house: House, booking_id: str, event: str, call_id: str, caller: str = "doctor", **more: Any
) -> httpx.Response:
    body = {
        "event": f"call_{event}",
        "call_id": call_id,
        "booking_id": booking_id,
        "caller": caller,
        "at": house.clock().isoformat(),
    }
    event_id = f"evt-{call_id}-{event}"
    return await call(house, body | more, partner="telephone", event_id=event_id)


async def a_second_customer(house: House) -> dict[str, Any]:
    """Somebody else on the list, and their request for the expert."""
    today = civil_date(house.clock())
    row = {
        "policy_id": "p-second",
        "programme": P02,
        "policy_no": house.sealer.seal("P-3", "policies.policy_no"),
        "name": house.sealer.seal(NAME, "policies.name"),
        "id_number": house.sealer.seal(STRANGER, "policies.id_number"),
        "person_hash": house.sealer.lookup_hash(STRANGER),
        "product": "designated_ci",
        "sum_insured_fen": 50_000_000,
        "sales_channel": "individual",
        "valid_from": today - timedelta(days=100),
        "valid_to": today + timedelta(days=300),
    }
    async with house.database.begin() as connection:
        await connection.execute(insert(policies).values(row))
    insured = request_of(house)["insured"] | {"id_number": STRANGER}
    return EXPERT | {"insured": insured, "customer_id": "customer-2"}


async def asked_for(house: House, **changes: Any) -> str:
    booking_id = await booked(house, **changes)
    await done(house, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await open_task(house, booking_id, "choose_slot")
    return booking_id


async def test_of_two_customers_who_want_a_slot_one_has_it_and_is_called(worked: House) -> None:
    await insured_of(worked, P02)
    await published(worked, 2, 3, 24 * 9)
    await published(worked, 2, 3, 24 * 9, event_id="evt-again")  # published twice is once
    bookings = [
        await asked_for(worked, **EXPERT),
        await asked_for(worked, **await a_second_customer(worked)),
    ]
    seen = await worked.get(f"/v1/bookings/{bookings[0]}/slots?limit=1")
    assert [one["slot_id"] for one in seen.json()["items"]] == ["slot-0"]
    more = await worked.get(f"/v1/bookings/{bookings[0]}/slots?cursor=slot-0")
    assert [one["slot_id"] for one in more.json()["items"]] == ["slot-1"]  # no further than a week
    wanted = [f"/v1/bookings/{one}/slot" for one in bookings]
    problem(await worked.post(wanted[0], {"slot_id": "slot-2"}), 422, "invalid", "slot_id")
    answers = await asyncio.gather(*(worked.post(path, {"slot_id": "slot-0"}) for path in wanted))
    assert sorted(one.status_code for one in answers) == [200, 409]
    late = next(number for number, one in enumerate(answers) if one.status_code == 409)
    problem(answers[late], 409, "slot-taken", "slot_id")
    first, second = bookings[1 - late], bookings[late]
    assert (await worked.post(wanted[late], {"slot_id": "slot-1"})).status_code == 200
    at = (await staged(worked, first, "confirmed"))["service_at"]
    assert at == slots_of(worked, 2)[0]["starts_at"].replace("+00:00", "Z")
    await staged(worked, second, "confirmed")

    # The doctor reaches the first customer; the second cannot be reached by anybody.
    doctor = await worked.get(f"/v1/bookings/{first}/contact", "doctor")
    assert doctor.json()["phone"] == "13800138000"
    assert (await heard(worked, first, "ended", "c-1", seconds=300)).status_code == 200
    assert (await heard(worked, first, "answered", "c-1")).status_code == 200
    await done(worked, first, "rate_service", "agent", satisfaction=5)
    for number in (1, 2, 3):
        at = (worked.clock() - timedelta(minutes=20 - 5 * number)).isoformat()
        answer = await heard(worked, second, "failed", f"s-{number}", "steward", at=at)
        assert answer.json()["state"] == "delivered"
    assert (await staged(worked, first, "closed"))["unit"] == "consumed"
    worked.clock.move(minutes=1)  # the report's span ends now
    said = await worked.get("/v1/reports/satisfaction", "supervisor")
    [line] = said.json()["lines"]
    assert (line["service"], line["ratings"], line["average"]) == (EXPERT["service"], 1, "5.00")
    lost = await staged(worked, second, "cancelled")
    assert (lost["unit"], lost["reason"]) == ("given_back", "多次致电未接通, 订单已取消")
    assert await worked.rows("slot_takings WHERE slot_id = 'slot-1'") == 0  # free again
    # After the end: kept, answered, and nothing waits.
    assert (await heard(worked, second, "failed", "s-4", "steward")).status_code == 200
    assert await waiting(worked) == 0
    problem(await worked.get(f"/v1/bookings/{second}/slots"), 409, "case-ended")


async def test_what_no_roster_knows_or_nobody_may_take_is_refused(worked: House) -> None:
    await insured_of(worked, P02)
    await published(worked, 1)
    other = await booked(worked, programme=P02, service="checkup_report_reading")
    path = f"/v1/bookings/{other}"
    problem(await worked.get(f"{path}/slots"), 409, "wrong-stage")
    problem(await worked.post(f"{path}/slot", {"slot_id": "slot-0"}), 409, "wrong-stage")
    expert = await asked_for(worked, **EXPERT)
    at_once = request_of(worked, **EXPERT | {"service": "expert_phone_direct"})  # one unit (C-41)
    again = problem(await worked.post("/v1/bookings", at_once), 409, "entitlement-used-up")
    assert (again["detail"], again["case_id"]) == ("该服务已有进行中的预约", expert)
    path = f"/v1/bookings/{expert}/slot"
    problem(await worked.post(path, {"slot_id": "slot-9"}), 422, "invalid", "slot_id")
    stranger = worked.post(path, {"slot_id": "slot-0"}, "customer", subject="customer-2")
    problem(await stranger, 404, "not-found")
    worked.clock.move(hours=2)
    problem(await worked.post(path, {"slot_id": "slot-0"}), 422, "invalid", "slot_id")
    # A partner says only what is theirs to say, and of a slot nobody published only later.
    gone = {"event": "slot_withdrawn", "slot_id": "slot-9"}
    assert (await call(worked, gone, partner="roster", event_id="evt-w")).status_code == 202
    problem(await call(worked, gone, partner="telephone", event_id="evt-x"), 403, "forbidden")


@pytest.mark.parametrize("service", ["family_doctor_phone", "checkup_report_reading"])
async def test_a_doctor_advises_and_the_customer_reads_the_summary(
    worked: House, service: str
) -> None:
    await insured_of(worked, P02)
    booking_id = await booked(worked, programme=P02, service=service)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    if service == "checkup_report_reading":  # R156: first the report itself
        await handed_in(worked, booking_id, "checkup_report")
    if service == "family_doctor_phone":
        fits = {"doctor": "doctor-1", "doctor_level": "attending", "hospital_class": "3A"}
        await done(worked, booking_id, "match_doctor", "reviewer", matched=True, **fits)
        task = await open_task(worked, booking_id, "consult")
        path = f"/v1/tasks/{task['task_id']}/completion"
        form = {"outcome": "advised"}
        another = await worked.post(path, form, "doctor", subject="doctor-2")
        problem(another, 409, "task-claimed")
    await done(worked, booking_id, "consult", "doctor", outcome="advised")
    if service == "family_doctor_phone":
        await done(worked, booking_id, "write_summary", "doctor", summary="低盐饮食")
        await done(worked, booking_id, "rate_service", "customer", satisfaction=5)
        await _customer_reads(worked, booking_id, "write_summary", summary="低盐饮食")
        await _customer_reads(worked, booking_id, "match_doctor", matched=True, **fits)
        await _customer_reads(worked, booking_id, "consult")
    assert (await staged(worked, booking_id, "closed"))["unit"] is None


async def _customer_reads(house: House, booking_id: str, kind: str, **shown: Any) -> None:
    """The customer's part of a report, in their own file of the booking."""
    file = (await house.get(f"/v1/bookings/{booking_id}", "customer", subject="customer-1")).json()
    [step] = [one for one in file["tasks"] if one["kind"] == kind]
    assert step["completion"] == (shown or None)


async def test_a_customer_reads_what_a_consultation_is_about(house: House) -> None:
    seen = await house.get("/v1/programmes", "customer")
    about = {
        (programme["code"], service["code"]): service["content"]
        for programme in seen.json()["items"]
        for service in programme["services"]
    }
    assert (
        about[P02, "expert_phone_appointment"] == "日常疾病问诊、健康指导、重疾就医指导、康复指导"
    )
    for programme, service, word in (
        ("changsheng_haorensheng", "phone_doctor", "饮食"),
        ("changsheng_haorensheng", "phone_doctor", "疾病预防常识"),
        ("changsheng_yuanmeng", "ci_consultation", "康复的医疗咨询"),
        ("ruitai_ci", "phone_doctor", "特殊人群指导"),
    ):
        assert word in about[programme, service]
