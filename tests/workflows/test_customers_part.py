"""The customer's part in P01: heard at any hour, guided, asked for one signature, then waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.clock import ClockState
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode, Stage
from tests.builders import NURSE
from tests.workflows import people
from tests.workflows.conftest import Case

CaseOf = Callable[..., Any]


async def test_a_report_on_a_holidays_night_is_taken_guided_and_handled(case_of: CaseOf) -> None:
    """R018, R020, R022, R023, R045, R069, R070, R086, R100, R113: all three within 30 minutes."""
    async with case_of("2026-05-03 02:10") as case:
        await case.open()
        for kind in (TaskKind.FIRST_CONTACT, TaskKind.ASSIGN_TEAM):
            assert case.civil((await case.task(kind)).due_at) == "05-03 02:40"
        assert case.lines[0] == "reported"
        await case.until(lambda: "report_accepted" in case.told)
        assert "02:40" in _text(case, "report_accepted")
        await case.go_to("2026-05-03 02:20")
        await people.contact(case)
        await case.until(lambda: "contacted" in case.lines)
        assert case.clocks["K02.1"].state is ClockState.RUNNING
        await case.go_to("2026-05-03 02:30")
        await people.assign_team(case)
        await case.task(TaskKind.SIGN_AUTHORIZATION)
        assert case.civil(case.clocks["K02.1"].met_at) == "05-03 02:30"
        await case.until(lambda: "checklist" in case.told)
        assert "病理报告" in _text(case, "checklist")


def _text(case: Case, template: str) -> str:
    return next(one.text for one in case.books.notices.values() if one.template == template)


async def test_after_the_signature_the_customer_only_waits(case_of: CaseOf) -> None:
    """R093, R095, R097, R119, R123: our people pay, come with the top-up and file the claim."""
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        assert _visits(case, "top_up") == 0
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1", mode=PaymentMode.CONTRACTED_NURSE)
        await case.task(TaskKind.ON_SITE_TOP_UP)
        assert _visits(case, "top_up") == 1
        await case.do(TaskKind.ON_SITE_TOP_UP, NURSE, images=["i-7"])
        await people.slip(case, 2)
        await people.discharged(case, 6_000_000)
        await people.decide(case, "approved", 6_000_000)
        await case.ends(Stage.CLOSED)
        asked = {
            kind: roles
            for page in case.pages
            for kind, roles in ((task.kind, task.roles) for task in page.tasks_opened)
        }
        theirs = {kind for kind, roles in asked.items() if Role.CUSTOMER in roles}
        assert theirs == {TaskKind.SIGN_AUTHORIZATION}
        assert asked[TaskKind.FILE_CLAIM] == [Role.AGENT]


def _visits(case: Case, purpose: str) -> int:
    return len([one for one in case.partners.visits.values() if one.purpose == purpose])
