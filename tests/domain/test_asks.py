"""What a client is told to send is what the rules then ask for, in every programme's service."""

from __future__ import annotations

from domain.bookings.papers import lacking
from domain.bookings.terms import intake_for
from domain.bookings.visit import escorting
from domain.programmes.services import Shape
from domain.rescues.rescue import detail_fault
from domain.steps.asks import asks_of, details_of, papers_of_service, reported_steps, rescue_asks
from domain.steps.kinds import TaskKind
from tests.builders import programmes

SERVICES = [
    (programme, service)
    for programme in programmes()
    for service in programme.services
    if service.shape is not None
]


def test_every_code_a_request_is_asked_for_stands_in_its_step() -> None:
    for programme, service in SERVICES:
        asks = asks_of(TaskKind.TAKE_REQUEST, programme, service)
        assert [one.code for one in asks.get("intake", [])] == intake_for(service)


def test_every_paper_that_is_missing_is_one_the_step_names() -> None:
    for programme, service in SERVICES:
        named = asks_of(TaskKind.CHECK_PAPERS, programme, service).get("documents", [])
        lacks = lacking(programme.for_booking(service.code), None, ())
        assert {kind.value for kind in lacks} <= {one.code for one in named}, service.code


def test_papers_that_replace_each_other_name_each_other() -> None:
    [guard] = [one for one in SERVICES if one[1].code == "travel_expense_reimbursement"]
    programme = guard[0]
    papers = papers_of_service(programme, programme.service("expert_outpatient"))
    assert {one.code: one.instead for one in papers} == {
        "diagnosis_proof": ("imaging_film",),
        "imaging_film": ("diagnosis_proof",),
    }


def test_who_looks_again_is_told_the_papers_that_a_reviewer_wants() -> None:
    for programme, service in SERVICES:
        subject = "discharge_summary、ct_report"
        asks = asks_of(TaskKind.CHECK_PAPERS, programme, service, subject=subject)
        told = [(one.code, one.name) for one in asks["documents"]]
        assert told == [("discharge_summary", "出院小结"), ("ct_report", "CT报告")]


def test_an_escort_is_told_the_items_of_the_call_and_of_the_visit() -> None:
    for programme, service in SERVICES:
        terms = escorting(programme, service)
        for kind, items in (
            (TaskKind.CALL_CUSTOMER, terms.calls if terms else ()),
            (TaskKind.CHECK_OUT, terms.items if terms else ()),
        ):
            asks = asks_of(kind, programme, service)
            assert [one.code for one in asks.get("items", [])] == [one.code for one in items]


def test_a_record_of_what_a_rescues_step_asks_for_is_taken() -> None:
    words = {"age": "45", "from_at": "2026-10-04T08:00:00+08:00"}
    for programme, service in SERVICES:
        if service.shape is not Shape.EMERGENCY:
            continue
        for step in reported_steps(service):
            said = {
                one.code: one.values[0].code if one.values else words.get(one.code, f"{n}")
                for n, one in enumerate(details_of(step))
            }
            said |= {"until_at": "2026-10-04T20:00:00+08:00"} if "until_at" in said else {}
            said |= {"agreed_at": "2026-10-05T08:00:00+08:00"} if "agreed_at" in said else {}
            assert detail_fault(step, said) is None, step.code
            subject = f"{service.code}.{step.code}"
            asks = rescue_asks(TaskKind.RESCUE_STEP, programme, subject=subject)
            assert [one.code for one in asks["step"]] == [step.code]
