"""One booking of any shape, walked by a seed: its people, partners and calls in any order.

The booking runs as the product runs it, against the fakes of the workflow tests and without a
server (`tests.walk.booking_scene`). After the walk nobody misbehaves any more and the booking is
brought to its end; then `check` asks what must hold for every booking of every programme.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from activities.ports.cases import Balances, Delivery, TaskOpened
from activities.ports.visits import VisitAnswer
from domain.bookings.booking import BOOKING_ENDED, LOSSES, BookingStage, VisitOutcome
from domain.bookings.visit import escorting
from domain.cancellation import Cost
from domain.clock import ClockState
from domain.programmes.services import Shape
from domain.steps.kinds import TaskKind
from tests.builders import AGENT
from tests.walk.booking_scene import BOOKING_ID, BookingScene
from tests.walk.booking_words import say_something
from tests.walk.engine import NotRunning, Refused
from tests.workflows.fakes import FakePartners
from workflows.bookings.parts.contract import CONTRACT_ENDED
from workflows.messages.matters import CompleteTask

STEPS: Final = 40
"""What happens in a walk before everybody behaves."""
AHEAD_MAX: Final = 12
"""So many acts may go well before: else few walks would come to the later steps of a service."""
PATIENCE: Final = 400
"""Acts in which a well-behaved booking comes to its end."""


class Stuck(AssertionError):
    """Nobody has anything to do, nothing will ring, and the booking has not ended."""


class BookingWalk(BookingScene):
    """A booking that anything may happen to."""

    # The walk ------------------------------------------------------------------------------------

    def walk(self) -> None:
        """From some step on many things happen by chance; then everybody behaves until the end."""
        if self.chance.random() < 0.5:
            self.ask_hospitals()
        self.start()
        acts = iter(range(PATIENCE))
        ahead = self.chance.choice((0, 0, self.chance.randint(1, AHEAD_MAX)))
        self.go_on(lambda: next(acts) >= ahead)
        self._restless = True
        for _ in range(STEPS):
            if not self.run.running:
                break
            try:
                self._something()
            except Refused as refused:
                self.tell(f"refused {refused}")
                if not refused.names_its_reason:
                    raise
            except NotRunning:
                break
            self._nobody_is_left_waiting()
        self._restless = False
        self.finish()
        self.check()

    def _something(self) -> None:
        [what] = self.chance.choices(
            (
                "report",
                "time",
                "nurse",
                "papers",
                "give_up",
                "restart",
                "cancel",
                "again",
                "fault",
                "words",
            ),
            (60, 14, 10, 4, 2, 4, 2, 4, 5, 10),
        )
        tasks = self.open_tasks
        if what == "report" and tasks:
            self.report(self.chance.choice(tasks), willing=self.chance.random() < 0.92)
        elif what == "time":
            hours = self.chance.choice((0.2, 2, 30, 80, 400))
            self.reach(self.now + timedelta(hours=hours))
            self.tell(f"time passes {hours}")
        elif what == "nurse" and self.service.shape is Shape.CONSULTATION:
            self.call()
        elif what == "nurse":
            self.nurse_says(yes=self.chance.random() < 0.6)
        elif what == "papers":
            kinds = [rule.kind for rule in self.programme.documents]
            self.hand_in(self.chance.choice([None, *kinds]))
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
        elif what == "words":
            say_something(self)

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
            if self.run.pending:  # our own books were away: what stands there is not yet all
                self.reach(min(one.at for one in self.run.pending))
            elif self._unanswered:
                self.nurse_says()
            elif (tasks := [task for task in self.open_tasks if self.leads_on(task)]) and (
                self._reported(tasks[0])
            ):
                continue
            elif self.run.next_at is not None:
                self.reach(self.run.next_at)
            else:
                raise Stuck(f"{self.stage}: nobody acts")
        raise Stuck(f"{self.stage}: no end after {PATIENCE} acts")

    def _reported(self, task: TaskOpened) -> bool:
        """Whether somebody reported on a step; nothing is arranged beyond the contract's end."""
        try:
            self.report(task)
        except Refused as refused:
            if not (self.contract_ends and refused.field in ("service_at", "meeting_at")):
                raise
            return False
        return True

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
        if self.stage is BookingStage.TERMINATED and self.outcome in LOSSES:
            said = "booking_missed_used" if self.unit == "consumed" else "booking_missed"
            ended = "booking_contract_ended"
            assert [one.template for page in self.pages for one in page.notices][-1] in (
                said,
                ended,
            )
        assert self._loop.run(self.books.balances(BOOKING_ID)) == Balances()
        assert self.partners.paid_twice == []
        taken_back = {*self.partners.withdrawn, *self.asks_refused}
        kept = [ask for ask in self.partners.asks if ask not in taken_back]
        took_place = self.stage is BookingStage.CLOSED or self.outcome in LOSSES
        assert not kept[:-1] if took_place else not kept, f"hospitals keep {kept}"

    def _unit_due(self) -> str | None:
        """Where the unit belongs, read from the programme without the product's own code."""
        if self.service.quota.count is None:
            return None
        if self.pages[-1].reason == CONTRACT_ENDED:
            given = self.service.shape is Shape.REHABILITATION  # in part, before the last day
            return self.unit if given else "given_back"
        if self.stage is BookingStage.CLOSED:
            return "consumed"
        if self.stage is BookingStage.CANCELLED and self.cost is None:
            assert self.service.failed_calls is not None, "nobody gave it up"
            return {"used": "consumed"}.get(self.service.failed_calls.quota, "given_back")
        if self.stage is BookingStage.CANCELLED:
            # What was given in part, as one of a year's calls, stays given.
            used = {Cost.FREE: self.had, Cost.USED: True}.get(self.cost or Cost.FREE, self.decided)
            return "consumed" if used else "given_back"
        if self.stage is BookingStage.TERMINATED and self.outcome in LOSSES:
            return "consumed" if self._used_by_loss() else "given_back"
        return "given_back"

    def _used_by_loss(self) -> bool | None:
        """What staying away costs: nobody in a walk says so before the visit is over."""
        moved = [use.why for page in self.pages for use in page.uses]
        if moved[-1:] == ["no_escort"]:  # whoever was to come along did not come either
            assert escorting(self.programme, self.service) is not None
            assert self.outcome is VisitOutcome.NO_SHOW
            return False
        terms, rule = self.service.consumption, self.service.cancellation
        named = {*terms.also_on} if terms else set()
        if terms is not None and terms.when != "completed":
            return True
        if rule is not None or "given_up" in named:
            return True  # it is too late to give it up for nothing
        away = self.outcome is not VisitOutcome.GIVEN_UP
        if away and named & {"no_show", "not_on_time", "not_admitted"}:
            return True
        return False if self.decided is None and not away else self.decided


Walks = Callable[..., BookingWalk]
"""Begins a walk over a service of a programme; `seed` decides what happens by chance."""
