"""Questions, reference, health, the codec and the document that describes the door."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import json_format
from sqlalchemy import insert, text
from temporalio.api.common.v1 import Payload, Payloads

from adapters.database import open_database
from adapters.door.unit import DoorBooks
from adapters.encryption.codec import PayloadCodec
from adapters.encryption.keys import KeyRing
from adapters.identity import TokenRefused, Tokens, mint
from adapters.tables.door import audit_checks
from adapters.temporal.connection import without_worker
from api.main import front, is_all_local, serve
from domain.steps.tasks import TASKS
from tests.api.conftest import HOSPITAL, NAME, PERSON, PROGRAMME, STRANGER, House
from tests.api.test_bad_input import problem
from tests.builders import programmes
from tests.house.files import ROOT

QUESTION = {"programme": PROGRAMME, "insured": {"id_number": PERSON}}


async def test_a_question_is_answered_at_once_and_opens_no_case(house: House) -> None:
    asked = QUESTION | {"hospital_id": HOSPITAL, "disease": "lung_cancer"}
    asked["insured"] = {"id_number": PERSON, "name": NAME}
    answer = await house.post("/v1/eligibility-checks", asked, role="customer", key=None)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["outcome"] == "eligible"
    assert said["limit"] == {"amount": "500000.00", "currency": "CNY"}
    due = datetime.fromisoformat(said["due_at"])
    assert due - datetime.fromisoformat(said["asked_at"]) == timedelta(minutes=3)
    assert await house.rows("cases") == 0
    assert await house.rows("eligibility_checks") == 1


async def test_somebody_not_on_the_list_is_told_why(house: House) -> None:
    asked = QUESTION | {"insured": {"id_number": STRANGER}}
    said = (await house.post("/v1/eligibility-checks", asked)).json()
    assert said["outcome"] == "rejected"
    assert "insured_on_list" in [reason["code"] for reason in said["reasons"]]


async def test_a_customer_who_has_a_number_alone_learns_nothing_of_whose_it_is(
    house: House,
) -> None:
    async def answered(role: str, **insured: str) -> Any:
        asked = QUESTION | {"insured": insured}
        return await house.post("/v1/eligibility-checks", asked, role, key=None)

    problem(await answered("customer", id_number=PERSON), 422, "invalid", "insured.name")
    shown = ("outcome", "reasons", "flags", "open", "limit")
    one, other = [
        (await answered("customer", id_number=number, name="李四")).json()
        for number in (PERSON, STRANGER)
    ]
    assert {name: one[name] for name in shown} == {name: other[name] for name in shown}
    assert (await answered("agent", id_number=PERSON)).json()["outcome"] == "eligible"
    # Nor that this person lies in this hospital, nor anything by booking for them.
    tried: dict[str, Any] = {"role": "customer", "name": "李四", "customer_id": None}
    before = await house.report(**tried)
    assert (await house.report()).status_code == 201
    after = await house.report(**tried, subject="somebody-else")
    problem(before, 422, "invalid", "insured.name")
    problem(after, 422, "invalid", "insured.name")
    known = await house.report(**tried | {"name": NAME}, subject="somebody-else")
    problem(known, 409, "already-reported")


async def test_hospitals_are_filtered_and_paged(house: House) -> None:
    found = await house.get("/v1/hospitals", params={"name": "三甲", "programme": PROGRAMME})
    assert [one["id"] for one in found.json()["items"]] == [HOSPITAL]
    none = await house.get("/v1/hospitals", params={"name": "%"})
    assert none.json()["items"] == []
    problem(await house.get("/v1/hospitals", params={"cursor": "é"}), 422, "invalid", "cursor")
    problem(await house.get("/v1/hospitals", params={"limit": 201}), 422, "invalid", "limit")
    bad = await house.get("/v1/hospitals", params={"name": "\x00"})
    problem(bad, 422, "invalid", "name")


async def test_a_client_learns_from_the_programme_which_codes_it_sends(house: House) -> None:
    for programme in programmes():
        seen = await house.get(f"/v1/programmes/{programme.code}", "customer")
        assert seen.status_code == 200, seen.text
        asks = {one["service"]: one for one in seen.json()["asks"]}
        assert [*asks] == [service.code for service in programme.services]
        for service in programme.services:
            chosen = [one["code"] for one in asks[service.code]["may_choose"]]
            assert chosen == [*(service.choice.may_choose if service.choice else ())]
    surgery = (await house.get("/v1/programmes/hosp_shuangcheng_surgery", "customer")).json()
    assert surgery["groups"]
    steps = {step["code"]: step for one in surgery["asks"] for step in one["steps"]}
    sex = next(one for one in steps["record_call"]["fields"] if one["code"] == "sex")
    assert [one["code"] for one in sex["values"]] == ["male", "female", "unknown"]
    problem(await house.get("/v1/programmes/nope", "customer"), 404, "not-found")


async def test_programmes_and_reports_answer(house: House) -> None:
    listed = await house.get("/v1/programmes", "customer")
    assert PROGRAMME in [one["code"] for one in listed.json()["items"]]
    assert (await house.get("/v1/reports/sla", "supervisor")).status_code == 200
    assert (await house.get("/v1/reports/aging", "finance")).status_code == 200


async def test_it_says_whether_it_is_ready(house: House) -> None:
    assert (await house.client.get("/healthz")).status_code == 200
    ready = await house.client.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert set(ready.json()["checks"]) == {
        "postgresql", "migrations", "temporal", "search_attributes", "calendar", "key", "issuer",
    }  # fmt: skip
    assert set(ready.json()["warnings"]) == {"calendar", "worker", "workflows"}
    async with house.database.begin() as connection:
        start = {"read_to": 9, "read_hash": "x", "again_to": 0, "again_hash": "y", "rows": 9}
        found = [start | {"broken": broken} for broken in ([3], [3, 7], [])]
        await connection.execute(insert(audit_checks), found)
    measured = await house.client.get("/metrics")
    assert "greenlane_audit_breaks 2.0" in measured.text
    assert "greenlane_http_requests_total" in measured.text


async def test_a_queue_nobody_works_on_is_a_warning_and_one_that_is_worked_on_is_none(
    worked: House,
) -> None:
    async def warned() -> str:
        return str((await worked.client.get("/readyz")).json()["warnings"]["worker"])

    for _ in range(100):
        if not await warned():
            break
        await asyncio.sleep(0.05)
    assert not await warned()
    said = await without_worker(worked.temporal, "a-queue-of-nobody")
    assert said == "no worker asks for work on a-queue-of-nobody"


async def encrypted(house: House, content: bytes) -> bytes:
    codec = PayloadCodec(KeyRing(house.settings.key_ring))
    plain = Payload(metadata={"encoding": b"json/plain"}, data=content)
    sealed = await codec.encode([plain])
    return json_format.MessageToJson(Payloads(payloads=sealed)).encode()


async def test_payloads_are_decoded_for_a_supervisor_and_audited(house: House) -> None:
    body = await encrypted(house, b'"lung_cancer"')
    path = "/codec/decode?preserveStorageRefs=true"
    told = await house.ask("POST", path, "supervisor", key=None, content=body)
    assert told.status_code == 200, told.text
    assert told.json()["payloads"][0]["data"] == b64encode(b'"lung_cancer"').decode()
    problem(await house.ask("POST", path, "agent", key=None, content=body), 403, "forbidden")
    async with house.database.connect() as connection:
        rows = await connection.execute(text("SELECT action FROM audit"))
        assert [row[0] for row in rows] == ["payload.decoded"]
    for broken in (b"{", b"[]", b'{"payloads": [{"data": 5}]}', b"\xff"):
        answer = await house.ask("POST", path, "supervisor", key=None, content=broken)
        problem(answer, 400, "malformed-request")
    other = json.loads(body)
    other["payloads"][0]["data"] = b64encode(b"x" * 60).decode()
    answer = await house.ask("POST", path, "supervisor", key=None, json=other)
    problem(answer, 422, "invalid")


async def test_without_a_token_only_the_local_ui_may_decode(house: House) -> None:
    body = await encrypted(house, b"1")
    problem(await house.client.post("/codec/decode", content=body), 401, "unauthenticated")
    ui = {"Origin": house.settings.allowed_origins[0]}
    unsaid = await house.client.post("/codec/decode", content=body, headers=ui)
    problem(unsaid, 401, "unauthenticated")  # anybody on this machine can claim that origin
    assert not is_all_local(house.settings)
    local = house.settings.model_copy(update={"local_ui": True})
    assert is_all_local(local)
    door = house.app.state.door
    house.app.state.door = replace(door, codec_origins=local.allowed_origins)
    answer = await house.client.post("/codec/decode", content=body, headers=ui)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == ui["Origin"]
    evil = {"Origin": "http://evil.example"}
    answer = await house.client.post("/codec/decode", content=body, headers=evil)
    assert answer.status_code == 401
    for elsewhere in (
        {"temporal_address": "temporal:7233"},
        {"listen": "0.0.0.0"},  # noqa: S104 - what must not be taken for local
        {"jwt_jwks_url": "https://issuer.example/keys"},
    ):
        assert not is_all_local(local.model_copy(update=elsewhere))
    asks_first = await house.client.options(
        "/codec/decode",
        headers=ui
        | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-namespace,content-type",
        },
    )
    assert asks_first.status_code == 200


async def test_an_expired_or_foreign_token_is_401(house: House) -> None:
    old = mint(house.settings, subject="a", roles=["agent"], lasts=timedelta(hours=-1))
    answer = await house.client.get("/v1/tasks", headers={"Authorization": f"Bearer {old}"})
    assert "过期" in problem(answer, 401, "unauthenticated")["detail"]
    foreign = house.settings.model_copy(update={"jwt_issuer": "somebody-else"})
    token = mint(foreign, subject="a", roles=["agent"])
    answer = await house.client.get("/v1/tasks", headers={"Authorization": f"Bearer {token}"})
    problem(answer, 401, "unauthenticated")


async def test_a_token_is_believed_for_a_minute_and_never_beyond_its_end(house: House) -> None:
    began = time.time()
    now = [began]
    tokens = Tokens(house.settings, clock=lambda: now[0])
    long, short = (
        mint(house.settings, subject="a", roles=["agent"], lasts=timedelta(seconds=lasts))
        for lasts in (3600, 40)
    )
    for token in (long, short):
        assert (await tokens.claims(token))["sub"] == "a"
    # Whoever looks at a signature from now on refuses.
    tokens._own_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    now[0] = began + 30
    assert (await tokens.claims(short))["sub"] == "a"
    now[0] = began + 41
    assert (await tokens.claims(long))["sub"] == "a"
    with pytest.raises(TokenRefused):
        await tokens.claims(short)
    now[0] = began + 61
    with pytest.raises(TokenRefused):
        await tokens.claims(long)


async def test_request_ids_are_taken_and_returned(house: House) -> None:
    answer = await house.client.get("/healthz", headers={"X-Request-ID": "r-1"})
    assert answer.headers["x-request-id"] == "r-1"
    forged = await house.client.get("/healthz", headers={"X-Request-ID": "a b\tc"})
    assert forged.headers["x-request-id"].startswith("req-")
    problem(await house.client.get("/nowhere"), 404, "not-found")
    problem(await house.client.delete("/healthz"), 405, "method-not-allowed")


async def test_the_document_describes_every_form_and_problem(house: House) -> None:
    schema = (await house.client.get("/openapi.json")).json()
    ids = [
        operation["operationId"] for path in schema["paths"].values() for operation in path.values()
    ]
    assert len(ids) == len(set(ids)) > 20
    forms = schema["paths"]["/v1/tasks/{task_id}/completion"]["post"]["requestBody"]
    alternatives = forms["content"]["application/json"]["schema"]["oneOf"]
    offered = {one["$ref"].rpartition("/")[2] for one in alternatives}
    assert offered == {terms.form.__name__ for terms in TASKS.values()}
    assert "JudgeLiability" in schema["components"]["schemas"]
    refused = schema["paths"]["/v1/deposit-waivers"]["post"]["responses"]["422"]
    shown = refused["content"]["application/problem+json"]
    assert shown["schema"]["$ref"].endswith("ProblemDocument")
    assert "idempotency-key-reused" in shown["examples"]
    key = next(
        one
        for one in schema["paths"]["/v1/deposit-waivers"]["post"]["parameters"]
        if one["name"] == "Idempotency-Key"
    )
    assert key["required"] is True
    opened = schema["paths"]["/v1/deposit-waivers"]["post"]["responses"]["201"]
    assert "Idempotent-Replay" in opened["headers"]


async def test_the_page_of_the_door_names_every_address(house: House) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    paths = (await house.client.get("/openapi.json")).json()["paths"]
    for path in paths:
        last = next(part for part in reversed(path.split("/")) if not part.startswith("{"))
        assert f"/{last}" in page, path


async def test_no_log_line_holds_what_a_person_typed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = (await house.report()).json()["case_id"]
    await house.report()
    await house.get(f"/v1/deposit-waivers/{case_id}")
    await house.report(id_number=PERSON[:-1] + "5", name="李四")
    await house.get("/v1/hospitals", params={"name": "某三甲"})
    said = capsys.readouterr()
    for typed in (PERSON, "13800138000", "李四", "lung_cancer", "某三甲"):
        assert typed not in said.out + said.err
    # Both reports and the look lead to the case.
    assert sum(case_id in line for line in said.out.splitlines() if "/v1/" in line) == 3


async def test_an_unexpected_failure_says_nothing_of_what_was_typed(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> datetime:
        raise RuntimeError(PERSON)

    house.app.state.door = replace(house.app.state.door, clock=broken)
    answer = await house.report()
    problem(answer, 500, "internal")
    said = capsys.readouterr()
    assert PERSON not in answer.text + said.out + said.err
    assert "RuntimeError" in said.out


async def test_a_database_that_is_away_is_503_with_retry_after(house: House) -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/none")
    door = house.app.state.door
    house.app.state.door = replace(door, books=DoorBooks(away, house.sealer))
    answer = await house.report()
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"]
    await away.dispose()


async def test_it_serves_until_it_is_told_to_stop(house: House) -> None:
    serving = asyncio.create_task(serve(house.settings))
    address = f"http://127.0.0.1:{house.settings.api_port}"
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        for _ in range(100):
            with suppress(httpx.TransportError):
                ready = await client.get("/readyz")
                break
            await asyncio.sleep(0.05)
        assert ready.status_code == 200, ready.text
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(serving, 10)
    assert serving.done()


async def test_the_caller_is_the_one_who_closes_an_idle_connection(house: House) -> None:
    # Balancers and clients keep theirs for up to a minute; whom the door closes on loses a request.
    assert front(house.app, house.settings).config.timeout_keep_alive > 60


async def test_an_issuer_that_is_away_is_not_a_token_that_is_wrong(house: House) -> None:
    away = house.settings.model_copy(update={"jwt_jwks_url": "http://127.0.0.1:1/keys"})
    tokens = Tokens(away)
    house.app.state.door = replace(
        house.app.state.door, verifier=tokens, checks={"issuer": tokens.reason}
    )
    refused = await house.get("/v1/tasks")
    problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"]
    ready = await house.client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (503, {"issuer": "issuer_away"})


@pytest.mark.parametrize("number", ["110101199003070732", "13800138000"])
async def test_an_id_is_nobodys_number(house: House, number: str) -> None:
    """Subjects and customers' ids stand in logs, tables and the audit, in the clear."""
    problem(await house.get("/v1/tasks", subject=number), 401, "unauthenticated")
    problem(await house.report(customer_id=number), 422, "invalid", "customer_id")
    assert await house.rows("cases") == 0
