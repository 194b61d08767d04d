"""Waiting for a fact, but not beyond a moment; and for what people report, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from temporalio import workflow

from workflows.matter import SUMMARY_MAX, Completion, MatterState


async def came_by(fact: Callable[[], bool], moment: datetime | None, *, summary: str) -> bool:
    """Wait for a fact until a moment, or for ever; False if the moment came first.

    `summary` is shown beside the timer. Whether a fact of the very beat of the moment still counts,
    whoever waits says.
    """
    left = None if moment is None else max(moment - workflow.now(), timedelta())
    try:
        await workflow.wait_condition(fact, timeout=left, timeout_summary=summary[:SUMMARY_MAX])
    except TimeoutError:
        return False
    return True


async def passed(ends_at: Callable[[], datetime], *, summary: str) -> None:
    """Wait until a moment has come that may be named anew while somebody waits for it."""
    known = ends_at()

    def named_anew() -> bool:
        return ends_at() != known

    while known > workflow.now():
        await came_by(named_anew, known, summary=summary)
        known = ends_at()


async def each_reported(
    state: MatterState,
    asked: Callable[[], Iterable[str]],
    act: Callable[[str, Completion], None],
) -> None:
    """Act on each of these steps once people report it, for as long as the matter runs."""

    def reported() -> list[str]:
        return [task for task in asked() if task in state.completions]

    while True:
        await workflow.wait_condition(lambda: bool(reported()))
        for task in reported():
            act(task, state.completions.pop(task))
