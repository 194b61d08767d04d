"""What the door needs of the slips of deposits. Part of `api.wiring`, as a file of its own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Slips(Protocol):
    """Which slip proves which deposit."""

    async def known(
        self, task_id: str, *, number: str, pictures: Collection[str]
    ) -> tuple[bool, bool]: ...
