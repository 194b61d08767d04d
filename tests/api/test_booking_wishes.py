"""What a customer may wish for, and what he is told: hospital, department, time, conditions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from adapters.tables.cases import hospitals, network_hospitals
from domain.calendar import civil_date
from tests.api.conftest import HOSPITAL, House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import (
    NEED,
    P04,
    P06,
    P20,
    booked,
    done,
    insured_of,
    request_of,
    staged,
)
from tests.api.test_bookings import reviewed as approved
from tests.api.test_reporting import open_task
from tests.workflows.booked import PROGRAMMES

P14 = "pingan_health_295"
P16 = "global_doctor_ci"
P19 = "annex2_ci_inpatient"


async def test_where_no_time_may_be_chosen_none_is_wished_for(house: House) -> None:
    """R635."""
    await insured_of(house, P16)
    day = (civil_date(house.clock()) + timedelta(days=9)).isoformat()
    body = request_of(house, programme=P16, service="top100_expert_appointment", wished_on=day)
    problem(await house.post("/v1/bookings", body), 422, "invalid", "wished_on")
    named = request_of(house, programme=P16, service="top100_expert_appointment", expert="e-1")
    problem(await house.post("/v1/bookings", named), 422, "invalid", "expert")
    assert await house.rows("bookings") == 0


async def test_a_service_told_by_mail_needs_an_address(house: House) -> None:
    """R711: P19 registers the request with the customer's e-mail address."""
    await insured_of(house, P19)
    body = request_of(house, programme=P19, service="inpatient_arrangement")
    problem(await house.post("/v1/bookings", body), 422, "invalid", "insured.email")
    body["insured"]["email"] = "kehu@example.com"
    assert (await house.post("/v1/bookings", body)).status_code == 201


async def test_another_hospital_than_the_wished_one_is_agreed_on_first(worked: House) -> None:
    """The wished hospital first (R629, R651); another only by agreement (R630, R647)."""
    await insured_of(worked, P04)
    await _known(worked, "h-2", "h-3", listed=(HOSPITAL, "h-2"))
    booking_id = await booked(worked, hospital_id=HOSPITAL, department="胸外科")
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await approved(worked, booking_id)
    options = [{"option": f"expert-{n}"} for n in (1, 2, 3)]
    await done(worked, booking_id, "offer_options", "reviewer", options=options)
    await done(worked, booking_id, "choose_option", "agent", option="expert-2")
    task = await open_task(worked, booking_id, "arrange_service")
    at = (worked.clock() + timedelta(days=3)).isoformat()
    form = {"arranged": True, "service_at": at, "hospital_id": "h-2", "hospital_class": "2A"}
    path = f"/v1/tasks/{task['task_id']}/completion"
    nowhere = await worked.post(path, form | {"hospital_id": "h-none"}, "dispatcher")
    problem(nowhere, 422, "unknown-hospital", "hospital_id")
    outside = await worked.post(path, form | {"hospital_id": "h-3"}, "dispatcher")
    problem(outside, 422, "invalid", "hospital_id")
    refused = await worked.post(path, form, "dispatcher")
    problem(refused, 422, "invalid", "equal_alternative")
    agreed = await worked.post(path, form | {"equal_alternative": True}, "dispatcher")
    assert agreed.status_code == 200, agreed.text
    await open_task(worked, booking_id, "confirm_booking")
    file = (await worked.get(f"/v1/bookings/{booking_id}", "agent")).json()
    assert "胸外科" in file["need"], "the department too (R130)"
    [told] = [one for one in file["tasks"] if one["task_id"] == task["task_id"]]
    assert told["completion"]["hospital_class"] == "3A", "the directory knows better"


async def _known(house: House, *ids: str, listed: tuple[str, ...]) -> None:
    """Hospitals of the directory, and which of them the network lists."""
    now = house.clock()
    place = {
        "province": "浙江省",
        "city": "杭州市",
        "grade": 3,
        "sub_grade": "甲",
        "updated_at": now,
    }
    rows = [{"programme": P04, "list_version": "2026-01", "hospital_id": one} for one in listed]
    async with house.database.begin() as connection:
        found = [{"id": one, "name": f"医院{one}", **place} for one in ids]
        await connection.execute(insert(hospitals), found)
        await connection.execute(insert(network_hospitals), rows)


