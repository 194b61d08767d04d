"""What cases, bookings, rescues and enquiries share: steps, promises, and a page to write on.

A matter is whatever waits for people and keeps promises. Its own model adds what only it knows;
the front desk, the clocks and the scribe need no more of it than this.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import date, datetime
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, Field

from activities.ports.cases import PaymentRecord, TaskClosed, TaskOpened, TimelineEntry
from domain.calendar import WorkCalendar
from domain.clock import Clock
from domain.programmes.terms import NotBefore
from domain.roles import Role
from domain.steps.forms import Form
from domain.steps.kinds import CareDuty, TaskKind
from domain.steps.tasks import TASKS
from workflows.messages.matters import Actor

AForm = TypeVar("AForm", bound=Form)


class Completion(BaseModel):
    """A finished step: what was reported, by whom, when the door received it."""

    kind: TaskKind
    form: dict[str, Any]
    actor: Actor
    at: datetime

    def read(self, form: type[AForm]) -> AForm:
        """The form as the type its task kind promises."""
        return form.model_validate(self.form)


class Page(Protocol):
    """What every page has room for."""

    @property
    def timeline(self) -> list[TimelineEntry]: ...
    @property
    def tasks_opened(self) -> list[TaskOpened]: ...
    @property
    def tasks_closed(self) -> list[TaskClosed]: ...
    @property
    def clocks(self) -> list[Clock]: ...


SUMMARY_MAX: Final = 60
"""Longer summaries are cut by the UI."""

SUBJECT_MAX: Final = 200
"""What a step says of itself; the worklist shows a line."""

ASKED_AGAIN: Final = "papers_asked"
"""What is counted when a reviewer asks for more papers; `workflows.refusals` says how often."""


class MatterState(BaseModel):
    """What waits for whom, what has been promised, what is still to be written down."""

    calendar: WorkCalendar
    calendar_at: datetime | None = None  # when the last notice of holidays landed
    tasks: dict[str, TaskOpened] = Field(default_factory=dict)
    completions: dict[str, Completion] = Field(default_factory=dict)
    clocks: dict[str, Clock] = Field(default_factory=dict)
    clock_about: dict[str, str] = Field(default_factory=dict)
    counts: dict[str, int] = Field(default_factory=dict)
    asked_for: list[str] = Field(default_factory=list)  # papers that are missing, once asked for
    alarms_await: bool = True  # not in a run whose first alarm showed nobody (`FrontDesk`)
    pages: int = 0
    stage: Any  # where the matter stands, in its own words
    unwritten: Any = None  # the open page, of its own kind

    @property
    @abstractmethod
    def matter_id(self) -> str:
        """The id that tasks, clocks and timeline are kept under."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether the story is over."""

    @abstractmethod
    def open_page(self, now: datetime) -> Page:
        """The page being written; a new one if the last was turned."""

    @property
    def on_the_way(self) -> list[PaymentRecord]:
        """Payments without a certain end; only a matter that pays has any."""
        return []

    @property
    def awaiting(self) -> list[Role]:
        """The roles that owe a step; what nobody has acknowledged awaits a supervisor."""
        shown = (
            task
            for task in self.tasks.values()
            if task.kind is not TaskKind.BREACH or self.alarms_await
        )
        return sorted({role for task in shown for role in task.roles})

    @property
    def open_clocks(self) -> list[Clock]:
        """The promises that still run, the next one due first."""
        return sorted(
            (clock for clock in self.clocks.values() if clock.is_open),
            key=lambda clock: (clock.due_at, clock.instance),
        )

    def date_for(self, not_before: NotBefore | None) -> date | None:  # noqa: ARG002 - see CaseState
        """The date that a clock's deadline must not precede, where a matter has such dates."""
        return None

    def next_number(self, of: str) -> int:
        """The next number of a repeated thing: the third top-up, the second K06."""
        self.counts[of] = self.counts.get(of, 0) + 1
        return self.counts[of]

    def later_number(self, of: str) -> int | None:
        """The next number of what usually happens once: the first has none."""
        number = self.next_number(of)
        return None if number == 1 else number


class MatterPen:
    """Writes down what changed in steps, promises and history, until the next page is turned."""

    def __init__(self, matter: MatterState) -> None:
        self._matter = matter

    def line(
        self,
        event: str,
        text: str,
        *,
        at: datetime,
        by: Actor,
        documents: list[str] | None = None,
    ) -> None:
        """One line of the timeline; codes, roles and amounts, nothing personal."""
        self._matter.open_page(at).timeline.append(
            TimelineEntry(
                at=at,
                role=by.role,
                actor_id=by.id,
                event=event,
                text=text,
                document_ids=documents or [],
            )
        )

    def task_opened(self, task: TaskOpened) -> None:
        """A step waits for somebody."""
        self._matter.tasks[task.task_id] = task
        self._matter.open_page(task.opened_at).tasks_opened.append(task)

    def task_closed(self, closed: TaskClosed) -> None:
        """A step is over."""
        self._matter.tasks.pop(closed.task_id, None)
        self._matter.open_page(closed.closed_at).tasks_closed.append(closed)

    def clock(self, clock: Clock, now: datetime) -> None:
        """A promise began, moved or ended."""
        self._matter.clocks[clock.instance] = clock
        page = self._matter.open_page(now)
        page.clocks[:] = [kept for kept in page.clocks if kept.instance != clock.instance]
        page.clocks.append(clock)


def new_task(
    matter: MatterState,
    kind: TaskKind,
    *,
    at: datetime,
    roles: list[Role] | None = None,
    due_at: datetime | None = None,
    assignee: str | None = None,
    clock: str | None = None,
    subject: str = "",
    duty: CareDuty | None = None,
    amount_fen: int | None = None,
) -> TaskOpened:
    """The next task of a kind, with the id, title and roles of that kind, or of one desk of it."""
    terms = TASKS[kind]
    return TaskOpened(
        task_id=f"{matter.matter_id}.{kind.value}.{matter.next_number(kind.value)}",
        kind=kind,
        roles=roles or list(terms.roles),
        title=terms.title,
        opened_at=at,
        due_at=due_at,
        assignee=assignee,
        clock=clock,
        subject=subject,
        duty=duty,
        amount_fen=amount_fen,
    )
