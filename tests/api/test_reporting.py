"""A report becomes a case, once, and a task of it can be done through the door."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.api.conftest import House


async def open_task(
    house: House, case_id: str, kind: str, *, but: str | None = None
) -> dict[str, Any]:
    """The open task of a kind (another one than `but`), as soon as the casebook shows it."""
    for _ in range(100):
        listed = await house.get("/v1/tasks", "supervisor", params={"case_id": case_id})
        assert listed.status_code == 200, listed.text
        for task in listed.json()["items"]:
            if task["kind"] == kind and task["task_id"] != but:
                return dict(task)
        await asyncio.sleep(0.1)
    raise AssertionError(f"no open task {kind}")


async def test_a_report_opens_a_case_and_the_first_contact_can_be_done(worked: House) -> None:
    opened = await worked.report()
    assert opened.status_code == 201, opened.text
    case_id = opened.json()["case_id"]
    assert opened.headers["location"] == f"/v1/deposit-waivers/{case_id}"
    task = await open_task(worked, case_id, "first_contact")
    claimed = await worked.post(f"/v1/tasks/{task['task_id']}/claim")
    assert claimed.status_code == 200, claimed.text
    form = {"identity_verified": True, "need": "免押金", "checklist_sent": True}
    done = await worked.post(f"/v1/tasks/{task['task_id']}/completion", form)
    assert done.status_code == 200, done.text
    again = await worked.post(f"/v1/tasks/{task['task_id']}/completion", form)
    assert again.status_code == 409, again.text
    seen = await worked.get(f"/v1/deposit-waivers/{case_id}")
    assert seen.status_code == 200, seen.text
    assert seen.json()["stage_name"]
    assert seen.json()["insured"]["name"] == "客*"
