"""In the middle of a case a process dies without warning, and the case goes on.

Each of the five processes is killed with SIGKILL while a payment is on its way, and started again
on the same data: nothing is lost, nothing is paid twice by the partner's own statement, and no
promise has another due moment than before. The same holds for a case that a supervisor resets in
Temporal. Real time, real servers, in a data folder of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, cast

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client

from adapters.temporal.connection import connect
from demo.people import Answer, until, yuan
from demo.story_one import StoryOne
from tests.soak.people import RealHouse
from tests.soak.town import VICTIMS, Town, town

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

FIRST_FEN = 5_000_000
TOP_UP_FEN = 1_000_000
ASKED_AGAIN = 90.0
"""Seconds: whose payment had no answer asks for it after thirty, and on a busy machine twice."""


@dataclass
class Left:
    """What a death left behind."""

    due_before: dict[str, str]
    case: Answer
    ledger: Answer
    moved: list[tuple[str, str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def left_by() -> AsyncIterator[dict[str, asyncio.Task[Any]]]:
    """One case for each of the processes that die, one after the other, in one town.

    A case whose payment had no answer asks for it after thirty seconds; the next deaths do not
    wait for that, so each case also lives through those that follow.
    """
    numbers: set[str] = set()
    while len(numbers) < len(VICTIMS) + 2:
        numbers.add(RealHouse.a_number())
    async with town(sorted(numbers)) as opened:
        houses = [RealHouse(opened.settings, number) for number in sorted(numbers)]
        left: dict[str, asyncio.Task[Any]] = {}
        for victim, house in zip(VICTIMS, houses, strict=False):
            left[victim] = asyncio.create_task(await death_of(victim, opened, house))
        left["reset"] = asyncio.create_task(await reset_of(opened, houses[-2]))
        left["same key"] = asyncio.create_task(answered_late(opened, houses[-1]))
        yield left
        await asyncio.gather(*left.values(), return_exceptions=True)
        for house in houses:
            await house.leave()


async def death_of(victim: str, opened: Town, house: RealHouse) -> Coroutine[Any, Any, Left]:
    """Kill and start again while the first payment is on its way; returns what comes after."""
    story, due = await paying(house)
    await opened.kill(victim)
    # A customer asks while the process is away, and asks again until there is an answer.
    asking = asyncio.create_task(asked_for_more(story))
    await asyncio.sleep(0.5)
    await opened.start(victim)
    return aftermath(story, due, await asking)


async def reset_of(opened: Town, house: RealHouse) -> Coroutine[Any, Any, Left]:
    """A supervisor resets the case while its first payment is on its way, too far and then rightly.

    Told again from its first task it meets its own later pages and stands still; the run before,
    reset to its last task, is the case as it was.
    """
    story, due = await paying(house)
    client = await connect(opened.settings)
    before = (await client.get_workflow_handle(story.case_id).describe()).run_id
    await reset(client, story.case_id, before, to=0)
    await until(lambda: is_refused(house, story.case_id), "the page of another telling refused")
    await reset(client, story.case_id, before, to=-1)
    return aftermath(story, due, await asked_for_more(story))


async def reset(client: Client, case_id: str, run_id: str, *, to: int) -> None:
    """Do again from one of a run's workflow tasks on."""
    history = await client.get_workflow_handle(case_id, run_id=run_id).fetch_history()
    told = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ends = [event.event_id for event in history.events if event.event_type == told]
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case_id, run_id=run_id),
            workflow_task_finish_event_id=ends[to],
            reason="a test",
            request_id=f"{case_id}-{to}",
        )
    )


async def is_refused(house: RealHouse, case_id: str) -> bool:
    """Whether a supervisor is asked why the case cannot write down what it tells."""
    items = (await house.supervisor.see("/v1/tasks?role=supervisor"))["items"]
    return any((one["kind"], one["subject"]) == ("breach", case_id) for one in items)


