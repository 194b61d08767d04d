"""The insurer ends a policy: written down once, told to whatever rests on it, whoever dies."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from adapters.tables.policy_end import policy_ends
from api.door.gateway import NotKnownYet
from api.door.policy_ends import settle_some, tell_some
from api.door.upkeep import upkeep
from domain.calendar import civil_date
from tests.api.conftest import House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import P02, P04, booked, insured_of, request_of, staged
from tests.api.test_reporting import open_task

PATH = "/v1/policy-ends"


async def of_one_policy(house: House, *programmes: str) -> None:
    """The customer of the tests, under one policy number in several programmes."""
    number = house.sealer.lookup_hash("P-2")
    for programme in programmes:
        await insured_of(house, programme, policy_no_hash=number)


def ending(house: House, *, days: int = -1, **changes: Any) -> dict[str, Any]:
    last_day = civil_date(house.clock()) + timedelta(days=days)
    return {"programme": P04, "policy_no": "P-2", "ends_on": last_day.isoformat(), **changes}


class Dying:
    """A way to the matters that is lost after its first signal."""

    def __init__(self, house: House) -> None:
        self._cases = house.app.state.door.cases
        self.told: list[str] = []

    async def signal(self, matter_id: str, name: str, message: Any) -> None:
        if self.told:
            raise NotKnownYet
        self.told.append(matter_id)
        await self._cases.signal(matter_id, name, message)


async def test_a_policy_that_ends_reaches_every_case_and_booking_of_it(worked: House) -> None:
    """R350, R475: who dies in between is followed by the next round; who asks later is refused."""
    door = worked.app.state.door
    await of_one_policy(worked, P02, P04)
    case_id = (await worked.report(programme=P02, need="急性胰腺炎")).json()["case_id"]
    booking_id = await booked(worked)
    await open_task(worked, case_id, "first_contact")
    await open_task(worked, booking_id, "take_request")

    answers = [await worked.post(PATH, ending(worked), "insurer", key="end-1") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json() | {"ends_on": ""} == {
        "ends_on": "",
        "programmes": [P04, P02],
        "under_way": 2,
    }
    problem(await worked.post(PATH, ending(worked), "insurer"), 409, "policy-over")

    dying: Any = Dying(worked)
    with pytest.raises(NotKnownYet):
        await tell_some(door.books, dying)
    assert dying.told == [case_id]
    await upkeep(door, asking=False)
    ended = await staged(worked, booking_id, "terminated")
    assert ended["unit"] == "given_back"
    assert "policy_ends" in str((await staged_case(worked, case_id, "cancelled"))["timeline"])

    late = await booked(worked)
    assert "policy_in_force" in str((await staged(worked, late, "rejected"))["reasons"])
    await upkeep(door, asking=False)  # nobody is told who was judged by the new day and has ended
    worked.clock.move(hours=2)
    await settle_some(door.books, at=worked.clock())
    async with worked.database.connect() as connection:
        settled = list(await connection.scalars(select(policy_ends.c.told_at)))
    assert settled == [worked.clock()] * 2


async def staged_case(house: House, case_id: str, stage: str) -> dict[str, Any]:
    """The case, as soon as it has come to a stage."""
    for _ in range(100):
        seen = (await house.get(f"/v1/deposit-waivers/{case_id}", "supervisor")).json()
        if seen["stage"] == stage:
            return dict(seen)
        await asyncio.sleep(0.1)
    raise AssertionError(f"never {stage}: {seen}")


async def test_only_a_day_of_the_policys_own_term_ends_it(house: House) -> None:
    await of_one_policy(house, P02, P04)
    for changes, code, field in (
        ({"programme": "no_such"}, "unknown-programme", "programme"),
        ({"policy_no": "P-3"}, "unknown-policy", "policy_no"),
        ({"programme": "changsheng_haorensheng"}, "unknown-policy", "policy_no"),
        ({"days": -401}, "invalid", "ends_on"),
        ({"days": 900}, "invalid", "ends_on"),
        ({"reason": "x"}, "invalid", "reason"),
    ):
        problem(await house.post(PATH, ending(house, **changes), "insurer"), 422, code, field)
    problem(await house.post(PATH, ending(house), "agent"), 403, "forbidden")
    assert await house.rows("policy_ends") == 0
    # A day ahead may be named anew, and one programme may be left while the policy goes on.
    for days in (30, 20):
        body = ending(house, days=days, only_here=True)
        answer = await house.post(PATH, body, "supervisor")
        assert answer.json()["programmes"] == [P04], answer.text
    wished = civil_date(house.clock()) + timedelta(days=21)
    answer = await house.post("/v1/bookings", request_of(house, wished_on=wished.isoformat()))
    problem(answer, 422, "invalid", "wished_on")
