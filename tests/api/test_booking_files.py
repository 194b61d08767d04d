"""What the people who serve a booking see: why it needs judging, whom it is about, whom to call."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from domain.privacy import mask_name
from domain.programmes.rules import RuleCode
from tests.api.conftest import HOSPITAL, NAME, PHONE, House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import (
    NEED,
    P04,
    booked,
    done,
    insured_of,
    request_of,
    reviewed,
    staged,
)
from tests.api.test_callbacks import call
from tests.api.test_reporting import open_task
from tests.api.test_sight import audited
from tests.builders import programmes


async def seen(house: House, booking_id: str) -> dict[str, Any]:
    answer = await house.get(f"/v1/bookings/{booking_id}", "reviewer")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_booking_says_why_a_person_must_judge_it(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    review = await open_task(worked, booking_id, "review_booking")
    [programme] = [one for one in programmes() if one.code == P04]
    rule = programme.rule(RuleCode.DISEASE_IN_SCOPE)
    assert rule is not None
    file = await seen(worked, booking_id)
    assert (file["outcome"], file["outcome_name"]) == ("needs_person", "需人工判断")
    assert [(one["code"], one["text"]) for one in file["reasons"]] == [(rule.code, rule.text)]
    assert review["subject"] == f"{rule.text}; 是否已过等待期"
    lines = [one["text"] for one in file["timeline"] if one["event"] == "needs_person"]
    assert lines == [f"需人工判断: {rule.text}"]


async def test_a_name_that_is_not_the_lists_and_what_nobody_has_said_are_named(
    worked: House,
) -> None:
    await insured_of(worked, P04)
    insured = request_of(worked)["insured"] | {"name": "张三"}
    booking_id = await booked(worked, insured=insured, declared=None)
    other = "姓名与名单不符, 是否为被保险人本人须人工核实"
    task = await open_task(worked, booking_id, "take_request")
    assert other in task["subject"]
    assert "诊断是否符合要求" in task["subject"]
    file = await seen(worked, booking_id)
    assert file["outcome"] == "needs_person"
    assert other in [one["text"] for one in file["reasons"]]
    assert "诊断是否符合要求" in [one["text"] for one in file["open"]]
    told = (await worked.get(f"/v1/bookings/{booking_id}/contact", "agent")).json()
    assert (told["name"], told["name_on_list"]) == ("张三", NAME)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    assert (await open_task(worked, booking_id, "review_booking"))["subject"] == task["subject"]


async def test_papers_a_reviewer_asks_for_are_missing_until_they_come(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    both = ["outpatient_record", "imaging_film"]
    await done(worked, booking_id, "review_booking", "reviewer", approved=False, missing=both)
    await open_task(worked, booking_id, "check_papers")

    async def missing() -> list[str]:
        file = await worked.get(f"/v1/bookings/{booking_id}", "customer", subject="customer-1")
        assert file.status_code == 200, file.text
        return list(file.json()["missing_documents"])

    assert await missing() == both
    stored = await worked.post(
        f"/v1/bookings/{booking_id}/documents",
        data={"kind": "outpatient_record"},
        files={"file": ("a.jpg", b"\xff\xd8\xff1" * 500_000, "image/jpeg")},  # two megabytes
    )
    assert stored.status_code == 201, stored.text
    assert await missing() == ["imaging_film"]


async def test_a_bookings_steps_name_whom_and_which_hospital_they_are_about(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked, hospital_id=HOSPITAL)
    task = await open_task(worked, booking_id, "take_request")
    assert (task["insured"][0], task["hospital_name"]) == (NAME[0], "某三甲医院")
    assert task["insured"] != NAME
    [same] = (await seen(worked, booking_id))["tasks"]
    shown = ("insured", "hospital_name", "stage", "stage_name")
    assert {name: task[name] for name in shown} == {name: same[name] for name in shown}


async def test_who_serves_a_booking_is_told_whom_to_call_and_it_is_audited(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    path = f"/v1/bookings/{booking_id}/contact"
    task = await open_task(worked, booking_id, "take_request")
    told = await worked.get(path, "agent")
    listed = {"name_on_list": None}  # the same one
    assert told.json() == {"booking_id": booking_id, "name": NAME, "phone": PHONE} | listed
    assert (await audited(worked)).count("contact.viewed") == 1
    await worked.post(f"/v1/tasks/{task['task_id']}/claim", role="agent")
    assert (await worked.get(path, "agent")).status_code == 200
    problem(await worked.get(path, "agent", subject="agent-2"), 403, "forbidden")
    for role in ("dispatcher", "customer", "supervisor", "finance", "reviewer"):
        problem(await worked.get(path, role), 403, "forbidden")
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await open_task(worked, booking_id, "review_booking")
    problem(await worked.get(path, "agent"), 403, "forbidden")  # not theirs to do any more
    assert (await audited(worked)).count("contact.viewed") == 2
    await reviewed(worked, booking_id)
    options = [{"option": f"expert-{n}"} for n in (1, 2, 3)]
    await done(worked, booking_id, "offer_options", "reviewer", options=options)
    await done(worked, booking_id, "choose_option", "agent", option="expert-2")
    await open_task(worked, booking_id, "arrange_service")
    assert (await worked.get(path, "dispatcher")).json()["phone"] == PHONE
    nobody = "bk-" + "a" * (len(booking_id) - 3)
    problem(await worked.get(f"/v1/bookings/{nobody}/contact"), 404, "not-found")


async def test_a_customer_finds_their_choice_on_their_own_worklist(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await reviewed(worked, booking_id)
    options = [{"option": f"expert-{n}", "words": f"擅长{n}"} for n in (1, 2, 3)]
    await done(worked, booking_id, "offer_options", "reviewer", options=options)
    asked = (await open_task(worked, booking_id, "choose_option"))["asks"]
    own = await worked.get(f"/v1/bookings/{booking_id}", "customer", subject="customer-1")
    told = {one["kind"]: one["completion"] for one in own.json()["tasks"]}
    assert [one["words"] for one in told["offer_options"]["options"]] == ["擅长1", "擅长2", "擅长3"]
    assert told["review_booking"] is None  # the opinion's words are the house's own
    choice = next(one for one in own.json()["tasks"] if one["kind"] == "choose_option")
    assert [one["name"] for one in choice["asks"]["option"]] == ["擅长1", "擅长2", "擅长3"]
    assert asked == choice["asks"], "the list says the same"

    async def listed(role: str, **whose: Any) -> list[str]:
        answer = await worked.get("/v1/tasks", role, **whose)
        assert answer.status_code == 200, answer.text
        return [one["kind"] for one in answer.json()["items"]]

    assert await listed("customer", subject="customer-1") == ["choose_option"]
    assert await listed("customer", subject="customer-2") == []
    assert await listed("channel", channel="hotline") == ["choose_option"]
    assert await listed("channel", channel="other") == []


async def test_a_customer_chooses_and_says_yes_in_the_app(worked: House) -> None:
    """The steps on the worklist are the same; an app need not know their ids."""
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    path = f"/v1/bookings/{booking_id}"

    async def says(what: str, subject: str = "customer-1", **body: Any) -> httpx.Response:
        answer: httpx.Response = await worked.post(
            f"{path}/{what}", body, "customer", subject=subject
        )
        return answer

    problem(await says("choice", option="expert-2"), 409, "wrong-stage")
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await reviewed(worked, booking_id)
    options = [{"option": f"expert-{n}"} for n in (1, 2, 3)]
    await done(worked, booking_id, "offer_options", "reviewer", options=options)
    await open_task(worked, booking_id, "choose_option")
    problem(await says("choice", option="expert-9"), 422, "invalid", "option")
    problem(await says("choice", "customer-2", option="expert-2"), 404, "not-found")
    assert (await says("choice", option="expert-2")).status_code == 200
    at = (worked.clock() + timedelta(days=9)).isoformat()
    await done(worked, booking_id, "arrange_service", "dispatcher", arranged=True, service_at=at)
    asked = await open_task(worked, booking_id, "confirm_booking")
    took_back = {"confirmed": False, "told_by": "app", "withdrawn": True}
    address = f"/v1/tasks/{asked['task_id']}/completion"
    refused = await worked.post(address, took_back, "customer", subject="customer-1")
    problem(refused, 422, "invalid", "withdrawn")
    assert (await says("confirmation", confirmed=True)).status_code == 200
    await staged(worked, booking_id, "confirmed")
    problem(await says("confirmation", confirmed=True), 409, "task-not-open")


async def test_the_list_of_bookings_comes_in_pages_and_to_each_their_own(worked: House) -> None:
    await insured_of(worked, P04)
    made = []
    for customer, service in (
        ("customer-1", "expert_outpatient"),
        ("customer-2", "inpatient_arrangement"),
        ("customer-1", "second_opinion"),
    ):
        made.append(await booked(worked, customer_id=customer, service=service))
        worked.clock.move(seconds=1)
    newest = made[::-1]

    async def page(role: str = "supervisor", **asked: Any) -> dict[str, Any]:
        answer = await worked.get("/v1/bookings", role, **asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    first = await page(params={"limit": 2})
    rest = await page(params={"limit": 2, "cursor": first["next_cursor"]})
    assert [one["booking_id"] for one in first["items"] + rest["items"]] == newest
    assert rest["next_cursor"] is None
    assert {one["name_masked"] for one in first["items"]} == {mask_name(NAME)}
    own = await page("customer", subject="customer-1")
    assert [one["booking_id"] for one in own["items"]] == [newest[0], newest[2]]
    assert len((await page("channel", channel="hotline"))["items"]) == len(made)
    assert (await page("channel", channel="other"))["items"] == []
    bad = await worked.get("/v1/bookings", "agent", params={"cursor": "x"})
    problem(bad, 422, "invalid", "cursor")
    problem(await worked.get("/v1/bookings", "insurer"), 403, "forbidden")


async def noticed(house: House, booking_id: str, delivery: str) -> dict[str, Any]:
    """The booking's one notice, as soon as this became of it."""
    for _ in range(100):
        for notice in (await seen(house, booking_id))["notices"]:
            if notice["delivery"] == delivery:
                return dict(notice)
        await asyncio.sleep(0.1)
    raise AssertionError(f"no notice {delivery}")


async def test_a_text_message_the_gateway_reports_as_lost_is_followed_by_a_call(
    worked: House,
) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await open_task(worked, booking_id, "take_request")
    notice = await noticed(worked, booking_id, "delivered")
    assert (notice["template"], notice["channel"]) == ("booking_received", "sms")
    lost = {"event": "message_delivered", "message_id": f"{booking_id}.notice.1"}
    assert (await call(worked, lost | {"status": "failed"}, partner="message")).status_code == 200
    phone = await open_task(worked, booking_id, "phone_customer")
    assert phone["subject"] == "booking_received"
    await noticed(worked, booking_id, "failed")


async def test_what_was_reported_of_a_step_is_read_by_those_it_is_for(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await open_task(worked, booking_id, "review_booking")
    path = f"/v1/bookings/{booking_id}"
    for role, reads in (("reviewer", True), ("agent", True), ("customer", False)):
        file = (await worked.get(path, role, subject="customer-1")).json()
        [step] = [one for one in file["tasks"] if one["kind"] == "take_request"]
        read = step["completion"] and (step["completion"]["need"], step["completion"]["intake"])
        assert read == ((NEED, {}) if reads else None)
