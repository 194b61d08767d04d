"""What is asked twice happens once; what is not known yet is 202, never "failed"."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

import worker
from adapters.door.keys import KEPT_FOR
from api.door.gateway import CaseGateway, NotKnownYet
from api.letters.delivery import ORPHAN_AFTER, sweep
from tests.api.conftest import House, nothing_written
from tests.api.test_bad_input import problem
from tests.api.test_bookings import P04, insured_of, request_of
from tests.api.test_reporting import open_task


async def test_a_second_report_of_the_same_stay_finds_the_first(house: House) -> None:
    first = await house.report()
    second = await house.report()
    assert first.status_code == 201
    assert second.status_code == 200, second.text
    assert first.json() == second.json()
    assert second.headers["location"] == first.headers["location"]
    assert await house.rows("cases") == 1


async def test_twenty_reports_at_once_under_one_key_open_one_case(house: House) -> None:
    answers = await asyncio.gather(*(house.report(key="same") for _ in range(20)))
    kinds = {answer.status_code for answer in answers}
    assert kinds <= {201, 409}, kinds
    assert await house.rows("cases") == 1
    again = await house.report(key="same")
    assert again.status_code == 201
    assert again.headers["idempotent-replay"] == "true"


async def test_of_ten_claims_at_once_one_wins(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    task = await open_task(worked, case_id, "first_contact")
    answers = await asyncio.gather(
        *(
            worked.post(f"/v1/tasks/{task['task_id']}/claim", subject=f"agent-{n}")
            for n in range(10)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


async def test_without_a_worker_a_command_is_202_and_the_same_key_gets_the_answer(
    house: House,
) -> None:
    case_id = (await house.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}/withdrawal"
    asked: dict[str, Any] = {"json": {"reason": "改期"}, "role": "customer", "key": "w-1"}
    unknown = await house.post(path, **asked)
    assert unknown.status_code == 202, unknown.text
    assert (unknown.json()["accepted"], unknown.json()["stage_name"]) == (False, "处理中")
    assert unknown.headers["location"] == f"/v1/deposit-waivers/{case_id}"
    other = await house.post(path, {"reason": "另一原因"}, role="customer", key="w-1")
    problem(other, 422, "idempotency-key-reused")
    from adapters.books.casebook import Casebook
    from adapters.books.ledger import Ledger
    from tests.api.conftest import KindPartners

    kind = KindPartners()
    verbs = worker.activities(
        ledger=Ledger(house.database),
        casebook=Casebook(house.database, house.sealer, clock=house.clock),
        payment=kind,
        dispatch=kind,
        messaging=kind,
        claims=kind,
    )
    async with worker.build(house.temporal, task_queue=house.settings.task_queue, verbs=verbs):
        for _ in range(5):
            known = await house.post(path, **asked)
            if known.status_code == 200:
                break
        assert known.status_code == 200, known.text
        replay = await house.post(path, **asked)
        assert replay.headers["idempotent-replay"] == "true"


async def test_a_case_whose_start_was_lost_is_started_by_the_sweep(worked: House) -> None:
    class Away(CaseGateway):
        async def start(self, start: object) -> None:
            raise NotKnownYet

    door = worked.app.state.door
    worked.app.state.door = replace(door, cases=Away(worked.temporal))
    body = worked.a_report()
    kept = await worked.post("/v1/deposit-waivers", body, key="lost")
    assert kept.status_code == 202, kept.text
    case_id = kept.json()["case_id"]
    assert kept.json()["stage"] == "opening"
    worked.app.state.door = door
    worked.clock.move(seconds=6)
    assert await sweep(door) == 1
    await open_task(worked, case_id, "first_contact")
    again = await worked.post("/v1/deposit-waivers", body, key="lost")
    assert again.status_code == 201, again.text
    assert again.json()["case_id"] == case_id
    assert await worked.rows("cases") == 1


async def test_a_report_is_answered_as_it_was_recorded_though_the_door_died_before_the_start(
    worked: House,
) -> None:
    class Dies(CaseGateway):
        async def start(self, start: object) -> None:
            raise asyncio.CancelledError

    door = worked.app.state.door
    worked.app.state.door = replace(door, cases=Dies(worked.temporal))
    body = worked.a_report()
    with pytest.raises(asyncio.CancelledError):
        await worked.post("/v1/deposit-waivers", body, key="died")
    worked.app.state.door = door
    again = await worked.post("/v1/deposit-waivers", body, key="died")
    assert again.status_code == 201, again.text
    assert again.headers["idempotent-replay"] == "true"
    case_id = again.json()["case_id"]
    worked.clock.move(seconds=6)
    assert await sweep(door) == 1
    await open_task(worked, case_id, "first_contact")


async def test_a_booking_whose_start_was_lost_is_started_by_the_sweep(house: House) -> None:
    class Lost(CaseGateway):
        async def start(self, start: object) -> None:
            raise NotKnownYet

    await insured_of(house, P04)
    door, body = house.app.state.door, request_of(house)
    house.app.state.door = replace(door, cases=Lost(house.temporal))
    kept = await house.post("/v1/bookings", body, key="lost")
    assert (kept.status_code, kept.json()["stage"]) == (202, "opening"), kept.text
    house.app.state.door = door
    house.clock.move(seconds=ORPHAN_AFTER.total_seconds() + 1)
    assert await sweep(door) == 1
    again = await house.post("/v1/bookings", body, key="lost")
    assert (again.status_code, again.json()["stage"]) == (201, "requested"), again.text
    assert again.json()["booking_id"] == kept.json()["booking_id"]
    assert await house.rows("entitlement_uses") == 1


async def test_a_booking_is_answered_as_it_was_recorded_though_the_door_died_before_the_start(
    house: House,
) -> None:
    class Dies(CaseGateway):
        async def start(self, start: object) -> None:
            raise asyncio.CancelledError

    await insured_of(house, P04)
    door, body = house.app.state.door, request_of(house)
    house.app.state.door = replace(door, cases=Dies(house.temporal))
    with pytest.raises(asyncio.CancelledError):
        await house.post("/v1/bookings", body, key="died")
    again = await house.post("/v1/bookings", body, key="died")
    assert (again.status_code, again.headers["idempotent-replay"]) == (201, "true"), again.text
    house.clock.move(seconds=ORPHAN_AFTER.total_seconds() + 1)
    assert await sweep(door) == 1


async def test_a_start_that_fails_in_an_unknown_way_takes_its_answer_back(house: House) -> None:
    class Fails(CaseGateway):
        async def start(self, start: object) -> None:
            raise LookupError

    door = house.app.state.door
    house.app.state.door = replace(door, cases=Fails(house.temporal))
    body = house.a_report()
    problem(await house.post("/v1/deposit-waivers", body, key="odd"), 500, "internal")
    house.app.state.door = door
    problem(await house.post("/v1/deposit-waivers", body, key="odd"), 409, "in-progress")


async def test_a_top_up_is_a_row_first_and_a_signal_after(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}/top-ups"
    body = {"amount": {"amount": "100.00", "currency": "CNY"}, "reason": "deposit_used_up"}
    asked = await worked.post(path, body, role="customer", key="tu")
    assert asked.status_code == 202, asked.text
    status = asked.headers["location"]
    seen = await worked.get(status, "customer")
    assert seen.status_code == 200
    assert seen.json()["requested"]["amount"] == "100.00"
    replay = await worked.post(path, body, role="customer", key="tu")
    assert replay.headers["location"] == status
    assert await worked.rows("top_ups") == 1
    async with worked.database.connect() as connection:
        rows = await connection.execute(text("SELECT outcome FROM inbox"))
        assert [row[0] for row in rows] == ["signalled"]
    problem(await worked.get(path + "/tu-nowhere", "customer"), 404, "not-found")


async def test_a_top_up_far_beyond_the_limit_is_read_again(house: House) -> None:
    opened = await house.report()  # of a sum insured of 500,000.00
    path = f"/v1/deposit-waivers/{opened.json()['case_id']}/top-ups"
    before = await nothing_written(house)
    asked = {"amount": {"amount": "1000000.01", "currency": "CNY"}, "reason": "deposit_used_up"}
    problem(await house.post(path, asked, role="customer"), 422, "invalid", "amount")
    assert await nothing_written(house) == before
    beyond = asked | {"amount": {"amount": "1000000.00", "currency": "CNY"}}
    for sure in (beyond, asked | {"amount_confirmed": True}):
        answer = await house.post(path, sure, role="customer")
        assert answer.status_code == 202, answer.text


async def test_a_discharge_notice_has_a_status_too(worked: House) -> None:
    from datetime import timedelta

    from domain.calendar import civil_date

    case_id = (await worked.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}/discharge-notices"
    day = civil_date(worked.clock()) + timedelta(days=20)
    asked = await worked.post(path, {"discharge_on": day.isoformat()}, role="customer")
    assert asked.status_code == 202, asked.text
    assert (await worked.get(asked.headers["location"], "customer")).status_code == 200
    far = await worked.post(path, {"discharge_on": "1926-05-06"}, role="customer")
    problem(far, 422, "invalid", "discharge_on")
    yesterday = civil_date(worked.clock()) - timedelta(days=1)
    early = await worked.post(path, {"discharge_on": yesterday.isoformat()}, role="customer")
    problem(early, 422, "invalid", "discharge_on")


async def test_an_ended_case_takes_no_more(worked: House) -> None:
    case_id = (await worked.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}"
    out = await worked.post(f"{path}/withdrawal", {"reason": "x"}, role="customer")
    assert out.status_code == 200, out.text
    for _ in range(50):
        if (await worked.get(path)).json()["stage"] == "cancelled":
            break
        await asyncio.sleep(0.1)
    body = {"amount": {"amount": "1.00", "currency": "CNY"}, "reason": "other"}
    problem(await worked.post(f"{path}/top-ups", body, role="customer"), 409, "case-ended")
    paper = await worked.post(
        f"{path}/documents",
        data={"kind": "id_card_front"},
        files={"file": ("a.jpg", b"\xff\xd8\xff1", "image/jpeg")},
    )
    problem(paper, 409, "case-ended")
    fresh = await worked.report()
    assert fresh.status_code == 201
    assert fresh.json()["case_id"] != case_id


async def unsettled(house: House, key: str) -> None:
    """As if the door had answered 202 to this key before the case answered."""
    async with house.database.begin() as connection:
        await connection.execute(
            text(
                "UPDATE idempotency_keys SET state = 'in_progress', status = 202, body = NULL"
                " WHERE key = :key"
            ),
            {"key": key},
        )


async def ended(house: House, path: str) -> None:
    for _ in range(100):
        if (await house.get(path)).json()["stage"] == "cancelled":
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the case has not ended")


async def test_a_withdrawal_asked_about_again_gets_its_answer_though_the_case_has_ended(
    worked: House,
) -> None:
    case_id = (await worked.report()).json()["case_id"]
    path = f"/v1/deposit-waivers/{case_id}"
    asked: dict[str, Any] = {"json": {"reason": "改期"}, "role": "customer", "key": "w-lost"}
    assert (await worked.post(f"{path}/withdrawal", **asked)).status_code == 200
    await ended(worked, path)
    await unsettled(worked, "w-lost")
    again = await worked.post(f"{path}/withdrawal", **asked)
    assert again.status_code == 200, again.text
    assert again.json()["accepted"] is True
    assert again.headers["location"] == path


async def test_a_completion_asked_about_again_gets_its_answer_after_the_case(
    worked: House,
) -> None:
    case_id = (await worked.report()).json()["case_id"]
    task = await open_task(worked, case_id, "first_contact")
    path = f"/v1/tasks/{task['task_id']}/completion"
    form = {"identity_verified": True, "need": "免押金", "checklist_sent": True}
    assert (await worked.post(path, form, key="c-lost")).status_code == 200
    case = f"/v1/deposit-waivers/{case_id}"
    await worked.post(f"{case}/withdrawal", {"reason": "x"}, role="customer")
    await ended(worked, case)
    await unsettled(worked, "c-lost")
    again = await worked.post(path, form, key="c-lost")
    assert again.status_code == 200, again.text


async def test_an_answer_is_forgotten_in_time_and_its_key_does_nothing_twice(house: House) -> None:
    assert (await house.report(key="old")).status_code == 201
    books, now = house.app.state.door.books, house.app.state.door.process_clock()
    async with books.statement() as unit:
        assert await unit.keys.forget(now=now) == 0
        assert await unit.keys.forget(now=now + KEPT_FOR + timedelta(minutes=1)) == 1
    problem(await house.report(key="old"), 422, "idempotency-key-reused")
    assert await house.rows("cases") == 1
    async with house.database.connect() as connection:
        kept = await connection.execute(text("SELECT body, headers FROM idempotency_keys"))
        assert kept.one() == (None, None)
