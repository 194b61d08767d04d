"""A booking through the door: asked for, arranged, visited; the last unit goes to exactly one."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, text

from adapters.tables.cases import policies
from domain.calendar import civil_date
from tests.api.conftest import NAME, PERSON, House, no_server_takes_a_signal
from tests.api.test_bad_input import problem
from tests.api.test_reporting import open_task

P01 = "bainian_deposit_waiver"
P04 = "pingan_oncology_157"
P20 = "ins_oncology"
P02 = "pingan_value_added"
P06 = "anxin_cancer_inpatient"
NEED = "肺部结节复查"


async def insured_of(house: House, programme: str, *, days: int = 400, **changes: Any) -> None:
    """The customer of the tests is on this programme's list as well, since so many days."""
    today = civil_date(house.clock())
    row = {
        "policy_id": f"p-{programme}",
        "programme": programme,
        "policy_no": house.sealer.seal("P-2", "policies.policy_no"),
        "name": house.sealer.seal(NAME, "policies.name"),
        "id_number": house.sealer.seal(PERSON, "policies.id_number"),
        "person_hash": house.sealer.lookup_hash(PERSON),
        "product": "designated_ci",
        "sum_insured_fen": 50_000_000,
        "sales_channel": "individual",
        "valid_from": today - timedelta(days=days),
        "valid_to": date(today.year + 1, 12, 31),
    }
    async with house.database.begin() as connection:
        await connection.execute(insert(policies).values(row | changes))


def request_of(house: House, **changes: Any) -> dict[str, Any]:
    body = {
        "programme": P04,
        "service": "expert_outpatient",
        "insured": {
            "name": NAME,
            "id_type": "resident_id",
            "id_number": PERSON,
            "phone": "13800138000",
        },
        "need": NEED,
        "channel": "hotline",
        "declared": {"diagnosis": "suspected"},
        "consent": {"given": True, "at": house.clock().isoformat(), "version": "v2026_01"},
        "customer_id": "customer-1",
    }
    return body | changes


async def booked(house: House, **changes: Any) -> str:
    answer = await house.post("/v1/bookings", request_of(house, **changes))
    assert answer.status_code == 201, answer.text
    booking_id = str(answer.json()["booking_id"])
    assert answer.headers["location"] == f"/v1/bookings/{booking_id}"
    return booking_id


async def done(house: House, booking_id: str, kind: str, role: str, **form: Any) -> httpx.Response:
    task = await open_task(house, booking_id, kind)
    path = f"/v1/tasks/{task['task_id']}/completion"
    named: str = task["assignee"] or ""
    answer: httpx.Response = await house.post(path, form, role, subject=named)
    assert answer.status_code == 200, answer.text
    return answer


async def staged(house: House, booking_id: str, stage: str) -> dict[str, Any]:
    """The booking, as soon as it has come to a stage."""
    for _ in range(100):
        seen = await house.get(f"/v1/bookings/{booking_id}", "supervisor")
        assert seen.status_code == 200, seen.text
        if seen.json()["stage"] == stage:
            return dict(seen.json())
        await asyncio.sleep(0.1)
    raise AssertionError(f"never {stage}: {seen.text}")


async def reviewed(house: House, booking_id: str) -> None:
    """Whether the illness is in scope needs a person (the programme's rule `disease_in_scope`)."""
    await done(house, booking_id, "review_booking", "reviewer", approved=True)
    await done(house, booking_id, "tell_result", "agent", told_by="phone")


