"""What the person at the simulator's controls can do: faults, the story's clock, looking at books.

None of these routes belongs to a partner's contract; the product never calls them.
"""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime

from simulator.desk import Body, TheDesk
from simulator.faults import Partner, Switch


class Moment(Body):
    """Where the story's clock is to stand; it runs on from there."""

    now: AwareDatetime


routes = APIRouter(tags=["operator"])


@routes.post("/faults", status_code=201)
async def switch_on(switch: Switch, desk: TheDesk) -> list[dict[str, Any]]:
    """Switch a fault on, behind those that are on."""
    if not switch.is_known:
        raise HTTPException(400, "operation_not_known")
    desk.faults.switch_on(switch)
    return desk.faults.listed()


@routes.get("/faults")
async def faults(desk: TheDesk) -> list[dict[str, Any]]:
    """The faults that are on."""
    return desk.faults.listed()


@routes.delete("/faults", status_code=204)
async def behave(desk: TheDesk) -> None:
    """Switch all faults off."""
    desk.faults.clear()


@routes.get("/clock")
async def clock(desk: TheDesk) -> dict[str, str]:
    """The time of the story."""
    return {"now": desk.clock.stamp()}


@routes.put("/clock")
async def move_clock(moment: Moment, desk: TheDesk) -> dict[str, str]:
    """Move the story's clock; it runs on from there."""
    desk.clock.move_to(moment.now)
    return {"now": desk.clock.stamp()}


@routes.delete("/clock")
async def real_time(desk: TheDesk) -> dict[str, str]:
    """Back to the real time."""
    desk.clock.move_to(None)
    return {"now": desk.clock.stamp()}


@routes.get("/callbacks")
async def callbacks(desk: TheDesk, partner: Partner | None = None) -> list[dict[str, Any]]:
    """Results reported or still to report, with how their delivery went."""
    rows = desk.books.callbacks()
    return [row for row in rows if partner is None or row["partner"] == partner]


@routes.post("/callbacks/redeliver")
async def redeliver(desk: TheDesk) -> dict[str, int]:
    """Try again what was given up."""
    revived = desk.books.redeliver(time.time())
    desk.reporter.nudge()
    return {"revived": revived}


@routes.get("/received")
async def received(desk: TheDesk) -> list[dict[str, Any]]:
    """Bodies of the orders taken since the start, newest last: what left the other house."""
    return list(desk.received)


@routes.get("/healthz")
async def health() -> dict[str, str]:
    """Up and answering."""
    return {"status": "ok"}
