"""Programmes: P01 as the file states it, and files that do not hold."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.programmes.files import PROGRAMMES, load_programmes
from adapters.yaml_files import FileRefused
from domain.documents import DOCUMENT_NAMES, DocumentKind, DocumentStage, missing
from domain.programmes.programme import NotInProgramme, Programme
from domain.programmes.terms import ModeFlags
from domain.programmes.waiver_terms import LimitRule, LimitSource
from domain.roles import Role
from domain.steps.kinds import CareDuty
from domain.waiver import PaymentMode
from tests.builders import programmes

FILE = PROGRAMMES / "bainian_deposit_waiver.yaml"
(PROGRAMME,) = [one for one in programmes() if one.code == "bainian_deposit_waiver"]
WAIVER = PROGRAMME.deposit_waiver
TEXT = FILE.read_text("utf-8")


def mapping() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


def test_every_programme_file_loads() -> None:
    assert len(load_programmes()) == len(list(PROGRAMMES.glob("*.yaml")))


def test_the_28_provinces_add_up_to_3926_hospitals() -> None:
    """R057, R124; only the total is asserted (section 6.4)."""
    provinces = PROGRAMME.hospitals.provinces
    assert len(provinces) == 28
    assert sum(province.hospitals for province in provinces) == 3_926
    assert PROGRAMME.hospitals.network_total == 3_926
    assert PROGRAMME.hospitals.online_payment_total == 728


def test_the_limit_may_be_reached_and_not_passed() -> None:
    """R125: exactly 500,000 is allowed, 500,000.01 is refused."""
    limit = WAIVER.limit
    left = {"limit_fen": 50_000_000, "advanced_fen": 45_000_000}
    assert limit.allows(5_000_000, **left)
    assert not limit.allows(5_000_001, **left)
    assert limit.left_fen(**left) == 5_000_000


def test_a_programme_whose_limit_is_not_to_be_reached_leaves_a_fen_less() -> None:
    """C-16: P02 refuses a total of exactly the limit."""
    below = WAIVER.limit.model_copy(update={"operator": "below"})
    assert not below.allows(5_000_000, limit_fen=5_000_000, advanced_fen=0)
    assert below.allows(4_999_999, limit_fen=5_000_000, advanced_fen=0)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 10**9), st.booleans())
def test_what_is_left_is_the_most_that_fits(
    limit: int, advanced: int, amount: int, below: bool
) -> None:
    rule = LimitRule(
        smallest_of=(LimitSource.SUM_INSURED_LEFT,),
        operator="below" if below else "at_most",
        source="test",
    )
    left = rule.left_fen(limit_fen=limit, advanced_fen=advanced)
    total = advanced + amount
    fits = total < limit if below else total <= limit
    assert rule.allows(amount, limit_fen=limit, advanced_fen=advanced) == fits
    assert (amount <= left) == fits


def test_cancer_needs_a_pathology_report_and_a_heart_attack_does_not() -> None:
    """R098, R099."""
    cancer = PROGRAMME.documents_for("lung_cancer", DocumentStage.APPLICATION)
    heart = PROGRAMME.documents_for("acute_myocardial_infarction", DocumentStage.APPLICATION)
    assert DocumentKind.PATHOLOGY_REPORT in cancer
    assert DocumentKind.PATHOLOGY_REPORT not in heart
    assert DocumentKind.ID_CARD_FRONT in heart


def test_each_stage_has_its_own_documents() -> None:
    claim = PROGRAMME.documents_for("lung_cancer", DocumentStage.CLAIM)
    assert claim == (
        DocumentKind.ORIGINAL_INVOICE,
        DocumentKind.FEE_LIST,
        DocumentKind.DISCHARGE_SUMMARY,
    )
    assert PROGRAMME.documents_for("lung_cancer", DocumentStage.AUTHORIZATION) == (
        DocumentKind.AUTHORIZATION,
    )


def test_missing_documents_are_told_in_the_order_of_the_list() -> None:
    needed = PROGRAMME.documents_for("lung_cancer", DocumentStage.APPLICATION)
    assert missing(needed, set()) == needed
    assert missing(needed, {"id_card_front", "id_card_back"}) == needed[2:]
    assert missing(needed, set(needed)) == ()


def test_every_document_has_a_chinese_name() -> None:
    assert set(DOCUMENT_NAMES) == set(DocumentKind)


def test_a_disease_that_is_not_agreed_has_no_checklist() -> None:
    with pytest.raises(NotInProgramme):
        PROGRAMME.documents_for("common_cold", DocumentStage.APPLICATION)


@pytest.mark.parametrize(
    ("flags", "modes"),
    [
        (
            ModeFlags(online_payment=True, qr_live_from=date(2019, 3, 31), core_city=True),
            ["hospital_online", "qr_code", "inhouse_specialist", "contracted_nurse"],
        ),
        (ModeFlags(core_city=True), ["inhouse_specialist", "contracted_nurse"]),
        (ModeFlags(qr_live_from=date(2026, 5, 6)), ["qr_code", "contracted_nurse"]),
        (ModeFlags(qr_live_from=date(2026, 5, 7)), ["contracted_nurse"]),
        (ModeFlags(), ["contracted_nurse"]),
    ],
)
def test_payment_modes_come_in_the_order_of_the_programme(
    flags: ModeFlags, modes: list[str]
) -> None:
    """Section 6.2; R048, R050, R052."""
    found = PROGRAMME.payment_modes(flags, date(2026, 5, 6))
    assert found == tuple(PaymentMode(mode) for mode in modes)


def test_a_waiver_without_a_way_to_pay_everywhere_is_refused() -> None:
    wrong = mapping()
    modes = wrong["waiver"]["payment_modes"]
    wrong["waiver"]["payment_modes"] = [one for one in modes if one["where"] != "anywhere"]
    with pytest.raises(ValidationError, match="no payment mode is open at every hospital"):
        Programme.parse(wrong)


def test_the_team_has_three_roles_and_care_four_duties() -> None:
    assert set(PROGRAMME.team_roles()) == {Role.NURSE, Role.AGENT, Role.DOCTOR}
    assert set(WAIVER.care.duties) == set(CareDuty)


def test_no_notice_names_a_disease() -> None:
    for notice in PROGRAMME.notices:
        assert not [one for one in PROGRAMME.diseases if one.name in notice.text]
        assert "{name}" not in notice.text


def test_a_notice_is_filled_and_says_which_place_was_left_empty() -> None:
    paid = PROGRAMME.notice("deposit_paid")
    text = paid.render(hospital="某医院", amount="50000.00", total="50000.00", left="450000.00")
    assert text.startswith("已为您向某医院代缴住院押金50000.00元")
    with pytest.raises(KeyError, match="hospital"):
        paid.render(amount="1.00", total="1.00", left="1.00")


def test_the_no_admission_notice_is_the_sources_own_sentence() -> None:
    """R107."""
    text = PROGRAMME.notice("no_admission").text
    assert text == "为您代缴医疗费用不代表保险公司承诺承担保险责任。"


def test_a_programme_crosses_the_wire_unchanged_and_tolerates_a_newer_field() -> None:
    assert Programme.model_validate_json(PROGRAMME.model_dump_json()) == PROGRAMME
    newer = {**PROGRAMME.model_dump(mode="json"), "satisfaction_survey": {"after_days": 3}}
    assert Programme.model_validate(newer) == PROGRAMME
    with pytest.raises(ValidationError, match="satisfaction_survey"):
        Programme.parse(newer)


def test_a_case_carries_less_than_the_whole_file() -> None:
    carried = PROGRAMME.for_case()
    assert carried.clocks == PROGRAMME.clocks
    assert len(carried.model_dump_json()) < 0.8 * len(PROGRAMME.model_dump_json())


def wrong(place: str, value: object) -> dict[str, Any]:
    """P01 with one thing changed, at a dotted place; a missing value means the key is gone."""
    whole = mapping()
    *path, last = place.split(".")
    part: Any = whole
    for step in path:
        part = part[int(step)] if step.isdigit() else part[step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return whole


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        ("colour", "green", "Extra inputs"),
        ("waiver.limit.margin", 5, "Extra inputs"),
        ("waiver", None, "needs its section 'waiver'"),
        ("waiver.limit", None, "waiver.limit"),
        ("waiver.limit.operator", "about", "waiver.limit.operator"),
        ("waiver.limit.source", None, "waiver.limit.source"),
        ("waiver.care.every_days", -7, "waiver.care.every_days"),
        ("waiver.repayment.write_off_signatures", 1, "write_off_signatures"),
        ("clocks.0.budget.unit", "fortnight", "clocks.0.budget.unit"),
        ("clocks.0.budget.amount", -3, "clocks.0.budget.amount"),
        ("clocks.0.starts", ["sunrise"], "clocks.0.starts"),
        ("clocks.1.id", "K01", "clock 'K01' stands twice"),
        ("valid_to", date(2025, 1, 1), "valid_to lies before valid_from"),
        ("hospitals.grade_min", 4, "hospitals.grade_min"),
        ("documents.4.disease_groups", ["rash"], "no disease group 'rash'"),
        ("notices.0.text", "{diagnosis}", "no place {diagnosis}"),
        ("notices.0.text", "{amount.real}", "no place"),
        ("notices.0.channel", "sms", "carries no {reason}"),
        ("eligibility.0.code", "astrology", "eligibility.0.code"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    tmp_path: Path, place: str, value: object, why: str
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(wrong(place, value), allow_unicode=True), "utf-8")
    with pytest.raises(FileRefused) as refused:
        load_programmes([tmp_path])
    assert str(refused.value).startswith("wrong.yaml: line ")
    assert why in str(refused.value)


def test_a_wrong_value_is_refused_with_its_line(tmp_path: Path) -> None:
    """I25."""
    file = tmp_path / "wrong.yaml"
    file.write_text(TEXT.replace("{amount: 3, unit: min}", "{amount: 3, unit: minutes}"), "utf-8")
    line = TEXT[: TEXT.index("{amount: 3, unit: min}")].count("\n") + 1
    with pytest.raises(FileRefused, match=rf"wrong\.yaml: line {line}: clocks\.0\.budget\.unit"):
        load_programmes([tmp_path])


def test_of_many_words_that_would_do_only_the_nearest_are_named(tmp_path: Path) -> None:
    text = TEXT.replace("question_received", "question_receivedx")
    assert text != TEXT
    (tmp_path / "wrong.yaml").write_text(text, "utf-8")
    with pytest.raises(FileRefused, match=r"known words, such as question_received") as refused:
        load_programmes([tmp_path])
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("text", ["", "just words", "[1, 2]", "a: [", "a: 1\n\tb: 2"])
def test_a_file_that_is_no_programme_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text, "utf-8")
    with pytest.raises(FileRefused, match=r"wrong\.yaml"):
        load_programmes([tmp_path])


def test_the_same_version_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "again.yaml").write_text(TEXT, "utf-8")
    with pytest.raises(FileRefused, match=r"again\.yaml: line 12: version 2026 .* stands in"):
        load_programmes([PROGRAMMES, tmp_path])


def test_every_source_is_a_line_a_ruling_a_section_or_inferred() -> None:
    found: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            found.extend([part["source"]] if "source" in part else [])
            for value in part.values():
                collect(value)
        elif isinstance(part, list):
            for value in part:
                collect(value)

    collect(mapping())
    assert len(found) > 90
    for source in found:
        for piece in source.split(", "):
            assert piece == "inferred" or piece.startswith(("000:L", "C-", "section ")), source


def test_a_snapshot_does_not_write_what_nothing_was_said_of() -> None:
    carried = PROGRAMME.for_case()
    written = carried.model_dump(mode="json")
    assert "services" not in written["clocks"][0]
    assert "payment_modes" in written["waiver"]
    assert Programme.model_validate(written) == carried


@pytest.mark.parametrize(
    ("code", "booking_is_free", "treatment"),
    [
        ("pingan_oncology_157", True, "客户自行承担"),  # R328
        ("changsheng_haorensheng", True, "客户自行承担"),  # R357
        ("pingan_pc_haoran", True, "客户自行承担"),  # R411
        ("changsheng_yuanmeng", True, "客户自行承担"),  # R482
        ("ruitai_ci", True, "客户自行承担"),  # R556
        ("global_doctor_ci", False, ""),  # R633: 挂号费 is the customer's; the rest is not stated
        ("annex2_ci_inpatient", True, "客户自行承担"),  # R701
        ("ins_oncology", True, "保险公司"),  # R749
    ],
)
def test_who_pays_is_told_in_words_and_nothing_of_what_the_source_leaves_open(
    code: str, *, booking_is_free: bool, treatment: str
) -> None:
    [programme] = [one for one in programmes() if one.code == code]
    assert programme.fees is not None
    of_booking, *of_treatment = programme.fees.words
    assert ("不收取费用" in of_booking) is booking_is_free
    assert len(of_treatment) == bool(treatment)
    assert all(treatment in words for words in of_treatment)
