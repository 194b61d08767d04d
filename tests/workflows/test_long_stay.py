"""A stay that goes on in a new run, and a cancellation from outside: no case vanishes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.servers.processes import free_ports
from adapters.settings import Settings
from domain.clock import ClockState
from domain.steps.kinds import CareDuty, TaskKind
from domain.waiver import Stage
from tests.builders import AGENT, INSURER, NURSE
from tests.workflows import people
from tests.workflows.conftest import Case, opener
from tests.workflows.impatient import ImpatientServer
from workflows.messages.matters import PolicyEnds

CaseOf = Callable[..., Any]


@pytest_asyncio.fixture
async def impatient_case_of(tmp_path: Path) -> AsyncIterator[CaseOf]:
    ports = free_ports(2)
    settings = Settings(var=tmp_path, temporal_port=ports[0], temporal_ui_port=ports[1])
    server = ImpatientServer(settings)
    try:
        address = await server.start()
        yield opener(settings.model_copy(update={"temporal_address": address}))
    finally:
        await server.stop()


async def _runs(case: Case) -> int:
    query = f"WorkflowId = '{case.case_id}'"
    return (await case.time.client.count_workflows(query)).count


async def test_a_stay_goes_on_in_new_runs_and_loses_nothing(impatient_case_of: CaseOf) -> None:
    async with impatient_case_of("2026-06-22 10:00") as case:
        await case.open()
        await people.at_the_bed(case)
        await people.sign_on_site(case)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        await case.settled()
        slips = [task.task_id for task in case.open_tasks.values()]
        assert await _runs(case) >= 2
        ends = PolicyEnds(actor=INSURER, at=case.time.now(), ends_on=case.day("2026-06-23"))
        await case.handle.signal("policy_ends", ends)
        await case.do(TaskKind.PHONE_CUSTOMER, AGENT, reached=True)
        # A slip, two pieces of care and the promise of the slip were handed on.
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 1)
        await case.until(lambda: case.clocks["K08I.1"].met_at)
        await people.ask_top_up(case, "t-1", 1_000_000)
        await people.ask_top_up(case, "t-2", 2_000_000)
        await people.answer_top_up(case, "t-2")
        await people.slip(case, 3)
        visit = next(
            task for task in case.open_tasks.values() if task.duty is CareDuty.BEDSIDE_VISIT
        )
        assert visit.task_id in slips
        care = {"duties": ["bedside_visit"], "note": "已探望", "images": ["i-6"]}
        await case.complete(visit, NURSE, care)
        await case.settled()
        await people.notice_discharge(case, case.day("2026-06-24"))
        await case.task(TaskKind.DISCHARGE_VISIT)
        await case.go_to("2026-06-24 09:30")
        await case.until(lambda: "K08I.2" in case.alerts)
        await case.until(lambda: "policy_ended" in case.lines)
        await people.discharge_visit(case, 8_000_000)
        await people.file_claim(case)
        await people.decide(case, "approved", 8_000_000)
        await case.until(lambda: case.stage is Stage.ADJUDICATION or case.stage is Stage.OFFSET)
        await people.slip(case, 2)
        await people.acknowledge(case, "K08I.2")
        await case.ends(Stage.CLOSED)
        assert [page.page for page in case.pages] == list(range(1, len(case.pages) + 1))
        assert case.clocks["K08I.2"].state is ClockState.MET_LATE
        assert list(case.partners.paid) == [case.movement(number) for number in (1, 2, 3)]
        assert await _runs(case) >= 3


# Cancelled from outside --------------------------------------------------------------------------


@pytest.mark.parametrize("wait", [TaskKind.FIRST_CONTACT, TaskKind.ARRANGE_VISIT])
async def test_a_cancellation_before_the_payment_is_a_withdrawal(
    case_of: CaseOf, wait: TaskKind
) -> None:
    async with case_of() as case:
        await case.open()
        if wait is TaskKind.ARRANGE_VISIT:
            await people.reviewed(case)
        await case.task(wait)
        await case.handle.cancel()
        await case.ends(Stage.CANCELLED)
        assert case.pages[-1].reason == "系统请求取消"


async def test_a_cancellation_with_money_out_asks_a_supervisor_and_the_case_goes_on(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        await case.open()
        await people.admitted(case)
        await people.ask_top_up(case, "t-1", 1_000_000)
        await case.task(TaskKind.ANSWER_TOP_UP)
        await case.handle.cancel()
        (alert,) = await case.until(lambda: case.alerts)
        await people.answer_top_up(case, "t-1")
        await people.slip(case, 2)
        await people.acknowledge(case, alert)
        await people.discharged(case, 6_000_000)
        await people.decide(case, "approved", 6_000_000)
        await case.ends(Stage.CLOSED)


async def test_a_cancellation_while_a_payment_is_unknown_pays_once_and_goes_on(
    case_of: CaseOf,
) -> None:
    async with case_of() as case:
        case.partners.answers = [case.partners.unknown()]
        await case.open()
        await people.at_the_bed(case)
        await people.sign_on_site(case)
        await case.until(lambda: case.movement(1) in case.payments)
        await case.handle.cancel()
        await case.until(lambda: case.alerts)
        await case.partner_pays(1)
        await case.until(lambda: case.stage is Stage.IN_HOSPITAL)
        assert case.partners.paid_twice == []
