"""Telling a story to somebody who looks on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Say = Callable[[str, str, str], Awaitable[None]]
"""Tells an onlooker what happens: the story's moment, a Chinese sentence and an English one."""


async def silently(_when: str, _chinese: str, _english: str) -> None:
    """Nobody looks on."""
