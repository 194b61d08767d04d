"""One day of the payment partner's statement against the ledger, and who looks at what differs.

A schedule starts it every morning for the day before; an operator may start it for any day, and
again: the same day finds the same differences, and each of them is somebody's step once. What
concerns an open case goes onto that case's worklist, everything else onto the house's own.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError

from activities.ports.house import HouseTask
from activities.ports.reconciliation import DayCompared
from activities.reconcile import Reconcile
from domain.calendar import civil_date
from domain.reconciliation import Difference, DifferenceKind
from domain.roles import Role
from domain.steps.kinds import Evidence, TaskKind
from workflows.messages.payments import DifferenceFound
from workflows.messages.reconciliation import DayReconciled, ReconcileDay
from workflows.scribe import BOOKS_RETRY, BOOKS_WITHIN

COMPARE_WITHIN: Final = timedelta(minutes=10)
"""A hundred statements of nine seconds at most, when a movement is looked for far back."""
COMPARE_RETRY: Final = RetryPolicy(
    initial_interval=timedelta(minutes=1), maximum_interval=timedelta(minutes=30)
)
COMPARE_UNTIL: Final = timedelta(hours=8)
"""A statement is late by minutes or hours; without one by the afternoon, a person asks for it."""
EXPLAIN_WITHIN: Final = timedelta(days=1)
"""What differs is looked into before the next day is compared."""

_LOOKED_INTO_BY: Final = {DifferenceKind.AUDIT_BROKEN: [Role.SUPERVISOR]}
"""Whose step a difference is where it is not finance's: what it is about is no money."""

SCHEDULED_FOR: Final = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""Set by the server on what a schedule starts; a late start still means its own day."""


@workflow.defn(name="Reconciliation")
class Reconciliation:
    """One day's reconciliation."""

    @workflow.run
    async def run(self, order: ReconcileDay) -> DayReconciled:
        """Compare, and see to it that every difference is somebody's step."""
        day = order.day or _the_day_before(_started_for())
        try:
            compared = await self._compared(day)
        except ActivityError:
            lacking = _no_statement(day)
            compared = DayCompared(day=day, lines=0, found=1, fresh=[lacking])
        told = await self._handed_out(compared, DayReconciled(day=day))
        return self._told(await self._handed_out(await self._checked(day), told))

    async def _handed_out(self, compared: DayCompared, before: DayReconciled) -> DayReconciled:
        """Every difference becomes a step of its case, or of the house."""
        in_cases, in_house = [*before.in_cases], [*before.in_house]
        for difference in compared.fresh:
            if await self._to_its_case(difference):
                in_cases.append(difference.about)
            else:
                await self._to_the_house(difference)
                in_house.append(difference.about)
        return DayReconciled(
            day=before.day,
            lines=before.lines + compared.lines,
            found=before.found + compared.found,
            in_cases=in_cases,
            in_house=in_house,
        )

    async def _compared(self, day: date) -> DayCompared:
        return await workflow.execute_activity_method(
            Reconcile.compare,
            day,
            start_to_close_timeout=COMPARE_WITHIN,
            schedule_to_close_timeout=COMPARE_UNTIL,
            retry_policy=COMPARE_RETRY,
            summary=f"核对 {day} 对账单",
        )

    async def _checked(self, day: date) -> DayCompared:
        """Our books by themselves, whatever became of the statement."""
        return await workflow.execute_activity_method(
            Reconcile.check,
            day,
            start_to_close_timeout=COMPARE_WITHIN,
            retry_policy=BOOKS_RETRY,
            summary="核对账簿",
        )

    async def _to_its_case(self, difference: Difference) -> bool:
        """Tell the case; False when it has none, or ended meanwhile."""
        if difference.case_id is None:
            return False
        message = DifferenceFound(
            about=difference.about,
            amount_fen=difference.amount_fen,
            evidence=difference.evidence,
            at=workflow.now(),
        )
        try:
            case = workflow.get_external_workflow_handle(difference.case_id)
            await case.signal("difference_found", message)
        except ApplicationError:
            return False
        return True

    async def _to_the_house(self, difference: Difference) -> None:
        step = HouseTask(
            about=difference.about,
            kind=TaskKind.EXPLAIN_DIFFERENCE,
            roles=_LOOKED_INTO_BY.get(difference.kind, []),
            at=workflow.now(),
            due_at=workflow.now() + EXPLAIN_WITHIN,
            amount_fen=difference.amount_fen,
            evidence=difference.evidence,
        )
        await workflow.execute_activity_method(
            Reconcile.open_step,
            step,
            start_to_close_timeout=BOOKS_WITHIN,
            retry_policy=BOOKS_RETRY,
            summary="差异转财务核对",
        )

    def _told(self, done: DayReconciled) -> DayReconciled:
        raised = len(done.in_cases) + len(done.in_house)
        workflow.set_current_details(
            f"## 对账 {done.day}\n\n"
            f"对账单 {done.lines} 笔, 差异 {done.found} 笔, 新任务 {raised} 个\n"
        )
        return done


def _started_for() -> datetime:
    scheduled = workflow.info().typed_search_attributes.get(SCHEDULED_FOR)
    return scheduled or workflow.info().start_time


def _the_day_before(at: datetime) -> date:
    return civil_date(at) - timedelta(days=1)


def _no_statement(day: date) -> Difference:
    return Difference(
        day=day,
        kind=DifferenceKind.NO_STATEMENT,
        subject="statement",
        case_id=None,
        amount_fen=0,
        evidence=Evidence(ours="未取得当日对账单, 尚未核对", theirs="无可信的对账单"),
    )
