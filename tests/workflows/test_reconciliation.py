"""A day's comparison: nothing that differs is lost, whatever fails, and nothing is told twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.settings import Settings
from domain.calendar import civil_date
from domain.roles import Role
from domain.steps.kinds import Evidence, TaskKind
from domain.waiver import Stage
from tests.builders import FINANCE
from tests.workflows import people
from tests.workflows.reconciling import CASE, DAY, a_line, a_payment, reconciliation_opener
from workflows.messages.payments import DifferenceFound

FIRST = f"{CASE}:deposit:1"


@pytest.fixture
def day_of(temporal_settings: Settings) -> Callable[[], Any]:
    """`async with day_of() as day`."""
    return reconciliation_opener(temporal_settings)


async def test_a_day_on_which_both_sides_agree_asks_nobody(day_of: Any) -> None:
    async with day_of() as day:
        day.sides.ours, day.sides.lines = a_payment(FIRST), {DAY: [a_line(FIRST)]}
        told = await day.run()
        assert (told.lines, told.found) == (1, 0)
        assert day.sides.steps == {}


async def test_without_a_day_it_compares_the_one_before_its_start(day_of: Any) -> None:
    async with day_of() as day:
        told = await day.run(None)
        assert told.day == civil_date(day.time.now()) - timedelta(days=1)


async def test_a_case_that_has_ended_leaves_its_difference_to_the_house(day_of: Any) -> None:
    async with day_of() as day:
        day.sides.ours = a_payment(FIRST)
        day.sides.open_cases = {CASE}  # the record is behind: its workflow does not run any more
        told = await day.run()
        about = f"payment {DAY} only_ours {FIRST}"
        assert (told.in_cases, told.in_house) == ([], [about])
        step = day.sides.steps[about]
        assert (step.kind, step.amount_fen) == (TaskKind.EXPLAIN_DIFFERENCE, 5_000_000)
        assert step.evidence is not None
        assert FIRST in step.evidence.ours


async def test_a_difference_of_a_closed_case_and_books_out_of_balance_are_the_house_s(
    day_of: Any,
) -> None:
    async with day_of() as day:
        day.sides.lines, day.sides.wrong = {DAY: [a_line(FIRST)]}, [CASE]
        day.sides.breaks = [7]
        told = await day.run()
        assert told.in_house == [
            f"payment {DAY} only_theirs {FIRST}",
            f"payment {DAY} unbalanced {CASE}",
            "audit 7",
        ]
        theirs, _, audit = [day.sides.steps[about] for about in told.in_house]
        assert (theirs.roles, audit.roles) == ([], [Role.SUPERVISOR])


async def test_a_statement_that_comes_late_is_asked_for_again(day_of: Any) -> None:
    async with day_of() as day:
        day.sides.refusing = 2
        await day.start()
        await day.time.go_to(day.time.now() + timedelta(minutes=10))
        told = await day.handle.result()
        assert told.found == 0
        assert day.sides.asked[:3] == [DAY, DAY, DAY]


async def test_a_statement_that_never_comes_is_a_step_for_finance(day_of: Any) -> None:
    async with day_of() as day:
        day.sides.refusing = 1_000
        await day.start()
        await day.time.go_to(day.time.now() + timedelta(hours=9))
        told = await day.handle.result()
        assert told.in_house == [f"payment {DAY} no_statement statement"]
        assert told.in_house[0] in day.sides.steps


async def _told(case: Any, about: str) -> DifferenceFound:
    message = DifferenceFound(
        about=about,
        amount_fen=100,
        evidence=Evidence(ours="50,000.00 元", theirs="49,999.00 元"),
        at=case.time.now(),
    )
    for _ in range(2):
        await case.handle.signal("difference_found", message)
    return message


async def test_a_case_asks_finance_once_and_goes_on_meanwhile(
    case_of: Callable[..., Any],
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        message = await _told(case, f"payment 2026-05-06 only_theirs {case.case_id}:refund")
        task = await case.task(TaskKind.EXPLAIN_DIFFERENCE, subject=message.about)
        assert task.evidence == message.evidence
        await people.discharged(case, 5_000_000)
        await people.decide(case, "approved", 5_000_000)
        await case.until(lambda: case.stage is Stage.CLOSED)
        assert [one.subject for one in case.open_tasks.values()] == [message.about]
        await case.complete(task, FINANCE, {"explanation": "渠道次日更正", "reference": None})
        await case.ends(Stage.CLOSED)


async def test_a_difference_about_a_settled_payment_is_corrected_before_the_case_closes(
    case_of: Callable[..., Any],
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        message = await _told(case, f"payment 2026-05-06 other_amount {case.movement(1)}")
        task = await case.task(TaskKind.CORRECT_PAYMENT, subject=message.about)
        assert task.evidence == message.evidence
        await people.discharged(case, 5_000_000)
        await people.decide(case, "approved", 5_000_000)
        await case.settled()
        assert case.stage is Stage.OFFSET
        await people.correct(case, task, 5_000_100)
        # What was paid too much the hospital has to return.
        assert (await case.task(TaskKind.CONFIRM_REFUND)).amount_fen == 100
        await people.refund(case, 100)
        await case.ends(Stage.CLOSED)