async def confirmed(house: House, booking_id: str, visit_at: datetime) -> None:
    await done(house, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await reviewed(house, booking_id)
    options = [{"option": f"expert-{n}"} for n in (1, 2, 3)]
    await done(house, booking_id, "offer_options", "reviewer", options=options)
    await done(house, booking_id, "choose_option", "agent", option="expert-2")
    at = visit_at.isoformat()
    await done(house, booking_id, "arrange_service", "dispatcher", arranged=True, service_at=at)
    await done(house, booking_id, "confirm_booking", "agent", confirmed=True, told_by="phone")
    await staged(house, booking_id, "confirmed")


async def test_an_expert_visit_is_booked_visited_and_closed_over_http(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    first = await open_task(worked, booking_id, "take_request")
    assert first["stage_name"] == "已申请"
    await confirmed(worked, booking_id, worked.clock() + timedelta(hours=1))
    worked.clock.move(hours=2)
    report = {"outcome": "delivered", "at": worked.clock().isoformat()}
    await done(worked, booking_id, "report_visit", "agent", **report)
    seen = await staged(worked, booking_id, "closed")
    assert (seen["unit"], seen["name_masked"][0], seen["need"]) == ("consumed", NAME[0], NEED)
    assert [clock["clock"] for clock in seen["clocks"]] == ["G16"]
    again = await worked.post("/v1/bookings", request_of(worked))
    assert again.status_code == 201
    refused = await staged(worked, again.json()["booking_id"], "rejected")
    assert refused["unit"] is None
    assert "已使用" in refused["reason"]
    async with worked.database.connect() as connection:
        kept = await connection.scalars(text("SELECT reason FROM bookings WHERE stage='rejected'"))
        assert "已使用".encode() not in kept.one()


async def test_the_last_unit_asked_for_by_many_at_once_goes_to_one(worked: House) -> None:
    await insured_of(worked, P04)
    answers = await asyncio.gather(
        *(worked.post("/v1/bookings", request_of(worked)) for _ in range(6))
    )
    opened = [one.json()["booking_id"] for one in answers if one.status_code == 201]
    units = [
        (await worked.get(f"/v1/bookings/{one}", "supervisor")).json()["unit"] for one in opened
    ]
    assert units.count("reserved") == 1
    for one in answers:
        if one.status_code != 201:
            problem(one, 409, "entitlement-used-up")


async def test_the_same_key_books_once_and_another_body_is_refused(worked: House) -> None:
    await insured_of(worked, P04)
    body = request_of(worked)
    first = await worked.post("/v1/bookings", body, key="k-same")
    second = await worked.post("/v1/bookings", body, key="k-same")
    assert (first.status_code, second.json()) == (201, first.json())
    other = await worked.post("/v1/bookings", body | {"need": "别的"}, key="k-same")
    problem(other, 422, "idempotency-key-reused")
    assert await worked.rows("bookings") == 1


async def test_giving_up_late_is_said_to_cost_before_it_does(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await confirmed(worked, booking_id, worked.clock() + timedelta(hours=20))
    path = f"/v1/bookings/{booking_id}/cancellation"
    problem(await worked.post(path, {}), 409, "cancelling-costs", "accept_use")
    assert (await worked.post(path, {"accept_use": True})).status_code == 200
    seen = await staged(worked, booking_id, "cancelled")
    assert seen["unit"] == "consumed"
    problem(await worked.post(path, {"accept_use": True}), 409, "case-ended")


async def test_giving_up_early_gives_the_unit_back(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await open_task(worked, booking_id, "take_request")
    assert (await worked.post(f"/v1/bookings/{booking_id}/cancellation", {})).status_code == 200
    assert (await staged(worked, booking_id, "cancelled"))["unit"] == "given_back"
    assert await booked(worked) != booking_id


async def test_a_bed_needs_its_slip_and_a_slip_nobody_heard_of_is_heard_of_later(
    worked: House,
) -> None:
    """G17 of P04 runs from the slip, however late the story hears of it and somebody looks."""
    await insured_of(worked, P04)
    has = {"diagnosis": "suspected", "preconditions": ["admission_slip"]}
    booking_id = await booked(worked, service="inpatient_arrangement", declared=has)
    await done(worked, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    task = await open_task(worked, booking_id, "check_papers")
    path = f"/v1/tasks/{task['task_id']}/completion"
    form = {"complete": True, "slip_issued_on": civil_date(worked.clock()).isoformat()}
    told = problem(await worked.post(path, form), 409, "documents-missing")
    assert "admission_slip" in told["missing"]
    assert "住院证" in told["detail"]
    file = (await worked.get(f"/v1/bookings/{booking_id}", "customer")).json()
    assert (file["missing_documents"], file["next_due_at"]) == (["admission_slip"], None)
    slip = ["admission_slip"]
    paper = {"file": ("b.jpg", b"\xff\xd8\xffb", "image/jpeg")}
    to, kind = f"/v1/bookings/{booking_id}/documents", {"kind": "admission_slip"}
    assert (await worked.post(to, data=kind, files=paper)).status_code == 201
    worked.clock.move(minutes=5)
    unfit = {"complete": False, "missing": slip, "note": "字迹不清"}
    await done(worked, booking_id, "check_papers", "agent", **unfit)
    task = await open_task(worked, booking_id, "check_papers", but=task["task_id"])
    path = f"/v1/tasks/{task['task_id']}/completion"
    file = (await worked.get(f"/v1/bookings/{booking_id}", "customer")).json()
    assert (file["missing_documents"], file["missing_choices"]) == (slip, [slip])
    assert file["awaiting"] == ["agent", "customer"]
    worked.clock.move(minutes=5)
    handed_in_at = worked.clock()
    async with no_server_takes_a_signal(worked):
        for _ in ("first", "replayed"):
            stored = await worked.post(
                f"/v1/bookings/{booking_id}/documents",
                data={"kind": "admission_slip"},
                files={"file": ("a.jpg", b"\xff\xd8\xff", "image/jpeg")},
                key="k-slip",
            )
            assert stored.status_code == 201, stored.text
    worked.clock.move(hours=3)
    assert (await worked.post(path, form)).status_code == 200
    await reviewed(worked, booking_id)
    seen = await staged(worked, booking_id, "coordinating")
    _, clock = seen["clocks"]  # that of the slip which would not do was dropped
    started_at = datetime.fromisoformat(clock["started_at"])
    assert (clock["clock"], started_at) == ("G17", handed_in_at)
    assert [paper["kind"] for paper in seen["documents"]] == ["admission_slip"] * 2
    assert (seen["missing_documents"], seen["next_due_at"]) == ([], clock["due_at"])
    assert [line["event"] for line in seen["timeline"]].count("papers_arrived") == 2


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"programme": "nope"}, 422, "unknown-programme", "programme"),
        ({"service": "nope"}, 422, "invalid", "service"),
        ({"programme": P02, "service": "inpatient_advance"}, 422, "invalid", "service"),
        # An everyday question is an enquiry: answered in minutes, and no booking (R063).
        ({"programme": P01, "service": "daily_health_consult"}, 422, "invalid", "service"),
        ({"need": ""}, 422, "invalid", "need"),
        ({"consent": {"given": False, "version": "v"}}, 422, "invalid", "consent.given"),
        ({"hospital_id": "h-none"}, 422, "unknown-hospital", "hospital_id"),
        ({"need": " \u3000 "}, 422, "invalid", "need"),
        ({"wished_on": "1926-01-01"}, 422, "invalid", "wished_on"),
        ({"wished_on": "2062-01-01"}, 422, "invalid", "wished_on"),
        ({"declared": {"diagnosed_on": "2062-01-01"}}, 422, "invalid", "declared.diagnosed_on"),
        ({"unit": "consumed"}, 422, "invalid", "unit"),
    ],
)
async def test_a_bad_request_names_its_field_and_writes_nothing(
    house: House, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    await insured_of(house, P04)
    problem(await house.post("/v1/bookings", request_of(house, **changes)), status, code, field)
    assert await house.rows("bookings") == 0
    assert await house.rows("entitlement_uses") == 0


async def test_another_channels_booking_does_not_exist(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    path = f"/v1/bookings/{booking_id}"
    problem(await worked.get(path, "channel", channel="other"), 404, "not-found")
    problem(await worked.get(path, "customer", subject="customer-2"), 404, "not-found")
    assert (await worked.get(path, "customer", subject="customer-1")).status_code == 200
    cancelling = await worked.post(f"{path}/cancellation", {}, "channel", channel="other")
    problem(cancelling, 404, "not-found")


async def test_who_asked_and_why_stand_only_sealed(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await open_task(worked, booking_id, "take_request")
    async with worked.database.connect() as connection:
        rows = await connection.execute(text("SELECT * FROM bookings"))
        held = str([dict(row) for row in rows.mappings()])
    assert not [word for word in (NAME, PERSON, NEED, "13800138000") if word in held]


@pytest.mark.parametrize(("diagnosis", "stage"), [("none", "rejected"), ("confirmed", "requested")])
async def test_a_tumour_that_was_found_is_told_to_the_hotline_and_a_service_applied_for(
    worked: House, diagnosis: str, stage: str
) -> None:
    """R732, R733: 一旦发现罹患恶性肿瘤, 致电热线申请医疗服务; R685: which service, is said."""
    await insured_of(worked, P20)
    found = {"diagnosis": diagnosis, "is_first_diagnosis": True}
    call = request_of(worked, programme=P20, disease="lung_cancer", declared=found)
    without = {name: value for name, value in call.items() if name != "service"}
    problem(await worked.post("/v1/bookings", without), 422, "invalid", "service")
    answer = await worked.post("/v1/bookings", call)
    assert answer.status_code == 201, answer.text
    seen = await staged(worked, answer.json()["booking_id"], stage)
    assert seen["channel"] == "hotline"
    told = "须为初次罹患恶性肿瘤"
    assert (told in seen["reason"]) is (stage == "rejected")


async def test_a_second_call_is_shown_the_booking_that_is_open(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    again = await worked.post("/v1/bookings", request_of(worked))
    problem(again, 409, "entitlement-used-up")
    assert (again.json()["case_id"], again.json()["detail"]) == (
        booking_id,
        "该服务已有进行中的预约",
    )
    other = await worked.post("/v1/bookings", request_of(worked), "channel", channel="other")
    problem(other, 409, "entitlement-used-up")
    assert "case_id" not in other.json(), "of another channel's booking nothing is said"
    assert await worked.rows("bookings") == 1


async def test_a_customer_may_have_several_bookings_open_at_once(worked: House) -> None:
    """I37; a second report of a stay finds the first (`test_once`)."""
    await insured_of(worked, P04)
    first = await booked(worked)
    other = await worked.post("/v1/bookings", request_of(worked, service="inpatient_arrangement"))
    assert other.status_code == 201, other.text
    second = other.json()["booking_id"]
    for booking_id in (first, second):
        await open_task(worked, booking_id, "take_request")


async def test_another_day_is_wished_for_over_http(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await confirmed(worked, booking_id, worked.clock() + timedelta(days=10))
    path = f"/v1/bookings/{booking_id}/date"
    past = {"wished_on": (civil_date(worked.clock()) - timedelta(days=1)).isoformat()}
    refused = await worked.post(path, past, "customer", subject="customer-1")
    problem(refused, 422, "invalid", "wished_on")
    wished = {"wished_on": (civil_date(worked.clock()) + timedelta(days=20)).isoformat()}
    problem(await worked.post(path, wished, "customer", subject="customer-2"), 404, "not-found")
    answer = await worked.post(path, wished, "customer", subject="customer-1")
    assert answer.status_code == 200, answer.text
    task = await open_task(worked, booking_id, "arrange_service")
    assert wished["wished_on"] in task["subject"]


async def test_who_has_no_admission_slip_yet_is_told_to_begin_with_the_outpatient_visit(
    worked: House,
) -> None:
    """R374, C-68: P06 begins its one-stop service there."""
    await insured_of(worked, P06)
    known = {"diagnosis": "confirmed", "is_first_diagnosis": True}
    today = civil_date(worked.clock()).isoformat()
    known |= {"diagnosed_on": today, "preconditions": []}
    asked = {"programme": P06, "service": "inpatient_arrangement", "declared": known}
    bed = await staged(worked, await booked(worked, **asked), "rejected")
    assert (bed["begin_with"], bed["unit"]) == (["cancer_outpatient"], None)
    assert "门诊绿通" in bed["reasons"][0]["text"]
    visit = await booked(worked, **(asked | {"service": bed["begin_with"][0]}))
    await open_task(worked, visit, "take_request")
    # Nor is anybody accompanied to a bed that nobody is asked for (section 3.2).
    escort = asked | {"service": "visit_escort"}
    alone = await staged(worked, await booked(worked, **escort), "rejected")
    assert [reason["code"] for reason in alone["reasons"]] == ["booking_exists"]
    assert alone["begin_with"] == ["inpatient_arrangement"]
    known["preconditions"] = ["admission_slip", "booking"]  # which nobody takes his word for
    assert (await staged(worked, await booked(worked, **escort), "rejected"))["begin_with"]
    await open_task(worked, await booked(worked, **asked), "take_request")
    await open_task(worked, await booked(worked, **escort), "take_request")


async def test_an_insurer_reads_how_a_service_fares_and_a_channel_does_not(worked: House) -> None:
    await insured_of(worked, P04)
    booking_id = await booked(worked)
    await worked.post(f"/v1/bookings/{booking_id}/cancellation", {})
    await staged(worked, booking_id, "cancelled")
    await booked(worked)
    path = f"/v1/reports/bookings?programme={P04}&service=expert_outpatient"
    worked.clock.move(seconds=1)
    [line] = (await worked.get(path, "insurer")).json()["lines"]
    assert (line["requested"], line["open"], line["ended"]["cancelled"]) == (2, 1, 1)
    assert (line["lost"]["no_show"], line["no_show_percent"]) == (0, 0)
    assert (await worked.get("/v1/reports/surveys", "insurer")).json()["items"] == []
    for report in (path, "/v1/reports/surveys"):
        problem(await worked.get(report, "channel"), 403, "forbidden")


async def test_a_day_beyond_the_policy_is_not_wished_for(worked: House) -> None:
    """I10: neither with the request nor later."""
    ends = civil_date(worked.clock()) + timedelta(days=30)
    beyond, last = ((ends + timedelta(days=n)).isoformat() for n in (1, 0))
    await insured_of(worked, P04, valid_to=ends)
    asked = request_of(worked, wished_on=beyond)
    problem(await worked.post("/v1/bookings", asked), 422, "invalid", "wished_on")
    booking_id = await booked(worked, wished_on=last)
    await open_task(worked, booking_id, "take_request")
    path = f"/v1/bookings/{booking_id}/date"
    later = await worked.post(path, {"wished_on": beyond}, "customer", subject="customer-1")
    problem(later, 422, "invalid", "wished_on")
    kept = await worked.post(path, {"wished_on": last}, "customer", subject="customer-1")
    assert kept.status_code == 200, kept.text
