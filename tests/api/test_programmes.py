"""Every programme at the door: listed in two languages, asked for eligibility, opened or not."""

from adapters.programme_files import load_programmes
from tests.api.conftest import HOSPITAL, PERSON, House

ALL = load_programmes()


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


async def test_each_programme_answers_an_eligibility_question(house: House) -> None:
    for programme in ALL:
        for service in programme.services[:1]:
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
            rules = {rule.code.value: rule for rule in programme.eligibility}
            for reason in said["reasons"]:
                assert reason["text"] == rules[reason["code"]].text
                assert reason["source"] == rules[reason["code"]].source


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
