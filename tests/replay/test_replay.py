"""Every recorded history still replays: a case opened by the last version goes on in this one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

import worker
from adapters.temporal.workflow_runner import sandbox
from tests.replay import endings, histories
from tests.replay.stories import STORIES

RECORDED = sorted(histories.RECORDED.glob("*.json"))
EARLIER = sorted(histories.EARLIER.glob("*.json"))
MUST_FAIL = sorted(histories.MUST_FAIL.glob("*.json"))
AGAIN = "record them anew with: python cli.py replay --record"

PERSONAL = re.compile(r"(?<![0-9a-f-])(1[3-9][0-9]{9}|[0-9]{17}[0-9Xx])(?![0-9a-f])|客户某")
"""A phone number, an ID number, a customer of the stories; a piece of a random id is neither."""
MACHINE = re.compile(r"@[a-z0-9-]+$|/(?:home|root|tmp|work)/")
"""A process at a machine, or a path of one."""


async def _failure(history: WorkflowHistory) -> Exception | None:
    """How it failed; debug mode, for a busy machine's pause of two seconds is no difference."""
    replayer = Replayer(
        workflows=list(worker.WORKFLOWS),
        workflow_runner=sandbox(),
        data_converter=pydantic_data_converter,
        debug_mode=True,
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return result.replay_failure


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_case_replays(path: Path) -> None:
    assert await _failure(histories.read(path)) is None, AGAIN


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
async def test_a_case_from_before_the_patches_goes_on_as_it_began(path: Path) -> None:
    """What runs while a new version is rolled out takes the old side of each `patched`."""
    assert await _failure(histories.read(path)) is None, "guard the change with workflow.patched"


@pytest.mark.parametrize("path", MUST_FAIL, ids=lambda path: path.stem)
async def test_a_case_of_another_shape_does_not_replay(path: Path) -> None:
    assert isinstance(await _failure(histories.read(path)), NondeterminismError)


def test_there_is_a_history_that_must_fail() -> None:
    assert MUST_FAIL


def test_every_workflow_is_covered_and_every_story_recorded() -> None:
    names = {str(workflow._Definition.must_from_class(one).name) for one in worker.WORKFLOWS}
    assert {path.stem.split(".")[0] for path in RECORDED} == names, AGAIN
    assert {path.stem for path in RECORDED} == set(STORIES), AGAIN


def test_every_shape_and_every_end_has_its_history() -> None:
    """Which ends there are is read from the code (`tests/replay/endings.py`)."""
    assert endings.lacking(RECORDED) == set(), "tell it in tests/replay/stories.py"


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_history_ends_as_the_code_can_end(path: Path) -> None:
    end = endings.came_to(path)
    assert end in endings.reachable(), "and then it is not what CANNOT says"
    others = [one for one in RECORDED if endings.came_to(one) != end]
    assert end in endings.lacking(others), "the search for missing ends can find one"


@pytest.mark.parametrize("path", [*RECORDED, *EARLIER, *MUST_FAIL], ids=lambda path: path.stem)
def test_a_history_names_no_person_and_no_machine(path: Path) -> None:
    found = {
        text for text in histories.texts(path) if PERSONAL.search(text) or MACHINE.search(text)
    }
    assert found == set()


@pytest.mark.parametrize(
    "text", ["打给13800138000", "110101199003070715", "客户某甲", "7@box", "/" + "root/x"]
)
def test_the_search_for_persons_and_machines_can_hit(text: str) -> None:
    assert PERSONAL.search(text) or MACHINE.search(text)
