"""One patient of a hospital's own channel, walked by a seed: whatever may happen around a bed.

Steps are reported before their predecessor, after the end, twice, minutes late; services are added,
names and policies come to light, the house's own books are away. After the walk everybody behaves
and the rescue is brought to its end; then `check` asks what must hold for every rescue (I33, R517).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, Final

from domain.calendar import SHANGHAI
from domain.clock import ClockState
from domain.programmes.services import Shape
from domain.rescues.rescue import RescueOutcome, RescueStage
from domain.rescues.triage import MASS_EVENT
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import HOSPITAL_DUTY, HOSPITAL_STAFF, a_calendar
from tests.walk.bookings import Stuck
from tests.walk.engine import NotRunning, Refused
from tests.walk.rescue_scene import (
    BY_A_FORM,
    DAY,
    HANDED_TO,
    NIGHT,
    Happening,
    RescueScene,
    emergency_services,
)
from workflows.messages.matters import CompleteTask
from workflows.messages.rescues import CaseLinked, PatientKnown
from workflows.refusals import TASK_NOT_OPEN

STEPS: Final = 40
"""What happens in a walk before everybody behaves."""
PATIENCE: Final = 400
"""Acts in which a well-behaved rescue comes to its end."""
UNDER_WAY: Final = (RescueStage.RAISED, RescueStage.IN_RESCUE, RescueStage.IN_SURGERY)
FORWARD: Final = [*RescueStage]
"""A rescue goes through its stages in this order; it may leave some out."""
ENDS: Final = (TaskKind.RESCUE_OUTCOME,)
AT_LAST: Final = (TaskKind.RESCUE_OUTCOME, TaskKind.TRIAGE_PATIENT)


class RescueWalk(RescueScene):
    """A rescue that anything may happen to."""

    # The walk ------------------------------------------------------------------------------------

    def walk(self) -> None:
        """So many things happen by chance; then everybody behaves until the rescue has ended."""
        self._restless = True
        linked = ("case_linked", self._linked())
        early = linked if self.chance.random() < 0.1 else None
        self.signals += early is not None
        self.start(signal=early)
        for _ in range(STEPS):
            if not self.run.running:
                break
            try:
                self._something()
            except NotRunning:
                break
            self.settle()
            self.hold()
        self._restless = False
        self.finish()
        self.check()

    def _something(self) -> None:
        acts: dict[Callable[[], None], int] = {
            self._a_task: 34,
            self._a_step: 26,
            self._several: 6,
            self._time: 16,
            self._triage: 5,
            self._add: 5,
            self._wrong: 6,
            self._again: 4,
            self._known: 4,
            self._end: 2,
            self._disturb: 8,
        }
        while self.run.pending and self.outcome is not None:
            self.reach(min(one.at for one in self.run.pending))  # the record lags behind
        [act] = self.chance.choices([*acts], [*acts.values()])
        act()

    def _a_task(self) -> None:
        """Somebody does a step of the worklist; now and then not the end of it all."""
        tasks = [task for task in self.open_tasks if task.kind is not TaskKind.RESCUE_OUTCOME]
        if tasks:
            task = self.chance.choice(tasks)
            unpaid = task.kind is TaskKind.COLLECT_FEES and self.chance.random() < 0.6
            try:
                self.finish_task(task, {"settled": False} if unpaid else None)
            except Refused as refused:
                if not (self.run.pending and refused.code == TASK_NOT_OPEN):
                    raise  # else the record lags behind: it was done already

    def _a_step(self) -> None:
        """Any step of any service that was begun, now or minutes ago, asked for or not."""
        one = self._any_step()
        if self.can(one):
            self.happens(one)
        else:
            self.refused(lambda: self.happens(one))

    def _any_step(self) -> Happening:
        service, step = self.chance.choice(self.steps())
        ago = timedelta(minutes=self.chance.choice((0, 0, 0, 0, 1, 4, 12, 60, 400, -1)))
        return self.happening(service, step, at=self.now - ago)

    def _several(self) -> None:
        """What is told together is taken together or not at all."""
        first = self._any_step()
        follow = [(one, step) for one, step in self.steps() if first.step.code in step.after]
        service, step = self.chance.choice(follow or self.steps())
        then = self.happening(service, step, at=first.at)
        duty = [*{*(first.step.by or then.step.by)} & {*(then.step.by or first.step.by)}]
        if not self.can(first) or (first.step.by and then.step.by and not duty):
            return
        by = self.doer(first.step if first.step.by else then.step)
        if duty and by.role not in duty:
            return
        kept, waiting = [*self.told], {**self.waiting_for}
        forms = [(TaskKind.RESCUE_STEP, self.form_of(one)) for one in (first, then)]
        self.noted(first)
        fits = self.can(then)
        self.noted(then)
        if fits:
            self.report(by, *forms)
            return
        self.told, self.waiting_for = kept, waiting
        self.refused(lambda: self.report(by, *forms))

    def _time(self) -> None:
        minutes = self.chance.choice((1, 4, 9, 31, 200, 2000, 20_000))
        self.tell(f"time passes {minutes}")
        self.reach(self.now + timedelta(minutes=minutes))

    def _triage(self) -> None:
        groups = [group.code for group in self.terms.groups]
        chosen = self.chance.sample(groups, k=min(len(groups), self.chance.choice((0, 1, 1, 2))))
        if self.outcome is None:
            self.triage(*chosen)
        else:
            self.refused(lambda: self.triage(*chosen))
        self.refused(lambda: self.triage("free_beer"))

    def _add(self) -> None:
        offered = [one.code for one in self.programme.services if one.shape is Shape.EMERGENCY]
        service = self.chance.choice([*offered, "nothing_of_ours"])
        if self.outcome is None and service in offered and service not in self.services:
            self.add(service)
        else:
            self.refused(lambda: self.add(service))

    def _wrong(self) -> None:
        """A form that says nothing, a person who may not, a moment that has not come."""
        one = self._any_step()
        form = self.form_of(one)
        wrong: list[dict[str, Any]] = [
            {**form, "at": (self.now + timedelta(minutes=1)).isoformat()},
            {**form, "at": (self.raised_at - timedelta(minutes=1)).isoformat()},
            {**form, "step": "dance"},
            {**form, "details": {**form["details"], "weather": "晴"}},
            {"step": one.step.code},
        ]
        by, bad = self.doer(one.step), self.chance.choice(wrong)
        self.refused(lambda: self.report(by, (TaskKind.RESCUE_STEP, bad)))
        if one.step.by and HOSPITAL_DUTY.role not in one.step.by:
            self.refused(lambda: self.report(HOSPITAL_DUTY, (TaskKind.RESCUE_STEP, form)))
        nobody = (TaskKind.REPORT_RESCUE, {"at": self.now.isoformat(), "to": "食堂"})
        self.refused(lambda: self.report(HOSPITAL_STAFF, nobody))

    def _again(self) -> None:
        """A step of the worklist that is done is reported once more."""
        if not self._done:
            return
        done = self.chance.choice(sorted(self._done))
        message = CompleteTask(
            task_id=done,
            kind=TaskKind(done.split(".")[1]),
            form={},
            actor=HOSPITAL_STAFF,
            at=self.now,
        )
        refused = self.refused(lambda: self.run.update("complete_task", message))
        assert refused.code == TASK_NOT_OPEN

    def _linked(self) -> CaseLinked:
        return CaseLinked(case_id="dw-" + "a" * 20, actor=HOSPITAL_STAFF, at=self.now)

    def _known(self) -> None:
        """Who the patient is, or whether he is insured, comes to light: nothing waited for it."""
        asked = [task.task_id for task in self.open_tasks]
        self.tell("known")
        if self.chance.random() < 0.5:
            self.run.signal("patient_known", PatientKnown(actor=HOSPITAL_STAFF, at=self.now))
        else:
            self.run.signal("case_linked", self._linked())
        self.signals += 1
        self.settle()
        assert [task.task_id for task in self.open_tasks] == asked

    def _end(self) -> None:
        outcome = self.chance.choice([*RescueOutcome])
        if self.outcome is not None:
            self.refused(lambda: self.ends(outcome))
            return
        ago = self.now - timedelta(minutes=self.chance.choice((0, 0, 3, 500)))
        last = max((one.at for one in self.told), default=self.raised_at)
        if ago < max(last.replace(second=0, microsecond=0), self.raised_at):  # minutes are told
            self.refused(lambda: self.ends(outcome, at=ago))
        else:
            self.ends(outcome, at=ago)

    def _disturb(self) -> None:
        """A worker dies, somebody asks the workflow to stop, our own books are away."""
        what = self.chance.choice(("restart", "cancel", "away"))
        self.tell(what)
        if what == "restart":
            self.run.restart()
        elif what == "cancel":
            self.run.cancel()
        else:
            self._away()

    def _away(self) -> None:
        def fail(verb: str) -> None:
            self.books.fail = lambda _: None
            raise ConnectionError(verb)

        self.books.fail = fail

    # The end -------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Everybody behaves until the rescue has ended."""
        self.go_on(lambda: False)

    def go_on_with_all(self, *, before: Callable[[], None] = lambda: None) -> None:
        """The patient is of every group, and what is only done where needed is needed."""
        before()
        self.triage(*(group.code for group in self.terms.groups))
        for service, step in self.steps():
            if step.when == "if_needed" and step.marks not in BY_A_FORM:
                before()
                self.happens(self.happening(service, step))
        self.go_on(lambda: {task.kind for task in self.open_tasks} == {*ENDS}, before=before)

    def go_on(self, stop: Callable[[], bool], *, before: Callable[[], None] = lambda: None) -> bool:
        """Everybody behaves; whether `stop` came true before the end. `before` precedes an act."""
        for _ in range(PATIENCE):
            self.settle()
            if not self.run.running:
                return False
            self.hold()
            if stop():
                return True
            before()
            if self.run.pending:  # our own books were away: what stands there is not yet all
                self.reach(min(one.at for one in self.run.pending))
            elif tasks := sorted(self.open_tasks, key=lambda task: task.kind in AT_LAST):
                self.finish_task(tasks[0])
            elif self.run.next_at is not None:
                self.reach(self.run.next_at)
        raise Stuck(f"{self.stage}: no end after {PATIENCE} acts")

    # What must hold ------------------------------------------------------------------------------

    def hold(self) -> None:
        """At any moment: nobody waits for money or papers, and somebody can go on."""
        if not self.run.running or self.run.pending:
            return
        tasks = self.open_tasks
        if not tasks and not self.run.timers:
            raise Stuck(f"{self.stage}: nobody acts")
        for clock in self.clocks.values():
            assert not clock.is_open or clock.due_at > self.now or clock.breached_at, clock.instance
        if self.outcome is not None:
            return
        assert self.stage in UNDER_WAY
        assert [task.kind for task in tasks].count(TaskKind.RESCUE_OUTCOME) == 1
        kinds = {task.kind for task in tasks}
        assert not kinds & {TaskKind.COLLECT_FEES, TaskKind.FOLLOW_UP_CALL}, "money or papers first"
        asked = {task.subject for task in tasks if task.kind is TaskKind.RESCUE_STEP}
        groups = {*self.pages[-1].groups}
        for service, step in self.steps():
            subject = f"{service.code}.{step.code}"
            if self.is_waited_for(service, step, groups):
                assert subject in asked, f"{subject}: nobody is asked for it"
            assert step.when != "afterwards" or subject not in asked, f"{subject} came first"

    def check(self) -> None:
        """After its end a rescue owes nobody anything, and its record is what happened."""
        numbers = [page.page for page in self.pages]
        assert numbers == list(range(1, len(numbers) + 1)), f"pages {numbers}"
        assert self.run.result == self.stage.value == RescueStage.CLOSED
        assert self.open_tasks == [], [task.task_id for task in self.open_tasks]
        assert [clock.instance for clock in self.clocks.values() if clock.is_open] == []
        stages = [page.stage for page in self.pages]
        assert stages == sorted(stages, key=FORWARD.index), "a stage came back"
        last = self.pages[-1]
        assert (last.outcome, last.owner) == (self.outcome, HANDED_TO)
        self._check_record()
        self._check_promises()
        self._check_people()

    def _check_record(self) -> None:
        told = [step for page in self.pages for step in page.told]
        assert [step.n for step in told] == list(range(1, len(told) + 1))
        assert [(one.service, one.step, one.at, one.department) for one in told] == [
            (one.service.code, one.step.code, one.at, one.department) for one in self.told
        ]
        missing = [
            step.name
            for service, step in self.steps()
            if self.is_waited_for(service, step, {*self.pages[-1].groups})
        ]
        named = " ".join(line.text for line in self.timeline if line.event == "not_reported")
        asked = [one.opened_at for one in self.opened if one.kind is TaskKind.COLLECT_FEES]
        if not asked or all(one.recorded_at <= asked[0] for one in told):
            assert [name for name in missing if name not in named] == [], "missing in silence"
        known = self.lines.count("patient_known") + self.lines.count("case_linked")
        assert known == self.signals

    def _check_promises(self) -> None:
        """A broken promise is told to the duty office; none is broken once the rescue is over."""
        broken = " ".join(line.text for line in self.timeline if line.event == "breach")
        heard = {task.subject: task.roles for task in self.opened if task.kind is TaskKind.BREACH}
        assert all(roles == [Role.HOSPITAL_DUTY] for roles in heard.values())
        for clock in self.clocks.values():
            if clock.breached_at is not None:
                assert clock.instance in broken, f"{clock.instance} was broken in silence"
                assert clock.instance in heard, f"{clock.instance}: nobody heard"
                late = self.end_told_at is not None and clock.breached_at > self.end_told_at
                assert not late or (self.ended_at and clock.due_at <= self.ended_at), clock.instance
            if clock.state is ClockState.MET:
                assert clock.met_at is not None
                assert clock.met_at <= clock.due_at

    def _check_people(self) -> None:
        """Fees, calls and reports: as the file says, and none of them before the end."""
        assert self.end_told_at is not None
        of = {kind: [one for one in self.opened if one.kind is kind] for kind in TaskKind}
        fees, calls = of[TaskKind.COLLECT_FEES], of[TaskKind.FOLLOW_UP_CALL]
        assert bool(fees) is (self.terms.fees_every_days is not None)
        assert all(one.opened_at >= self.end_told_at for one in (*fees, *calls))
        promised = [each.kind for one in self.begun for each in one.follow_ups]
        dead = self.outcome is RescueOutcome.DIED
        assert [one.subject for one in calls] == ([] if dead else promised)
        assert len({one.subject for one in of[TaskKind.REPORT_RESCUE]}) == len(
            of[TaskKind.REPORT_RESCUE]
        ), "reported twice to one line"
        alerted = [one.subject for one in of[TaskKind.ALERT_DEPARTMENT]]
        assert alerted in ([], list(self.terms.departments))
        self._check_lines({one.subject: one.opened_at for one in of[TaskKind.REPORT_RESCUE]})

    def _check_lines(self, heard: dict[str, datetime]) -> None:
        """R528, R614: the line of the hour hears of who was treated, upward once an event.

        The hour is that in which it is to hear: office hours of a working day are 8:00 to 17:30.
        """
        to = {one.when: one.to for one in self.terms.reports}
        hours = {to[when]: when for when in ("working_hours", "night_or_day_off") if when in to}
        active = self.pages[-1].way == "rescue_room" or bool(self.told)
        lines = [line for line in heard if line in hours]
        assert len(lines) <= 1, "two lines of the hour"
        assert lines or not (active and hours), "the line of the hour"
        for line in lines:
            told = heard[line].astimezone(SHANGHAI)
            office = time(8) <= told.time() < time(17, 30)
            office = office and a_calendar().is_working_day(told.date())
            assert hours[line] == ("working_hours" if office else "night_or_day_off"), line
        groups = {*self.pages[-1].groups}
        reportable = any(one.reportable for one in self.terms.groups if one.code in groups)
        led_by_another = self.in_event and not self.leads and MASS_EVENT in groups
        if "mass_event" in to and reportable:
            assert (to["mass_event"] in heard) is not led_by_another, "upward"


def a_rescue(seed: int, *, loop: asyncio.Runner) -> RescueWalk:
    """The patient of a seed: by day or by night, alone or one of many that an event brought."""
    services = emergency_services()
    programme, service = services[seed * 7 % len(services)]
    return RescueWalk(
        programme,
        service,
        seed=seed,
        loop=loop,
        raised_at=NIGHT if seed % 2 else DAY,
        event="me-1" if seed % 5 == 0 else None,
        leads=seed % 10 == 0,
    )
