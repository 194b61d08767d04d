"""What a customer reads of the reports about their booking: named fields, never a whole form."""

from __future__ import annotations

from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.steps.shown import OVERSIGHT, SHOWN, shown_of
from domain.steps.tasks import TASKS
from domain.told import is_told


def test_every_field_that_is_shown_stands_in_its_form() -> None:
    for kind, names in SHOWN.items():
        assert names <= {*TASKS[TaskKind(kind)].form.model_fields}, kind


def test_notes_and_reasons_of_those_who_serve_are_never_shown() -> None:
    for kind, names in SHOWN.items():
        assert not names & {"note", "reason", "papers", "final"}, kind


def test_a_report_shows_its_named_fields_and_a_kind_without_any_nothing() -> None:
    form = {"summary": "低盐饮食", "note": "语气急躁"}
    assert shown_of("write_summary", form) == {"summary": "低盐饮食"}
    assert shown_of("consult", form) == {}
    assert shown_of("kind_of_a_later_version", form) == {}


def test_what_the_house_looks_into_itself_is_not_the_customers() -> None:
    for event in ("held", "alert", "reassigned", *OVERSIGHT):
        assert not is_told(event), event
    assert {kind for kind in OVERSIGHT if Role.CUSTOMER in TASKS[TaskKind(kind)].roles} == set()
    assert is_told("claim_decided")
    assert not is_told("line_of_a_later_version")
