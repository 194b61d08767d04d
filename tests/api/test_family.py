"""A family member who may act, a death, and a stay that goes on at another hospital."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import text

from adapters.books.casebook import Casebook
from tests.api.conftest import PHONE, House
from tests.api.test_bad_input import problem
from tests.api.test_reporting import open_task

FAMILY_PHONE = "13900139001"
SPOUSE = "family-spouse"


async def a_paper(house: House, case_id: str) -> str:
    png = b"\x89PNG\r\n\x1a\n" + bytes(64)
    sent = await house.ask(
        "POST",
        f"/v1/deposit-waivers/{case_id}/documents",
        files={"file": ("proof.png", png, "image/png")},
        data={"kind": "authorisation"},
    )
    assert sent.status_code == 201, sent.text
    return str(sent.json()["document_id"])


async def a_member(house: House, case_id: str, **changes: Any) -> dict[str, Any]:
    member = {
        "subject": SPOUSE,
        "name": "客户某乙",
        "phone": FAMILY_PHONE,
        "relation": "spouse",
        "document_id": await a_paper(house, case_id),
    }
    return member | changes


async def test_a_family_member_acts_only_after_the_customer_lets_them(worked: House) -> None:
    case_id = (await worked.report(customer_id="customer-1")).json()["case_id"]
    await open_task(worked, case_id, "first_contact")
    case, withdrawal = f"/v1/deposit-waivers/{case_id}", {"reason": "改期"}
    problem(await worked.get(case, "customer", subject=SPOUSE), 404, "not-found")
    body = await a_member(worked, case_id, consent=True)
    let = await worked.post(f"{case}/family", body, "customer", subject="customer-1")
    assert let.status_code == 200, let.text
    assert (await worked.get(case, "customer", subject=SPOUSE)).status_code == 200
    listed = await worked.get("/v1/deposit-waivers", "customer", subject=SPOUSE)
    assert [one["case_id"] for one in listed.json()["items"]] == [case_id]
    other = await a_member(worked, case_id, subject="family-other", consent=True)
    refused = await worked.post(f"{case}/family", other, "customer", subject=SPOUSE)
    problem(refused, 403, "forbidden")
    done = await worked.post(f"{case}/withdrawal", withdrawal, "customer", subject=SPOUSE)
    assert done.status_code == 200, done.text
    async with worked.database.connect() as connection:
        rows = await connection.execute(
            text("SELECT actor_id, subject FROM audit WHERE action = 'family.authorised'")
        )
        assert rows.all() == [("customer-1", SPOUSE)]


async def test_who_is_let_act_no_more_sees_nothing(house: House) -> None:
    case_id = (await house.report(customer_id="customer-1")).json()["case_id"]
    case = f"/v1/deposit-waivers/{case_id}"
    body = await a_member(house, case_id, consent=True)
    assert (await house.post(f"{case}/family", body)).status_code == 200
    [shown] = (await house.get(case)).json()["family"]
    assert (shown["subject"], shown["relation"], shown["ended_at"]) == (SPOUSE, "spouse", None)
    end = f"{case}/family/{SPOUSE}/end"
    ended = await house.post(end, None, "customer", subject="customer-1")
    assert ended.status_code == 200, ended.text
    problem(await house.get(case, "customer", subject=SPOUSE), 404, "not-found")
    assert (await house.get("/v1/deposit-waivers", "customer", subject=SPOUSE)).json()[
        "items"
    ] == []
    problem(await house.post(end), 404, "not-found")
    assert (await house.post(f"{case}/family", body)).status_code == 200
    assert (await house.get(case, "customer", subject=SPOUSE)).status_code == 200


async def test_without_a_paper_of_the_case_or_consent_nobody_is_let_in(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}/family"
    unknown = await a_member(house, case_id, document_id="doc-none", consent=True)
    problem(await house.post(path, unknown), 422, "unknown-document")
    problem(await house.post(path, await a_member(house, case_id)), 422, "invalid")
    refusing = await a_member(house, case_id, consent=False)
    problem(await house.post(path, refusing), 422, "invalid")
    shouting = await a_member(house, case_id, consent=True, phone="110")
    problem(await house.post(path, shouting), 422, "invalid")


async def test_after_a_death_the_family_is_told(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    await open_task(worked, case_id, "first_contact")
    book = Casebook(worked.database, worked.sealer, clock=worked.clock)
    assert (await book.contact(case_id)).phone == PHONE
    body = {"family": await a_member(worked, case_id)}
    told = await worked.post(f"/v1/deposit-waivers/{case_id}/death", body)
    assert told.status_code == 200, told.text
    assert (await book.contact(case_id)).phone == FAMILY_PHONE
    seen = await worked.get(f"/v1/deposit-waivers/{case_id}", "customer", subject=SPOUSE)
    assert seen.status_code == 200, seen.text
    for _ in range(100):
        view = (await worked.get(f"/v1/deposit-waivers/{case_id}")).json()
        if view["stage"] == "cancelled":
            break
        await asyncio.sleep(0.05)
    assert view["reason"] == "患者已身故"
    again = await worked.post(f"/v1/deposit-waivers/{case_id}/death", body)
    problem(again, 409, "case-ended")


async def test_a_stay_that_goes_on_elsewhere_names_the_one_that_is_settled(house: House) -> None:
    former = (await house.report()).json()["case_id"]
    early = await house.report(follows=former, planned_admission=None)
    problem(early, 409, "wrong-stage")
    async with house.database.begin() as connection:
        await connection.execute(text("UPDATE cases SET stage = 'adjudication'"))
    moved = await house.report(follows=former, planned_admission=None)
    assert moved.status_code == 201, moved.text
    case_id = moved.json()["case_id"]
    assert case_id != former
    seen = (await house.get(f"/v1/deposit-waivers/{case_id}")).json()
    assert seen["follows"] == former
    none = "dw-aaaaaaaaaaaaaaaaaaaa"
    problem(await house.report(follows=none, planned_admission=None), 422, "invalid")
