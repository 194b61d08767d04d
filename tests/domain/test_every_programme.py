"""All programmes of the sources as data: what each promises, and what its source has lost."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from adapters.programmes.files import PROGRAMMES, load_programmes
from adapters.programmes.schema import SCHEMA, schema_text
from adapters.yaml_files import FileRefused
from domain.documents import DocumentStage, outstanding
from domain.programmes.programme import Programme, ProgrammeKind
from domain.programmes.terms import ClockTerms
from tests.builders import programmes

ALL = {one.code: one for one in programmes()}
FILES = sorted(PROGRAMMES.glob("*.yaml"))

# The specification's index; P14 and P17 are one programme (C-34).
INDEX = {
    "P01": "bainian_deposit_waiver",
    "P02": "pingan_value_added",
    "P03": "taikang_online_ci",
    "P04": "pingan_oncology_157",
    "P05": "changsheng_haorensheng",
    "P06": "anxin_cancer_inpatient",
    "P07": "pingan_pc_haoran",
    "P08": "hosp_critical_friendly",
    "P09": "hosp_outpatient_urgent",
    "P10": "changsheng_yuanmeng",
    "P11": "hosp_general_scheme",
    "P12": "hosp_rescue_channel",
    "P13": "ruitai_ci",
    "P14": "pingan_health_295",
    "P15": "hosp_shuangcheng_surgery",
    "P16": "global_doctor_ci",
    "P17": "pingan_health_295",
    "P18": "xintai_million_guard",
    "P19": "annex2_ci_inpatient",
    "P20": "ins_oncology",
    "P21": "china_life_claims",
}

P13_ONCE = (
    "phone_doctor",
    "expert_outpatient",
    "exam_expedite",
    "inpatient_arrangement",
    "surgery_arrangement",
    "second_opinion",
)


def of(number: str) -> Programme:
    return ALL[INDEX[number]]


def test_all_twenty_one_are_there_and_nothing_else() -> None:
    assert set(ALL) == set(INDEX.values())
    assert len(INDEX) == 21


@pytest.mark.parametrize("programme", ALL.values(), ids=lambda one: one.code)
def test_each_is_told_in_chinese_and_english(programme: Programme) -> None:
    told: list[Any] = [programme, *programme.services, *programme.clocks]
    for one in (*told, *programme.reminders):
        assert re.search(r"[\u4e00-\u9fff]", one.name), one.name
    for one in told:
        assert re.fullmatch(r"[\x20-\x7e]+", one.name_en), one.name


@pytest.mark.parametrize("path", FILES, ids=lambda one: one.stem)
def test_every_source_is_a_line_a_ruling_a_section_or_inferred(path: Path) -> None:
    shape = re.compile(r"00[0-4]:L\d+(-L\d+)?|C-\d\d|section 6\.\d+|inferred")
    found: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            found.extend([part["source"]] if "source" in part else [])
            for value in part.values():
                collect(value)
        elif isinstance(part, list):
            for value in part:
                collect(value)

    collect(yaml.safe_load(path.read_text("utf-8")))
    assert len(found) >= 8
    for source in found:
        assert all(shape.fullmatch(piece) for piece in source.split(", ")), source


def test_the_schema_is_the_models() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), "run: cli.py schema"


@pytest.mark.parametrize("path", FILES, ids=lambda one: one.stem)
def test_an_editor_accepts_every_file(path: Path) -> None:
    content = json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str))
    errors = list(Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).iter_errors(content))
    assert errors == []
    assert "programme.schema.json" in path.read_text("utf-8").splitlines()[0]


def test_an_editor_refuses_an_unknown_key() -> None:
    content = {"code": "x", "colour": "green"}
    validator = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert any("colour" in error.message for error in validator.iter_errors(content))


@pytest.mark.parametrize(
    ("number", "clock", "budget"),
    [
        ("P02", "G01", "30 min"), ("P02", "G02", "24 h"), ("P02", "G03", "3-5 wd"),
        ("P02", "G05", "3 nd"), ("P02", "G06", "30 min"), ("P02", "G08", "4 h"),
        ("P02", "G09", "30 s"), ("P02", "G10", "24 h"), ("P02", "G11", "15 min"),
        ("P02", "G14", "5 min"), ("P02", "K10", "30 min"), ("P02", "K11", "1 nd"),
        ("P02", "K12", "1 nd"), ("P02", "K13", "1 nd"), ("P02", "K14", "1 nd"),
        ("P02", "K15", "3 nd"), ("P04", "G16", "5 wd"), ("P04", "G17", "10 wd"),
        ("P04", "G18", "5 wd"), ("P06", "G20", "3 wd"), ("P06", "G21", "2 wd"),
        ("P06", "G22", "14 wd"), ("P07", "G23", "14 wd"), ("P13", "G24", "1-5 wd"),
        ("P14", "G25", "48 h"), ("P14", "G26", "10 wd"), ("P17", "G27", "7 wd"),
        ("P17", "G28", "1 wd"), ("P17", "G29", "8 wd"), ("P18", "G30", "1 wd"),
        ("P19", "G31", "1 wd"), ("P20", "G32", "5 wd"), ("P20", "G33", "10 wd"),
        ("P20", "G34", "15 wd"), ("P19", "K16", "1 wd"), ("P19", "K17", "3 wd"),
        ("P19", "K18", "1 wd"), ("P19", "K20", "0 nd"), ("P21", "K22", "1 wd"),
        ("P21", "K23", "1 h"), ("P21", "K24", "1 nd"), ("P15", "H01", "30 min"),
        ("P15", "H02", "5 min"), ("P12", "H03", "10 min"), ("P15", "H04", "0 min"),
        ("P15", "H05", "5 min"), ("P15", "H06", "20 min"), ("P15", "H07", "10 min"),
        ("P15", "H08", "30 min"),
    ],
)  # fmt: skip
def test_every_promise_has_its_number(number: str, clock: str, budget: str) -> None:
    assert told(of(number).clock(clock)) == budget


def told(clock: ClockTerms) -> str:
    least = f"{clock.target.amount}-" if clock.target else ""
    return f"{least}{clock.budget.amount} {clock.budget.unit}"


def test_no_clock_id_is_missing() -> None:
    """K01-K24 and G01-G35; leads, reminders and gates are no clocks but carry their id."""
    text = "".join(path.read_text("utf-8") for path in FILES)
    found = set(re.findall(r"\bid: ([KGH]\d\d)", text)) | set(re.findall(r"# .*?([KG]\d\d)", text))
    assert {f"K{number:02}" for number in range(1, 25)} <= found
    assert {f"G{number:02}" for number in range(1, 36)} <= found
    assert {f"H{number:02}" for number in range(1, 9)} <= found


@pytest.mark.parametrize(
    ("number", "starts"),
    [("P04", "slip_provided"), ("P14", "first_call"), ("P20", "slip_issued"),
     ("P06", "service_started"), ("P07", "documents_complete")],
)  # fmt: skip
def test_the_inpatient_clock_starts_where_each_source_says(number: str, starts: str) -> None:
    clocks = [
        one
        for one in of(number).clocks
        if "inpatient_arrangement" in one.services and one.budget.amount >= 10
    ]
    assert [clock.starts[0] for clock in clocks] == [starts]


@pytest.mark.parametrize(
    ("number", "service", "quota"),
    [
        ("P02", "paediatric_outpatient", (1, "policy_year")),
        ("P02", "visit_escort", (1, "term")),
        ("P02", "inpatient_advance", (None, None)),
        ("P03", "exam_expedite", (1, "policy_year")),
        ("P04", "expert_outpatient", (1, "policy_year")),
        ("P04", "inpatient_arrangement", (1, "policy_year")),
        ("P04", "second_opinion", (1, "policy_year")),
        ("P06", "inpatient_arrangement", (1, "policy")),
        ("P10", "ci_consultation", (None, None)),
        ("P10", "second_opinion", (1, "policy_year")),
        ("P10", "inpatient_arrangement", (1, "policy_year")),
        ("P10", "surgery_arrangement", (1, "policy_year")),
        *(("P13", code, (1, "policy_year")) for code in P13_ONCE),
        ("P13", "rehab_management", (5, "policy_year")),
        ("P20", "expert_outpatient", (1, "policy_year")),
        ("P20", "inpatient_arrangement", (1, "policy_year")),
        ("P20", "second_opinion", (1, "policy_year")),
        ("P20", "gene_testing", (1, "policy_year")),
    ],
)
def test_every_quota_is_the_sources(number: str, service: str, quota: tuple[Any, Any]) -> None:
    """R133, R142, R302, R326, R392, R403, R471, R476, R477, R478, R550, R551, R750, R756, R771."""
    found = of(number).service(service).quota
    assert (found.count, found.period) == quota


@pytest.mark.parametrize(
    ("number", "service"),
    [
        ("P05", "vip_clinic_arrangement"),
        ("P07", "surgery_arrangement"),
        ("P16", "top100_expert_appointment"),
        ("P18", "expert_outpatient"),
        ("P14", "inpatient_arrangement"),
        ("P19", "surgery_arrangement"),
    ],
)
def test_a_lost_number_is_marked_and_not_invented(number: str, service: str) -> None:
    found = of(number).service(service)
    assert found.has_lost("quota")
    assert found.quota.count is None


def test_the_kinds_and_their_sections() -> None:
    hospitals = {INDEX[number] for number in ("P08", "P09", "P11", "P12", "P15")}
    kinds = {code: one.kind for code, one in ALL.items()}
    assert {
        code for code, kind in kinds.items() if kind is ProgrammeKind.HOSPITAL_CHANNEL
    } == hospitals
    assert of("P21").kind is ProgrammeKind.CLAIM_SERVICES
    assert {code for code, one in ALL.items() if one.opens_waivers} == {
        INDEX[number] for number in ("P01", "P02", "P19", "P20", "P21")
    }


def test_the_waivers_differ_as_the_specification_says() -> None:
    """Section 2.4."""
    p02, p19, p20 = (of(number).deposit_waiver for number in ("P02", "P19", "P20"))
    assert (p02.limit.operator, p02.review.second_approval) == ("below", True)
    assert p02.claim.original_invoices == "required"
    assert p19.top_up.verify_cost_before_topup
    assert p19.slip is not None
    assert p19.slip.kept_by == "insurer"
    assert p19.discharge.notice_lead is not None
    assert p20.signing_refused == "consumes"
    lead = of("P20").service("direct_pay_deposit").lead
    assert lead is not None
    assert lead.at_least is not None
    assert lead.at_least.amount == 5


def test_p20_names_its_18_cities_and_p06_its_documents() -> None:
    assert len(of("P20").hospitals.cities) == 18
    at_intake = of("P06").documents_for(None, DocumentStage.APPLICATION, "inpatient_arrangement")
    before_admission = of("P06").documents_for(
        None, DocumentStage.ADMISSION, "inpatient_arrangement"
    )
    assert len(at_intake) == 11
    assert before_admission == ("admission_slip",)  # C-68


def test_direct_pay_asks_for_the_pathology_report_and_the_record_book() -> None:
    """R778: the others are usual, not mandatory."""
    asked = of("P20").documents_for(None, DocumentStage.APPLICATION, "direct_pay_deposit")
    assert asked == ("pathology_report", "record_book_copy")
    rules = of("P20").documents
    have = {"pathology_report", "record_book_copy"}
    asked = outstanding(rules, have, stage=DocumentStage.APPLICATION, service="direct_pay_deposit")
    assert asked == ()


@pytest.mark.parametrize(
    "service", ["expert_outpatient", "inpatient_arrangement", "second_opinion", "gene_testing"]
)
def test_p20_looks_at_some_record_of_the_illness_before_it_books(service: str) -> None:
    """R751, R789, R790: 『一般为…等』: usually, so that any one of them is enough."""
    rules, stage = of("P20").documents, DocumentStage.APPLICATION
    any_of = outstanding(rules, (), stage=stage, service=service)
    assert len(any_of) == 6
    for kind in any_of:
        assert outstanding(rules, {kind}, stage=stage, service=service) == ()


def write(folder: Path, change: dict[str, Any], code: str = "pingan_oncology_157") -> Path:
    content = yaml.safe_load((PROGRAMMES / f"{code}.yaml").read_text("utf-8")) | change
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"services": []}, "without services"),
        ({"source_incomplete": ["weather"]}, "names no key here: 'weather'"),
        ({"kind": "hospital_channel"}, "needs its section 'emergency'"),
        (
            {"channels": [{"code": "a", "name": "一", "kind": "hotline", "address": "1",
                           "purposes": [], "hours": "tea_time", "source": "inferred"}]},
            "channel a names no service hours 'tea_time'",
        ),
        (
            {"rules": [{"code": "a", "text": "一", "services": ["dentist"], "source": "inferred"}]},
            "rule a names no service 'dentist'",
        ),
        (
            {"services": [
                {"code": code, "name": "一", "after": [after], "source": "inferred"}
                for code, after in (("expert_outpatient", "second_opinion"),
                                    ("second_opinion", "inpatient_arrangement"),
                                    ("inpatient_arrangement", "expert_outpatient"))
            ]},
            "in a circle: expert_outpatient, inpatient_arrangement, second_opinion",
        ),
        (
            {"services": [{"code": "a", "name": "一", "quota": {"count": 1}, "source": "000:L1"}]},
            "a count needs its period",
        ),
        ({"waiting": {"days": -1, "source": "inferred"}}, "waiting.days"),
        ({"waiting": {"source": "inferred"}}, "has days or is the product's"),
        (
            {"waiting": {"as_product": True, "same_as_product": True, "source": "inferred"}},
            "only days of its own",
        ),
    ],
)  # fmt: skip
def test_a_file_that_does_not_hold_together_is_refused(
    tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    """I25."""
    write(tmp_path, change)
    with pytest.raises(FileRefused, match=r"^changed\.yaml: line \d+") as refused:
        load_programmes([tmp_path])
    assert why in str(refused.value)
