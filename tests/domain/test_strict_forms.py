"""A form takes no text for a truth or a number, and a finding of several fields names one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from domain.money import Money
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS
from domain.strict import Strict, fault_of

LOOSE = {"bool", "int", "float"}


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema of a value in a schema."""
    if isinstance(part, dict):
        yield part
        for key, one in part.items():
            if key not in ("metadata", "default", "serialization", "config"):
                yield from schemas(one)
    elif isinstance(part, (list, tuple)):
        for one in part:
            yield from schemas(one)


@pytest.mark.parametrize("kind", TaskKind)
def test_no_value_of_a_form_is_read_from_what_only_looks_like_it(kind: TaskKind) -> None:
    whole = TASKS[kind].form.__pydantic_core_schema__
    loose, dated, guarded = set(), 0, 0
    for one in schemas(whole):
        if one.get("type") in LOOSE and not one.get("strict"):
            loose.add(str(one))
        if one.get("type") == "model":
            model: type[BaseModel] = one["cls"]
            assert issubclass(model, Strict | Money), model
        dated += one.get("type") in ("date", "datetime")
        inner = one.get("schema")
        if one.get("type") == "function-before" and isinstance(inner, dict):
            guarded += inner.get("type") in ("date", "datetime")
    assert not loose
    assert guarded == dated


@pytest.mark.parametrize(
    ("kind", "field", "form"),
    [
        (TaskKind.TAKE_REQUEST, "identity_verified", {"identity_verified": "yes", "need": "复查"}),
        (TaskKind.REVIEW_BOOKING, "approved", {"approved": "no", "reason": "不符"}),
        (TaskKind.REVIEW_BOOKING, "approved", {"approved": 0, "reason": "不符"}),
        (TaskKind.FOLLOW_UP_CALL, "satisfaction", {"reached": True, "satisfaction": "5"}),
        (TaskKind.RECEIVE_SAMPLE, "at", {"at": 1_790_000_000}),
        (TaskKind.RECEIVE_SAMPLE, "at", {"at": "1790000000"}),
        (
            TaskKind.CHECK_PAPERS,
            "papers.0.sealed",
            {"complete": True, "papers": [{"kind": "admission_slip", "sealed": "yes"}]},
        ),
        (TaskKind.ARRANGE_SERVICE, "service_at", {"arranged": True}),
        (TaskKind.REVIEW_BOOKING, "reason", {"approved": False}),
        (TaskKind.ASSIGN_EXPERT, "expert", {"assigned": True}),
        (TaskKind.MATCH_DOCTOR, "doctor", {"matched": True}),
        (TaskKind.OFFER_VISIT, "nurses", {}),
        (TaskKind.CALL_ON_THE_WAY, "expected_at", {"on_time": False}),
        (TaskKind.CARE_CALL, "advice", {"reached": True, "condition": "平稳"}),
        (TaskKind.ASSIGN_TEAM, "nurse_id", {"agent_id": "a-1", "nurse_id": "a-1"}),
    ],
)
def test_a_form_that_cannot_be_meant_names_its_field(
    kind: TaskKind, field: str, form: dict[str, Any]
) -> None:
    for read in (TASKS[kind].form.model_validate, _as_json(kind)):
        with pytest.raises(ValidationError) as caught:
            read(form)
        assert fault_of(caught.value)[0] == field


def _as_json(kind: TaskKind) -> Any:
    return lambda form: TASKS[kind].form.model_validate_json(json.dumps(form), extra="forbid")


def test_a_moment_is_read_from_its_text_and_a_choice_from_its_code() -> None:
    form = TASKS[TaskKind.ARRANGE_SERVICE].form.model_validate(
        {"arranged": True, "service_at": "2026-09-04T09:00:00+08:00", "doctor_level": "chief"}
    )
    assert TASKS[TaskKind.ARRANGE_SERVICE].form.model_validate(form.model_dump(mode="json")) == form
    assert TASKS[TaskKind.ARRANGE_SERVICE].form.model_validate(form.model_dump()) == form
