"""Reads a history: what the case cost (`counts`), and what a skeleton does to match it (`score`).

Billable actions are counted as Temporal Cloud bills them: a start, each signal, update, timer,
search-attribute upsert and each attempt of an activity is one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

from bench.skeleton import Beat, Round, Score

_BILLED: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signals",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "updates",
    EventType.EVENT_TYPE_TIMER_STARTED: "timers",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "upserts",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activities",
}

_ONLY_IN_VIRTUAL_TIME: Final = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
)
"""What the server notes when it is told to skip time; a case in real time has none of it.

Being told so it also wakes the worker, who finds nothing to do (`woken_to_skip`).
"""

_TASKS: Final = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)
"""How the worker was woken. A busy machine wakes it more often for the same deeds."""

_A_TASK: Final = _TASKS[:3]
"""One that was scheduled, started and completed with nothing else in between."""

_COMMANDS: Final = {
    EventType.EVENT_TYPE_TIMER_STARTED: "timers",
    EventType.EVENT_TYPE_TIMER_CANCELED: "cancels",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "upserts",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activities",
}


@dataclass(frozen=True)
class Counts:
    """What one case cost the server."""

    events: int
    skipping: int  # events of virtual time and of the tasks it causes, not counted among the others
    actions: int
    history_bytes: int
    transitions: int
    workflow_tasks: int
    commands: int
    deeds: int  # events but those of workflow tasks
    deed_bytes: int
    by_kind: dict[str, int]

    @property
    def totals(self) -> dict[str, int]:
        """The numbers that are watched: those that no load of the machine changes."""
        return {
            "commands": self.commands,
            "actions": self.actions,
            "deeds": self.deeds,
            "deed_bytes": self.deed_bytes,
        }


async def counts(client: Client, workflow_id: str) -> Counts:
    """What a case has cost so far."""
    handle = client.get_workflow_handle(workflow_id)
    described = await handle.describe()
    info = described.raw_description.workflow_execution_info
    history = await handle.fetch_history()
    kinds = Counter(_BILLED[event.event_type] for event in history.events if _billed(event))
    kinds["activities"] += sum(
        event.activity_task_started_event_attributes.attempt - 1
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    )
    woken = woken_to_skip(history)
    skipping = sum(event.event_type in _ONLY_IN_VIRTUAL_TIME for event in history.events)
    skipping += woken * len(_A_TASK)
    deeds = [
        event
        for event in history.events
        if event.event_type not in _TASKS and event.event_type not in _ONLY_IN_VIRTUAL_TIME
    ]
    return Counts(
        events=len(history.events) - skipping,
        skipping=skipping,
        actions=sum(kinds.values()),
        history_bytes=info.history_size_bytes,
        transitions=info.state_transition_count,
        workflow_tasks=sum(
            event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
            for event in history.events
        )
        - woken,
        commands=sum(part.commands for beat in score(history).beats for part in beat.rounds),
        deeds=len(deeds),
        deed_bytes=sum(event.ByteSize() for event in deeds),
        by_kind=dict(kinds),
    )


def woken_to_skip(history: WorkflowHistory) -> int:
    """How often the worker was woken for no more than that time is to be skipped.

    Such a task is scheduled by the options themselves, and brings nothing; a person's update or
    signal that came with it makes it one that real time has as well.
    """
    kinds = [event.event_type for event in history.events]
    told = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED
    return sum(
        kind == told
        and tuple(kinds[place + 1 : place + 4]) == _A_TASK
        and kinds[place + 4 : place + 5] in [[skip] for skip in _ONLY_IN_VIRTUAL_TIME]
        for place, kind in enumerate(kinds)
    )


def _billed(event: Any) -> bool:
    return event.event_type in _BILLED


def score(history: WorkflowHistory) -> Score:
    """The commands of a case, beat by beat: each start, update and signal begins one."""
    beats = [Beat()]
    waiting: list[Beat] = []  # signals that the next workflow task will see
    fresh = True
    for event in history.events:
        kind = event.event_type
        if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            waiting.append(Beat(begun_by="signal"))
        elif kind == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            beats.extend(waiting)
            waiting, fresh = [], True
        elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            beats.append(Beat(begun_by="update"))
            fresh = True
        elif kind in _COMMANDS:
            if fresh:
                beats[-1].rounds.append(Round())
                fresh = False
            part, name = beats[-1].rounds[-1], _COMMANDS[kind]
            setattr(part, name, getattr(part, name) + 1)
    return Score(beats=beats)
