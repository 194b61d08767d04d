"""What else happens in a hospital: crossed requests, changed dates, silence of a partner, deaths of
processes. Each over HTTP on real servers."""

from __future__ import annotations

import asyncio

import pytest

from demo.house import House
from demo.people import Answer, Refused, until, yuan
from demo.story_one import StoryOne
from tests.journeys.test_story_one import fen

pytestmark = pytest.mark.timeout(180)


async def admitted(house: House) -> StoryOne:
    """Story 1 up to the morning after the first deposit of 50,000."""
    story = StoryOne(house)
    for scene in (story.report, story.authorise, story.judge, story.admit):
        await scene()
    return story


async def ask_for(story: StoryOne, amount_fen: int) -> str:
    asked = await story.house.customer.do(
        f"/v1/deposit-waivers/{story.case_id}/top-ups",
        {"amount": yuan(amount_fen), "reason": "plan_changed", "channel": "app"},
    )
    return str(asked["id"])


async def top_up_is(story: StoryOne, top_up: str, state: str) -> Answer:
    """Wait at the request's own status address."""

    async def there() -> Answer | None:
        path = f"/v1/deposit-waivers/{story.case_id}/top-ups/{top_up}"
        seen = await story.house.customer.see(path)
        return seen if seen["state"] == state else None

    found: Answer = await until(there, f"top-up {state}")
    return found


async def test_two_top_ups_at_once_share_what_is_left_in_the_order_they_came(house: House) -> None:
    story = await admitted(house)
    await house.go_to("2026-05-08 19:00")
    first = await ask_for(story, 30_000_000)
    second = await ask_for(story, 30_000_000)
    for top_up in (second, first):
        await house.agent.complete(
            story.case_id,
            "answer_top_up",
            subject=top_up,
            accepted=True,
            payment_mode="hospital_online",
        )
    await top_up_is(story, first, "paid")
    offered = await top_up_is(story, second, "offered")
    assert fen(offered["offered"]) == 15_000_000
    await house.customer.complete(story.case_id, "accept_offer", subject=second, accepted=True)
    paid = await top_up_is(story, second, "paid")
    assert fen(paid["granted"]) == 15_000_000
    case = await story.see()
    assert fen(case["money"]["advanced"]) == 50_000_000
    third = await ask_for(story, 1)
    assert "额度" in (await top_up_is(story, third, "refused"))["reason"]


async def test_a_top_up_during_discharge_is_refused_and_a_later_date_reopens_the_ward(
    house: House,
) -> None:
    story = await admitted(house)
    notices = f"/v1/deposit-waivers/{story.case_id}/discharge-notices"
    await house.go_to("2026-05-11 09:00")
    await house.customer.do(
        notices, {"discharge_on": house.at("2026-05-12 12:00").date().isoformat()}
    )
    await house.nurse.task(story.case_id, "discharge_visit")
    await house.go_to("2026-05-12 07:00")
    await story.stage_is("discharge")
    refused = await top_up_is(story, await ask_for(story, 1_000_000), "refused")
    assert "出院结算" in refused["reason"]

    await house.customer.do(
        notices, {"discharge_on": house.at("2026-05-20 12:00").date().isoformat()}
    )
    await story.stage_is("in_hospital")
    case = await story.see()
    noticed = [(one["state"], one["state_name"]) for one in case["discharge_notices"]]
    assert noticed == [("superseded", "已被后来的通知取代"), ("accepted", "已采用")]
    clock = next(clock for clock in case["clocks"] if clock["clock"] == "K07")
    assert clock["moves"] == 1
    assert clock["due_at"].startswith(house.at("2026-05-20 23:59").strftime("%Y-%m-%d"))
    again = await ask_for(story, 1_000_000)
    await house.agent.complete(
        story.case_id, "answer_top_up", subject=again, accepted=True, payment_mode="hospital_online"
    )
    await top_up_is(story, again, "paid")


async def test_a_customer_may_withdraw_until_the_money_is_on_its_way(house: House) -> None:
    story = StoryOne(house)
    await story.report()
    await house.customer.do(
        f"/v1/deposit-waivers/{story.case_id}/withdrawal", {"reason": "改在外地治疗"}
    )
    case = await story.stage_is("cancelled")
    assert case["waiting_for"] == []
    assert all(clock["state"] in {"met", "dropped"} for clock in case["clocks"])


async def test_a_customer_may_not_withdraw_once_money_is_out(house: House) -> None:
    story = await admitted(house)
    with pytest.raises(Refused) as refused:
        await house.customer.do(
            f"/v1/deposit-waivers/{story.case_id}/withdrawal", {"reason": "不需要了"}
        )
    assert refused.value.status == 409
    assert (await story.see())["stage"] == "in_hospital"


async def test_a_worker_that_dies_between_the_partners_yes_and_our_record_pays_once(
    house: House,
) -> None:
    story = StoryOne(house)
    for scene in (story.report, story.authorise, story.judge):
        await scene()
    await house.nurse.task(story.case_id, "sign_on_site")
    await house.go_to("2026-05-06 08:40")
    await house.fault("payment", "pay", "timeout_after_success", times=1)
    image = await house.nurse.upload(story.case_id, "step_image")
    await house.nurse.complete(
        story.case_id, "sign_on_site", agreements_signed=True, images=[image]
    )
    movement = f"{story.case_id}:deposit:1"

    async def partner_has_paid() -> bool:
        answer = await house.partners.get(f"/payment/v1/payments/{movement}")
        return answer.is_success and answer.json()["status"] == "paid"

    await until(partner_has_paid, "the partner's yes")
    await house.kill_worker()
    await house.start_worker()
    # The order is made again under its own id, and the partner answers with the payment it made.
    await asyncio.wait_for(story.house.nurse.task(story.case_id, "hand_in_slip"), 60)
    case = await story.see()
    assert [payment["status"] for payment in case["payments"]] == ["paid"]
    assert fen(case["money"]["advanced"]) == 5_000_000
    received = (await house.partners.get("/received")).json()
    assert {
        order["id"] for order in received if "deposit" in order["id"] and "visit" not in order["id"]
    } == {movement}


async def test_a_broken_promise_is_recorded_and_told_and_ends_nothing(house: House) -> None:
    story = StoryOne(house)
    await story.report()
    await story.authorise()
    await house.go_to("2026-04-30 20:11")
    breach = await house.supervisor.task(story.case_id, "breach", subject="K03.1")
    case = await story.see()
    clocks = {clock["instance"]: clock["state"] for clock in case["clocks"]}
    assert clocks["K03.1"] == "breached"
    assert case["sla_state"] == "breached"
    assert case["stage"] == "collecting"
    await house.supervisor.do(f"/v1/tasks/{breach['task_id']}/completion", {"action": "已催办"})
    await house.agent.complete(story.case_id, "confirm_documents", complete=True)
    await story.stage_is("review")