async def paying(house: RealHouse) -> tuple[StoryOne, dict[str, str]]:
    """A case whose first payment is on its way, and when its promises fall due."""
    story = StoryOne(house)
    await story.report()
    await story.authorise()
    await story.judge()
    await house.nurse.task(story.case_id, "sign_on_site")
    due = promises(await story.see())
    await house.fault("payment", "pay", "delay", times=1, seconds=1.5)
    image = await house.nurse.upload(story.case_id, "step_image")
    await house.nurse.complete(
        story.case_id, "sign_on_site", agreements_signed=True, images=[image]
    )
    await asyncio.sleep(0.5)
    return story, due


async def asked_for_more(story: StoryOne) -> str:
    """The id of a top-up the customer asks for."""
    asked = await story.house.customer.do(
        f"/v1/deposit-waivers/{story.case_id}/top-ups",
        {"amount": yuan(TOP_UP_FEN), "reason": "plan_changed", "channel": "app"},
    )
    return str(asked["id"])


async def aftermath(story: StoryOne, due: dict[str, str], top_up: str) -> Left:
    """The case goes on: the deposit is paid, and then the top-up."""
    await until(lambda: payments_are(story, ["paid"]), "the deposit", patience=ASKED_AGAIN)
    await story.answer_top_up(top_up, "hospital_online")
    await until(lambda: payments_are(story, ["paid", "paid"]), "both payments")
    house = cast("RealHouse", story.house)
    return Left(
        due_before=due,
        case=await story.see(),
        ledger=await story.ledger(),
        moved=[
            (entry["movement_id"], entry["amount"]["amount"])
            for entry in await house.statement()
            if entry["movement_id"].startswith(story.case_id)
        ],
    )


async def answered_late(opened: Town, house: RealHouse) -> list[tuple[int, Answer]]:
    """A step completed while nobody works, and asked about again when it is long done."""
    story = StoryOne(house)
    case_id = (await house.channel.do("/v1/deposit-waivers", story.a_report()))["case_id"]
    task = (await house.agent.task(case_id, "first_contact"))["task_id"]
    form = {"identity_verified": True, "need": "住院押金", "checklist_sent": True}
    path, headers = f"/v1/tasks/{task}/completion", {"Idempotency-Key": f"once-{case_id}"}

    async def completed() -> tuple[int, Answer]:
        answer = await house.agent.http.post(path, json=form, headers=headers)
        return answer.status_code, answer.json()

    await opened.kill("worker")
    answers = [await completed()]
    await opened.start("worker")

    async def done() -> bool:
        seen = await house.supervisor.see(f"/v1/deposit-waivers/{case_id}")
        return all(one["task_id"] != task for one in seen["waiting_for"])

    await until(done, "the step done")
    return [*answers, await completed(), await completed()]


async def payments_are(story: StoryOne, statuses: list[str]) -> bool:
    """Whether the payments of a case stand like this."""
    return [payment["status"] for payment in (await story.see())["payments"]] == statuses


def promises(case: Answer) -> dict[str, str]:
    """When each promise falls due."""
    return {clock["instance"]: clock["due_at"] for clock in case["clocks"]}


async def test_a_completion_answered_late_is_answered_yes_under_its_key(
    left_by: dict[str, asyncio.Task[Any]],
) -> None:
    unknown, known, again = await left_by["same key"]
    assert (unknown[0], unknown[1]["accepted"]) == (202, False)
    assert (known[0], known[1].get("accepted")) == (200, True)
    assert again == known


@pytest.mark.parametrize("victim", [*VICTIMS, "reset"])
async def test_a_case_outlives(left_by: dict[str, asyncio.Task[Any]], victim: str) -> None:
    left: Left = await left_by[victim]
    assert [top_up["state"] for top_up in left.case["top_ups"]] == ["paid"]
    assert len(left.due_before) >= 3
    assert left.due_before.items() <= promises(left.case).items()
    posted = [
        (line["movement_id"], line["amount"]["amount"])
        for line in left.ledger["transfers"]
        if line["phase"] == "post"
    ]
    assert sorted(left.moved) == sorted(posted)
    expected = [yuan(fen)["amount"] for fen in (FIRST_FEN, TOP_UP_FEN)]
    assert [amount for _, amount in sorted(left.moved)] == expected
