"""What single programmes ask of a request, and whom they are for, as the door answers it."""

from __future__ import annotations

from datetime import timedelta

from domain.calendar import civil_date
from tests.api.conftest import House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import P02, P04, booked, done, insured_of, staged
from tests.api.test_reporting import open_task

P07 = "pingan_pc_haoran"
P14 = "pingan_health_295"


async def test_an_advance_of_p02_is_not_asked_for_without_why_the_stay_is(house: House) -> None:
    """R279: 住院事由 is what the exclusions of the policy are held against."""
    await insured_of(house, P02)
    for need in (..., "", "  "):
        problem(await house.report(programme=P02, need=need), 422, "invalid", "need")
    opened = await house.report(programme=P02, need="急性胰腺炎")
    assert opened.status_code == 201, opened.text


async def test_who_has_no_policy_of_the_app_is_not_served_and_hears_whom_it_is_for(
    worked: House,
) -> None:
    """R582: 适用于平安健康APP上所属保险, as the insurer lists them for this programme."""
    await insured_of(worked, P04)
    asked = {"programme": P14, "service": "expert_outpatient"}
    stranger = await staged(worked, await booked(worked, **asked), "rejected")
    assert "不是有效被保险人" in [one["text"] for one in stranger["reasons"]]
    assert "适用于平安健康APP上所属保险" in stranger["notes"]
    await insured_of(worked, P14)
    await open_task(worked, await booked(worked, **asked), "take_request")


async def test_a_customer_consults_first_and_insurer_and_provider_have_lanes_of_their_own(
    worked: House,
) -> None:
    """R435: 客户咨询呼叫 in the first days of the cover, before anything may be arranged."""
    await insured_of(worked, P07, days=1)
    today = civil_date(worked.clock())
    known = {"diagnosis": "confirmed", "is_first_diagnosis": True, "diagnosed_at_grade": 3}
    known |= {"diagnosed_on": (today - timedelta(days=1)).isoformat(), "diagnosed_at_public": True}
    asked = {"programme": P07, "declared": known}
    early = await booked(worked, service="second_opinion", **asked)
    waiting = await staged(worked, early, "rejected")
    assert "仍在观察期内" in [one["text"] for one in waiting["reasons"]]
    booking_id = await booked(worked, service="ci_consultation", **asked)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need="咨询")
    mine = await worked.get(f"/v1/bookings/{booking_id}", "customer", subject="customer-1")
    assert mine.json()["service"] == "ci_consultation"
    report = f"/v1/reports/bookings?programme={P07}&service=ci_consultation"
    worked.clock.move(seconds=1)
    [line] = (await worked.get(report, "insurer")).json()["lines"]
    assert line["requested"] == 1
    problem(await worked.get(f"/v1/bookings/{booking_id}", "insurer"), 403, "forbidden")
