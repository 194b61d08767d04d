"""What stands open, for `/metrics`: late steps, unsettled payments, alarms, stopped workflows.

They tell an operator what a supervisor sees on the worklist; nothing here names a matter.
"""

from __future__ import annotations

import asyncio
from typing import Final

from api.door.middleware import Measures
from api.wiring.door import Door

_COUNT_WITHIN_S: Final = 1.0


async def count_load(door: Door, measures: Measures) -> None:
    """Bring the gauges up to date; they keep their last values while books are away."""
    try:
        async with asyncio.timeout(_COUNT_WITHIN_S), door.books.unit() as unit:
            load = await unit.matters.load(door.clock())
    except Exception:  # noqa: BLE001 - measurements are shown whatever is away
        return
    for name, found in load.items():
        gauge = measures.load[name]
        if "" in found:
            gauge.set(found[""])
            continue
        gauge.clear()
        for of, value in found.items():
            gauge.labels(of).set(value)
