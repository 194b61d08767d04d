"""The step of handing in a deposit's slip: whose it is, and of which deposit a slip may be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from domain.calendar import civil_date
from tests.api.conftest import House
from tests.api.test_bad_input import JPEG, problem
from tests.api.test_sight import on_the_team


async def test_a_nurses_step_without_a_name_is_only_the_teams_nurses(house: House) -> None:
    case_id = str((await house.report()).json()["case_id"])
    await on_the_team(house, case_id)
    task_id = f"{case_id}.hand_in_slip.1"
    async with house.database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO tasks (task_id, case_id, kind, roles, title, opened_at, page) VALUES "
                "(:task, :case, 'hand_in_slip', '{nurse,agent}', '上传押金单', now(), 1)"
            ),
            {"task": task_id, "case": case_id},
        )

    async def listed(role: str, subject: str) -> list[str]:
        page = await house.get("/v1/tasks", role, subject=subject)
        return [task["task_id"] for task in page.json()["items"]]

    assert await listed("nurse", "nurse-1") == [task_id] == await listed("agent", "agent-9")
    assert await listed("nurse", "nurse-2") == []
    claim = f"/v1/tasks/{task_id}/claim"
    problem(await house.post(claim, role="nurse", subject="nurse-2"), 404, "not-found")
    assert (await house.post(claim, role="nurse", subject="nurse-1")).status_code == 200
    claimed = await house.post(claim, role="agent", subject="agent-9")
    problem(claimed, 409, "task-claimed")
    path = f"/v1/deposit-waivers/{case_id}/documents"
    card: dict[str, Any] = {
        "files": {"file": ("a.jpg", JPEG, "image/jpeg")},
        "data": {"kind": "id_card_front"},
    }
    uploaded = await house.ask("POST", path, "nurse", subject="nurse-1", **card)
    form = {"images": [uploaded.json()["document_id"]], "receipt_no": "R-1"}
    done = await house.post(
        f"/v1/tasks/{task_id}/completion", form, role="nurse", subject="nurse-1"
    )
    problem(done, 422, "invalid", "images.0")
    # Nor is it the slip of another customer's deposit, by its number or by its picture.
    slip = card | {"data": {"kind": "deposit_slip"}}
    uploaded = await house.ask("POST", path, "nurse", subject="nurse-1", **slip)
    form["images"] = [uploaded.json()["document_id"]]
    other = str((await house.report(planned_admission=a_week_on(house))).json()["case_id"])
    for known, field in ((_PAID_ELSEWHERE, "receipt_no"), (_PICTURED_ELSEWHERE, "images")):
        async with house.database.begin() as connection:
            await connection.execute(text(known), {"case": other})
        done = await house.post(
            f"/v1/tasks/{task_id}/completion", form, role="nurse", subject="nurse-1"
        )
        problem(done, 422, "invalid", field)


_PAID_ELSEWHERE = (
    "INSERT INTO payments (movement_id, case_id, reason, amount_fen, status, ordered_at, "
    "receipt_no, page) VALUES (:case || ':deposit:1', :case, 'deposit', 100, 'paid', now(), "
    "'R-1', 1)"
)
_PICTURED_ELSEWHERE = (
    "INSERT INTO deposit_slips (movement_id, case_id, receipt_no, pictures) "
    "SELECT :case || ':deposit:1', :case, 'R-1', array_agg(sha256) FROM documents"
)


def a_week_on(house: House) -> str:
    return (civil_date(house.clock()) + timedelta(days=7)).isoformat()


async def test_a_nurse_who_comes_no_more_holds_no_step(house: House) -> None:
    case_id = str((await house.report()).json()["case_id"])
    await on_the_team(house, case_id)
    task_id = f"{case_id}.hand_in_slip.1"
    async with house.database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO tasks (task_id, case_id, kind, roles, title, opened_at, page, "
                "claimed_by, claimed_role) VALUES (:task, :case, 'hand_in_slip', '{nurse}', "
                "'上传押金单', now(), 1, :by, 'nurse')"
            ),
            {"task": task_id, "case": case_id, "by": "nurse-0"},
        )
    slip = {"images": ["doc-none"], "receipt_no": "R-1"}
    path = f"/v1/tasks/{task_id}/completion"
    problem(await house.post(path, slip, role="nurse", subject="nurse-0"), 409, "task-claimed")
    problem(await house.post(path, slip, role="nurse"), 422, "unknown-document")
