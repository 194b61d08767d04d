"""One booking of any shape, walked by a seed: its people, partners and calls in any order.

The booking runs as the product runs it, against the fakes of the workflow tests and without a
server (`tests.walk.engine`). After the walk nobody misbehaves any more and the booking is brought
to its end; then `check` asks what must hold for every booking of every programme.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import worker
from activities.booking_ports import BookingPage
from activities.ports import Balances, Delivery, TaskOpened
from activities.visit_ports import VisitAnswer
from adapters.programme_files import load_programmes
from domain.booking import BOOKING_ENDED, LOSSES, BookingStage, VisitOutcome
from domain.cancellation import Cost
from domain.clock import Clock, ClockState
from domain.documents import DocumentKind
from domain.eligibility import Outcome, Verdict
from domain.roster import Slot
from domain.services import DoctorLevel, Shape
from domain.steps import TaskKind
from domain.telephone import CallNews
from domain.visit import escorting
from tests.builders import AGENT, CUSTOMER, a_calendar, programme_of
from tests.walk.booking_people import UNWILLING, WILLING, moment
from tests.walk.engine import Execution, NotRunning, Refused, named
from tests.workflows.booked import verbs_of
from tests.workflows.fakes import FakeBooks, FakePartners, FakeRoster
from workflows.messages import (
    BOOKING_TYPES,
    Actor,
    CallHeard,
    CancelBooking,
    CompleteTask,
    PapersArrived,
    RequestBooking,
    TakeSlot,
    VisitTaken,
)

OPENS: Final = moment("2026-08-31 10:00")
STEPS: Final = 40
"""What happens in a walk before everybody behaves."""
PATIENCE: Final = 400
"""Acts in which a well-behaved booking comes to its end."""
TYPES: Final = {workflow.__name__: workflow for workflow in worker.WORKFLOWS}
PAPERS: Final = {kind.value: ["doc-1"] for kind in DocumentKind}
"""A file in which every paper lies."""
BOOKING_ID: Final = "bk-" + "a" * 20


class Stuck(AssertionError):
    """Nobody has anything to do, nothing will ring, and the booking has not ended."""


class BookingWalk:
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
        self.nurses = 0
        self.story: list[str] = []
        self.happened: Counter[str] = Counter()
        self.cost: Cost | None = None
        self.decided: bool | None = None
        self.outcome: VisitOutcome | None = None
        self._had = False
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

    # What there is -------------------------------------------------------------------------------

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

    def give_up(self) -> None:
        """The customer cancels, and accepts what it costs."""
        message = CancelBooking(accept_use=True, actor=CUSTOMER, at=self.now)
        self._had = self.unit == "consumed"
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
            doctor="doctor-1",
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

    # The walk ------------------------------------------------------------------------------------

    def walk(self) -> None:
        """So many things happen by chance; then everybody behaves until the booking has ended."""
        self._restless = True
        self.start()
        for _ in range(STEPS):
            if not self.run.running:
                break
            try:
                self._something()
            except Refused as refused:
                self.tell(f"refused {refused}")
            except NotRunning:
                break
            self._nobody_is_left_waiting()
        self._restless = False
        self.finish()
        self.check()

    def _something(self) -> None:
        [what] = self.chance.choices(
            ("report", "time", "nurse", "papers", "give_up", "restart", "cancel", "again", "fault"),
            (60, 14, 10, 4, 2, 4, 2, 4, 5),
        )
        tasks = self.open_tasks
        if what == "report" and tasks:
            self.report(self.chance.choice(tasks), willing=self.chance.random() < 0.8)
        elif what == "time":
            hours = self.chance.choice((0.2, 2, 30, 80, 400))
            self.reach(self.now + timedelta(hours=hours))
            self.tell(f"time passes {hours}")
        elif what == "nurse" and self.service.shape is Shape.CONSULTATION:
            self.call()
        elif what == "nurse":
            self.nurse_says(yes=self.chance.random() < 0.6)
        elif what == "papers":
            self.run.signal("papers_arrived", PapersArrived(at=self.now, document_id="doc-1"))
            self.settle()
        elif what == "give_up":
            self.give_up()
        elif what == "restart":
            self.run.restart()
        elif what == "cancel":
            self.run.cancel()
            self.settle()
        elif what == "again" and self._done:
            self._again()
        elif what == "fault":
            self._fault()

    def _fault(self) -> None:
        """The next answer of a partner is none, or no."""
        fault = self.chance.choice(("message", "platform", "payment", "unknown", "away"))
        self.tell(f"fault {fault}")
        if fault == "message":
            self.partners.deliveries.append(Delivery.FAILED)
        elif fault == "platform":
            self.partners.visit_answers.append(VisitAnswer(accepted=False, reason="full"))
        elif fault == "payment":
            self.partners.answers.append(FakePartners.refused())
        elif fault == "unknown":
            self.partners.answers.append(FakePartners.unknown())
        else:
            self._away()

    def _away(self) -> None:
        """Our own books are out of reach, once."""

        def fail(verb: str) -> None:
            self.books.fail = lambda _: None
            raise ConnectionError(verb)

        self.books.fail = fail

    def _again(self) -> None:
        """A step that is done is reported once more, late: it must be refused."""
        done = self.chance.choice(sorted(self._done))
        kind = TaskKind(done.split(".")[1])
        message = CompleteTask(
            task_id=done, kind=kind, form={}, documents={}, actor=AGENT, at=self.now
        )
        try:
            self.run.update("complete_task", message)
        except Refused:
            return
        raise AssertionError(f"{done} was taken twice")

    def _nobody_is_left_waiting(self) -> None:
        """An open booking has a step, a timer, a nurse's answer or an activity to come."""
        if not self.run.running:
            return
        if not (self.open_tasks or self.run.timers or self.run.pending or self._unanswered):
            raise Stuck(f"{self.stage}: nobody acts")

    def finish(self) -> None:
        """Everybody behaves until the booking has ended."""
        self.go_on(lambda: False)

    def go_on(self, stop: Callable[[], bool], *, before: Callable[[], None] = lambda: None) -> bool:
        """Everybody behaves; whether `stop` came true before the end. `before` precedes an act."""
        for _ in range(PATIENCE):
            self.settle()
            if not self.run.running:
                return False
            if stop():
                return True
            before()
            if self._unanswered:
                self.nurse_says()
            elif tasks := self.open_tasks:
                self.report(tasks[0])
            elif self.run.next_at is not None:
                self.reach(self.run.next_at)
            else:
                raise Stuck(f"{self.stage}: nobody acts")
        raise Stuck(f"{self.stage}: no end after {PATIENCE} acts")

    def waits_for(self, kind: TaskKind) -> TaskOpened | None:
        """The open step of a kind."""
        return next((task for task in self.open_tasks if task.kind is kind), None)

    # What must hold ------------------------------------------------------------------------------

    def check(self) -> None:
        """After its end a booking owes nobody anything, and its unit is where the terms say."""
        numbers = [page.page for page in self.pages]
        assert numbers == list(range(1, len(numbers) + 1)), f"pages {numbers}"
        assert self.run.result == self.stage.value
        assert self.stage in BOOKING_ENDED
        assert self.open_tasks == [], [task.task_id for task in self.open_tasks]
        assert [clock.instance for clock in self.clocks.values() if clock.is_open] == []
        lines = [line for page in self.pages for line in page.timeline]
        told = " ".join(line.text for line in lines if line.event == "breach")
        for clock in self.clocks.values():
            if clock.state is ClockState.BREACHED:
                assert clock.instance in told, f"{clock.instance} was broken in silence"
        assert self.unit == self._unit_due(), (self.stage, self.cost, self.outcome)
        assert self._loop.run(self.books.balances(BOOKING_ID)) == Balances()
        assert self.partners.paid_twice == []

    def _unit_due(self) -> str | None:
        """Where the unit belongs, read from the programme without the product's own code."""
        if self.service.quota.count is None:
            return None
        if self.stage is BookingStage.CLOSED:
            return "consumed"
        if self.stage is BookingStage.CANCELLED and self.cost is None:
            assert self.service.failed_calls is not None, "nobody gave it up"
            return {"used": "consumed"}.get(self.service.failed_calls.quota, "given_back")
        if self.stage is BookingStage.CANCELLED:
            # What was given in part, as one of a year's calls, stays given.
            used = {Cost.FREE: self._had, Cost.USED: True}.get(self.cost or Cost.FREE, self.decided)
            return "consumed" if used else "given_back"
        if self.stage is BookingStage.TERMINATED and self.outcome in LOSSES:
            terms = self.service.consumption
            if terms is None:
                used = self.decided
            else:
                used = LOSSES[self.outcome] in terms.also_on or terms.when != "completed"
            return "consumed" if used else "given_back"
        return "given_back"


def booked_services(*shapes: Shape) -> list[tuple[str, str]]:
    """Every service of every programme that is booked, or those of some shapes."""
    return [
        (programme.code, service.code)
        for programme in load_programmes()
        for service in programme.services
        if service.shape in (shapes or BOOKING_TYPES)
    ]
