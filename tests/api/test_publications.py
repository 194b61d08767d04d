"""What anybody may read of a hospital's own channel, without a token."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from domain.calendar import civil_date
from domain.programmes.services import Held
from tests.api.conftest import House
from tests.api.test_bad_input import problem

P08 = "hosp_critical_friendly"


async def test_a_published_channel_says_whom_it_is_for_and_when_the_free_clinic_is(
    house: House,
) -> None:
    """R452: 在医院官方网站、微信公众号上发布相关信息; R442: 定期开展的绿色义诊, 免费."""
    read = await house.ask("GET", f"/v1/publications/{P08}", None)
    assert read.status_code == 200, read.text
    assert "public" in read.headers["cache-control"]
    said = read.json()
    assert "生命威胁增加" in said["whom"][0]
    offered = {one["code"]: one for one in said["services"]}
    assert "不再需要排队等待" in offered["emergency_treatment"]["content"]
    clinic = offered["free_clinic"]
    days = [date.fromisoformat(day) for day in clinic["next_days"]]
    assert (clinic["free"], offered["fast_examination"]["free"]) == (True, False)
    assert civil_date(house.clock()) <= days[0] < civil_date(house.clock()) + timedelta(days=28)
    apart = {after - before for before, after in pairwise(days)}
    assert apart == {timedelta(days=28)}


async def test_what_no_file_publishes_is_not_there(house: House) -> None:
    for other in ("hosp_rescue_channel", "bainian_deposit_waiver", "nobody"):
        problem(await house.ask("GET", f"/v1/publications/{other}", None), 404, "not-found")


@pytest.mark.parametrize(
    ("today", "next_on"),
    [
        ("2026-01-01", "2026-01-10"),
        ("2026-01-10", "2026-01-10"),
        ("2026-01-11", "2026-02-07"),
        ("2026-02-07", "2026-02-07"),
    ],
)
def test_a_clinic_comes_again_on_its_day(today: str, next_on: str) -> None:
    held = Held(first_on=date(2026, 1, 10), every_days=28, source="inferred")
    assert held.next_days(date.fromisoformat(today), 1) == [date.fromisoformat(next_on)]
