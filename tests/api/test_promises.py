"""Reports on promises and satisfaction, by programme, service and provider (I12, R848)."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import update

from adapters.tables.cases import cases, clocks
from api.applications import Known
from domain.facts import Facts
from tests.api.conftest import PROGRAMME, House
from tests.api.test_bad_input import problem
from tests.api.test_reporting import open_task
from tests.builders import a_verdict, programmes

RATING = {"score": 4, "words": "很及时"}


async def a_withdrawn_case(house: House) -> str:
    """Reported, its promises begun, and then given up."""
    case_id = str((await house.report()).json()["case_id"])
    await open_task(house, case_id, "first_contact")
    early = await house.post(f"/v1/deposit-waivers/{case_id}/ratings", RATING, "customer")
    problem(early, 409, "wrong-stage")
    path = f"/v1/deposit-waivers/{case_id}"
    given_up = await house.post(f"{path}/withdrawal", {"reason": "不住院了"}, "customer")
    assert given_up.status_code == 200, given_up.text
    for _ in range(200):
        if (await house.get(path)).json()["stage"] == "cancelled":
            return case_id
        await asyncio.sleep(0.05)
    raise AssertionError("never cancelled")


async def kept_after_its_target(house: House, case_id: str, promise: dict[str, Any]) -> None:
    """One that was aimed at for its first moment, and met at its last."""
    aimed, met_at = promise["started_at"], datetime.fromisoformat(promise["due_at"])
    more = {"target_at": aimed, "met_at": promise["due_at"]}
    async with house.database.begin() as connection:
        await connection.execute(
            update(clocks)
            .where(clocks.c.case_id == case_id, clocks.c.instance == promise["instance"])
            .values(met_at=met_at, body=clocks.c.body.concat(more))
        )


async def test_each_promise_is_told_with_its_reason_by_programme_service_and_provider(
    worked: House,
) -> None:
    case_id = await a_withdrawn_case(worked)
    async with worked.database.begin() as connection:
        await connection.execute(update(cases).values(service="inpatient_advance"))
    worked.clock.move(seconds=1)

    async def told(what: str = "promises", **asked: Any) -> Any:
        answer = await worked.get(f"/v1/reports/{what}", "supervisor", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    page = await told(limit=1)
    (first,) = page["items"]
    assert (first["matter_id"], first["programme"]) == (case_id, PROGRAMME)
    assert (first["service"], first["provider"]) == ("inpatient_advance", "百年人寿")
    assert (first["state"], first["reason"]) == ("dropped", "案件已结束")
    assert first["due_at"] == first["first_due_at"]
    rest = (await told(cursor=page["next_cursor"]))["items"]
    everything = (await told(provider="百年人寿", service="inpatient_advance"))["items"]
    assert [first, *rest] == everything
    assert len({one["instance"] for one in everything}) == len(everything) > 1
    for other in ({"service": "surgery"}, {"provider": "远盟康健"}, {"state": "breached"}):
        assert (await told(**other))["items"] == []
    counted = (await told("sla"))["lines"]
    assert sum(line["count"] for line in counted) == len(everything)
    assert {line["provider"] for line in counted} == {"百年人寿"}
    assert {line["after_target"] for line in counted} == {0}
    await kept_after_its_target(worked, case_id, first)
    assert sum(line["after_target"] for line in (await told("sla"))["lines"]) == 1
    assert [one["instance"] for one in (await told())["items"] if one["after_target"]] == [
        first["instance"]
    ]
    refused = await worked.get("/v1/reports/promises", "supervisor", params={"cursor": "x"})
    problem(refused, 422, "invalid", "cursor")


async def test_a_case_that_is_over_is_rated_once_and_reported_with_its_service(
    worked: House,
) -> None:
    path = f"/v1/deposit-waivers/{await a_withdrawn_case(worked)}/ratings"
    problem(await worked.post(path, RATING | {"score": 6}, "customer"), 422, "invalid", "score")
    problem(await worked.post(path, RATING, "customer", subject="somebody"), 404, "not-found")
    assert (await worked.post(path, RATING, "customer")).status_code == 200
    problem(await worked.post(path, RATING, "customer"), 409, "wrong-stage")
    worked.clock.move(seconds=1)
    reported = (await worked.get("/v1/reports/satisfaction", "supervisor")).json()
    assert reported["lines"] == [
        {
            "programme": PROGRAMME,
            "service": "",
            "provider": "百年人寿",
            "ratings": 1,
            "average": "4.00",
            "satisfied_percent": 100,
        }
    ]
    problem(await worked.get("/v1/reports/satisfaction", "customer"), 403, "forbidden")


@pytest.mark.parametrize(
    ("replaced", "policy_to", "entitled_to", "last_day"),
    [
        (True, None, None, None),
        (False, None, None, date(2026, 12, 31)),
        (True, date(2026, 8, 1), date(2026, 7, 1), date(2026, 7, 1)),
        (False, date(2027, 8, 1), None, date(2026, 12, 31)),
    ],
)
def test_the_last_day_is_the_first_of_policy_entitlement_and_service_to_end(
    replaced: bool, policy_to: date | None, entitled_to: date | None, last_day: date | None
) -> None:
    """I10: what a case is told when it opens."""
    programme = next(one for one in programmes() if one.code == PROGRAMME)
    ends = {"until_replaced": replaced, "valid_to": date(2026, 12, 31)}
    known = Known(
        programme=programme.model_copy(update=ends),
        person_hash="",
        facts=Facts(asked_on=date(2026, 6, 1), policy_to=policy_to, entitled_to=entitled_to),
        verdict=a_verdict(),
        hospital=None,
        policy_id=None,
        sales_channel="",
        insured_list="",
    )
    assert known.last_day == last_day
