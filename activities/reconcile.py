"""Comparing a day of the payment partner's statement with the ledger; each verb may be repeated."""

from __future__ import annotations

from datetime import date

from temporalio import activity

from activities.ports.house import HouseListPort, HouseTask
from activities.ports.reconciliation import CompareBookPort, DayCompared, StatementPort
from domain.reconciliation import Difference, DifferenceKind, Line, days_wanted, differences
from domain.steps.kinds import Evidence

BEFORE_THE_DAY_IS_MISSING = 3
"""Rounds of asking for statements: the days beside, older ones, and none is left to ask for."""


class Reconcile:
    """The verbs of reconciliation."""

    def __init__(
        self, *, statements: StatementPort, books: CompareBookPort, house: HouseListPort
    ) -> None:
        self._statements = statements
        self._books = books
        self._house = house

    @activity.defn(name="compare_statement")
    async def compare(self, day: date) -> DayCompared:
        """Fetch, compare, and leave out what is somebody's step already."""
        statement: dict[date, list[Line]] = {day: await self._statements.of_day(day)}
        cases = {line.case_id for line in statement[day]}
        booked = await self._books.booked(day, cases)
        for _ in range(BEFORE_THE_DAY_IS_MISSING):
            for wanted in days_wanted(day, statement, booked):
                statement[wanted] = await self._statements.of_day(wanted)
        found = differences(day, statement, booked)
        return await self._fresh(day, found, lines=len(statement[day]))

    @activity.defn(name="check_ledger")
    async def check(self, day: date) -> DayCompared:
        """Ledger and audit that are wrong in themselves: no statement is needed to see it."""
        found = [
            Difference(
                day=day,
                kind=DifferenceKind.UNBALANCED,
                subject=case_id,
                case_id=case_id,
                amount_fen=0,
                evidence=Evidence(ours="账簿不平, 或案件已结而账户不为零", theirs="不涉及对账单"),
            )
            for case_id in await self._books.unbalanced()
        ]
        found += [_broken(day, row) for row in await self._books.audit_breaks()]
        return await self._fresh(day, found, lines=0)

    async def _fresh(self, day: date, found: list[Difference], *, lines: int) -> DayCompared:
        """What is nobody's step yet; what no open case can hear of is the house's."""
        running = await self._books.running({one.case_id or "" for one in found})
        known = await self._books.raised(one.about for one in found)
        return DayCompared(
            day=day,
            lines=lines,
            found=len(found),
            fresh=[
                one if one.case_id in running else one.model_copy(update={"case_id": None})
                for one in found
                if one.about not in known
            ],
        )

    @activity.defn(name="open_house_step")
    async def open_step(self, task: HouseTask) -> bool:
        """Put a step that belongs to no open case on the worklist, once."""
        return await self._house.open(task)


def _broken(day: date, row: int) -> Difference:
    return Difference(
        day=day,
        kind=DifferenceKind.AUDIT_BROKEN,
        subject=str(row),
        case_id=None,
        amount_fen=0,
        evidence=Evidence(
            ours=f"审计链在第 {row} 行不符: 有记录被改动、删除或插入", theirs="不涉及对账单"
        ),
    )
