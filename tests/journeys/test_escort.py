"""An escort over HTTP (P02): two nurses say yes at once at the platform, the first one comes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from demo.house import Guest, House
from demo.people import Person, Refused, until
from demo.story_p02 import GUEST
from domain.bookings.terms import INTAKE_NAMES
from tests.journeys.conftest import HouseOf
from tests.journeys.telling import promises_are
from tests.workflows.escorts import CALLS

pytestmark = pytest.mark.timeout(240)

BEGINS = "2026-06-17 09:00"
PATIENT = Guest(programme=GUEST.programme, policy=GUEST.policy)
NURSES = ("nurse-0042", "nurse-0043")
PROMISES = {
    "G05.1": ("2026-06-21 00:00", "2026-06-20 12:55"),
    "G06.1": ("2026-06-19 10:30", "2026-06-19 10:20"),
    "G08.1": ("2026-06-20 13:00", "2026-06-20 12:55"),
}


async def _requested(house: House) -> str:
    body = {
        "programme": house.guest.programme,
        "service": "visit_escort",
        "insured": {
            "name": "客户某甲",
            "id_type": "resident_id",
            "id_number": house.id_number,
            "phone": "13800138000",
        },
        "need": "复查, 行动不便, 需要陪同",
        "channel": "hotline",
        "hospital_id": house.guest.hospital_id,
        "wished_on": house.at("2026-06-20 09:00").date().isoformat(),
        "consent": {"given": True, "at": house.at(BEGINS).isoformat(), "version": "v2026_01"},
        "customer_id": house.customer.subject,
    }
    return str((await house.agent.do("/v1/bookings", body))["booking_id"])


async def _staged(house: House, booking_id: str, stage: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any] | None:
        seen = await house.supervisor.see(f"/v1/bookings/{booking_id}")
        return seen if seen["stage"] == stage else None

    seen: dict[str, Any] = await until(reached, stage)
    return seen


async def _word(house: House, visit_id: str, nurse: str, *, accepts: bool = True) -> int:
    """What a nurse says in the platform's app; the status of its answer."""
    answer = await house.partners.post(
        f"/nurse/v1/visits/{visit_id}/words", json={"nurse_id": nurse, "accepts": accepts}
    )
    return answer.status_code


async def test_the_escort_of_story_4_is_kept_to_the_minute(house_of: HouseOf) -> None:
    async with house_of(BEGINS, PATIENT) as house:
        booking_id = await _requested(house)
        await house.agent.complete(
            booking_id,
            "take_request",
            identity_verified=True,
            need="行动不便",
            intake=dict.fromkeys(INTAKE_NAMES, "已登记"),
            found_out="客户已自行预约门诊",
        )
        seen = await house.supervisor.see(f"/v1/bookings/{booking_id}")
        if seen["outcome"] == "needs_person":
            await house.reviewer.complete(booking_id, "review_booking", approved=True)
            await house.agent.complete(booking_id, "tell_result", told_by="phone")
        meeting = house.at("2026-06-20 09:00").isoformat()
        await house.agent.complete(
            booking_id, "plan_escort", meeting_at=meeting, meeting_place="门诊大厅"
        )
        offered = [{"nurse_id": nurse} for nurse in NURSES]
        await house.dispatcher.complete(booking_id, "offer_visit", nurses=offered)
        visit_id = f"{booking_id}:visit_escort:1"
        await until(lambda: _stands(house, visit_id), "the order at the platform")
        await house.go_to("2026-06-19 10:00")
        assert await _word(house, visit_id, "nurse-0099") == 403
        early = f"/v1/tasks/{booking_id}.check_in.1/completion"
        with pytest.raises(Refused):  # nobody has taken it yet
            await house.nurse.do(early, {"at": house.at("2026-06-19 10:00").isoformat()})
        words = await asyncio.gather(*(_word(house, visit_id, nurse) for nurse in NURSES))
        assert Counter(words) == {200: 1, 409: 1}
        comes = NURSES[words.index(200)]
        await _accompanied(house, booking_id, comes)
        await house.agent.complete(booking_id, "follow_up_call", reached=True, satisfaction=5)
        seen = await _staged(house, booking_id, "closed")
        promises_are(house, seen, PROMISES)
        assert seen["unit"] == "consumed"
        assert await _word(house, visit_id, comes, accepts=False) == 200  # after the end
        await until(lambda: _all_taken(house), "the platform's words")
        (order,) = [
            one["body"]
            for one in (await house.partners.get("/received")).json()
            if one["id"] == visit_id
        ]
        told = json.dumps(order, ensure_ascii=False)
        assert not [word for word in ("客户某甲", house.id_number, "行动不便") if word in told]


async def _all_taken(house: House) -> bool:
    """Whether every word of the platform was taken by the door, the one after the end as well."""
    rows = (await house.partners.get("/callbacks", params={"partner": "nurse"})).json()
    return len(rows) == 2 and {row["state"] for row in rows} == {"taken"}


async def _stands(house: House, visit_id: str) -> bool:
    return (await house.partners.get(f"/nurse/v1/visits/{visit_id}")).is_success


async def _accompanied(house: House, booking_id: str, comes: str) -> None:
    """From the call to the check-out, by whoever was first, and by nobody else."""
    other = NURSES[1 - NURSES.index(comes)]
    nurse = Person(house.settings, subject=comes, role="nurse")
    idle = Person(house.settings, subject=other, role="nurse")
    try:
        task = await nurse.task(booking_id, "call_customer")
        path = f"/v1/tasks/{task['task_id']}/completion"
        assert (await idle.see("/v1/tasks", case_id=booking_id))["items"] == []
        contact = f"/v1/bookings/{booking_id}/contact"
        assert (await nurse.see(contact))["phone"] == "13800138000"
        with pytest.raises(Refused):
            await idle.see(contact)
        with pytest.raises(Refused):
            await idle.do(path, {"reached": True, "items": CALLS})
        await house.go_to("2026-06-19 10:20")
        await nurse.complete(booking_id, "call_customer", reached=True, items=CALLS)
        await house.go_to("2026-06-20 08:48")
        await nurse.complete(booking_id, "check_in", at=house.at("2026-06-20 08:48").isoformat())
        await nurse.complete(booking_id, "call_on_the_way", on_time=True)
        met: dict[str, Any] = {"met": True, "at": house.at("2026-06-20 08:48").isoformat()}
        await nurse.complete(booking_id, "meet_customer", **met)
        task = await nurse.task(booking_id, "check_out")
        await house.go_to("2026-06-20 12:55")
        left = {
            "at": house.at("2026-06-20 12:55").isoformat(),
            "items": ["card_and_number", "accompany"],
            "closing_words": True,
        }
        path = f"/v1/tasks/{task['task_id']}/completion"
        first = await nurse.do(path, left, key="check-out-once")
        assert await nurse.do(path, left, key="check-out-once") == first
        with pytest.raises(Refused):  # a second check-out is another one
            await nurse.do(path, left, key="check-out-twice")
    finally:
        await nurse.leave()
        await idle.leave()