@pytest.mark.parametrize(
    ("programme", "service", "rules"),
    [
        (P06, "inpatient_arrangement", ("no_claim_promise", "disputes", "within_time")),
        (P16, "top100_expert_appointment", ("no_outcome",)),
        (P20, "gene_testing", ("own_tests_not_covered", "reference_only")),
        (P20, "expert_outpatient", ("no_named_doctor",)),
        ("changsheng_haorensheng", "expert_outpatient", ("read_handbook",)),
    ],
)
async def test_what_a_customer_must_be_told_stands_in_the_file(
    house: House, programme: str, service: str, rules: tuple[str, ...]
) -> None:
    """R368, R397, R401, R402, R638, R746, R774, R791."""
    await insured_of(house, programme)
    booking_id = await booked(house, programme=programme, service=service)
    notes = (await house.get(f"/v1/bookings/{booking_id}", "agent")).json()["notes"]
    written = {rule.code: rule.text for rule in PROGRAMMES[programme].rules}
    assert {written[code] for code in rules} <= {*notes}
    fees = PROGRAMMES[programme].fees
    assert fees is not None
    assert {*fees.words} <= {*notes}


async def test_english_is_spoken_where_the_hotline_speaks_it(house: House) -> None:
    """R481."""
    for programme, status in (("changsheng_yuanmeng", 201), (P04, 422)):
        await insured_of(house, programme)
        service = "inpatient_arrangement"
        body = request_of(house, programme=programme, service=service, language="en")
        answer = await house.post("/v1/bookings", body)
        assert answer.status_code == status, answer.text
    problem(answer, 422, "invalid", "language")


async def test_the_insurer_says_that_a_contract_has_ended(worked: House) -> None:
    """R350."""
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await open_task(worked, booking_id, "take_request")
    path = f"/v1/bookings/{booking_id}/contract-end"
    problem(await worked.post(path, {}, "customer", subject="customer-1"), 403, "forbidden")
    assert (await worked.post(path, {}, "insurer")).status_code == 200
    ended = await staged(worked, booking_id, "terminated")
    assert (ended["reason"], ended["unit"]) == ("保险合同解除", "given_back")
    problem(await worked.post(path, {}, "insurer"), 409, "case-ended")


async def test_a_promise_counts_from_the_first_call_as_whoever_took_it_says(worked: House) -> None:
    """R569, C-63: not from one to come or of long ago, and not as the customer has it."""
    await insured_of(worked, P14)
    called_at = worked.clock() - timedelta(days=1)
    bed = {"programme": P14, "service": "expert_outpatient"}

    async def asked(at: datetime, role: str = "agent", **who: str) -> Any:
        body = request_of(worked, **bed, first_called_at=at.isoformat())
        return await worked.post("/v1/bookings", body, role, **who)

    for at in (worked.clock() + timedelta(hours=1), worked.clock() - timedelta(days=31)):
        problem(await asked(at), 422, "invalid", "first_called_at")
    by_himself = await asked(called_at, "customer", subject="customer-1")
    problem(by_himself, 422, "invalid", "first_called_at")
    assert await worked.rows("bookings") == 0
    answer = await asked(called_at)
    assert answer.status_code == 201, answer.text
    await open_task(worked, answer.json()["booking_id"], "take_request")
    seen = await staged(worked, answer.json()["booking_id"], "requested")
    assert {one["clock"] for one in seen["clocks"]} == {"G25", "G27"}
    started = {datetime.fromisoformat(one["started_at"]) for one in seen["clocks"]}
    assert started == {called_at}
    [line] = [one for one in seen["timeline"] if one["event"] == "first_call"]
    assert datetime.fromisoformat(line["at"]) == called_at
