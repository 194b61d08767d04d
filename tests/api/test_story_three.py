"""Story 3's quota over HTTP: reserved with the request, once in a policy year, and then again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from tests.api.conftest import House
from tests.api.papers import handed_in
from tests.api.test_bad_input import problem
from tests.api.test_bookings import (
    NEED,
    P20,
    booked,
    done,
    insured_of,
    request_of,
    reviewed,
    staged,
)
from tests.api.test_reporting import open_task

GENE: dict[str, Any] = {
    "programme": P20,
    "service": "gene_testing",
    "disease": "breast_cancer",
    "declared": {"diagnosis": "confirmed", "is_first_diagnosis": True},
}


async def test_story_three_a_second_gene_test_is_refused_until_the_next_policy_year(
    worked: House,
) -> None:
    await insured_of(worked, P20, days=200)
    first = await booked(worked, **GENE)
    assert (await staged(worked, first, "requested"))["unit"] == "reserved"
    outpatient = await booked(worked, **(GENE | {"service": "expert_outpatient"}))
    assert (await staged(worked, outpatient, "requested"))["unit"] == "reserved"
    meanwhile = await worked.post("/v1/bookings", request_of(worked, **GENE))
    problem(meanwhile, 409, "entitlement-used-up")
    await _tested(worked, first)
    assert (await staged(worked, first, "closed"))["unit"] == "consumed"
    second = await booked(worked, **GENE)
    refused = await staged(worked, second, "rejected")
    assert refused["unit"] is None
    assert "已使用" in refused["reason"]
    worked.clock.at += timedelta(days=166)
    assert (await staged(worked, await booked(worked, **GENE), "requested"))["unit"] == "reserved"


async def _own_step(
    house: House, booking_id: str, code: str, role: str, says: dict[str, str]
) -> None:
    """A step of the service's own file, for whom it names; what it states may not be left out."""
    for _ in range(100):
        task = await open_task(house, booking_id, "service_step")
        if task["subject"].startswith(code):
            break
        await asyncio.sleep(0.1)
    path = f"/v1/tasks/{task['task_id']}/completion"
    problem(await house.post(path, {"says": {}}, role), 422, "invalid", "says")
    answer = await house.post(path, {"says": says}, role)
    assert answer.status_code == 200, answer.text


async def _tested(house: House, booking_id: str) -> None:
    """From the request to the report explained, by whoever each step is for."""
    await done(house, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await handed_in(house, booking_id, "pathology_report")
    await reviewed(house, booking_id)
    item = {"condition": "乳腺癌", "test_item": "靶向用药基因"}
    await _own_step(house, booking_id, "confirm_item", "agent", item)
    await _own_step(house, booking_id, "fix_plan", "reviewer", {"test_plan": "组织切片检测"})
    await done(
        house, booking_id, "assign_expert", "dispatcher", assigned=True, expert="e-1", city="上海"
    )
    kit = {"sample": "section", "guided": True, "courier_no": "SF100"}
    await done(house, booking_id, "send_kit", "agent", **kit)
    at = house.clock().isoformat()
    await done(house, booking_id, "receive_sample", "agent", at=at)
    stored = await house.post(
        f"/v1/bookings/{booking_id}/documents",
        data={"kind": "gene_report"},
        files={"file": ("a.jpg", b"\xff\xd8\xff", "image/jpeg")},
    )
    image = stored.json()["document_id"]
    report = {"at": at, "images": [image], "courier_no": "SF101"}
    await done(house, booking_id, "deliver_report", "agent", **report)
    await done(house, booking_id, "explain_report", "doctor", told_by="phone")
