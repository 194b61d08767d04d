"""Which papers of a booking count: age, issuer, seal, what they show; and who may serve."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.bookings.papers import (
    Arrival,
    PaperRead,
    Span,
    faults,
    lacking,
    look_by,
    whole_at,
)
from domain.bookings.staffing import unfit
from domain.bookings.terms import OWED_FOR, owed_until, preferred
from domain.documents import DocumentKind
from domain.programmes.services import DoctorLevel
from domain.steps.asks import asks_of
from domain.steps.kinds import TaskKind
from tests.builders import a_calendar, civil, programmes

PROGRAMMES = {one.code: one for one in programmes()}
ON = date(2026, 9, 14)
SERVICE = Span(first=date(2026, 1, 10), last=date(2027, 1, 9))
P06, P14, P16, P18 = (
    ("anxin_cancer_inpatient", "inpatient_arrangement"),
    ("pingan_health_295", "inpatient_arrangement"),
    ("global_doctor_ci", "top100_expert_appointment"),
    ("xintai_million_guard", "expert_outpatient"),
)
RECEIPT = ["客户姓名", "有效证件号", "医保卡号", "入院登记号"]
REGISTERED = {"shows": RECEIPT, "slip_form": "receipt", "with_notice": True}
QUEUED = {"shows": RECEIPT, "slip_form": "electronic", "by_doctor": True, "queued": True}
SLIP = {"hospital_class": "3A", "sealed": True}
PROOF = {"grade": 2, "in_mainland": True, "issued_on": "2026-09-01"}

CASES: list[tuple[tuple[str, str], str, dict[str, Any], str]] = [
    (P06, "admission_slip", SLIP, ""),  # R380
    (P06, "admission_slip", SLIP | {"sealed": False}, "公章"),
    (P06, "admission_slip", SLIP | {"hospital_class": "2A"}, "3A"),
    (P06, "social_insurance_reimbursement_record", {"issued_on": "2024-09-14"}, ""),  # R383
    (P06, "social_insurance_reimbursement_record", {"issued_on": "2024-09-13"}, "24个月"),
    (P06, "medical_record", {"issued_on": "2025-09-14"}, ""),  # R384
    (P06, "medical_record", {"issued_on": "2025-09-13"}, "12个月"),
    (P06, "medical_record", {}, "出具日期"),
    (P14, "admission_slip", REGISTERED, ""),  # R576, R577, R578
    (P14, "admission_slip", REGISTERED | {"shows": RECEIPT[:3]}, "入院登记号"),
    (P14, "admission_slip", REGISTERED | {"with_notice": False}, "入院通知书"),
    (P14, "admission_slip", REGISTERED | {"slip_form": None}, "回执单"),  # R583
    (P14, "admission_slip", QUEUED, ""),  # R576, R579, R580; its photo is only suggested (R581)
    (P14, "admission_slip", QUEUED | {"by_doctor": False}, "医生开具"),
    (P14, "admission_slip", QUEUED | {"queued": False}, "排队"),
    (P16, "ct_report", {"issued_on": "2026-03-14"}, ""),  # R628
    (P16, "ct_report", {"issued_on": "2026-03-13"}, "6个月"),
    (P16, "blood_report", {"issued_on": "2026-09-15"}, "不能晚于今天"),
    (P18, "diagnosis_proof", PROOF, ""),  # R680, R681
    (P18, "diagnosis_proof", PROOF | {"grade": 1}, "2级"),
    (P18, "diagnosis_proof", PROOF | {"in_mainland": False}, "中国大陆"),
    (P18, "diagnosis_proof", PROOF | {"issued_on": "2026-01-09"}, "服务期间"),
    (P18, "diagnosis_proof", PROOF | {"issued_on": "2026-01-10"}, ""),
]


@pytest.mark.parametrize(("of", "kind", "read", "why"), CASES)
def test_a_paper_counts_only_as_its_programme_asks(
    of: tuple[str, str], kind: str, read: dict[str, Any], why: str
) -> None:
    terms = PROGRAMMES[of[0]].for_booking(of[1])
    papers = [PaperRead(kind=DocumentKind(kind), **read)]
    found = faults(terms, None, {kind}, papers, on=ON, service_period=SERVICE)
    assert [one for one in found if why and why in one] == found
    assert bool(found) == bool(why)


def test_a_paper_nobody_has_read_does_not_count_and_one_good_copy_is_enough() -> None:
    terms = PROGRAMMES[P06[0]].for_booking(P06[1])
    old, young = (
        PaperRead(kind=DocumentKind.MEDICAL_RECORD, issued_on=date(year, 9, 1))
        for year in (2020, 2026)
    )
    have = {"medical_record"}
    [unread] = faults(terms, None, have, [], on=ON, service_period=SERVICE)
    assert "核对" in unread
    assert faults(terms, None, have, [old, young], on=ON, service_period=SERVICE) == []


def test_of_papers_that_replace_each_other_one_is_enough() -> None:
    """R382: magnetic resonance or endoscopy."""
    terms = PROGRAMMES[P06[0]].for_booking(P06[1])
    all_of_them = {kind.value for kind in lacking(terms, None, set())}
    assert {"mri_report", "endoscopy_report"} <= all_of_them
    assert lacking(terms, None, all_of_them - {"mri_report"}) == []
    neither = all_of_them - {"mri_report", "endoscopy_report"}
    assert [one.value for one in lacking(terms, None, neither)] == [
        "mri_report",
        "endoscopy_report",
    ]


MRI, BLOOD, SLIP_KIND = (
    DocumentKind.MRI_REPORT,
    DocumentKind.BLOOD_REPORT,
    DocumentKind.ADMISSION_SLIP,
)
LOOK = civil("2026-09-03 09:00")


@pytest.mark.parametrize(
    ("handed_in", "sent_back", "since"),
    [
        ([(MRI, "08-31"), (BLOOD, "09-01")], None, "2026-09-01 00:00"),
        ([(BLOOD, "09-01"), (MRI, "08-31"), (SLIP_KIND, "09-02")], None, "2026-09-01 00:00"),
        ([(MRI, "08-31")], None, "2026-09-03 09:00"),  # the other came in another way
        ([], None, "2026-09-03 09:00"),
        ([(MRI, "08-31"), (BLOOD, "09-04")], None, "2026-09-03 09:00"),  # told of after the look
        ([(MRI, "08-31"), (BLOOD, "09-02")], "2026-09-01 12:00", "2026-09-02 00:00"),
        # Sent back without a word which of them: whatever comes next makes it whole.
        ([(MRI, "08-30"), (BLOOD, "08-31")], "2026-09-01 12:00", "2026-09-03 09:00"),
        (
            [(MRI, "08-30"), (BLOOD, "08-31"), (SLIP_KIND, "09-02")],
            "2026-09-01 12:00",
            "2026-09-02 00:00",
        ),
    ],
)
def test_a_file_is_whole_from_the_paper_that_made_it_whole(
    handed_in: list[tuple[DocumentKind, str]], sent_back: str | None, since: str
) -> None:
    """『客户提供完整病历和相关材料后』: G18, G20, G23, G29 count from what he did."""
    arrivals = [Arrival(kind=kind, at=civil(f"2026-{day} 00:00")) for kind, day in handed_in]
    found = whole_at(
        arrivals,
        {MRI, BLOOD}.issubset,
        after=civil(sent_back) if sent_back else None,
        found_at=LOOK,
    )
    assert found == civil(since)


def test_papers_are_looked_at_by_the_end_of_the_next_working_day() -> None:
    calendar = a_calendar()
    assert look_by(civil("2026-09-30 16:00"), calendar) == civil("2026-10-09 00:00")
    beyond = civil("2031-05-05 16:00")
    assert not calendar.knows(beyond.date())
    assert look_by(beyond, calendar) == civil("2031-05-06 16:00")


@pytest.mark.parametrize(
    ("programme", "service"),
    [
        ("pingan_value_added", "paediatric_outpatient"),  # R129, R131
        ("global_doctor_ci", "top100_expert_appointment"),  # R622
        ("taikang_online_ci", "expert_outpatient"),  # R289
        ("taikang_online_ci", "second_opinion"),  # R298
        ("pingan_health_295", "second_opinion"),  # R655
    ],
)
def test_a_doctor_of_a_lower_level_does_not_serve(programme: str, service: str) -> None:
    staffing = PROGRAMMES[programme].service(service).staffing
    assert staffing is not None
    for level, ok in (
        (None, False),
        (DoctorLevel.ATTENDING, False),
        (DoctorLevel.ASSOCIATE_CHIEF, True),
        (DoctorLevel.CHIEF, True),
    ):
        found = unfit(staffing, level=level, hospital_class="3A")
        assert (found is None) == ok
        assert ok or found is None or found[0] == "doctor_level"


@pytest.mark.parametrize(
    ("programme", "service"),
    [
        ("pingan_value_added", "paediatric_outpatient"),  # R129
        ("global_doctor_ci", "top100_expert_appointment"),  # R622
        ("ruitai_ci", "inpatient_arrangement"),  # R539
        ("ins_oncology", "second_opinion"),  # R734, R758
        ("pingan_health_295", "second_opinion"),  # R655
    ],
)
def test_a_hospital_of_another_class_does_not_serve(programme: str, service: str) -> None:
    staffing = PROGRAMMES[programme].service(service).staffing
    assert unfit(staffing, level=DoctorLevel.CHIEF, hospital_class="3A") is None
    for other in ("2A", None):
        found = unfit(staffing, level=DoctorLevel.CHIEF, hospital_class=other)
        assert found is not None
        assert found[0] == "hospital_class"


@pytest.mark.parametrize(
    ("programme", "service", "words"),
    [
        ("pingan_oncology_157", "inpatient_arrangement", "主诊医生或优选推荐医生"),  # R320
        ("pingan_pc_haoran", "inpatient_arrangement", "普通病房"),  # R413
        ("global_doctor_ci", "inpatient_arrangement", "指定医院"),  # R651
        ("global_doctor_ci", "inpatient_arrangement", "与客户协商同等医院"),  # R647
        ("global_doctor_ci", "top100_expert_appointment", "与客户协商同等医院"),  # R630
    ],
)
def test_whoever_speaks_with_the_hospital_reads_what_is_looked_for_first(
    programme: str, service: str, words: str
) -> None:
    assert words in preferred(PROGRAMMES[programme].service(service))


@pytest.mark.parametrize(
    ("of", "year_ends_on", "last_day", "until"),
    [
        (P06, None, None, ON + OWED_FOR),  # nothing else ends it
        (P06, date(2026, 12, 31), None, ON + OWED_FOR),  # no year of P06's ends a service
        (P06, None, date(2026, 10, 1), date(2026, 10, 1)),
        (P06, None, date(2028, 1, 1), ON + OWED_FOR),
        (("ins_oncology", "gene_testing"), date(2026, 12, 31), None, date(2026, 12, 31)),
    ],
)
def test_what_a_customer_owes_is_not_waited_for_without_end(
    of: tuple[str, str], year_ends_on: date | None, last_day: date | None, until: date
) -> None:
    service = PROGRAMMES[of[0]].service(of[1])
    assert owed_until(service, since=ON, year_ends_on=year_ends_on, last_day=last_day) == until


def test_whoever_checks_a_paper_is_told_at_once_all_that_it_must_show() -> None:
    """The same words stand with the step and in its refusal."""
    code, service = P18
    asked = asks_of(TaskKind.CHECK_PAPERS, PROGRAMMES[code], PROGRAMMES[code].service(service))
    [proof] = [one for one in asked["documents"] if one.code == "diagnosis_proof"]
    assert {"2级以上医院出具", "中国大陆医院出具"} <= {*proof.must}
    programme = PROGRAMMES[code].for_booking(service)
    have = {one.code for one in asked["documents"]}
    found = faults(programme, None, have, [], on=ON, service_period=SERVICE)
    assert f"须核对并登记 ({'、'.join(proof.must)})" in "; ".join(found)
