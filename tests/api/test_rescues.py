"""A hospital's own channel over HTTP: a night's patient, a mass event, a link found afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import text

from api.letters.delivery import ORPHAN_AFTER, sweep
from tests.api.conftest import (
    HOSPITAL,
    NAME,
    PERSON,
    STRANGER,
    House,
    no_server_takes_a_signal,
)
from tests.api.test_bad_input import problem

P15 = "hosp_shuangcheng_surgery"
RESCUES = "/v1/rescues"
COMPLAINT = "外伤, 活动性出血"


async def ask(
    house: House,
    path: str,
    body: dict[str, Any] | None = None,
    role: str = "hospital_nurse",
    *,
    hospital: str | None = HOSPITAL,
    key: str = "",
) -> httpx.Response:
    """What somebody of a hospital asks; without a body they look."""
    token = house.token(role, f"{role}-1", hospital=hospital)
    headers = {"Authorization": f"Bearer {token}"}
    if body is None:
        return await house.ask("GET", path, None, headers=headers)
    return await house.ask("POST", path, None, key=key, json=body, headers=headers)


async def ok(*asked: Any, status: int = 200, **more: Any) -> dict[str, Any]:
    answer = await ask(*asked, **more)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def called(house: House, **more: Any) -> str:
    body = {"programme": P15, "service": "er_rescue_channel", "complaint": COMPLAINT}
    opened = await ok(house, RESCUES, body | more, "hospital_staff", status=201)
    return str(opened["rescue_id"])


async def seen(
    house: House, rescue_id: str, fact: Callable[[dict[str, Any]], Any]
) -> dict[str, Any]:
    """The rescue, as soon as a fact stands in its record."""
    for _ in range(100):
        file = await ok(house, f"{RESCUES}/{rescue_id}", role="hospital_duty")
        if fact(file):
            return file
        await asyncio.sleep(0.1)
    raise AssertionError(f"never: {file}")


def now(house: House) -> str:
    return house.clock().isoformat()


async def test_a_patient_nobody_knows_is_saved_first_and_named_and_linked_afterwards(
    worked: House,
) -> None:
    rescue_id = await called(worked, arrival="ambulance", found_at="radiology")
    at = f"{RESCUES}/{rescue_id}"
    into = {"steps": [{"step": "straight_in", "at": now(worked)}]}
    both_tell = (ask(worked, f"{at}/steps", into) for _ in range(2))  # two nurses, one fact
    statuses = [answer.status_code for answer in await asyncio.gather(*both_tell)]
    assert sorted(statuses) == [200, 409]
    await ok(worked, f"{at}/triage", {"groups": ["bleeding_trauma"], "level": 1})
    await ok(worked, f"{at}/services", {"service": "emergency_surgery_channel"}, "hospital_doctor")
    both = [{"step": one, "at": now(worked)} for one in ("decide", "tell_theatre")]
    await ok(worked, f"{at}/steps", {"steps": both}, "hospital_doctor")
    file = await seen(
        worked,
        rescue_id,
        lambda one: len(one["steps"]) == 3 and one["stage_name"] == "急诊手术",
    )
    assert file["name_masked"] == ""
    assert (file["arrival"], file["found_at"]) == ("ambulance", "radiology")
    assert {one["clock"]: one["state"] for one in file["clocks"]}["H04"] == "met"
    assert file["owner"] == "hospital_doctor-1"  # who treats first answers for the patient
    # A step is done from the worklist as well, by the role it names.
    path = f"/v1/tasks?case_id={rescue_id}"
    tasks = (await ok(worked, path, role="hospital_nurse"))["items"]
    call = next(one for one in tasks if "record_call" in one["subject"])
    asked = {one["code"] for one in call["asks"]["details"]}
    eight = dict.fromkeys(
        ("name", "diagnosis", "operation", "anaesthesia", "team", "notifier"), "甲"
    )
    form = {
        "step": "record_call",
        "at": now(worked),
        "details": eight | {"age": "45", "sex": "male"},
    }
    assert asked == {*form["details"]}
    await ok(worked, f"/v1/tasks/{call['task_id']}/completion", form)
    ended = {"outcome": "admitted", "at": now(worked), "handed_to": "骨科病区"}
    # Nobody is known, no case is linked, nothing is paid: the rescue ends without any of it.
    answer = await ask(worked, f"{at}/case", {"case_id": "dw-" + "a" * 20})
    problem(answer, 409, "wrong-stage")
    await ok(worked, f"{at}/outcome", ended, "hospital_doctor")
    case_id = (await worked.report()).json()["case_id"]
    somebody = {"name": "某乙", "id_number": STRANGER}
    await ok(worked, f"{at}/patient", somebody, "hospital_staff")
    other = await ask(worked, f"{at}/case", {"case_id": case_id})
    problem(other, 422, "invalid")  # another person's case
    async with no_server_takes_a_signal(worked):
        await ok(worked, f"{at}/patient", {"name": NAME, "id_number": PERSON}, "hospital_staff")
        linked = await ok(worked, f"{at}/case", {})  # staff need not know its number
    assert linked["linked_case"] == case_id
    problem(await ask(worked, f"{at}/case", {"case_id": case_id}), 409, "wrong-stage")
    changed = await ask(worked, f"{at}/patient", somebody, "hospital_staff")
    problem(changed, 409, "wrong-stage")
    file = await seen(
        worked, rescue_id, lambda one: "case_linked" in [line["event"] for line in one["timeline"]]
    )
    told = [line["event"] for line in file["timeline"]]
    assert [told.count(one) for one in ("patient_known", "case_linked")] == [2, 1]
    assert file["stage"] == "formalities"
    assert (file["linked_case"], file["outcome_name"]) == (case_id, "已收入院")
    assert file["name_masked"] not in ("", NAME)
    report = await ok(worked, "/v1/reports/rescues", role="hospital_duty")
    [line] = report["lines"]
    assert (line["outcome_name"], line["patients"], line["with_breach"]) == ("已收入院", 1, 0)
    queue = (await ok(worked, RESCUES, role="hospital_duty"))["items"]
    assert queue == []  # saved, so that nobody waits for the papers


async def test_a_mass_event_brings_many_and_the_most_severe_are_seen_first(worked: House) -> None:
    event = {
        "programme": P15,
        "service": "er_rescue_channel",
        "name": "客车侧翻",
        "patients": [{"complaint": "骨折"}, {"complaint": "昏迷"}, {"complaint": "擦伤"}],
    }
    raised = await ok(worked, "/v1/mass-events", event, "hospital_staff", status=201, key="bus-1")
    again = await ok(worked, "/v1/mass-events", event, "hospital_staff", status=201, key="bus-1")
    assert again == raised
    broken, coma, scratch = (one["rescue_id"] for one in raised["rescues"])
    await ok(worked, f"{RESCUES}/{broken}/triage", {"level": 3})
    await ok(worked, f"{RESCUES}/{coma}/triage", {"groups": ["shock"], "level": 1})
    late = await called(worked, event_id=raised["event_id"])
    for rescue_id in (broken, coma):
        await seen(worked, rescue_id, lambda one: one["level"])
    path = f"/v1/mass-events/{raised['event_id']}"
    view = await ok(worked, path, role="hospital_duty")
    order = [one["rescue_id"] for one in view["items"]]
    assert {*order[:2]} == {scratch, late}  # nobody has looked at them: they come first
    assert order[2:] == [coma, broken]
    upward = [
        task["subject"]
        for task in (await ok(worked, "/v1/tasks?limit=200", role="hospital_duty"))["items"]
        if task["kind"] == "report_rescue" and "科主任" in task["subject"]
    ]
    assert len(upward) == 1  # the event is reported once
    stranger = await ask(worked, path, role="hospital_duty", hospital="h-other")
    problem(stranger, 404, "not-found")


async def test_another_hospital_and_the_insurers_people_see_nothing_of_it(worked: House) -> None:
    rescue_id = await called(worked)
    at = f"{RESCUES}/{rescue_id}"
    file = await seen(worked, rescue_id, lambda one: one["tasks"])
    assert all(task["asks"] for task in file["tasks"] if task["kind"] == "rescue_step")
    assert [task for task in file["tasks"] if task["asks"]]  # what forms want, by code
    other: dict[str, Any] = {"hospital": "h-other"}
    problem(await ask(worked, at, **other), 404, "not-found")
    assert (await ok(worked, RESCUES, **other))["items"] == []
    assert (await ok(worked, "/v1/tasks", **other))["items"] == []
    assert len((await ok(worked, "/v1/tasks"))["items"]) > 1
    triage = {"groups": ["shock"]}
    problem(await ask(worked, f"{at}/triage", triage, **other), 404, "not-found")
    problem(await worked.get(at, "agent"), 403, "forbidden")
    watched = (await worked.get(at, "supervisor")).json()
    assert watched["clocks"]
    assert watched["complaint"] == ""  # who watches over the minutes need not know the illness
    staff = await ask(worked, f"{at}/triage", triage, "hospital_staff")
    problem(staff, 403, "forbidden")
    case = (await worked.report()).json()["case_id"]
    problem(await ask(worked, f"/v1/deposit-waivers/{case}"), 404, "not-found")
    nowhere = await ask(worked, RESCUES, {"programme": P15, "service": "x"}, hospital=None)
    problem(nowhere, 403, "forbidden")


async def test_a_call_that_cannot_be_meant_is_refused_before_anything_is_written(
    house: House,
) -> None:
    good = {"programme": P15, "service": "er_rescue_channel"}
    for body, code, field in (
        (good | {"programme": "no_such"}, "unknown-programme", "programme"),
        (good | {"programme": "bainian_deposit_waiver"}, "unknown-programme", "programme"),
        (good | {"service": "free_clinic"}, "invalid", "service"),
        (good | {"first_contact_at": "2020-01-01T00:00:00+08:00"}, "invalid", "first_contact_at"),
        (good | {"event_id": "me-" + "a" * 20}, "invalid", "event_id"),
        (good | {"level": 1}, "invalid", "level"),
    ):
        answer = await ask(house, RESCUES, body)
        problem(answer, 422, code, field)
    assert await house.rows("rescues") == 0


async def test_a_call_that_is_sent_twice_brings_one_patient(worked: House) -> None:
    body = {"programme": P15, "service": "er_rescue_channel", "complaint": COMPLAINT}
    asked = (ask(worked, RESCUES, body, "hospital_staff", key="once") for _ in range(4))
    answers = await asyncio.gather(*asked)
    opened = {one.json()["rescue_id"] for one in answers if one.status_code == 201}
    assert len(opened) == 1
    assert {one.status_code for one in answers} <= {201, 409}  # 409: the first is under way
    other = await ask(worked, RESCUES, body | {"complaint": "昏迷"}, "hospital_staff", key="once")
    problem(other, 422, "idempotency-key-reused")
    assert await worked.rows("rescues") == 1


async def test_a_call_whose_start_was_lost_is_started_by_the_sweep(house: House) -> None:
    rescue_id = await called(house)
    async with house.database.begin() as connection:
        await connection.execute(text("UPDATE rescues SET stage = 'opening'"))
    await house.temporal.get_workflow_handle(rescue_id).terminate("lost")
    house.clock.move(seconds=ORPHAN_AFTER.total_seconds() + 1)
    assert await sweep(house.app.state.door) >= 1


async def test_a_shift_is_checked_when_it_begins_and_says_what_is_lacking(house: House) -> None:
    path, asked = "/v1/readiness", "/v1/readiness?programme=hosp_rescue_channel"
    assert (await ok(house, asked))["lacks"][0]["code"] == "nobody_checked"
    shift = {
        "programme": "hosp_rescue_channel",
        "until": (house.clock() + timedelta(hours=12)).isoformat(),
        "doctors": ["d-1"],
        "nurses": ["n-1"],
        "equipment_complete": True,
        "supplies_complete": False,
    }
    problem(await ask(house, path, shift), 422, "invalid", "missing")
    problem(await ask(house, path, shift | {"until": now(house)}), 422, "invalid", "until")
    said = await ok(house, path, shift | {"missing": "肾上腺素不足"})
    assert ([one["code"] for one in said["lacks"]], said["ready"]) == (["supplies"], False)
    house.clock.move(hours=1)
    said = await ok(house, path, shift | {"supplies_complete": True})
    assert (said["ready"], said["unmanned_minutes"]) == (True, 23 * 60)
    assert not (await ok(house, asked, hospital="h-other"))["ready"]
    house.clock.move(hours=12)
    assert [one["code"] for one in (await ok(house, asked))["lacks"]] == ["shift_over"]


async def lacking(house: House, **more: Any) -> list[dict[str, Any]]:
    """What the duty office of a hospital is to see to."""
    seen = await ok(house, "/v1/tasks", role="hospital_duty", **more)
    return [task for task in seen["items"] if task["kind"] == "make_ready"]


async def test_what_a_check_finds_lacking_is_the_duty_offices_until_a_check_is_complete(
    house: House,
) -> None:
    """HX08: one step a channel, of that hospital alone; by hand it is done until the next check."""
    path = "/v1/readiness"

    async def check(**changes: Any) -> None:
        house.clock.move(minutes=30)
        until = (house.clock() + timedelta(hours=12)).isoformat()
        shift = {"programme": "hosp_rescue_channel", "until": until, "doctors": ["d-1"]}
        there = {"nurses": ["n-1"], "equipment_complete": True, "supplies_complete": True}
        await ok(house, path, shift | there | {"missing": "肾上腺素不足"} | changes)

    await check(supplies_complete=False)
    await check(supplies_complete=False, nurses=[])  # told anew, not asked twice
    [step] = await lacking(house)
    assert step["subject"] == "无值班护士、抢救药品或用品不齐"
    assert step["due_at"] == step["opened_at"]
    assert step["hospital_name"]
    assert await lacking(house, hospital="h-other") == []
    done, form = f"/v1/tasks/{step['task_id']}/completion", {"action": "已补领"}
    stranger = await ask(house, done, form, "hospital_duty", hospital="h-other")
    problem(stranger, 404, "not-found")
    problem(await ask(house, done, form, "hospital_nurse"), 403, "forbidden")
    await ok(house, done, form, "hospital_duty")
    assert await lacking(house) == []
    await check(equipment_complete=False)
    [again] = await lacking(house)
    assert again["task_id"] != step["task_id"]
    await check()
    assert await lacking(house) == []
    closed = await ok(house, "/v1/tasks?state=closed", role="hospital_duty")
    assert {one["task_id"] for one in closed["items"]} == {step["task_id"], again["task_id"]}
