"""What an insurer's and a network's lists say decides at the door, and a case keeps its own."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from adapters.lists.files import ListFile
from adapters.lists.insured_import import InsuredReport, Terms, import_insured
from adapters.lists.network_list import import_network_list
from adapters.lists.versions import ListName
from adapters.tables.cases import hospitals
from domain.activation import anniversary
from domain.calendar import civil_date
from tests.api.conftest import HOSPITAL, NAME, PERSON, PROGRAMME, STRANGER, House
from tests.api.test_reporting import open_task

P04, P13, P18, P10 = (
    "pingan_oncology_157",
    "ruitai_ci",
    "xintai_million_guard",
    "changsheng_yuanmeng",
)
ANY_PRODUCT = {P18: "million_guard_ci", PROGRAMME: "designated_ci"}


async def listed(
    house: House, folder: Path, programme: str, version: str = "1", **cells: Any
) -> InsuredReport:
    """The insurer's list with one person on it."""
    told: dict[str, Any] = {
        "policy_no": "L-1",
        "name": NAME,
        "id_number": PERSON,
        "product": ANY_PRODUCT.get(programme, "any"),
        "sum_insured": "500000.00",
        "sales_channel": "internet",
        "valid_from": days_ago(house, 400),
        "valid_to": "终身",
    } | cells
    row = {name: str(value) for name, value in told.items()}
    path = folder / f"{programme}-{version}.csv"
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", "utf-8")
    terms = Terms(ListName("insured", programme, version), house.sealer, house.clock())
    return await import_insured(house.database, ListFile(path), terms)


def days_ago(house: House, days: int) -> date:
    return civil_date(house.clock()) - timedelta(days=days)


async def reasons(house: House, programme: str, service: str | None = None, **more: Any) -> Any:
    asked = {"programme": programme, "insured": {"id_number": PERSON}, "service": service} | more
    answer = await house.post("/v1/eligibility-checks", asked, key=None)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return {one["code"] for one in said["reasons"]}, set(said["open"])


@pytest.mark.parametrize(
    ("begun", "cells", "refused"),
    [
        (59, {"product_waiting_days": 60}, True),
        (60, {"product_waiting_days": 60}, False),
        (5, {"product_waiting_days": 60, "renewals": 1}, False),
        (5, {"product_waiting_days": 60, "renewals": 0}, True),
        (5, {"product_waiting_days": 60, "first": 59}, True),
        (5, {"product_waiting_days": 60, "first": 60}, False),
    ],
)
async def test_a_waiting_period_is_the_products_and_none_on_a_renewal_the_list_states(
    house: House, tmp_path: Path, begun: int, cells: dict[str, int], refused: bool
) -> None:
    told: dict[str, Any] = dict(cells)
    if (first := told.pop("first", None)) is not None:
        told["first_effective_on"] = days_ago(house, first)
    await listed(house, tmp_path, P04, valid_from=days_ago(house, begun), **told)
    # What a caller declares does not undo what the list says.
    declared = {"is_renewal": True} if "renewals" in cells else {}
    found, _ = await reasons(house, P04, "expert_outpatient", declared=declared)
    assert ("waiting_period" in found) == refused


async def test_a_waiting_period_the_list_does_not_state_stays_open_until_a_renewal_is_declared(
    house: House, tmp_path: Path
) -> None:
    await listed(house, tmp_path, P04, valid_from=days_ago(house, 5))
    _, undecided = await reasons(house, P04, "expert_outpatient")
    assert "waiting_period" in undecided
    found, undecided = await reasons(house, P04, "expert_outpatient", declared={"is_renewal": True})
    assert "waiting_period" not in found | undecided


@pytest.mark.parametrize(
    ("service", "ended", "active"),
    [
        ("phone_doctor", 9, False),
        ("phone_doctor", 10, True),
        ("expert_outpatient", 39, False),
        ("expert_outpatient", 40, True),
    ],
)
async def test_services_open_so_many_days_after_the_cooling_off_the_list_states(
    house: House, tmp_path: Path, service: str, ended: int, active: bool
) -> None:
    """R673, R674: ten days after the cooling-off period, the others thirty days later."""
    await listed(house, tmp_path, P18, cooling_off_ends=days_ago(house, ended))
    found, _ = await reasons(house, P18, service)
    assert ("service_active" not in found) == active


