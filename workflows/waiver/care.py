"""Care on the ward: its duties as steps of the worklist, the next one planned when one is done."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from domain.calendar import civil_date, end_of_day
from domain.programmes.waiver_terms import CareTerms
from domain.roles import Role
from domain.steps.kinds import CareDuty, TaskKind
from domain.steps.tasks import Care
from workflows.cases.desk import Desk
from workflows.matter import Completion
from workflows.waiting import each_reported

_RECURRING = (CareDuty.BEDSIDE_VISIT, CareDuty.COMMUNICATION)
"""What falls due again and again: the visit, or where nobody visits, asking how it goes (R222)."""


class CareRounds:
    """The care of one stay."""

    def __init__(self, desk: Desk, terms: CareTerms) -> None:
        self._desk = desk
        self._state = desk.state
        self._terms = terms

    @property
    def _recurring(self) -> CareDuty | None:
        return next((duty for duty in _RECURRING if duty in self._terms.duties), None)

    def begin(self, now: datetime) -> None:
        """The patient is in: help with the admission, and the first visit is planned."""
        if CareDuty.ADMISSION_FORMALITIES in self._terms.duties:
            self._ask(CareDuty.ADMISSION_FORMALITIES, at=now, due_at=end_of_day(civil_date(now)))
        self._plan_next(now)

    def _ask(self, duty: CareDuty, *, at: datetime, due_at: datetime) -> None:
        task = self._desk.ask(
            TaskKind.CARE,
            at=at,
            due_at=due_at,
            assignee=self._state.team[Role.NURSE.value],
            duty=duty,
        )
        self._state.care_tasks.append(task)

    async def rounds(self) -> None:
        """The next bedside visit is planned when the last is done; surgery brings help of its own.

        The date stands on the worklist; a missed visit is visible there and broke no promise, so
        no timer runs for it.
        """
        await each_reported(self._state, lambda: self._state.care_tasks, self._cared)

    def _cared(self, task: str, done: Completion) -> None:
        state, form = self._state, done.read(Care)
        state.care_tasks.remove(task)
        if form.surgery_on is not None and form.surgery_on not in state.surgeries:
            state.surgeries.append(form.surgery_on)
            self._ask(CareDuty.SURGERY_FORMALITIES, at=done.at, due_at=end_of_day(form.surgery_on))
        if self._recurring in form.duties:
            self._plan_next(done.at)

    def _plan_next(self, at: datetime) -> None:
        if self._recurring is not None:
            every = timedelta(days=self._terms.every_days)
            self._ask(self._recurring, at=at, due_at=at + every)

    def stop(self) -> None:
        """The patient goes home: nobody needs to visit any more."""
        for task in self._state.care_tasks:
            self._desk.no_longer_asked(task, at=workflow.now(), reason="已出院")
        self._state.care_tasks.clear()
        self._desk.take_off({TaskKind.ARRANGE_VISIT}, at=workflow.now(), reason="已出院")
