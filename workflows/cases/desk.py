"""The desk of one case: it opens steps for people, waits for their answers, and tells the customer.

The stories, `workflows.deposit_waiver` and `workflows.claim`, say what happens next; the desk knows
how to wait for it. What it writes down, `workflows.cases.record` turns into pages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.clock import Budget, due_at
from domain.programmes.terms import ExpectedEvent
from domain.steps.kinds import TaskKind
from domain.waiver import NEXT_STAGES, STAGE_NAMES, Stage, Ways, moved
from workflows.cases.case import CaseState, Pen
from workflows.cases.record import Record
from workflows.matter import Completion
from workflows.messages.cases import OpenCase
from workflows.money.desk import PayingDesk
from workflows.notices import written
from workflows.storyteller import StoryOver
from workflows.waiting import came_by

CODE: Final = "payment_code"
"""The notice that a code can be fetched and scanned (R051); older programmes have none."""


class CaseOver(StoryOver):
    """A case ends before its usual end."""

    stage: Stage


class Desk(PayingDesk):
    """Steps, promises, notices and the record of one case."""

    def __init__(self, opening: OpenCase, state: CaseState, *, ways: Ways = NEXT_STAGES) -> None:
        self.state: CaseState
        self.pen: Pen
        record = Record(state, hospital=opening.hospital.name, unsent=self._tell_soon)
        super().__init__(state, opening.programme, pen=Pen(state), record=record)
        self._opening = opening
        self._ways = ways

    # Steps of people -----------------------------------------------------------------------------

    def due_again(self, task_id: str, *, until: ExpectedEvent, subject: str) -> None:
        """A step's promise has moved: show the new due moment, if the step is still open."""
        task, clock = self.state.tasks.get(task_id), self.clocks.until(until)
        if task is not None and clock is not None:
            change = {"due_at": clock.due_at, "subject": subject}
            self.pen.task_opened(task.model_copy(update=change))

    async def done_by(self, task_id: str, deadline: datetime) -> Completion:
        """Wait for a step until a deadline; beyond it the case expires."""
        completions = self.state.completions
        if not await self.within(lambda: task_id in completions, deadline, "等待期限"):
            raise CaseOver(Stage.EXPIRED, "资料逾期未齐")
        return completions.pop(task_id)

    async def done_within(self, task_id: str, span: timedelta, what: str) -> Completion | None:
        """Wait for a step for a while; None, and the step is off the worklist, if nobody did it."""
        completions, tasks = self.state.completions, self.state.tasks
        deadline = workflow.now() + span
        if not await self.within(
            lambda: task_id in completions or task_id not in tasks, deadline, what
        ):
            self.no_longer_asked(task_id, at=workflow.now(), reason=what)
            return None
        return await self.done(task_id)

    def after(self, budget: Budget) -> datetime:
        """The moment a budget that starts now is used up."""
        return due_at(workflow.now(), budget, self.state.calendar)

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for a fact; `CaseOver` if the customer withdraws meanwhile."""
        await workflow.wait_condition(lambda: ready() or self.state.withdrawn is not None)
        if not ready():
            raise CaseOver(Stage.CANCELLED, self.state.withdrawn or "")

    async def within(self, ready: Callable[[], bool], deadline: datetime, what: str) -> bool:
        """Wait for a fact until a deadline; False if the deadline came first."""
        came = await came_by(
            lambda: ready() or self.state.withdrawn is not None, deadline, summary=what
        )
        if came and not ready():
            raise CaseOver(Stage.CANCELLED, self.state.withdrawn or "")
        return ready()

    def money_leaves(self) -> None:
        """From here nobody can withdraw; `CaseOver` if the customer did before it came to this."""
        if self.state.withdrawn is not None:
            raise CaseOver(Stage.CANCELLED, self.state.withdrawn)
        self.state.payment_ordered = True

    @property
    def _outlives(self) -> frozenset[TaskKind]:
        """A hold of a case that moved money stays: what comes late is not paid on over it."""
        held = {TaskKind.RELEASE_HOLD} if self.state.payments else set()
        return super()._outlives | held

    # What happened -------------------------------------------------------------------------------

    def enter(self, stage: Stage, *, at: datetime, reason: str = "") -> None:
        """Change the stage, by a legal move only."""
        self.state.stage = moved(self.state.stage, stage, ways=self._ways)
        self.state.reason = reason
        self.note("stage", STAGE_NAMES[stage], at=at)

    def tell(self, code: str, **values: object) -> None:
        """Send the customer one of the programme's notices; amounts are given in fen."""
        values.setdefault("hospital", self._opening.hospital.name)
        self.pen.notice(written(self.programme, self.state, code, **values))

    def payment_delayed(self) -> None:
        """The customer hears that a payment takes longer."""
        self.tell("payment_delayed")

    def code_ready(self, amount_fen: int) -> None:
        """The customer hears that a code can be fetched; older programmes have no such text."""
        if self.programme.has_notice(CODE):
            self.tell(CODE, amount=amount_fen)
