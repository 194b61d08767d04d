"""Every programme at the door: listed in two languages, asked for eligibility, opened or not."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert

from adapters.books.entitlements import Entitlements
from adapters.tables.cases import policies
from domain.calendar import SHANGHAI, civil_date
from domain.entitlement import counter_of
from domain.programmes.programme import Programme
from tests.api.conftest import HOSPITAL, NAME, PERSON, PROGRAMME, House
from tests.api.test_bad_input import problem
from tests.builders import programmes

ALL = programmes()


async def test_all_are_listed_with_services_and_promises_in_two_languages(house: House) -> None:
    items = (await house.get("/v1/programmes", "customer")).json()["items"]
    listed = {one["code"]: one for one in items}
    assert set(listed) == {one.code for one in ALL}
    for one in items:
        assert one["name"]
        assert one["name_en"]
        assert all(part["name"] and part["name_en"] for part in one["services"] + one["clocks"])
    outpatient = listed["pingan_value_added"]["clocks"][2]
    assert (outpatient["target"]["amount"], outpatient["budget"]["amount"]) == (3, 5)
    lost = listed["global_doctor_ci"]["services"][0]
    assert (lost["quota"]["count"], lost["source_incomplete"]) == (None, ["quota"])


@pytest.mark.parametrize("programme", ALL, ids=lambda one: one.code)
async def test_each_programme_answers_for_each_of_its_services(
    house: House, programme: Programme
) -> None:
    rules = {rule.code.value: rule for rule in programme.eligibility}
    for service in programme.services:
        asked = {
            "programme": programme.code,
            "service": service.code,
            "insured": {"id_number": PERSON},
            "hospital_id": HOSPITAL,
            "declared": {"diagnosis": "confirmed", "diagnosed_at_grade": 3},
        }
        answer = await house.post("/v1/eligibility-checks", asked, key=None)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["programme"] == programme.code
        assert said["outcome"] in ("eligible", "rejected", "needs_person")
        assert (said["outcome"] == "eligible") == (not said["reasons"])
        for reason in said["reasons"]:
            assert reason["text"] == rules[reason["code"]].text
            assert reason["source"] == rules[reason["code"]].source


async def test_a_service_nobody_offers_is_named_as_the_mistake(house: House) -> None:
    for programme in ALL:
        asked = {
            "programme": programme.code,
            "service": "hairdresser",
            "insured": {"id_number": PERSON},
        }
        refused = await house.post("/v1/eligibility-checks", asked, key=None)
        problem(refused, 422, "invalid", "service")


async def test_what_a_caller_declares_decides_and_nothing_else_may_be_declared(
    house: House,
) -> None:
    asked = {
        "programme": "hosp_outpatient_urgent",
        "insured": {"id_number": PERSON},
        "declared": {"patient_group": "cerebral_haemorrhage"},
    }
    said = (await house.post("/v1/eligibility-checks", asked, key=None)).json()
    assert said["outcome"] == "eligible"
    asked["declared"] = {"patient_group": "unknown_group"}
    said = (await house.post("/v1/eligibility-checks", asked, key=None)).json()
    assert said["outcome"] == "needs_person"
    asked["declared"] = {"sum_insured_fen": 10**9}
    refused = await house.post("/v1/eligibility-checks", asked, key=None)
    assert refused.status_code == 422


async def test_a_unit_used_up_is_counted_when_somebody_asks_again(house: House) -> None:
    """R574, I15: what is reserved counts as well."""
    p20 = next(one for one in ALL if one.code == "ins_oncology")
    first = date(house.clock().year - 1, 1, 1)
    seal = house.sealer.seal
    async with house.database.begin() as connection:
        await connection.execute(
            insert(policies).values(
                policy_id="p-test-2",
                programme=p20.code,
                policy_no=seal("P-2", "policies.policy_no"),
                name=seal(NAME, "policies.name"),
                id_number=seal(PERSON, "policies.id_number"),
                person_hash=house.sealer.lookup_hash(PERSON),
                product="oncology",
                sum_insured_fen=50_000_000,
                valid_from=first,
            )
        )
    asked = {
        "programme": p20.code,
        "service": "gene_testing",
        "insured": {"id_number": PERSON},
    }

    async def reasons() -> list[str]:
        said = (await house.post("/v1/eligibility-checks", asked, key=None)).json()
        return [reason["code"] for reason in said["reasons"]]

    assert "quota_left" not in await reasons()
    counter = counter_of(
        p20.service("gene_testing"),
        programme=p20.code,
        holder="p-test-2",
        policy_from=first,
        on=civil_date(house.clock()),
    )
    assert counter is not None
    await Entitlements(house.database).reserve("gc-1", counter, count=1, at=house.clock())
    assert "quota_left" in await reasons()


@pytest.mark.parametrize("role", ["customer", "channel"])
async def test_the_plan_of_an_internal_programme_is_not_for_outsiders(
    house: House, role: str
) -> None:
    """R111: batches, ways of paying, staff and limit rules stay in the house."""
    (p01,) = [one for one in ALL if one.code == PROGRAMME]
    assert p01.internal
    modes = [mode.name for mode in p01.deposit_waiver.payment_modes]
    for place in ("/v1/programmes", f"/v1/programmes/{PROGRAMME}"):
        shown = (await house.get(place, role)).text
        assert p01.name in shown
        for inner in ("首批", "sum_insured_left", *modes, *(one.name for one in p01.figures)):
            assert inner not in shown
    assert (await house.get("/v1/programmes", None)).status_code == 401  # type: ignore[arg-type]


async def test_what_the_papers_of_a_programme_state_is_read_in_the_house(house: House) -> None:
    """R037, R057, R082, C-06; of papers that are not internal by everybody (R736)."""
    inside = (await house.get(f"/v1/programmes/{PROGRAMME}", "agent")).json()["stated"]
    assert {one["batch"] for one in inside["plans"]} == {"首批"}
    figures = {one["code"]: one["value"] for one in inside["figures"]}
    assert figures["offline_nurses"] == "5000"
    network = inside["network"]
    assert (network["hospital_total"], network["online_payment_total"]) == (3926, 728)
    assert {"name": "广东", "hospitals": 361, "certainty": "medium"} in network["provinces"]
    assert {one["name"] for one in inside["payment_modes"]}.isdisjoint({""})
    open_papers = (await house.get("/v1/programmes/ins_oncology", "customer")).json()
    assert open_papers["stated"]["network"]["city_total"] == 18


async def test_everybody_reads_how_one_gets_in_and_who_learns_of_it(house: House) -> None:
    """R480, R484."""
    shown = (await house.get("/v1/programmes/changsheng_yuanmeng", "customer")).json()
    hotline = next(one for one in shown["channels"] if one["kind"] == "hotline")
    assert (hotline["address"], hotline["languages"]) == ("400-818-5050", ["zh", "en"])
    assert ("provider", "远盟康健") in {(one["who"], one["name"]) for one in shown["shares_with"]}


async def test_a_case_says_by_which_version_it_goes(house: House) -> None:
    """R277, I14: the terms of the day of the report, named on the case."""
    (p01,) = [one for one in ALL if one.code == PROGRAMME]
    opened = await house.report()
    case = (await house.get(opened.headers["location"])).json()
    assert (case["programme"], case["programme_version"]) == (PROGRAMME, p01.version)


async def test_an_application_is_served_by_the_plan_of_its_year(house: House) -> None:
    """R008: the plan published for that year is the one applied."""
    (p01,) = [one for one in ALL if one.code == PROGRAMME]
    later = p01.valid_to + timedelta(days=1)
    new = p01.model_copy(
        update={"version": "2027", "valid_from": later, "valid_to": date(later.year, 12, 31)}
    )
    door = replace(house.app.state.door, programmes=(p01, new))
    eve = datetime(later.year, 1, 1, tzinfo=SHANGHAI)
    assert door.programme(PROGRAMME, eve - timedelta(seconds=1)).version == "2026"
    assert door.programme(PROGRAMME, eve).version == "2027"
    alone = replace(door, programmes=(p01,))
    assert alone.programme(PROGRAMME, eve).version == "2026"  # until the next one is published
