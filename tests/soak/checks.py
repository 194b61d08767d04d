"""What must hold when the dust has settled, whoever died meanwhile."""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus

from adapters.books.audit_reading import first_break
from adapters.books.ledger import Ledger, conserved
from adapters.tables.booking import bookings
from adapters.tables.cases import cases, tasks
from adapters.tables.entitlement import entitlement_uses
from adapters.tables.ledger import limits, transfers
from demo.people import Answer
from domain.bookings.booking import BOOKING_ENDED, BookingStage
from domain.money import parse_fen
from domain.waiver import ENDED

_MOVED = {"payment": ("deposit", "top_up"), "payout": ("payout",), "refund": ("refund",)}
"""A kind of the partner's statement, and the reasons under which our books know it."""


async def wrongs(engine: AsyncEngine, client: Client, statement: list[Answer]) -> list[str]:
    """Sentences about what does not hold; empty in a healthy house."""
    found = [f"{case}: books are not conserved" for case in await conserved(engine)]
    broken = await first_break(engine)
    if broken is not None:
        found.append(f"the audit chain breaks at row {broken}")
    async with engine.connect() as connection:
        stages = dict((await connection.execute(select(cases.c.case_id, cases.c.stage))).all())
    found += _paid_twice(statement)
    found += await _beyond_limits(engine)
    for case_id, stage in stages.items():
        if stage in ENDED:
            found += await _not_at_zero(engine, case_id)
            found += await _other_sums(engine, case_id, statement)
        elif not await _can_go_on(engine, client, case_id):
            found.append(f"{case_id}: stuck in {stage} without a step, a timer or an activity")
    return found + await _bookings(engine, client)


async def _bookings(engine: AsyncEngine, client: Client) -> list[str]:
    """A booking that is over has settled its unit, one that is not can go on; no unit is alone."""
    async with engine.connect() as connection:
        stages = dict(
            (await connection.execute(select(bookings.c.booking_id, bookings.c.stage))).all()
        )
        uses = await connection.execute(select(entitlement_uses.c.use_id, entitlement_uses.c.state))
        units = dict(uses.all())
    found = [f"{use_id}: a unit without a booking" for use_id in units if use_id not in stages]
    for booking_id, stage in stages.items():
        unit = units.get(booking_id, "none")
        if stage not in BOOKING_ENDED:
            if not await _can_go_on(engine, client, booking_id):
                found.append(f"{booking_id}: stuck in {stage} without a step, timer or activity")
        elif unit == "reserved" or (stage == BookingStage.CLOSED and unit != "consumed"):
            found.append(f"{booking_id}: ended as {stage} with its unit {unit}")
    return found


def _paid_twice(statement: list[Answer]) -> list[str]:
    times = Counter(
        (entry["kind"], entry["movement_id"]) for entry in statement if entry["kind"] != "refund"
    )
    return [f"{movement}: moved {n} times" for (_, movement), n in times.items() if n > 1]


async def _beyond_limits(engine: AsyncEngine) -> list[str]:
    ended = transfers.alias("ended")
    reserved = (
        select(transfers.c.case_id, func.sum(transfers.c.amount_fen).label("fen"))
        .where(transfers.c.phase == "hold")
        .where(
            ~select(ended.c.id)
            .where(ended.c.movement_id == transfers.c.movement_id, ended.c.phase == "void")
            .exists()
        )
        .group_by(transfers.c.case_id)
        .subquery()
    )
    query = (
        select(limits.c.case_id)
        .join(reserved, reserved.c.case_id == limits.c.case_id)
        .where(reserved.c.fen > limits.c.limit_fen)
    )
    async with engine.connect() as connection:
        beyond = (await connection.execute(query)).scalars().all()
    return [f"{case_id}: more was advanced than the limit allows" for case_id in beyond]


async def _not_at_zero(engine: AsyncEngine, case_id: str) -> list[str]:
    balances = (await Ledger(engine).balances(case_id)).model_dump()
    left = {name: fen for name, fen in balances.items() if fen and name != "left"}
    return [f"{case_id}: ended with {left}"] if left else []


async def _other_sums(engine: AsyncEngine, case_id: str, statement: list[Answer]) -> list[str]:
    """Our books and the partner's statement say the same of an ended case."""
    theirs: dict[str, int] = defaultdict(int)
    for entry in statement:
        if entry["movement_id"].startswith(case_id):
            theirs[entry["kind"]] += parse_fen(entry["amount"]["amount"])
    ours: dict[str, int] = defaultdict(int)
    for row in await Ledger(engine).entries(case_id):
        for kind, reasons in _MOVED.items():
            if row.reason in reasons and row.phase in {"single", "post"}:
                ours[kind] += row.amount_fen
    if dict(ours) == dict(theirs):
        return []
    return [f"{case_id}: our books say {dict(ours)}, the statement says {dict(theirs)}"]


async def _can_go_on(engine: AsyncEngine, client: Client, case_id: str) -> bool:
    query = select(func.count()).where(tasks.c.case_id == case_id, tasks.c.closed_at.is_(None))
    async with engine.connect() as connection:
        if (await connection.execute(query)).scalar_one():
            return True
    handle = client.get_workflow_handle(case_id)
    described = await handle.describe()
    if described.status is not WorkflowExecutionStatus.RUNNING:
        return False
    if described.raw_description.pending_activities:
        return True
    running = 0
    for event in (await handle.fetch_history()).events:
        running += event.event_type == EventType.EVENT_TYPE_TIMER_STARTED
        running -= event.event_type in {
            EventType.EVENT_TYPE_TIMER_FIRED,
            EventType.EVENT_TYPE_TIMER_CANCELED,
        }
    return running > 0
