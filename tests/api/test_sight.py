"""Who sees what of a case: reports sealed and shown by role, papers by kind, a nurse no money."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import insert, text, update

from activities.ports.cases import HoldOrder
from adapters.books.ledger import Ledger
from adapters.tables.cases import cases, payments, top_ups
from api import uploads
from api.waivers.payment_codes import drawn
from domain.calendar import civil_date
from tests.api.conftest import NAME, PHONE, House
from tests.api.test_bad_input import problem
from tests.api.test_reporting import open_task

PDF = b"%PDF-1.7 a paper"


async def first_contact_done(house: House, need: str) -> str:
    case_id = str((await house.report()).json()["case_id"])
    task = await open_task(house, case_id, "first_contact")
    form = {"identity_verified": True, "need": need, "checklist_sent": True}
    done = await house.post(f"/v1/tasks/{task['task_id']}/completion", form)
    assert done.status_code == 200, done.text
    for _ in range(100):
        if step(await house.get(f"/v1/deposit-waivers/{case_id}"), "first_contact")["done"]:
            return case_id
        await asyncio.sleep(0.1)
    raise AssertionError("the first contact is not written down")


async def on_the_team(house: House, case_id: str) -> None:
    async with house.database.begin() as connection:
        await connection.execute(
            text('UPDATE cases SET team = \'{"nurse": "nurse-1"}\' WHERE case_id = :id'),
            {"id": case_id},
        )


def step(seen: Any, kind: str) -> dict[str, Any]:
    return next(task for task in seen.json()["tasks"] if task["kind"] == kind)


async def uploaded(house: House, case_id: str, kind: str, role: str = "agent") -> str:
    answer = await house.ask(
        "POST",
        f"/v1/deposit-waivers/{case_id}/documents",
        role,
        data={"kind": kind},
        files={"file": ("a.pdf", PDF, "application/pdf")},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def test_what_was_reported_is_kept_sealed_and_read_by_those_who_may(worked: House) -> None:
    case_id = await first_contact_done(worked, "肺部手术前住院")
    path = f"/v1/deposit-waivers/{case_id}"
    for role in ("agent", "reviewer", "supervisor"):
        told = step(await worked.get(path, role), "first_contact")["completion"]
        assert told["need"] == "肺部手术前住院", role
        assert told["identity_verified"] is True
    assert step(await worked.get(path, "finance"), "first_contact")["completion"] is None
    customer = await worked.get(path, "customer")
    assert step(customer, "first_contact")["completion"] is None
    async with worked.database.connect() as connection:
        rows = await connection.execute(text("SELECT form FROM tasks WHERE form IS NOT NULL"))
        assert all("手术".encode() not in row[0] for row in rows)


async def test_papers_are_opened_by_role_and_kind(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    await on_the_team(house, case_id)
    report = await uploaded(house, case_id, "pathology_report")
    slip = await uploaded(house, case_id, "deposit_slip")
    own = await uploaded(house, case_id, "step_image", "nurse")
    may = {
        "reviewer": {report, slip, own},
        "customer": {report, slip, own},
        "finance": {slip},
        "nurse": {slip, own},
        "dispatcher": set(),
    }
    for role, expected in may.items():
        listed = (await house.get(f"/v1/deposit-waivers/{case_id}", role)).json()["documents"]
        assert {row["document_id"] for row in listed} == {
            path.rpartition("/")[2] for path in expected
        }, role
        for path in (report, slip, own):
            answer = await house.get(path, role)
            if path in expected:
                assert answer.content == PDF, role
            else:
                problem(answer, 404, "not-found")


async def test_a_nurse_sees_the_case_without_its_money(worked: House) -> None:
    case_id = await first_contact_done(worked, "肺部手术前住院")
    await on_the_team(worked, case_id)
    seen = await worked.get(f"/v1/deposit-waivers/{case_id}", "nurse")
    assert seen.status_code == 200, seen.text
    told = seen.json()
    assert told["money"] is None
    assert told["payments"] == [] == told["top_ups"] == told["timeline"]
    assert "手术" not in seen.text
    assert told["hospital_name"]
    listed = await worked.get("/v1/deposit-waivers", "nurse")
    assert [one["money"] for one in listed.json()["items"]] == [None]
    assert (await worked.get(f"/v1/deposit-waivers/{case_id}")).json()["money"] is not None


async def audited(house: House) -> list[str]:
    async with house.database.connect() as connection:
        rows = await connection.execute(text("SELECT action FROM audit ORDER BY seq"))
        return [row[0] for row in rows]


async def test_who_serves_the_case_is_told_whom_to_call_and_it_is_audited(worked: House) -> None:
    case_id = str((await worked.report(name="李四")).json()["case_id"])
    path = f"/v1/deposit-waivers/{case_id}/contact"
    task = await open_task(worked, case_id, "first_contact")
    assert task["subject"].startswith("姓名与名单不符")
    problem(await worked.get(path, "agent"), 403, "forbidden")
    await worked.post(f"/v1/tasks/{task['task_id']}/claim", role="agent")
    told = await worked.get(path, "agent")
    given = {"case_id": case_id, "name": "李四", "phone": PHONE, "bed": "12床"}
    assert told.json() == given | {"name_on_list": NAME}
    assert (await audited(worked)).count("contact.viewed") == 1
    problem(await worked.get(path, "agent", subject="agent-2"), 403, "forbidden")
    problem(await worked.get(path, "nurse"), 404, "not-found")
    await on_the_team(worked, case_id)
    assert (await worked.get(path, "nurse")).json() == given | {"name_on_list": None}
    for role in ("customer", "supervisor", "finance", "reviewer"):
        problem(await worked.get(path, role), 403, "forbidden")
    assert (await audited(worked)).count("contact.viewed") == 2


async def test_the_file_shows_what_was_told_without_its_words(worked: House) -> None:
    case_id = await first_contact_done(worked, "住院")
    seen = await worked.get(f"/v1/deposit-waivers/{case_id}")
    [told] = [one for one in seen.json()["notices"] if one["template"] == "report_accepted"]
    assert (told["channel"], told["delivery"]) == ("sms", "delivered")
    assert set(told) == {
        "template", "channel", "sent_at", "sent_civil", "delivery", "delivery_name"
    }  # fmt: skip
    contact = step(seen, "first_contact")
    listed = await worked.get("/v1/tasks", params={"case_id": case_id, "state": "closed"})
    [same] = [one for one in listed.json()["items"] if one["kind"] == "first_contact"]
    shown = ("hospital_name", "stage", "stage_name", "insured")
    assert {name: contact[name] for name in shown} == {name: same[name] for name in shown}
    assert contact["hospital_name"]
    assert contact["insured"]


async def test_before_the_judgement_nothing_is_shown_as_left(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    assert (await house.get(f"/v1/deposit-waivers/{case_id}")).json()["money"]["limit"] is None
    books = await house.get(f"/v1/deposit-waivers/{case_id}/ledger", "finance")
    assert books.json()["left"] is None


@pytest.mark.parametrize(
    ("operator", "paid", "held", "granted", "left"),
    [
        ("below", 0, 0, 0, "179999.99"),
        ("at_most", 0, 0, 0, "180000.00"),
        ("below", 5_000_000, 0, 0, "129999.99"),
        ("below", 5_000_000, 12_999_999, 0, "0.00"),
        ("at_most", 5_000_000, 0, 3_000_000, "100000.00"),
        ("at_most", 5_000_000, 3_000_000, 3_000_000, "100000.00"),
    ],
)
async def test_case_and_books_name_the_same_amount_as_left(
    house: House,
    operator: Literal["below", "at_most"],
    paid: int,
    held: int,
    granted: int,
    left: str,
) -> None:
    case_id = str((await house.report()).json()["case_id"])
    path, books = f"/v1/deposit-waivers/{case_id}", Ledger(house.database)
    await books.set_limit(case_id, limit_fen=18_000_000, operator=operator)
    for number, amount_fen in enumerate((paid, held), 1):
        if amount_fen:
            order = HoldOrder(
                case_id=case_id,
                movement_id=f"{case_id}:deposit:{number}",
                amount_fen=amount_fen,
                reason="deposit",
                at=house.clock(),
            )
            assert (await books.hold(order)).held
    if paid:
        await books.post(case_id, f"{case_id}:deposit:1", at=house.clock())
    async with house.database.begin() as connection:
        await connection.execute(update(cases).values(advanced_fen=paid))
        if granted:
            row = {"top_up_id": "tu-1", "case_id": case_id, "requested_at": house.clock()}
            row |= {"requested_fen": granted, "granted_fen": granted, "state": "accepted"}
            await connection.execute(insert(top_ups).values(row))
    stages = [("in_hospital", left)] + [("claim_filing", "0.00")] * bool(paid)
    for stage, most in stages:
        async with house.database.begin() as connection:
            await connection.execute(update(cases).values(stage=stage))
        for seen in (
            (await house.get(path)).json()["money"],
            (await house.get("/v1/deposit-waivers")).json()["items"][0]["money"],
            (await house.get(f"{path}/ledger", "finance")).json(),
        ):
            assert seen["left"]["amount"] == most


async def test_a_dispatcher_lists_other_roles_only_by_name(house: House) -> None:
    case_id = str((await house.report()).json()["case_id"])
    kinds = {"assign_team": "dispatcher", "first_contact": "agent", "hand_in_slip": "nurse"}
    async with house.database.begin() as connection:
        for kind, role in kinds.items():
            await connection.execute(
                text(
                    "INSERT INTO tasks (task_id, case_id, kind, roles, title, opened_at, page)"
                    " VALUES (:task, :case, :kind, ARRAY[:role], '步骤', now(), 1)"
                ),
                {"task": f"{case_id}.{kind}.1", "case": case_id, "kind": kind, "role": role},
            )

    async def listed(role: str, wanted: str | None = None) -> set[str]:
        params = {} if wanted is None else {"role": wanted}
        page = await house.get("/v1/tasks", role, params=params)
        return {task["kind"] for task in page.json()["items"]}

    assert await listed("dispatcher") == {"assign_team"}
    assert await listed("dispatcher", "nurse") == {"hand_in_slip"}
    assert await listed("supervisor") == {*kinds} == await listed("auditor")
    problem(await house.get("/v1/tasks", "agent", params={"role": "nurse"}), 403, "forbidden")


async def test_what_another_case_was_granted_is_not_missing_from_what_is_left(house: House) -> None:
    limits, at = Ledger(house.database), house.clock()
    ours, other = [
        str((await house.report(planned_admission=day.isoformat())).json()["case_id"])
        for day in (civil_date(at), civil_date(at + timedelta(days=1)))
    ]
    for case_id in (ours, other):
        await limits.set_limit(case_id, limit_fen=18_000_000, operator="at_most")
    row = {"top_up_id": "tu-1", "case_id": other, "requested_at": at, "state": "accepted"}
    row |= {"requested_fen": 3_000_000, "granted_fen": 3_000_000}
    async with house.database.begin() as connection:
        await connection.execute(insert(top_ups).values(row))
    for case_id, left in ((ours, "180000.00"), (other, "150000.00")):
        seen = (await house.get(f"/v1/deposit-waivers/{case_id}")).json()["money"]
        assert seen["left"]["amount"] == left


async def test_a_request_before_the_stay_says_that_it_waits_for_it(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}"
    asked = {"amount": {"amount": "100.00"}, "reason": "other"}
    early = await house.post(f"{path}/top-ups", asked, role="customer")
    told = (await house.get(early.headers["location"], "customer")).json()
    assert (told["state"], told["state_name"]) == ("received", "已收到, 首笔押金缴纳后处理")
    day = (house.clock() + timedelta(days=9)).date().isoformat()
    noticed = await house.post(f"{path}/discharge-notices", {"discharge_on": day})
    told = (await house.get(noticed.headers["location"])).json()
    assert (told["state"], told["state_name"]) == ("received", "已收到, 首笔押金缴纳后处理")


async def test_a_code_is_an_image_as_long_as_it_can_be_paid(house: House) -> None:
    case_id = str((await house.report()).json()["case_id"])
    movement = f"{case_id}:deposit:1"
    address = "https://pay.example/p/1"
    async with house.database.begin() as connection:
        await connection.execute(
            insert(payments).values(
                movement_id=movement,
                case_id=case_id,
                reason="deposit",
                amount_fen=5_000_000,
                mode="qr_code",
                status="pending",
                code_url=address,
                ordered_at=house.clock(),
            )
        )
    file = (await house.get(f"/v1/deposit-waivers/{case_id}", "customer")).json()
    path = file["payments"][0]["code_image"]
    image = await house.get(path, "customer")
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    assert image.content == drawn(address) != drawn(address + "2")
    assert image.content.startswith(b"\x89PNG")
    problem(await house.get(path, "nurse"), 404, "not-found")
    problem(await house.get(path, "finance"), 403, "forbidden")
    none = f"/v1/deposit-waivers/{case_id}/payments/{case_id}:deposit:2/code"
    problem(await house.get(none, "agent"), 404, "not-found")
    async with house.database.begin() as connection:
        await connection.execute(text("UPDATE payments SET status = 'paid'"))
    problem(await house.get(path, "customer"), 404, "not-found")


async def test_what_both_sides_say_of_a_payment_is_for_those_who_find_out(worked: House) -> None:
    case_id = await first_contact_done(worked, "住院")
    said = '{"ours": "账簿 未付", "theirs": "已付 R-1"}'
    async with worked.database.begin() as connection:
        await connection.execute(
            text("UPDATE tasks SET evidence = CAST(:said AS jsonb) WHERE case_id = :id"),
            {"said": said, "id": case_id},
        )
    path = f"/v1/deposit-waivers/{case_id}"
    told = step(await worked.get(path, "supervisor"), "first_contact")["evidence"]
    assert told == {"ours": "账簿 未付", "theirs": "已付 R-1"}
    for role in ("customer", "finance"):
        assert step(await worked.get(path, role), "first_contact")["evidence"] is None, role


async def test_a_case_takes_so_many_files_and_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FILES_MAX", 1)
    case_id = str((await house.report()).json()["case_id"])
    path = f"/v1/deposit-waivers/{case_id}/documents"

    async def sent(key: str) -> Any:
        file = {"file": ("a.pdf", PDF, "application/pdf")}
        data = {"kind": "e_policy"}
        return await house.ask("POST", path, "customer", key=key, data=data, files=file)

    first, again, full = [await sent(key) for key in ("file-1", "file-1", "file-2")]
    assert (first.status_code, again.json()) == (201, first.json())
    problem(full, 422, "invalid", "file")
