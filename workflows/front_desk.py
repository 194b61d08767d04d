"""The front desk of a matter: it opens steps for people, waits for them, and keeps promises.

It knows nothing of what the matter is about. `workflows.money.desk` adds what matters have that
pay, `workflows.cases.desk`, `…bookings.parts.desk` and `…rescues.desk` the stages and notices of
theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from temporalio import workflow

from activities.ports.cases import TaskClosed
from domain.calendar import CalendarYearMissing, WorkCalendar
from domain.clock import Clock, ClockState
from domain.documents import DocumentKind, listed
from domain.programmes.programme import Programme
from domain.programmes.terms import ClockTerms, ExpectedEvent
from domain.roles import Role
from domain.steps.dues import due_by
from domain.steps.kinds import CareDuty, Evidence, TaskKind
from domain.steps.tasks import TASKS
from workflows.clocks import Clocks
from workflows.cockpit import by_when
from workflows.matter import ASKED_AGAIN, Completion, MatterPen, MatterState, new_task
from workflows.messages.matters import Actor, CompleteTask
from workflows.scribe import Scribe
from workflows.storyteller import StepDropped, Storyteller

SYSTEM: Final = Actor(role=Role.SYSTEM, id="greenlane")

ONLY_ACKNOWLEDGED: Final = frozenset(
    {TaskKind.BREACH, TaskKind.PHONE_CUSTOMER, TaskKind.EXPLAIN_DIFFERENCE}
)
"""Steps that nothing in the story waits for: done is done, and they outlive the story."""


NOT_WAITED_FOR: Final = ONLY_ACKNOWLEDGED | {TaskKind.RELEASE_HOLD}
"""Of what was reported nothing is read again: that the step is done says all."""


ALARMS_AWAIT: Final = "alarms-await-a-supervisor"
"""Before this change an alarm stood on the worklist and not in `AwaitingRole`; a run that had one
goes on as it began."""


class FrontDesk(Storyteller):
    """Steps, promises and the record of one matter."""

    def __init__(
        self, state: MatterState, programme: Programme, *, pen: MatterPen, record: Scribe[Any]
    ) -> None:
        super().__init__(state, record)
        self.programme = programme
        self.pen = pen
        self.clocks = Clocks(
            state, programme, spawn=self._spawn, told=self._breached, untimed=self._untimed
        )

    def _resume(self) -> None:
        self.clocks.resume()

    # Steps of people -----------------------------------------------------------------------------

    def ask(  # noqa: PLR0913 - each is one word of a step, most have none
        self,
        kind: TaskKind,
        *,
        at: datetime,
        roles: list[Role] | None = None,
        until: ExpectedEvent | None = None,
        about: str = "case",
        due_at: datetime | None = None,
        not_after: datetime | None = None,
        assignee: str | None = None,
        subject: str = "",
        duty: CareDuty | None = None,
        amount_fen: int | None = None,
    ) -> str:
        """Open a step for a person; `until` ties it to the clock that its completion stops.

        A step that neither a promise nor the story gives a moment has the house's own; none is due
        after what it is for (`not_after`).
        """
        clock = self.clocks.until(until, about=about) if until else None
        if clock is not None:
            due_at = clock.due_at
        due_at = due_at or due_by(kind, at, self.programme.step_dues)
        if not_after is not None:
            due_at = min(due_at or not_after, not_after)
        task = new_task(
            self.state,
            kind,
            at=at,
            roles=roles,
            due_at=due_at,
            assignee=assignee,
            clock=clock.instance if clock else None,
            subject=subject,
            duty=duty,
            amount_fen=amount_fen,
        )
        self.pen.task_opened(task)
        return task.task_id

    def wants_papers(self, kinds: list[DocumentKind], opinion: Completion) -> None:
        """A reviewer wants more first: what began with complete papers waits for the customer."""
        self.state.next_number(ASKED_AGAIN)
        self.state.asked_for = [kind.value for kind in kinds]
        said = f"审核要求补充: {listed(kinds)}"
        self.note("papers_asked", said, at=opinion.at, by=opinion.actor)
        self.clocks.stand_still(at=opinion.at, why="等待客户补充资料")

    def has_papers(self, *, at: datetime) -> None:
        """All a reviewer wanted is there: the promises go on."""
        self.state.asked_for = []
        self.clocks.go_on(at=at, why="客户已补齐资料")

    def promised(self, *events: ExpectedEvent) -> ExpectedEvent | None:
        """Of these events the one whose promise is due first; one that stands still is due never.

        Programmes name different ones for the same step.
        """
        kept = {event: self.clocks.until(event) for event in events}
        due = {event: one.due_at for event, one in kept.items() if one and not one.stands_still}
        return min(due, key=lambda event: due[event], default=None)

    def show(self, task_id: str, evidence: Evidence) -> None:
        """Lay what both sides' books say beside a step."""
        task = self.state.tasks[task_id]
        self.pen.task_opened(task.model_copy(update={"evidence": evidence}))

    async def done(self, task_id: str) -> Completion:
        """Wait for a step, however long; `StepDropped` if nobody asks any more."""
        completions, tasks = self.state.completions, self.state.tasks
        await self.until(lambda: task_id in completions or task_id not in tasks)
        if task_id not in completions:
            raise StepDropped(task_id)
        return completions.pop(task_id)

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for a fact."""
        await workflow.wait_condition(ready)

    def finish(self, message: CompleteTask) -> None:
        """Write down that a person finished a step; the story acts on it next."""
        task = self.state.tasks[message.task_id]
        self.pen.task_closed(
            TaskClosed(
                task_id=message.task_id,
                closed_at=message.at,
                done=True,
                actor_role=message.actor.role,
                actor_id=message.actor.id,
                form=message.form,
            )
        )
        form = TASKS[message.kind].form.model_validate(message.form)
        images: list[str] = getattr(form, "images", [])
        self.note(
            message.kind.value,
            f"完成: {task.title}",
            at=message.at,
            by=message.actor,
            documents=images,
        )
        if message.kind not in NOT_WAITED_FOR:
            self.state.completions[message.task_id] = Completion(
                kind=message.kind, form=message.form, actor=message.actor, at=message.at
            )

    def no_longer_asked(self, task_id: str, *, at: datetime, reason: str) -> None:
        """Take a step off the worklist; nothing happens if it is off already."""
        if task_id in self.state.tasks:
            self.pen.task_closed(
                TaskClosed(task_id=task_id, closed_at=at, done=False, reason=reason)
            )

    def take_off(self, kinds: Collection[TaskKind], *, at: datetime, reason: str) -> None:
        """Take the steps of these kinds off the worklist."""
        for task in [one for one in self.state.tasks.values() if one.kind in kinds]:
            self.no_longer_asked(task.task_id, at=at, reason=reason)

    @property
    def _outlives(self) -> frozenset[TaskKind]:
        """Steps that stay to be done when the story is over."""
        return ONLY_ACKNOWLEDGED

    def ask_no_more(self, *, at: datetime, reason: str) -> None:
        """What the story waited for is taken off the worklist."""
        self.take_off(frozenset(TaskKind) - self._outlives, at=at, reason=reason)

    def leave(self, *, at: datetime, reason: str) -> None:
        """Nobody needs to act any more, and nothing is promised any more."""
        self.ask_no_more(at=at, reason=reason)
        self.clocks.drop_all(at=at, why=reason)

    def new_calendar(self, calendar: WorkCalendar, *, at: datetime) -> list[Clock]:
        """A notice of holidays: open clocks are timed again; the promises of ours that moved.

        The notice entered last counts, whatever order they arrive in; one that lacks a year an
        open clock needs is not taken, and a supervisor hears of it. A story that was moved by weeks
        keeps its own table: today's notice is about other days than its own.
        """
        known_at, ours = self.state.calendar_at, self.state.calendar
        if (known_at is not None and at <= known_at) or calendar.moved_by != ours.moved_by:
            return []
        try:
            moved = self.clocks.retime(calendar, at=at)
        except CalendarYearMissing as unknown:
            self.alert(f"节假日表缺少{unknown.year}年, 未采用")
            return []
        self.state.calendar, self.state.calendar_at = calendar, at
        for clock in moved:
            self._due_with(clock)
            self.note("retimed", f"{clock.instance} 截止改为 {by_when(clock.due_at)}", at=at)
        return [clock for clock in moved if self.programme.clock(clock.id).ours]

    def _due_with(self, clock: Clock) -> None:
        """A promise has moved: the steps that keep it are due with it."""
        for task in list(self.state.tasks.values()):
            if task.clock == clock.instance and task.due_at != clock.due_at:
                self.pen.task_opened(task.model_copy(update={"due_at": clock.due_at}))

    def alert(self, what: str) -> None:
        """Something a supervisor must look at, told once; the matter goes on."""
        if any(task.subject == what for task in self.state.tasks.values()):
            return
        now = workflow.now()
        self.note("alert", what, at=now)
        self._alarm(what, at=now)

    # What happened -------------------------------------------------------------------------------

    def note(
        self,
        event: str,
        text: str,
        *,
        at: datetime | None = None,
        by: Actor = SYSTEM,
        documents: list[str] | None = None,
    ) -> None:
        """A line of the timeline."""
        self.pen.line(event, text, at=at or workflow.now(), by=by, documents=documents)

    def happened(self, event: ExpectedEvent, *, at: datetime, about: str = "case") -> None:
        """An event of the programme: it stops and starts clocks."""
        self.clocks.happened(event, at=at, about=about)
        for task in list(self.state.tasks.values()):
            clock = self.state.clocks.get(task.subject)
            if task.kind is TaskKind.BREACH and clock and clock.state is ClockState.MET:
                # The alarm only overtook the report of a step that was done in time.
                self.no_longer_asked(task.task_id, at=at, reason="按时完成")

    def _untimed(self, terms: ClockTerms, year: int) -> None:
        """A promise reaches into a year the calendar lacks: a supervisor keeps it by hand."""
        self.alert(f"{terms.id} {terms.name} 无法计时: 节假日表缺少{year}年")

    def _breached(self, clock: Clock) -> None:
        """A promise is broken: recorded, shown, told to a supervisor; the matter goes on."""
        now = workflow.now()
        self.note("breach", f"{clock.instance} {clock.name} 超时", at=now)
        self._alarm(clock.instance, at=now)

    def _alarm(self, what: str, *, at: datetime) -> None:
        """A supervisor's step; the matter awaits them until they have acknowledged it."""
        self.state.alarms_await = workflow.patched(ALARMS_AWAIT)
        self.ask(TaskKind.BREACH, at=at, subject=what)
