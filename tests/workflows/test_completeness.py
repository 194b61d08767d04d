"""Clocks that start when papers are complete start there, and not at the first of them (I11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.programme_files import load_programmes
from domain.clock import ClockState
from domain.steps import TaskKind
from tests.builders import AGENT, DISPATCHER, NURSE
from tests.workflows import people

CaseOf = Callable[..., Any]
(P19,) = [one for one in load_programmes() if one.code == "annex2_ci_inpatient"]
PAPERS = {kind: ["doc-1"] for kind in ("id_card_front", "diagnosis_proof")}


async def test_an_incomplete_file_starts_and_restarts_nothing(case_of: CaseOf) -> None:
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
