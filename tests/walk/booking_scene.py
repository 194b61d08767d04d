"""A booking of one service, everybody around it, and what each of them may do next.

The booking runs as the product runs it, against the fakes of the workflow tests and without a
server (`tests.walk.engine`). What happens by chance is drawn in `tests.walk.bookings`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

import worker
from activities.ports.bookings import BookingPage
from activities.ports.cases import TaskOpened
from domain.bookings.booking import BookingStage, VisitOutcome
from domain.bookings.roster import Slot
from domain.bookings.telephone import CallNews
from domain.bookings.visit import escorting
from domain.cancellation import Cost
from domain.clock import Budget, Clock
from domain.documents import DocumentKind
from domain.eligibility import Outcome, Verdict
from domain.programmes.services import DoctorLevel, Shape
from domain.steps.kinds import TaskKind
from tests.builders import AGENT, CUSTOMER, a_calendar, programme_of, programmes
from tests.walk.booking_people import UNWILLING, WILLING, moment
from tests.walk.engine import Execution, named
from tests.workflows.booked import verbs_of
from tests.workflows.fakes import FakeBooks, FakePartners, FakeRoster
from workflows.messages.bookings import (
    CallHeard,
    CancelBooking,
    PapersArrived,
    RequestBooking,
    TakeSlot,
)
from workflows.messages.matters import Actor, CompleteTask, VisitTaken
from workflows.messages.workflow_types import BOOKING_TYPES

OPENS: Final = moment("2026-08-31 10:00")
TYPES: Final = {workflow.__name__: workflow for workflow in worker.WORKFLOWS}
PAPERS: Final = {kind.value: ["doc-1"] for kind in DocumentKind}
"""A file in which every paper lies."""
BOOKING_ID: Final = "bk-" + "a" * 20


class BookingScene:
    """A booking of one service and everybody around it."""

    def __init__(
        self,
        programme: str,
        service: str,
        *,
        seed: object,
        loop: asyncio.Runner,
        outcome: Outcome = Outcome.ELIGIBLE,
    ) -> None:
        self.programme = programme_of(programme)
        self.service = self.programme.service(service)
        self.chance = random.Random(f"{programme}:{service}:{seed}")
        self.books, self.partners = FakeBooks(), FakePartners()
        self._loop = loop
        self.roster = FakeRoster()
        self._calls = 0
        self._papers = 0
        self.nurses = 0
        self.taken: list[datetime] = []
        self.handed_in: list[datetime] = []
        self.story: list[str] = []
        self.happened: Counter[str] = Counter()
        self.cost: Cost | None = None
        self.decided: bool | None = None
        self.outcome: VisitOutcome | None = None
        self.had = False
        self.contract_ends = False
        self.asks_refused: set[str] = set()
        self._restless = False
        self._answered: set[str] = set()
        self._done: set[str] = set()
        self.run = Execution(
            TYPES[BOOKING_TYPES[self.service.shape or Shape.APPOINTMENT]],
            workflow_id=BOOKING_ID,
            now=OPENS,
            verbs=named(verbs_of(self.books, self.partners, self.roster)),
            loop=loop,
        )
        self._asked = RequestBooking(
            booking_id=BOOKING_ID,
            programme=self.programme.for_booking(service),
            calendar=a_calendar(),
            service=service,
            verdict=Verdict(outcome=outcome, programme=programme, version=self.programme.version),
            escorting=escorting(self.programme, self.service),
            unit_reserved=self.service.quota.count is not None,
            channel="hotline",
            requested_by=AGENT,
            requested_at=OPENS,
        )

    def ask_hospitals(self) -> None:
        """Hospitals are asked by wire for this one, beside the people who call them."""
        self._asked = self._asked.model_copy(update={"coordination_consent": "v2026_01"})

    def called_first(self, at: datetime) -> None:
        """The customer had called about this before the request was written down."""
        self._asked = self._asked.model_copy(update={"first_called_at": at})

    def asked_by(self, who: Actor) -> None:
        """Somebody else asks than an agent who is on the telephone."""
        self._asked = self._asked.model_copy(update={"requested_by": who})

    def promises(self, clock_id: str, budget: Budget) -> None:
        """The programme allows itself another time for this booking."""
        programme = self._asked.programme
        clocks = tuple(
            one.model_copy(update={"budget": budget, "target": None}) if one.id == clock_id else one
            for one in programme.clocks
        )
        changed = programme.model_copy(update={"clocks": clocks})
        self._asked = self._asked.model_copy(update={"programme": changed})

    # What there is -------------------------------------------------------------------------------

    @property
    def asks_hospitals(self) -> bool:
        return self._asked.coordination_consent is not None

    @property
    def now(self) -> datetime:
        return self.run.now

    @property
    def pages(self) -> list[BookingPage]:
        return [page for _, page in sorted(self.books.booking_pages[BOOKING_ID].items())]

    @property
    def stage(self) -> BookingStage:
        return self.pages[-1].stage

    @property
    def service_at(self) -> datetime:
        return self.pages[-1].service_at or self.now

    @property
    def meeting_at(self) -> datetime:
        orders = list(self.partners.visits.values())
        return orders[-1].visit_at if orders else self.service_at

    @property
    def unit(self) -> str | None:
        return self.books.units.get(BOOKING_ID)

    @property
    def clocks(self) -> dict[str, Clock]:
        return {clock.instance: clock for page in self.pages for clock in page.clocks}

    @property
    def open_tasks(self) -> list[TaskOpened]:
        tasks: dict[str, TaskOpened] = {}
        for page in self.pages:
            tasks |= {task.task_id: task for task in page.tasks_opened}
            for closed in page.tasks_closed:
                tasks.pop(closed.task_id, None)
        return [task for task in tasks.values() if task.task_id not in self._done]

    @property
    def _unanswered(self) -> list[str]:
        gone = {*self._answered, *self.partners.cancelled}
        return [visit for visit in self.partners.visits if visit not in gone]

    # What may happen -----------------------------------------------------------------------------

    def start(self) -> None:
        self.run.start(self._asked)
        self.settle()

    def settle(self) -> None:
        """Every activity that is due is done."""
        self.roster.slots = [self._slot(self.now)]
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

    def report(
        self, task: TaskOpened, *, willing: bool = True, form: dict[str, Any] | None = None
    ) -> None:
        """A person reports on a step, as a person of its role may."""
        if task.kind is TaskKind.CHOOSE_SLOT:
            self.take_slot()
            return
        willing = willing and self.leads_on(task)
        answers = (WILLING[task.kind],) if willing else UNWILLING.get(task.kind, ())
        if not answers:
            return
        form = self.chance.choice(answers)(self, task) if form is None else form
        actor = Actor(role=task.roles[0], id=task.assignee or f"{task.roles[0].value}-1")
        message = CompleteTask(
            task_id=task.task_id,
            kind=task.kind,
            form=form,
            documents=PAPERS,
            actor=actor,
            at=self.now,
        )
        self.tell(f"{task.kind.value} {'' if willing else 'otherwise '}{form}")
        if task.kind in {each.kind for each in self.open_tasks if each.task_id == task.task_id}:
            self.run.update("complete_task", message)
            self._done.add(task.task_id)
            if task.kind is TaskKind.REPORT_VISIT:
                self.outcome = VisitOutcome(form["outcome"])
            if task.kind is TaskKind.CONSULT and form["outcome"] == "not_reached":
                self.outcome = VisitOutcome.NO_SHOW
            if task.kind is TaskKind.DECIDE_USE:
                self.decided = bool(form["used"])
            self.settle()

    def leads_on(self, task: TaskOpened) -> bool:
        """Whether doing a step is the service's way; an escort's end is reported by the escort."""
        return task.kind is not TaskKind.REPORT_VISIT or self.service.shape is not Shape.ESCORT

    def hand_in(self, *kinds: DocumentKind | None) -> None:
        """The customer hands papers in, of a kind or, in an old letter, of none that is told."""
        for kind in kinds:
            self._papers += 1
            document_id = f"doc-{self._papers}"
            message = PapersArrived(at=self.now, document_id=document_id, kind=kind)
            self.tell(f"papers {kind}")
            self.handed_in.append(self.now)
            self.run.signal("papers_arrived", message)
            self.settle()

    def give_up(self) -> None:
        """The customer cancels, and accepts what it costs."""
        message = CancelBooking(accept_use=True, actor=CUSTOMER, at=self.now)
        self.had = self.unit == "consumed"
        answer = self.run.update("cancel_booking", message)
        self.cost = Cost(answer["cost"]) if answer else None
        self.tell(f"given up, {self.cost}")
        self.settle()

    def nurse_says(self, *, yes: bool = True) -> None:
        """Somebody the visit was offered to answers."""
        [*waiting] = self._unanswered
        if not waiting:
            return
        visit = self.chance.choice(waiting)
        order = self.partners.visits[visit]
        nurse = self.chance.choice(order.offered_to or [order.nurse_id or "nurse-1"])
        word = VisitTaken(visit_id=visit, nurse_id=nurse, at=self.now, accepted=yes)
        self.tell(f"{nurse} says {'yes' if yes else 'no'}")
        if yes:
            self._answered.add(visit)
            self.taken.append(self.now)
        for _ in range(self.chance.choice((1, 1, 2))):
            self.run.signal("visit_taken", word)
            self.settle()

    def take_slot(self) -> None:
        """The customer takes a doctor's time of the next days."""
        slot = self._slot(self.now + timedelta(hours=26))
        self.tell(f"slot {slot.slot_id}")
        self.run.update("take_slot", TakeSlot(slot=slot, actor=CUSTOMER, at=self.now))
        self.settle()

    def _slot(self, starts_at: datetime) -> Slot:
        return Slot(
            slot_id=f"slot-{starts_at:%m%d%H%M%S}",
            department="心内科",
            doctor=f"doctor-{starts_at:%m%d%H%M%S}",
            doctor_level=DoctorLevel.CHIEF,
            hospital_rank=1,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=15),
        )

    def call(self) -> None:
        """The telephone system reports a call, perhaps one it has told of before."""
        self._calls += self.chance.random() < 0.8
        message = CallHeard(
            call_id=f"call-{self._calls}",
            caller=self.chance.choice(("doctor", "steward")),
            news=self.chance.choice((*CallNews, CallNews.FAILED)),
            at=self.now,
            seconds=60,
        )
        self.tell(f"call {message.call_id} {message.caller} {message.news}")
        self.run.signal("call_heard", message)
        self.settle()

    def tell(self, what: str) -> None:
        """A line of the walk's story, for whoever reads a failure."""
        self.happened[what.split(" ", maxsplit=1)[0]] += 1
        self.story.append(f"{self.now:%m-%d %H:%M} {what}")


def booked_services(*shapes: Shape) -> list[tuple[str, str]]:
    """Every service of every programme that is booked, or those of some shapes."""
    return [
        (programme.code, service.code)
        for programme in programmes()
        for service in programme.services
        if service.shape in (shapes or BOOKING_TYPES)
    ]
