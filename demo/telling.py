"""Telling a story to somebody who looks on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from demo.people import Answer

Say = Callable[[str, str, str], Awaitable[None]]
"""Tells an onlooker what happens: the story's moment, a Chinese sentence and an English one."""


@dataclass(frozen=True)
class Told:
    """What a story leaves behind: the matter as it ended, and its books where it moved money."""

    matter: Answer
    matter_id: str
    ledger: Answer | None = None
    asked_before: Answer | None = None
    """The answer to a question before the matter was opened."""


async def silently(_when: str, _chinese: str, _english: str) -> None:
    """Nobody looks on."""
