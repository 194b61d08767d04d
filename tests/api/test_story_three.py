"""Story 3's quota over HTTP: reserved with the request, once in a policy year, and then again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api.conftest import House
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


async def _tested(house: House, booking_id: str) -> None:
    """From the request to the report explained, by whoever each step is for."""
    await done(house, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await reviewed(house, booking_id)
    await done(
        house, booking_id, "assign_expert", "dispatcher", assigned=True, expert="e-1", city="上海"
    )
    await done(
        house, booking_id, "send_kit", "agent", sample="tissue", guided=True, courier_no="SF100"
    )
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
