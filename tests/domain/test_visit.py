"""What a visit is: who may take it, who accompanies whom, when a customer has not come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from domain.bookings.visit import (
    CHECKLIST,
    UNTIL,
    Escorting,
    EscortVisit,
    Heard,
    Purpose,
    escorting,
    id_of_visit,
    purpose_of,
)
from domain.calendar import SHANGHAI
from domain.programmes.services import Shape
from tests.workflows.booked import PROGRAMMES

MEETING = datetime(2026, 6, 20, 9, tzinfo=SHANGHAI).astimezone(UTC)
NOW = MEETING - timedelta(hours=23)


def offered(*nurses: str) -> EscortVisit:
    return EscortVisit(
        visit_id="bk-1:visit_escort:1", meeting_at=MEETING, offered_to=nurses or ("a", "b")
    )


def told(visit: EscortVisit, *words: tuple[str, bool]) -> tuple[list[Heard], EscortVisit]:
    said = []
    for nurse, accepts in words:
        heard, visit = visit.hears(nurse, accepts=accepts, at=NOW)
        said.append(heard)
    return said, visit


@pytest.mark.parametrize("purpose", CHECKLIST)
def test_the_id_of_a_visit_says_whose_it_is_and_what_for(purpose: Purpose) -> None:
    visit = id_of_visit("dw-1", purpose, 12)
    assert visit == f"dw-1:visit_{purpose}:12"
    assert purpose_of(visit) == purpose
    assert purpose in UNTIL


def test_in_whatever_order_they_say_yes_the_first_one_comes() -> None:
    for order in permutations(("a", "b", "c")):
        heard, visit = told(offered("a", "b", "c"), *((nurse, True) for nurse in order))
        assert heard == [Heard.TAKEN, Heard.TOO_LATE, Heard.TOO_LATE]
        assert (visit.nurse, visit.taken_at) == (order[0], NOW)


def test_a_yes_told_twice_changes_nothing_and_one_never_offered_is_none() -> None:
    heard, visit = told(offered(), ("x", True), ("", True), ("a", True), ("a", True))
    assert heard == [Heard.NOT_OFFERED, Heard.NOT_OFFERED, Heard.TAKEN, Heard.KNOWN]
    assert visit.nurse == "a"


def test_when_all_decline_nobody_is_left_and_one_may_change_her_mind() -> None:
    heard, visit = told(offered(), ("a", False), ("a", False), ("b", False), ("b", False))
    assert heard == [Heard.DECLINED, Heard.KNOWN, Heard.NOBODY, Heard.KNOWN]
    assert not visit.is_open
    heard, visit = told(visit, ("a", True))
    assert (heard, visit.nurse) == ([Heard.TAKEN], "a")


def test_the_platform_may_say_that_nobody_is_left() -> None:
    heard, visit = told(offered(), ("", False), ("", False))
    assert heard == [Heard.NOBODY, Heard.KNOWN]
    assert visit.declined == ("a", "b")


@pytest.mark.parametrize("who", ["a", ""])
def test_who_had_taken_it_may_be_lost_once(who: str) -> None:
    heard, visit = told(offered(), ("a", True), ("b", False), (who, False), (who, False))
    assert heard == [Heard.TAKEN, Heard.KNOWN, Heard.LOST, Heard.KNOWN]
    assert (visit.nurse, visit.lost) == ("a", "refused")


def test_a_customer_has_not_come_half_an_hour_after_the_time_or_the_one_he_announced() -> None:
    visit = offered()
    assert visit.awaited_at == MEETING
    late = MEETING + timedelta(minutes=20)
    announced = visit.model_copy(update={"expected_at": late})
    assert announced.awaited_at == late


def test_the_service_begins_with_the_customer_and_not_before_the_agreed_time() -> None:
    early, late = MEETING - timedelta(minutes=8), MEETING + timedelta(minutes=8)
    assert (offered().begins(early), offered().begins(late)) == (MEETING, late)


def test_the_call_of_p02_has_its_five_parts_and_the_nurse_is_there_ten_minutes_early() -> None:
    terms = _of("pingan_value_added", "visit_escort")
    assert [one.code for one in terms.calls] == [
        "call_identity",
        "call_questions",
        "call_materials",
        "call_history",
        "call_examinations",
        "call_contact",
    ]
    assert [one.code for one in terms.items] == [
        "card_and_number",
        "queue_and_pay",
        "book_examinations",
        "guide",
        "fetch_reports",
        "help_communicate",
        "accompany",
    ]
    assert terms.check_in_by(MEETING) == MEETING - timedelta(minutes=10)
    assert _of("taikang_online_ci", "visit_escort").check_in_by(MEETING) == MEETING


def test_what_is_done_is_what_the_programme_says_and_else_what_every_escort_does() -> None:
    assert "导诊、检查、取药" in _of("taikang_online_ci", "visit_escort").checklist[0]
    assert _of("changsheng_yuanmeng", "visit_escort").checklist == CHECKLIST["escort"]


def test_an_admission_is_accompanied_by_both_services_that_follow_it() -> None:
    terms = _of("anxin_cancer_inpatient", "inpatient_arrangement")
    assert terms.clinical_nurse
    assert terms.checklist == ["陪同排队代办手续", "引领被保险人到病区门口"]


def test_the_formalities_of_an_admission_are_a_clinical_nurses_also_where_booked_alone() -> None:
    """R398: 由具有临床护士从业经历的陪诊人员…进行住院手续的办理."""
    assert _of("anxin_cancer_inpatient", "admission_formalities_agency").clinical_nurse


def test_what_a_programme_asks_of_others_is_on_no_escorts_list() -> None:
    """P07's reviewer passes the expert's advice on, its agent sums up; the nurse does neither."""
    assert _of("pingan_pc_haoran", "visit_escort").checklist == CHECKLIST["escort"]


def test_these_appointments_are_accompanied_and_no_others() -> None:
    found = {
        (programme.code, service.code)
        for programme in PROGRAMMES.values()
        for service in programme.services
        if service.shape is Shape.APPOINTMENT and escorting(programme, service)
    }
    assert found == {
        ("anxin_cancer_inpatient", "inpatient_arrangement"),
        ("pingan_oncology_157", "expert_outpatient"),
        ("pingan_oncology_157", "inpatient_arrangement"),
        ("ruitai_ci", "expert_outpatient"),
        ("ruitai_ci", "inpatient_arrangement"),
        ("ruitai_ci", "surgery_arrangement"),
    }


def _of(programme: str, service: str) -> Escorting:
    terms = escorting(PROGRAMMES[programme], PROGRAMMES[programme].service(service))
    assert terms is not None
    return terms
