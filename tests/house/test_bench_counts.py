"""What story 1 costs the server does not grow unnoticed; and the watch is shown to notice."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

from adapters.settings import Settings
from adapters.temporal import search_attributes
from bench import deadlines
from bench.score import woken_to_skip
from bench.skeleton import Beat, Round
from bench.story import grown, kept, story_one
from workflows.cockpit import SEARCH_ATTRIBUTES


@pytest.mark.slow
async def test_story_one_costs_the_server_no_more_than_was_agreed(settings: Settings) -> None:
    client = await Client.connect(**settings.temporal_connect_config())
    await search_attributes.register(client, SEARCH_ATTRIBUTES)
    cost = await story_one(settings)
    assert grown(cost.totals, kept()) == [], "agree to it with: python -m bench --keep"


def test_the_watch_notices_growth_beyond_five_percent() -> None:
    agreed = {"deeds": 600, "actions": 100}
    assert grown({"deeds": 630, "actions": 105}, agreed) == []
    assert grown({"deeds": 631, "actions": 100}, agreed) == ["deeds: 631, agreed 600"]


def test_a_task_that_only_skipping_time_brought_about_is_told_from_one_that_did_something() -> None:
    options = "WORKFLOW_EXECUTION_OPTIONS_UPDATED"
    skip = "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED"
    task = ["WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED", "WORKFLOW_TASK_COMPLETED"]

    def woken(*names: str) -> int:
        events = [HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_{name}")) for name in names]
        return woken_to_skip(WorkflowHistory("case", events))

    assert woken(options, *task, skip) == 1
    assert woken(options, *task, skip, *task, skip, options, *task, skip) == 2
    assert woken(options, skip, *task, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED") == 0
    assert woken(options, *task, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", skip) == 0
    assert woken("ACTIVITY_TASK_COMPLETED", *task, skip) == 0


def test_a_skeleton_issues_as_many_commands_as_its_score_says() -> None:
    beat = Beat(rounds=[Round(timers=2, cancels=1, upserts=1, activities=3), Round(activities=1)])
    assert [part.commands for part in beat.rounds] == [7, 1]


def test_the_bench_asks_both_calendars_the_same_and_compares_what_they_answer() -> None:
    found = deadlines.measure(questions=50)
    assert min(found.ours, found.theirs, found.whole) > 0
