"""After-care: consultations at an interval after discharge, beside everything else (DW21).

The next one stands on the worklist with its day; the case ends when the last was given (R226).
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from domain.calendar import civil_date, end_of_day
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from workflows.cases.desk import Desk
from workflows.messages.cases import OpenCase


class Aftercare:
    """The after-care of one case."""

    def __init__(self, desk: Desk, opening: OpenCase) -> None:
        self._desk = desk
        self._terms = opening.programme.deposit_waiver.aftercare
        self._given = 0

    @property
    def _promised(self) -> int:
        return self._terms.times if self._terms and not self._desk.state.deceased else 0

    def begin(self) -> None:
        """The patient went home today."""
        if self._promised:
            self._desk.errand(self._rounds(), "aftercare")

    async def finish(self) -> None:
        """The money is settled: what is still promised shows as a stage of its own."""
        if self._given < self._promised:
            self._desk.enter(Stage.AFTERCARE, at=workflow.now())
            await workflow.wait_condition(lambda: self._given >= self._promised)

    async def _rounds(self) -> None:
        if self._terms is None:
            return
        home_on = civil_date(workflow.now())
        for number in range(1, self._terms.times + 1):
            day = home_on + timedelta(days=number * self._terms.every_days)
            task = self._desk.ask(
                TaskKind.AFTERCARE,
                at=workflow.now(),
                due_at=end_of_day(day),
                assignee=self._desk.state.team[Role.AGENT.value],
                subject=f"{self._terms.kind} {number}",
            )
            await self._desk.done(task)
            self._given = number
