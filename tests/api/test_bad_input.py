"""Each bad input is answered with a problem document that names the field and the reason.

Nothing is written, and what was typed is never repeated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from adapters.tables.cases import tasks
from api.door.problems import MEDIA_TYPE, TYPE_PREFIX
from domain.calendar import civil_date
from tests.api.conftest import PERSON, House, listening, nothing_written

JPEG = b"\xff\xd8\xff\xe0" + b"0" * 200
PDF = b"%PDF-1.7\n" + b"0" * 200


def problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    said = answer.json()
    assert said["type"] == TYPE_PREFIX + code, answer.text
    assert said["title"]
    assert said["request_id"] == answer.headers["x-request-id"]
    if field is not None:
        assert field in [error["field"] for error in said["errors"]], answer.text
        assert all(error["reason"] for error in said["errors"])
    return said


REFUSED_REPORTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown programme", {"programme": "no_such_programme"}, "unknown-programme", "programme"),
    ("unknown hospital", {"hospital_id": "h-nowhere"}, "unknown-hospital", "hospital_id"),
    ("short ID number", {"id_number": "1101011990"}, "invalid", "insured.id_number"),
    ("wrong check digit", {"id_number": PERSON[:-1] + "5"}, "invalid", "insured.id_number"),
    ("impossible birthday", {"id_number": "110101199013070732"}, "invalid", "insured.id_number"),
    ("NUL in a name", {"name": "张\x00三"}, "invalid", "insured.name"),
    ("blank name", {"name": "   "}, "invalid", "insured.name"),
    ("a sign nobody sees in a name", {"name": "\u202e张三"}, "invalid", "insured.name"),
    ("bad phone", {"phone": "12345"}, "invalid", "insured.phone"),
    ("bad passport", {"id_type": "passport", "id_number": "E 1"}, "invalid", "insured.id_number"),
    ("past century", {"planned_admission": "1926-05-06"}, "invalid", "planned_admission"),
    ("year 1", {"planned_admission": "0001-01-01"}, "invalid", "planned_admission"),
    ("year 9999", {"planned_admission": "9999-12-31"}, "invalid", "planned_admission"),
    ("no date", {"planned_admission": "2026-02-30"}, "invalid", "planned_admission"),
    ("no consent", {"consent": ...}, "invalid", "consent"),
    ("consent refused", {"consent": {"given": False}}, "invalid", "consent.given"),
    ("a consent that is a number", {"consent": {"given": 1}}, "invalid", "consent.given"),
    ("a limit of one's own", {"limit": "900000.00"}, "invalid", "limit"),
    ("unknown channel", {"channel": "pigeon"}, "invalid", "channel"),
]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [row[1:] for row in REFUSED_REPORTS],
    ids=[r[0] for r in REFUSED_REPORTS],
)
async def test_a_wrong_report_is_refused_by_field(
    house: House, change: dict[str, Any], code: str, field: str
) -> None:
    before = await nothing_written(house)
    answer = await house.report(**change)
    problem(answer, 422, code, field)
    assert await nothing_written(house) == before
    for value in change.values():
        if isinstance(value, str) and len(value) > 9:
            assert value not in answer.text


async def test_admission_dates_are_taken_up_to_their_bounds_and_not_beyond(house: House) -> None:
    today = civil_date(house.clock())
    for days, taken in ((-180, True), (-181, False), (365, True), (366, False)):
        planned = (today + timedelta(days=days)).isoformat()
        answer = await house.report(planned_admission=planned)
        assert (answer.status_code in (201, 202)) is taken, (days, answer.text)


async def test_a_passport_is_taken(house: House) -> None:
    answer = await house.report(id_type="passport", id_number="e12345678")
    assert answer.status_code in (201, 202), answer.text


async def reported_raw(house: House, body: bytes | str) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return await house.ask("POST", "/v1/deposit-waivers", content=body, headers=headers)


async def test_broken_json_is_400(house: House) -> None:
    for raw in (b'{"programme": ', b"\xff\xfe", b"[" * 5000, b'{"a": ' + b"9" * 6000 + b"}"):
        answer = await reported_raw(house, raw)
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    problem(await reported_raw(house, b'{"a": '), 400, "malformed-request")


async def test_a_key_that_is_said_twice_is_named(house: House) -> None:
    before, body = await nothing_written(house), json.dumps(house.a_report())
    for field, value in (("hospital_id", "h-2"), ("phone", "13900139000")):
        twice = body.replace(f'"{field}":', f'"{field}": "{value}", "{field}":')
        said = problem(await reported_raw(house, twice), 422, "invalid", field)
        assert said["detail"] == f"{field}: 字段重复"
    assert await nothing_written(house) == before


async def test_a_lone_surrogate_is_refused(house: House) -> None:
    answer = await reported_raw(house, b'{"programme": "\\ud800", "hospital_id": "\\udfff"}')
    problem(answer, 422, "invalid", "programme")


async def test_a_body_beyond_one_megabyte_is_413(house: House) -> None:
    answer = await reported_raw(house, b'"' + b"a" * 1_100_000 + b'"')
    problem(answer, 413, "too-large")


async def test_the_wrong_role_is_403_and_no_token_401(house: House) -> None:
    said = problem(await house.report("nurse"), 403, "forbidden")
    assert said["detail"] == "须由渠道、客户、客服办理"
    problem(await house.get("/v1/reports/sla", "customer"), 403, "forbidden")
    problem(await house.get("/v1/tasks", None), 401, "unauthenticated")  # type: ignore[arg-type]
    answer = await house.client.get("/v1/tasks", headers={"Authorization": "Bearer nonsense"})
    problem(answer, 401, "unauthenticated")


async def test_a_case_of_another_channel_does_not_exist(house: House) -> None:
    opened = await house.report("channel", subject="app-a", token_channel="channel-a")
    assert opened.status_code in (201, 202), opened.text
    path = f"/v1/deposit-waivers/{opened.json()['case_id']}"
    assert (await house.get(path, "channel", channel="channel-a")).status_code == 200
    stranger = {"role": "channel", "subject": "app-b", "channel": "channel-b"}
    problem(await house.get(path, **stranger), 404, "not-found")
    problem(await house.get(f"{path}/ledger", **stranger), 404, "not-found")
    answer = await house.post(f"{path}/withdrawal", {"reason": "x"}, **stranger)
    problem(answer, 404, "not-found")
    listed = await house.get("/v1/deposit-waivers", **stranger)
    assert listed.json()["items"] == []
    problem(await house.get(path, "customer", subject="customer-2"), 404, "not-found")
    assert (await house.get(path, "customer", subject="customer-1")).status_code == 200
    again = await house.report("channel", subject="app-b", token_channel="channel-b")
    problem(again, 409, "already-reported")
    assert opened.json()["case_id"] not in again.text


async def test_a_key_is_asked_for_and_is_used_for_one_content(house: House) -> None:
    missing = await house.report(key=None)
    problem(missing, 400, "idempotency-key-missing")
    for malformed in ("two words", "13800138000"):
        problem(await house.report(key=malformed), 400, "idempotency-key-missing")
    first = await house.report(key="one-key")
    assert first.status_code in (201, 202)
    problem(await house.report(key="one-key", need="另一内容"), 422, "idempotency-key-reused")
    replay = await house.report(key="one-key")
    assert replay.headers["idempotent-replay"] == "true"
    assert replay.json() == first.json()
    assert replay.status_code == first.status_code
    assert replay.headers["location"] == first.headers["location"]
    assert await house.rows("cases") == 1


WRONG_AMOUNTS = {
    "negative": "-1.00",
    "zero": "0.00",
    "three decimals": "1.000",
    "no decimals": "100",
    "beyond 64 bits": "99999999999999999.99",
    "huge": "9" * 400 + ".00",
    "not a number": "NaN",
}


@pytest.mark.parametrize("amount", WRONG_AMOUNTS.values(), ids=WRONG_AMOUNTS.keys())
async def test_a_wrong_amount_is_refused(house: House, amount: str) -> None:
    opened = await house.report()
    path = f"/v1/deposit-waivers/{opened.json()['case_id']}/top-ups"
    before = await nothing_written(house)
    body = {"amount": {"amount": amount, "currency": "CNY"}, "reason": "deposit_used_up"}
    answer = await house.post(path, body, role="customer")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"].startswith("amount")
    for wrong in (1.5, 10**30, None, {"amount": "1.00", "currency": "USD"}):
        answer = await house.post(path, {"amount": wrong, "reason": "other"}, role="customer")
        assert answer.status_code == 422, answer.text
    assert await nothing_written(house) == before


def upload(name: str, body: bytes, kind: str = "image/jpeg") -> dict[str, Any]:
    return {"files": {"file": (name, body, kind)}, "data": {"kind": "pathology_report"}}


async def test_an_image_is_stored_sealed_and_fetched_by_those_who_may(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}/documents"
    stored = await house.ask("POST", path, "customer", **upload("a.jpg", JPEG))
    assert stored.status_code == 201, stored.text
    assert stored.json()["sha256"] == hashlib.sha256(JPEG).hexdigest()
    where = stored.headers["location"]
    fetched = await house.get(where, "reviewer")
    assert fetched.content == JPEG
    assert fetched.headers["content-type"] == "image/jpeg"
    problem(await house.get(where, "customer", subject="other"), 404, "not-found")
    async with house.database.connect() as connection:
        from sqlalchemy import text

        rows = await connection.execute(text("SELECT action, subject FROM audit"))
        assert ("document.viewed", stored.json()["document_id"]) in [tuple(row) for row in rows]


async def test_a_pdf_named_jpg_and_other_disguises_are_refused(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}/documents"
    before = await nothing_written(house)
    for name, body, kind in (
        ("a.jpg", PDF, "image/jpeg"),
        ("a.jpg", PDF, "application/octet-stream"),
        ("a.pdf", JPEG, "application/pdf"),
        ("a.html", b"<html>" + b"0" * 100, "image/jpeg"),
        ("a", PDF, "image/jpeg"),
    ):
        answer = await house.ask("POST", path, "customer", **upload(name, body, kind))
        problem(answer, 415, "unsupported-media-type", "file")
    empty = await house.ask("POST", path, "customer", **upload("a.jpg", b""))
    problem(empty, 422, "invalid", "file")
    wrong_kind = upload("a.jpg", JPEG) | {"data": {"kind": "selfie"}}
    problem(await house.ask("POST", path, "customer", **wrong_kind), 422, "invalid", "kind")
    assert await nothing_written(house) == before


async def test_a_fifty_megabyte_upload_is_413(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}/documents"
    before = await nothing_written(house)
    huge = JPEG + b"0" * 50_000_000
    answer = await house.ask("POST", path, "customer", **upload("a.jpg", huge))
    problem(answer, 413, "too-large")
    just_over = JPEG + b"0" * (10 * 1024 * 1024)
    answer = await house.ask("POST", path, "customer", **upload("a.jpg", just_over))
    problem(answer, 413, "too-large")
    assert await nothing_written(house) == before


async def test_a_form_of_another_kind_or_with_unknown_keys_is_refused(worked: House) -> None:
    from tests.api.test_reporting import open_task

    case_id = (await worked.report()).json()["case_id"]
    task = await open_task(worked, case_id, "first_contact")
    path = f"/v1/tasks/{task['task_id']}/completion"
    good = {"identity_verified": True, "need": "x", "checklist_sent": True}
    before = await nothing_written(worked)
    problem(await worked.post(path, good | {"more": 1}), 422, "invalid", "more")
    problem(await worked.post(path, {"accepted": True}), 422, "invalid", "identity_verified")
    problem(await worked.post(path, good | {"need": "\x00"}), 422, "invalid", "need")
    problem(await worked.post(path, good, role="nurse", subject="n-9"), 404, "not-found")
    problem(await worked.post(path, good, role="finance"), 403, "forbidden")
    refused = await worked.post(path, good | {"checklist_sent": False})
    problem(refused, 422, "invalid", "checklist_sent")
    assert await nothing_written(worked) == before
    answer = await worked.ask(
        "POST", path, content=b"{", headers={"content-type": "application/json"}
    )
    problem(answer, 400, "malformed-request")
    done = await worked.post(path, good)
    assert done.status_code == 200, done.text


async def test_an_update_in_the_wrong_stage_is_409_and_wedges_nothing(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}"
    early = await worked.post(f"{path}/authorization", {"signed": False}, role="customer")
    problem(early, 409, "wrong-stage", "stage")
    assert early.json()["case_id"] == case_id
    missing = await worked.post(
        f"{path}/authorization", {"signed": True, "images": ["doc-nowhere"]}, role="customer"
    )
    problem(missing, 422, "unknown-document", "images.0")
    out = await worked.post(f"{path}/withdrawal", {"reason": "不需要了"}, role="customer")
    assert out.status_code == 200, out.text


async def test_the_second_claim_is_409_and_names_the_winners_role(worked: House) -> None:
    from tests.api.test_reporting import open_task

    case_id = (await worked.report()).json()["case_id"]
    task = await open_task(worked, case_id, "first_contact")
    path = f"/v1/tasks/{task['task_id']}/claim"
    assert (await worked.post(path, subject="agent-1")).status_code == 200
    second = await worked.post(path, subject="agent-2")
    said = problem(second, 409, "task-claimed")
    assert "客服" in said["detail"]
    assert "agent-1" not in second.text
    form = {"identity_verified": True, "need": "x", "checklist_sent": True}
    other = await worked.post(f"/v1/tasks/{task['task_id']}/completion", form, subject="agent-2")
    problem(other, 409, "task-claimed")


async def test_a_fifty_megabyte_upload_over_a_real_wire_gets_its_answer(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    headers = {"Authorization": f"Bearer {house.token('customer')}", "Idempotency-Key": "u-1"}

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        for _ in range(50):
            yield JPEG + b"0" * 1_000_000

    async with (
        listening(house) as address,
        httpx.AsyncClient(base_url=address, headers=headers, trust_env=False) as client,
    ):
        path = f"/v1/deposit-waivers/{case_id}/documents"
        whole = await client.post(path, **upload("a.jpg", JPEG + b"0" * 50_000_000))
        problem(whole, 413, "too-large")
        streamed = await client.post(
            path,
            content=endless(),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        problem(streamed, 413, "too-large")
        assert (await client.post(path, **upload("a.jpg", JPEG))).status_code == 201
    assert await house.rows("documents") == 1


async def test_the_reviewer_and_the_insurers_contact_are_two_people(house: House) -> None:
    case_id = (await house.report()).json()["case_id"]
    shared = {"case_id": case_id, "title": "t", "opened_at": house.clock()}
    done = {"closed_at": house.clock(), "done": True, "closed_by": "both-1"}
    judge = f"{case_id}.judge_liability.1"
    async with house.database.begin() as connection:
        await connection.execute(
            insert(tasks).values(
                task_id=f"{case_id}.judge_liability.9",
                kind="judge_liability",
                roles=["insurer"],
                closed_role="insurer",
                **shared,
                **done,
            )
        )
        await connection.execute(
            insert(tasks).values(
                task_id=judge, kind="judge_liability", roles=["reviewer"], **shared
            )
        )
    opinion = {
        "approved": False,
        "in_scope": False,
        "previous_history": "none",
        "treatment_talk": "x",
        "reason": "x",
    }
    path = f"/v1/tasks/{judge}/completion"
    answer = await house.post(path, opinion, role="reviewer", subject="both-1")
    problem(answer, 409, "same-person", "actor")


async def test_a_query_parameter_nobody_knows_is_named_not_ignored(house: House) -> None:
    for path in ("/v1/deposit-waivers", "/v1/tasks", "/v1/hospitals", "/v1/reports/letters"):
        answer = await house.get(path, "supervisor", params={"stagee": "review", "limit": 1})
        said = problem(answer, 422, "invalid", "stagee")
        assert [one["field"] for one in said["errors"]] == ["stagee"]
        typed = await house.get(path, "supervisor", params={PERSON: "1"})
        assert PERSON not in typed.text
    posted = await house.post("/v1/deposit-waivers?dry_run=true", house.a_report())
    problem(posted, 422, "invalid", "dry_run")
    assert await house.rows("cases") == 0


async def test_a_body_of_another_type_is_415(house: House) -> None:
    body = json.dumps(house.a_report())
    plain = {"Content-Type": "text/plain"}
    for path in (
        "/v1/deposit-waivers",
        "/v1/tasks/dw-aaaaaaaaaaaaaaaaaaaa.first_contact.1/completion",
        "/v1/callbacks/payment",
    ):
        answer = await house.ask("POST", path, headers=plain, content=body)
        problem(answer, 415, "unsupported-media-type")
    untold = await house.ask("POST", "/v1/deposit-waivers", content=body)
    problem(untold, 415, "unsupported-media-type")
    upload = "/v1/deposit-waivers/dw-aaaaaaaaaaaaaaaaaaaa/documents"
    problem(await house.post(upload, {"kind": "step_image"}), 415, "unsupported-media-type")
    spelled = {"Content-Type": "application/json; charset=utf-8"}
    good = await house.ask("POST", "/v1/deposit-waivers", headers=spelled, content=body)
    assert good.status_code == 201, good.text


async def test_a_consent_of_the_future_was_not_given(house: House) -> None:
    later = house.clock() + timedelta(hours=1)
    consent = {"given": True, "at": later.isoformat(), "version": "v2026_01"}
    problem(await house.report(consent=consent), 422, "invalid", "consent.at")
    assert await house.rows("cases") == 0
