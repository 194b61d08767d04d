"""Customer and doctor write to each other, and a family's record holds what doctors wrote."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.bookings import conversations
from tests.api.conftest import House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import P02, booked, done, insured_of, request_of, staged
from tests.api.test_reporting import open_task

WORDS = "昨晚开始发热, 38.5度"
DOCTOR_3: dict[str, Any] = {"role": "doctor", "subject": "doctor-3"}
MINE: dict[str, Any] = {"role": "customer", "subject": "customer-1"}


async def talking(house: House) -> str:
    """A conversation with a family doctor that is open."""
    booking_id = await booked(house, programme=P02, service="family_doctor_text")
    known = {"identity_verified": True, "need": "发热"}
    await done(house, booking_id, "take_request", "agent", **known)
    fits = {"doctor_level": "attending", "hospital_class": "3A"}
    await done(
        house, booking_id, "match_doctor", "reviewer", matched=True, doctor="doctor-3", **fits
    )
    await staged(house, booking_id, "confirmed")
    return booking_id


async def test_a_conversation_is_kept_as_it_was_written_until_its_time_is_over(
    worked: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await insured_of(worked, P02)
    early = await booked(worked, programme=P02, service="family_doctor_text")
    problem(
        await worked.post(f"/v1/bookings/{early}/messages", {"words": WORDS}, **MINE),
        409,
        "wrong-stage",
    )
    booking_id = await talking(worked)
    path = f"/v1/bookings/{booking_id}/messages"
    first = await worked.post(path, {"words": WORDS}, key="say-1", **MINE)
    again = await worked.post(path, {"words": WORDS}, key="say-1", **MINE)
    assert first.status_code == 201, first.text
    assert first.json()["n"] == 1
    assert again.json() == first.json()
    problem(await worked.post(path, {"words": "  "}, **MINE), 422, "invalid", "words")
    answer = await worked.post(path, {"words": "多喝水, 明早仍发热请就诊"}, **DOCTOR_3)
    assert (answer.json()["n"], answer.json()["role"]) == (2, "doctor")
    read = (await worked.get(path, **MINE)).json()
    assert [(one["n"], one["role"]) for one in read["items"]] == [(1, "customer"), (2, "doctor")]
    assert (read["items"][0]["words"], read["is_open"]) == (WORDS, True)
    new = (await worked.get(f"{path}?after=1", **MINE)).json()["items"]
    assert [one["n"] for one in new] == [2]
    both = await asyncio.gather(*(worked.post(path, {"words": "谢谢"}, **MINE) for _ in range(3)))
    assert sorted(one.json()["n"] for one in both) == [3, 4, 5]
    with monkeypatch.context() as full:
        full.setattr(conversations, "MESSAGES_MAX", 5)
        problem(await worked.post(path, {"words": "还有"}, **MINE), 422, "invalid", "words")

    await done(worked, booking_id, "consult", "doctor", outcome="advised")
    problem(await worked.get(path, "customer", subject="customer-2"), 404, "not-found")
    problem(await worked.get(path, "agent"), 403, "forbidden")
    worked.clock.move(hours=25)
    problem(await worked.post(path, {"words": "还在吗"}, **MINE), 409, "wrong-stage")
    assert (await worked.get(path, **MINE)).json()["is_open"] is False

    async with worked.database.connect() as connection:
        rows = (await connection.execute(text("SELECT words::text FROM booking_messages"))).all()
        with pytest.raises(DBAPIError):
            await connection.execute(text("DELETE FROM booking_messages"))
    assert len(rows) == 5
    assert not any(WORDS.encode().hex() in row[0] for row in rows)


async def test_a_familys_record_goes_on_from_one_consultation_to_the_next(worked: House) -> None:
    """R154, R155: read by the customer and the doctor who treats them, and looking is audited."""
    await insured_of(worked, P02)
    said = {
        "family_health_record": {
            "member": "配偶",
            "history": "高血压",
            "allergies": "青霉素",
            "medication": "氨氯地平",
        },
        "family_health_plan": {"member": "全家", "plan": "每日步行30分钟"},
    }
    for service, says in said.items():
        booking_id = await booked(worked, programme=P02, service=service)
        known = {"identity_verified": True, "need": "家庭健康管理"}
        await done(worked, booking_id, "take_request", "agent", **known)
        task = await open_task(worked, booking_id, "consult")
        for path in (f"/v1/bookings/{booking_id}/{what}" for what in ("family-record", "messages")):
            problem(await worked.get(path, "doctor"), 403, "forbidden")  # he may claim it only
        await worked.post(f"/v1/tasks/{task['task_id']}/claim", None, "doctor")
        for path in (f"/v1/bookings/{booking_id}/{what}" for what in ("family-record", "messages")):
            assert (await worked.get(path, "doctor")).status_code == 200
        await done(worked, booking_id, "consult", "doctor", outcome="advised")
        task = await open_task(worked, booking_id, "service_step")
        path = f"/v1/tasks/{task['task_id']}/completion"
        bare = await worked.post(path, {"says": {"member": "配偶"}}, "doctor")
        problem(bare, 422, "invalid", "says")
        await done(worked, booking_id, "service_step", "doctor", says=says)
        await staged(worked, booking_id, "closed")
        worked.clock.move(minutes=1)
    later = await talking(worked)
    path = f"/v1/bookings/{later}/family-record"
    for reader in (MINE, DOCTOR_3):
        plan, record = (await worked.get(path, **reader)).json()["items"]
        assert (plan["kind"], plan["says"]["健康管理计划"]) == ("plan", "每日步行30分钟")
        assert (record["kind_name"], record["says"]["过敏史"]) == ("健康档案", "青霉素")
    problem(await worked.get(path, "agent"), 403, "forbidden")
    problem(await worked.get(path, "customer", subject="customer-2"), 404, "not-found")
    async with worked.database.connect() as connection:
        looked = text("SELECT count(*) FROM audit WHERE action = 'family_record.viewed'")
        assert (await connection.execute(looked)).scalar_one() == 4
        sealed = await connection.execute(text("SELECT says::text FROM family_records"))
        assert not any("氨氯地平".encode().hex() in row[0] for row in sealed)
    await _typed_by_strangers(worked)


async def _typed_by_strangers(house: House) -> None:
    """An ID number that somebody else typed opens nothing of the family's record."""
    others: list[dict[str, Any]] = [
        {"role": "customer", "subject": "customer-99"},
        {"role": "channel", "subject": "app-b", "channel": "channel-b"},
    ]
    for other, service in zip(others, ("family_health_record", "family_health_plan"), strict=True):
        asked = request_of(house, programme=P02, service=service, channel="app")
        answer = await house.post("/v1/bookings", asked | {"customer_id": None}, **other)
        assert answer.status_code == 201, answer.text
        booking_id = answer.json()["booking_id"]
        await open_task(house, booking_id, "take_request")
        path = f"/v1/bookings/{booking_id}/family-record"
        seen = await house.get(path, **other)
        assert (seen.status_code, seen.json()) == (200, {"items": []})
        problem(await house.get(path, "doctor"), 403, "forbidden")
    watching = await house.get(path, "supervisor")
    assert len(watching.json()["items"]) == 2
