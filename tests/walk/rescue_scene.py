"""A patient in a hospital's own channel, the people around the bed, and what each may report.

The rescue runs as the product runs it, against the fakes of the workflow tests and without a
server (`tests.walk.engine`). The scene keeps a book of its own of what has happened, read from the
programme's file alone: from it follows what must be taken, and what cannot have happened. What
happens by chance is drawn in `tests.walk.rescues`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import worker
from activities.ports.cases import TaskOpened, TimelineEntry
from activities.ports.rescues import RescuePage
from domain.clock import Clock
from domain.events import ExpectedEvent
from domain.programmes.services import Service, Shape, Step
from domain.rescues.rescue import RescueOutcome, RescueStage, steps_of
from domain.rescues.triage import Way
from domain.roles import HOSPITAL_ROLES, Role
from domain.steps.kinds import TaskKind
from tests.builders import HOSPITAL_STAFF, a_calendar, programme_of, programmes
from tests.walk.booking_people import moment
from tests.walk.engine import Execution, Refused, named
from tests.workflows.fakes import FakeBooks
from tests.workflows.rescued import PEOPLE, SAID
from workflows.messages.matters import Actor, CompleteTask
from workflows.messages.rescues import AddService, RaiseRescue, ReportActs, RescueAct
from workflows.messages.workflow_types import RESCUE_TYPE

TYPES: Final = {workflow.__name__: workflow for workflow in worker.WORKFLOWS}
NIGHT: Final = moment("2026-10-04 02:10")  # a Sunday in the National Day holiday
DAY: Final = moment("2026-09-24 10:00")
RESCUE_ID: Final = "rs-" + "a" * 20
HANDED_TO: Final = "骨科病区"
DEPARTMENTS: Final = ("内科", "外科", "骨科")
BY_A_FORM: Final = (ExpectedEvent.TRIAGED, ExpectedEvent.RESCUE_REPORTED)
WRITTEN_WITHIN: Final = timedelta(hours=6)
"""So long after the end a rescue may be written down."""
SENTENCES: Final[dict[TaskKind, dict[str, Any]]] = {
    TaskKind.COLLECT_FEES: {"settled": True},
    TaskKind.FOLLOW_UP_CALL: {"reached": True, "satisfaction": 5},
    TaskKind.BREACH: {"action": "已跟进"},
    TaskKind.DECIDE_WARD: {"ward": "骨科病区"},
    TaskKind.ALERT_DEPARTMENT: {},
    TaskKind.COORDINATE_RESCUE: {"consultation": True},
}
"""Steps that are done without a report about the patient."""


@dataclass(frozen=True)
class Happening:
    """A step of a service, at a moment, perhaps about a department."""

    service: Service
    step: Step
    at: datetime
    department: str = ""

    @property
    def subject(self) -> str:
        """What a task of this step is about."""
        parts = (self.service.code, self.step.code, self.department)
        return ".".join(part for part in parts if part)


class RescueScene:
    """A rescue of one service and everybody around it."""

    def __init__(
        self,
        programme: str,
        service: str,
        *,
        seed: object,
        loop: asyncio.Runner,
        raised_at: datetime = NIGHT,
        event: str | None = None,
        leads: bool = False,
    ) -> None:
        self.programme = programme_of(programme).for_rescue()
        assert self.programme.emergency is not None
        self.terms = self.programme.emergency
        self.chance = random.Random(f"{programme}:{service}:{seed}")
        self.books = FakeBooks()
        self.raised_at = raised_at
        self.story: list[str] = []
        self.happened: Counter[str] = Counter()
        # The scene's own book.
        self.services = [service]
        self.told: list[Happening] = []
        self.waiting_for: dict[str, datetime] = {}
        self.outcome: RescueOutcome | None = None
        self.ended_at: datetime | None = None
        self.end_told_at: datetime | None = None
        self.signals = 0  # how often a name or a policy came to light
        self.in_event = event is not None
        self.leads = leads
        self._done: set[str] = set()
        self._restless = False
        self.run = Execution(
            TYPES[RESCUE_TYPE],
            workflow_id=RESCUE_ID,
            now=raised_at,
            verbs=named(worker.rescuing(record=self.books)),
            loop=loop,
        )
        self.raised = RaiseRescue(
            rescue_id=RESCUE_ID,
            programme=self.programme,
            calendar=a_calendar(),
            service=service,
            hospital_id="h-test-1",
            arrival="ambulance",
            found_at="emergency",
            event_id=event,
            leads_event=leads,
            raised_by=HOSPITAL_STAFF,
            raised_at=raised_at,
        )

    # What there is -------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.run.now

    @property
    def pages(self) -> list[RescuePage]:
        return [page for _, page in sorted(self.books.rescue_pages[RESCUE_ID].items())]

    @property
    def stage(self) -> RescueStage:
        return self.pages[-1].stage

    @property
    def clocks(self) -> dict[str, Clock]:
        return {clock.instance: clock for page in self.pages for clock in page.clocks}

    @property
    def opened(self) -> list[TaskOpened]:
        """Every step somebody was ever asked for, as it stands last."""
        tasks = {task.task_id: task for page in self.pages for task in page.tasks_opened}
        return list(tasks.values())

    @property
    def open_tasks(self) -> list[TaskOpened]:
        closed = {one.task_id for page in self.pages for one in page.tasks_closed}
        return [task for task in self.opened if task.task_id not in closed]

    @property
    def timeline(self) -> list[TimelineEntry]:
        return [line for page in self.pages for line in page.timeline]

    @property
    def lines(self) -> list[str]:
        return [line.event for line in self.timeline]

    @property
    def is_recorded(self) -> bool:
        """Whether what happened before the end may still be written down."""
        if self.ended_at is None:
            return True
        open_still = self.run.running and self.stage is RescueStage.FORMALITIES
        return open_still and self.now < self.ended_at + WRITTEN_WITHIN

    # What the scene's own book says --------------------------------------------------------------

    @property
    def begun(self) -> list[Service]:
        return [self.programme.service(code) for code in self.services]

    def steps(self) -> list[tuple[Service, Step]]:
        """Every step of the services that were begun."""
        return [(service, step) for service in self.begun for step in steps_of(service)]

    def times(self, service: Service, code: str) -> list[datetime]:
        """When a step of a service happened."""
        return [
            one.at for one in self.told if (one.service.code, one.step.code) == (service.code, code)
        ]

    def can(self, one: Happening) -> bool:
        """Whether this can have happened, by the file and by what happened before."""
        step = one.step
        if step.marks in BY_A_FORM or one.at > self.now or one.at < self.raised_at:
            return False
        if not all(
            any(at <= one.at for at in self.times(one.service, before)) for before in step.after
        ):
            return False
        if self.times(one.service, step.code) and not step.repeats:
            return False
        called = one.department in self.waiting_for
        if step.marks is ExpectedEvent.CONSULT_CALLED and called:
            return False
        if step.marks is ExpectedEvent.CONSULTANT_PRESENT and not (
            called and self.waiting_for[one.department] <= one.at
        ):
            return False
        if step.when == "afterwards":
            return self.ended_at is None or self.stage is RescueStage.FORMALITIES
        return self.is_recorded and (self.ended_at is None or one.at <= self.ended_at)

    def is_waited_for(self, service: Service, step: Step, groups: set[str]) -> bool:
        """Whether somebody must be asked for a step now, while the rescue lasts."""
        theirs = not step.groups or groups & {*step.groups}
        by_itself = step.when is None and step.marks not in BY_A_FORM
        done = self.times(service, step.code)
        straight_in = step.marks is ExpectedEvent.IN_RESCUE_ROOM and not step.after
        if straight_in and self.pages[-1].way not in ("", Way.RESCUE_ROOM):
            return False  # somebody has seen him: he can wait
        known = all(self.times(service, before) for before in step.after)
        return bool(by_itself and theirs and known and not done)

    # What may happen -----------------------------------------------------------------------------

    def start(self, **early: Any) -> None:
        """Begin; `signal` and `updates` are there from the start."""
        self.run.start(self.raised, **early)
        self.settle()

    def settle(self) -> None:
        """Every page that is due is written."""
        while self.run.ready:
            lost = self._restless and self.chance.random() < 0.03
            self.run.work(self.run.ready[0], lose_answer=lost)

    def reach(self, at: datetime) -> None:
        """Time passes until then; what rings on the way is heard."""
        while self.run.running and (rings := self.run.next_at) is not None and rings <= at:
            self.run.now = max(rings, self.run.now)
            self.run.fire()
            self.settle()
        self.run.now = max(at, self.run.now)

    def happening(
        self, service: Service, step: Step, *, at: datetime | None = None, department: str = ""
    ) -> Happening:
        """A step, now or then; where it is about a department, one of the house."""
        if "department" in step.fields and not department:
            waiting = sorted(self.waiting_for)
            present = step.marks is ExpectedEvent.CONSULTANT_PRESENT
            department = self.chance.choice(waiting if present and waiting else DEPARTMENTS)
        return Happening(service, step, at or self.now, department)

    def form_of(self, one: Happening) -> dict[str, Any]:
        """The report of a step, as its form wants it."""
        spans = {"from_at": one.at - timedelta(hours=1), "until_at": one.at + timedelta(hours=1)}
        said = {name: SAID.get(name, f"甲-{name}") for name in one.step.fields}
        said |= {name: at.isoformat() for name, at in spans.items() if name in said}
        said.pop("department", None)
        return {
            "step": one.step.code,
            "service": one.service.code,
            "at": one.at.isoformat(),
            "details": said,
            "department": one.department,
        }

    def doer(self, step: Step) -> Actor:
        """Somebody who may do a step."""
        return PEOPLE[self.chance.choice(step.by or HOSPITAL_ROLES)]

    def report(self, by: Actor, *acts: tuple[TaskKind, dict[str, Any]]) -> None:
        """Tell what happened; raises `Refused`."""
        told = [RescueAct(kind=kind, form=form) for kind, form in acts]
        self.tell(f"report {by.role.value} {[form for _, form in acts]}")
        self.run.update("report", ReportActs(acts=told, actor=by, at=self.now))
        self.settle()

    def happens(self, one: Happening) -> None:
        """A step happens and is reported, and stands in the scene's own book."""
        self.report(self.doer(one.step), (TaskKind.RESCUE_STEP, self.form_of(one)))
        self.noted(one)

    def noted(self, one: Happening) -> None:
        """Write a step into the scene's own book."""
        self.told.append(one)
        for department in one.step.departments or ((one.department,) if one.department else ()):
            if one.step.marks is ExpectedEvent.CONSULT_CALLED:
                self.waiting_for[department] = one.at
            elif one.step.marks is ExpectedEvent.CONSULTANT_PRESENT:
                self.waiting_for.pop(department, None)

    def triage(self, *groups: str, **more: Any) -> None:
        """Somebody looks at the patient."""
        nurse = PEOPLE[Role.HOSPITAL_NURSE]
        self.report(nurse, (TaskKind.TRIAGE_PATIENT, {"groups": list(groups), **more}))

    def ends(self, outcome: RescueOutcome, *, at: datetime | None = None) -> None:
        """A doctor says how it ended."""
        at = at or self.now
        form = {"outcome": outcome.value, "at": at.isoformat(), "handed_to": HANDED_TO}
        self.report(PEOPLE[Role.HOSPITAL_DOCTOR], (TaskKind.RESCUE_OUTCOME, form))
        self.outcome, self.ended_at, self.end_told_at = outcome, at, self.now

    def add(self, service: str) -> None:
        """The patient needs another service too."""
        self.tell(f"add {service}")
        doctor = PEOPLE[Role.HOSPITAL_DOCTOR]
        message = AddService(service=service, actor=doctor, at=self.now)
        self.run.update("add_service", message)
        self.settle()
        self.services.append(service)

    def finish_task(self, task: TaskOpened, form: dict[str, Any] | None = None) -> None:
        """Somebody does an open step as its form wants it; raises `Refused`."""
        if task.kind is TaskKind.RESCUE_OUTCOME and form is None:
            self.ends(self.chance.choice([*RescueOutcome]))
            return
        one = self._of_task(task)
        by = PEOPLE[self.chance.choice(one.step.by if one and one.step.by else task.roles)]
        message = CompleteTask(
            task_id=task.task_id,
            kind=task.kind,
            form=self._form(task, one) if form is None else form,
            actor=by,
            at=self.now,
        )
        self.tell(f"{task.kind.value} {task.subject} {message.form}")
        self.run.update("complete_task", message)
        self._done.add(task.task_id)
        if one is not None:
            self.noted(one)
        self.settle()

    def _of_task(self, task: TaskOpened) -> Happening | None:
        if task.kind is not TaskKind.RESCUE_STEP:
            return None
        code, name, *department = task.subject.split(".")
        service = self.programme.service(code)
        step = next(one for one in steps_of(service) if one.code == name)
        later = step.when == "afterwards" or self.ended_at is None
        at = self.now if later else self.ended_at
        return Happening(service, step, at or self.now, *department)

    def _form(self, task: TaskOpened, one: Happening | None) -> dict[str, Any]:
        if one is not None:
            return self.form_of(one)
        if task.kind is TaskKind.REPORT_RESCUE:
            return {"at": self.now.isoformat(), "to": task.subject}
        if task.kind is TaskKind.TRIAGE_PATIENT:
            return {"groups": [group.code for group in self.terms.groups[:1]]}
        return dict(SENTENCES[task.kind])

    def refused(self, act: Any) -> Refused:
        """This cannot have happened: it is refused with a reason and leaves no trace."""
        before = len(self.pages)
        caught: Refused | None = None
        try:
            act()
        except Refused as refused:
            caught = refused
        self.settle()
        assert caught is not None, "what cannot have happened was taken"
        self.tell(f"refused {caught}")
        assert caught.names_its_reason, caught
        assert len(self.pages) == before, "a refusal left a trace"
        return caught

    def tell(self, what: str) -> None:
        """A line of the walk's story, for whoever reads a failure."""
        self.happened[what.split(" ", maxsplit=1)[0]] += 1
        self.story.append(f"{self.now:%m-%d %H:%M} {what}")


def emergency_services() -> list[tuple[str, str]]:
    """Every service of every hospital's own channel."""
    return [
        (programme.code, service.code)
        for programme in programmes()
        for service in programme.services
        if service.shape is Shape.EMERGENCY
    ]