async def test_a_service_opened_early_and_a_premium_paid_late_count_as_the_list_states_them(
    house: House, tmp_path: Path
) -> None:
    """C-42, R349."""
    opened: dict[str, Any] = {
        "cooling_off_ends": days_ago(house, 33),
        "opened_on": days_ago(house, 30),
    }
    await listed(house, tmp_path, P18, **opened)
    found, _ = await reasons(house, P18, "expert_outpatient")
    assert "service_active" not in found  # thirty days after the actual day, not the latest
    first = anniversary(days_ago(house, 100), -1)
    days: dict[str, Any] = {"valid_from": first, "cooling_off_ends": first + timedelta(days=10)}
    due_on = anniversary(first, 1)
    for late, active in ((60, True), (61, False)):
        paid = {"premium_due_on": due_on, "premium_paid_on": due_on + timedelta(days=late)}
        await listed(house, tmp_path, P10, f"{late} days late", **days, **paid)
        found, _ = await reasons(house, P10, "ci_consultation")
        assert ("service_active" not in found) == active


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"sum_insured": "499999.00"}, {"sum_insured_min"}),
        ({"sum_insured": "500000.00"}, set()),
        ({"valid_to": "1 year"}, set()),
        ({"valid_to": "1 year less a day"}, {"policy_term"}),
    ],
)
async def test_sum_insured_and_term_of_the_list_decide(
    house: House, tmp_path: Path, cells: dict[str, str], expected: set[str]
) -> None:
    first = days_ago(house, 10)
    ends = {"1 year": -1, "1 year less a day": -2}
    if (said := cells.get("valid_to")) in ends:
        last = anniversary(first, 1) + timedelta(days=ends[said])
        cells = {"valid_to": last.isoformat()}
    await listed(house, tmp_path, P13, valid_from=first, **cells)
    found, undecided = await reasons(house, P13, "expert_outpatient")
    assert found & {"sum_insured_min", "policy_term"} == expected
    assert not undecided & {"sum_insured_min", "policy_term"}


async def test_a_person_taken_off_the_list_loses_new_cases_and_keeps_the_running_one(
    worked: House, tmp_path: Path
) -> None:
    house = worked
    await listed(house, tmp_path, PROGRAMME, "2026-01-01", sales_channel="individual")
    case_id = (await house.report()).json()["case_id"]
    other = {"policy_no": "L-2", "id_number": STRANGER, "name": "客户某乙"}
    gone = await listed(house, tmp_path, PROGRAMME, "2026-02-01", **other)
    assert gone.removed == 1
    found, _ = await reasons(house, PROGRAMME)
    assert "insured_on_list" in found
    task = await open_task(house, case_id, "first_contact")
    form = {"identity_verified": True, "need": "x", "checklist_sent": True}
    done = await house.post(f"/v1/tasks/{task['task_id']}/completion", form)
    assert done.status_code == 200, done.text
    async with house.database.connect() as connection:
        said = await connection.execute(text("SELECT insured_list, stage FROM cases"))
        row = said.one()
    assert row.insured_list == "2026-01-01"
    assert row.stage not in ("rejected", "cancelled")


async def test_a_networks_list_counts_from_its_day_and_the_one_before_until_then(
    house: House, tmp_path: Path
) -> None:
    today = civil_date(house.clock())
    async with house.database.begin() as connection:
        await connection.execute(
            insert(hospitals).values(
                id="h-test-2",
                province="北京市",
                city="北京市",
                name="另一三甲医院",
                grade=3,
                updated_at=house.clock(),
            )
        )
    path = tmp_path / "network.csv"
    path.write_text("医院名称,省份,线上支付\n另一三甲医院,北京,是\n", "utf-8")
    tomorrow = today + timedelta(days=1)
    for version, expected in ((tomorrow, HOSPITAL), (today, "h-test-2")):
        await import_network_list(
            house.database,
            ListFile(path),
            ListName("network", PROGRAMME, version.isoformat()),
            at=house.clock(),
        )
        page = await house.get("/v1/hospitals", params={"programme": PROGRAMME})
        assert [one["id"] for one in page.json()["items"]] == [expected]
    found, _ = await reasons(house, PROGRAMME, hospital_id=HOSPITAL)
    assert "hospital_on_network" in found
    found, _ = await reasons(house, PROGRAMME, hospital_id="h-test-2")
    assert "hospital_on_network" not in found


async def test_a_case_goes_on_with_the_network_of_its_day(house: House, tmp_path: Path) -> None:
    case_id = (await house.report()).json()["case_id"]
    path = tmp_path / "network.csv"
    path.write_text("医院编号,医院名称\nh-test-2,另一三甲医院\n", "utf-8")
    async with house.database.begin() as connection:
        await connection.execute(
            insert(hospitals).values(
                id="h-test-2", province="北京市", name="另一三甲医院", updated_at=house.clock()
            )
        )
    today = civil_date(house.clock()).isoformat()
    name = ListName("network", PROGRAMME, today)
    await import_network_list(house.database, ListFile(path), name, at=house.clock())
    async with house.database.connect() as connection:
        query = select(text("opened")).select_from(text("cases"))
        opened = (await connection.execute(query)).scalar_one()
    told = house.sealer.open_text(opened, "cases.opened")
    start = json.loads(told)["start"]
    assert start["hospital"]["list_version"] == "2026-01"
    assert start["hospital"]["on_network"] is True
    again = await house.report()
    assert again.json()["case_id"] == case_id
