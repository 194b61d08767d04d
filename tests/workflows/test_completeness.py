"""What the days of an advance hang on: papers that are complete, and the customer's own date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain.clock import ClockState
from domain.steps.kinds import TaskKind
from tests.builders import AGENT, DISPATCHER, NURSE, REVIEWER, programmes
from tests.workflows import people

CaseOf = Callable[..., Any]
ALL = {one.code: one for one in programmes()}
P02, P19 = ALL["pingan_value_added"], ALL["annex2_ci_inpatient"]
PAPERS = {kind: ["doc-1"] for kind in ("id_card_front", "diagnosis_proof")}


async def test_an_incomplete_file_starts_and_restarts_nothing(case_of: CaseOf) -> None:
    """I11: clocks that start at completeness start there, and not at the first paper."""
    async with case_of("2026-09-28 10:05") as case:
        await case.open(programme=P19, disease="lung_cancer")
        await people.contact(case)
        await case.do(TaskKind.ASSIGN_TEAM, DISPATCHER, agent_id=AGENT.id, nurse_id=NURSE.id)
        await case.go_to("2026-09-29 11:00")
        half = {"id_card_front": ["doc-1"]}
        for hour in ("11:00", "16:00"):
            await case.go_to(f"2026-09-29 {hour}")
            await case.do(
                TaskKind.CONFIRM_DOCUMENTS,
                AGENT,
                documents=half,
                complete=False,
                missing=["diagnosis_proof"],
            )
            await case.task(TaskKind.CONFIRM_DOCUMENTS)
        assert case.told.count("documents_missing") == 2
        assert "K17.1" not in case.clocks
        await case.go_to("2026-09-30 15:30")
        await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=PAPERS, complete=True)
        await case.task(TaskKind.JUDGE_LIABILITY)
        clock = case.clocks["K17.1"]
        assert (case.civil(clock.started_at), case.civil(clock.due_at)) == (
            "09-30 15:30",
            "10-10 18:00",
        )
        assert clock.state is ClockState.RUNNING
        assert "K17.2" not in case.clocks


async def test_the_customers_own_date_is_not_past_and_replaces_the_due_date(
    case_of: CaseOf,
) -> None:
    """I10: the visit for papers, due by the later day the customer named."""
    async with case_of("2026-06-19 23:50") as case:
        await case.open(programme=P02, disease="lung_cancer", last_day=case.day("2026-07-15"))
        await case.go_to("2026-06-20 00:15")
        contact = {
            "identity_verified": True,
            "need": "住院垫付",
            "checklist_sent": True,
            "can_give_invoices": True,
            "visit_wanted": True,
        }
        for wrong in ("2026-06-19", "2027-07-01", "2026-07-16"):
            day = case.day(wrong).isoformat()
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await case.do(TaskKind.FIRST_CONTACT, AGENT, **contact, visit_on=day)
            assert isinstance(refused.value.cause, ApplicationError)
            assert refused.value.cause.details == ("visit_on",)
        named = case.day("2026-06-24").isoformat()
        await case.do(TaskKind.FIRST_CONTACT, AGENT, **contact, visit_on=named)
        await case.do(TaskKind.ASSIGN_TEAM, DISPATCHER, agent_id=AGENT.id, nurse_id=NURSE.id)
        clock = await case.until(lambda: case.clocks["K11.1"])
        assert case.civil(clock.due_at) == "06-24 24:00"
        assert case.civil(clock.first_due_at) == "06-21 24:00"  # without it


async def test_a_promise_waits_while_the_reviewer_asks_the_customer_for_more(
    case_of: CaseOf,
) -> None:
    """The clock that began with complete papers stands still, and then has what was left of it."""
    async with case_of("2026-09-30 10:05") as case:
        await case.open(programme=P19, disease="lung_cancer")
        await people.contact(case)
        await case.do(TaskKind.ASSIGN_TEAM, DISPATCHER, agent_id=AGENT.id, nurse_id=NURSE.id)
        await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=PAPERS, complete=True)
        await case.go_to("2026-10-09 10:00")
        both = ["imaging_film", "pathology_report"]
        more: dict[str, Any] = {"approved": False, "missing": both}
        asked = people.a_plan() | more
        assert await refused(case, asked | {"approved": True}) == "missing"
        await case.do(TaskKind.JUDGE_LIABILITY, REVIEWER, **asked)
        await case.until(lambda: case.clocks["K17.1"].stands_still)
        await case.until(lambda: case.pages[-1].missing_documents == both)
        half = PAPERS | {"imaging_film": ["doc-3"]}
        lacking = {"complete": False, "missing": ["pathology_report"]}
        await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=half, **lacking)
        await case.until(lambda: case.pages[-1].missing_documents == ["pathology_report"])
        [_, last] = [
            one for page in case.pages for one in page.notices if "missing" in one.template
        ]
        assert "病理报告" in last.text
        assert "影像胶片" not in last.text
        await case.go_to("2026-10-12 11:00")  # due on the 10th, had it gone on
        assert case.clocks["K17.1"].breached_at is None
        same = case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=PAPERS, complete=True)
        with pytest.raises(WorkflowUpdateFailedError):
            await same
        whole = half | {"pathology_report": ["doc-2"]}
        await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, documents=whole, complete=True)
        await case.task(TaskKind.JUDGE_LIABILITY)
        await case.until(lambda: case.clocks["K17.1"].moves)
        clock = case.clocks["K17.1"]
        assert case.civil(clock.due_at) == "10-13 18:00"
        assert case.civil(clock.first_due_at) == "10-10 18:00"
        [move], [pause] = clock.moves, clock.pauses
        assert (move.why, pause.counts) == ("客户已补齐资料", True)


async def refused(case: Any, form: dict[str, Any]) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await case.do(TaskKind.JUDGE_LIABILITY, REVIEWER, **form)
    assert isinstance(caught.value.cause, ApplicationError)
    return str(caught.value.cause.details[0])
