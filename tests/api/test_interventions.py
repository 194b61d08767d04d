"""A hold, somebody else for a step, a policy that ends: through the door, and who may not."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.conftest import House
from tests.api.test_bad_input import problem
from tests.api.test_reporting import open_task


async def test_a_hold_is_a_step_of_the_supervisors_until_it_is_released(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    await open_task(worked, case_id, "first_contact")
    hold = f"/v1/deposit-waivers/{case_id}/hold"
    assert (await worked.post(hold, {"reason": "待核实"}, "supervisor")).status_code == 200
    problem(await worked.post(hold, {"reason": "再次"}, "supervisor"), 409, "wrong-stage")
    task = await open_task(worked, case_id, "release_hold")
    path = f"/v1/deposit-waivers/{case_id}"
    disputed = await worked.post(f"{path}/disputes", {"reason": "不服"}, "customer")
    problem(disputed, 409, "wrong-stage")  # nobody has decided anything
    # Who may be looked into is not told.
    assert "待核实" in (await worked.get(path, "supervisor")).text
    seen = await worked.get(path, "customer")
    assert seen.status_code == 200
    assert "待核实" not in seen.text
    assert "release_hold" not in seen.text
    assert task["roles"] == ["supervisor"]
    done = f"/v1/tasks/{task['task_id']}/completion"
    assert (await worked.post(done, {"note": "已核实"}, "supervisor")).status_code == 200
    assert (await worked.post(hold, {"reason": "再次"}, "supervisor")).status_code == 200


async def test_a_claimed_step_that_is_given_away_is_free_for_its_new_owner(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    task = await open_task(worked, case_id, "first_contact")
    path = f"/v1/tasks/{task['task_id']}"
    assert (await worked.post(f"{path}/claim", subject="agent-1")).status_code == 200
    given = {"staff_id": "agent-2", "reason": "休假"}
    answer = await worked.post(f"{path}/reassignment", given, "dispatcher")
    assert answer.status_code == 200, answer.text
    for _ in range(100):
        await asyncio.sleep(0.05)
        shown = await open_task(worked, case_id, "first_contact")
        if shown["assignee"] == "agent-2":
            break
    assert shown["claimed_by"] is None
    form = {"identity_verified": True, "need": "免押金", "checklist_sent": True}
    done = await worked.post(f"{path}/completion", form, subject="agent-2")
    assert done.status_code == 200, done.text
    again = await worked.post(f"{path}/reassignment", given, "dispatcher")
    problem(again, 409, "task-not-open")


async def test_a_policy_that_ends_before_a_payment_ends_the_case(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    await open_task(worked, case_id, "first_contact")
    path = f"/v1/deposit-waivers/{case_id}/policy-end"
    ended = await worked.post(path, {"reason": "退保"}, "insurer")
    assert ended.status_code == 200, ended.text


async def test_nobody_is_replaced_in_a_team_that_does_not_stand_yet(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    await open_task(worked, case_id, "assign_team")
    other = {"role": "nurse", "staff_id": "nurse-2"}
    answer = await worked.post(f"/v1/deposit-waivers/{case_id}/team", other, "dispatcher")
    problem(answer, 409, "wrong-stage")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("hold", {"reason": " "}),
        ("hold", {}),
        ("hold", {"reason": "x", "amount": 1}),
        ("policy-end", {"reason": ""}),
        ("team", {"role": "finance", "staff_id": "a"}),
        ("team", {"role": "nurse", "staff_id": "有空格 x"}),
    ],
)
async def test_a_body_that_does_not_hold_is_refused(
    house: House, path: str, body: dict[str, object]
) -> None:
    case_id = (await house.report()).json()["case_id"]
    answer = await house.post(f"/v1/deposit-waivers/{case_id}/{path}", body, "supervisor")
    problem(answer, 422, "invalid")


@pytest.mark.parametrize(
    ("path", "role"), [("hold", "agent"), ("policy-end", "agent"), ("team", "customer")]
)
async def test_who_may_not_is_refused(house: House, path: str, role: str) -> None:
    case_id = (await house.report()).json()["case_id"]
    answer = await house.post(f"/v1/deposit-waivers/{case_id}/{path}", {"reason": "x"}, role)
    problem(answer, 403, "forbidden")
