"""By when a step is done that no promise speaks of."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from domain.clock import Budget
from domain.programmes.programme import Programme
from domain.steps.dues import BY_AGREEMENT, DUE_WITHIN, StepDue, due_by
from domain.steps.kinds import TaskKind
from tests.builders import a_programme

AT = datetime(2026, 9, 30, 23, 50, tzinfo=ZoneInfo("Asia/Shanghai"))


def civil(kind: TaskKind, own: tuple[StepDue, ...] = ()) -> str:
    due = due_by(kind, AT, own)
    return "" if due is None else due.astimezone(AT.tzinfo).strftime("%m-%d %H:%M")


def measure(step: str, amount: int, unit: str) -> StepDue:
    within = Budget.model_validate({"amount": amount, "unit": unit})
    return StepDue(step=TaskKind(step), within=within, source="inferred")


def test_no_kind_of_step_lies_without_a_moment_but_one_that_people_agree_on() -> None:
    assert {*TaskKind} - {*DUE_WITHIN} == BY_AGREEMENT


@pytest.mark.parametrize(
    ("kind", "due"),
    [
        (TaskKind.TAKE_REQUEST, "10-01 00:20"),
        (TaskKind.PHONE_CUSTOMER, "10-01 03:50"),
        (TaskKind.REVIEW_BOOKING, "10-02 00:00"),  # the end of the next day, a holiday or not
        (TaskKind.ARRANGE_SERVICE, "10-04 00:00"),
        (TaskKind.RECORD_REPAYMENT, ""),
    ],
)
def test_the_house_has_a_measure_for_a_step_that_no_promise_speaks_of(
    kind: TaskKind, due: str
) -> None:
    assert civil(kind) == due


def test_a_programme_may_measure_otherwise() -> None:
    own = (measure("arrange_service", 36, "h"),)
    assert civil(TaskKind.ARRANGE_SERVICE, own) == "10-02 11:50"
    assert civil(TaskKind.ASSIGN_EXPERT, own) == "10-04 00:00"


@pytest.mark.parametrize(
    ("step", "amount", "unit", "why"),
    [
        ("arrange_service", 3, "wd", "min, h or nd"),
        ("record_repayment", 3, "nd", "agreed"),
    ],
)
def test_what_is_no_measure_of_a_step_is_refused(
    step: str, amount: int, unit: str, why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        measure(step, amount, unit)


def test_a_step_is_measured_once_in_a_programme() -> None:
    twice = a_programme().model_dump(mode="json")
    one = measure("arrange_service", 2, "h").model_dump(mode="json")
    with pytest.raises(ValidationError, match="stands twice"):
        Programme.parse({**twice, "step_dues": [one, one]})
