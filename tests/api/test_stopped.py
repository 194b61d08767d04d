"""A workflow that an operator terminated: found, told until it runs again, and brought back."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from api.door.stopped import look_for_stopped
from api.letters.delivery import sweep
from tests.api.conftest import House
from tests.api.test_bad_input import problem

TOP_UP = {"amount": {"amount": "1000.00", "currency": "CNY"}, "reason": "deposit_used_up"}
CONTACT = {"identity_verified": True, "need": "住院押金", "checklist_sent": True}


async def step_of(house: House, kind: str, role: str) -> dict[str, Any]:
    """The open step of a kind, once the case has written it down."""
    async with asyncio.timeout(20):
        while True:
            for step in (await house.get("/v1/tasks", role)).json()["items"]:
                if step["kind"] == kind:
                    return dict(step)
            await asyncio.sleep(0.05)


async def bring_back(house: House, matter_id: str) -> None:
    """As docs/decisions/cancel-requests.md says."""
    command = ["workflow", "reset", "--workflow-id", matter_id, "--type", "LastWorkflowTask"]
    told = ["--reason", "terminated by mistake", "--address", house.settings.temporal_target]
    program = Path(sys.executable).parent / "temporal"
    process = await asyncio.create_subprocess_exec(
        program, *command, *told, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def letters(house: House) -> list[tuple[str, str]]:
    items = (await house.get("/v1/reports/letters", "supervisor")).json()["items"]
    return [(one["case_id"], one["why"]) for one in items]


async def test_a_terminated_case_is_told_and_goes_on_where_it_stood_once_it_is_reset(
    worked: House,
) -> None:
    door = worked.app.state.door
    case_id = (await worked.report()).json()["case_id"]
    contact = await step_of(worked, "first_contact", "agent")
    at = f"/v1/tasks/{contact['task_id']}/completion"
    assert await look_for_stopped(door) == 0
    await worked.temporal.get_workflow_handle(case_id).terminate("a stray command")

    problem(await worked.post(at, CONTACT, key="key-contact"), 503, "case-stopped")
    asked = await worked.post(f"/v1/deposit-waivers/{case_id}/top-ups", TOP_UP, role="customer")
    assert asked.status_code == 202
    worked.clock.move(minutes=31)
    await sweep(door)
    assert await letters(worked) == [(case_id, "case_stopped")]

    for closed in (True, False):  # closing it changes nothing while nothing runs
        assert (await look_for_stopped(door), await look_for_stopped(door)) == (1, 1)
        told = await step_of(worked, "resume_matter", "supervisor")
        assert told["subject"] == case_id
        assert told["evidence"]["theirs"].startswith("流程被终止 20")
        assert "greenlane_workflows_stopped 1.0" in (await worked.get("/metrics")).text
        assert (await worked.get("/readyz")).json()["warnings"]["workflows"].startswith("1 stopped")
        if closed:
            done = f"/v1/tasks/{told['task_id']}/completion"
            saw = await worked.post(done, {"action": "已看到"}, "supervisor")
            assert saw.status_code == 200

    await bring_back(worked, case_id)
    assert await look_for_stopped(door) == 0
    assert "greenlane_workflows_stopped 0.0" in (await worked.get("/metrics")).text
    assert (await worked.post(at, CONTACT, key="key-contact")).status_code == 200
    worked.clock.move(minutes=11)
    await sweep(door)
    assert await letters(worked) == []
    assert (await step_of(worked, "assign_team", "dispatcher"))["case_id"] == case_id
