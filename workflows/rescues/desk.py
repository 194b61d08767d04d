"""The desk of one rescue: whom it asks, whom it tells, and that the hospital hears of a breach."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from temporalio import workflow

from activities.ports.cases import TaskOpened
from domain.clock import Clock
from domain.events import ExpectedEvent
from domain.programmes.services import Service, Step
from domain.rescues.rescue import RESCUE_STAGE_NAMES, RescueStage, wanted
from domain.rescues.triage import MASS_EVENT, Way, is_reportable, told
from domain.roles import Role
from domain.steps.dues import due_by
from domain.steps.kinds import TaskKind
from workflows.front_desk import FrontDesk
from workflows.matter import SUMMARY_MAX, MatterPen, new_task
from workflows.messages.rescues import CaseLinked, PatientKnown, RaiseRescue
from workflows.rescues.record import RescueRecord, RescueState
from workflows.rescues.refusals import subject_of, terms_of

CAN_WAIT: Final = "分诊: 无须直接送入抢救室"

WHO_CAN_WAIT: Final = "who-can-wait-is-not-owed-the-rescue-room"
"""Before this change the minutes to the rescue room ran on for whoever was judged able to wait; a
rescue that met with that goes on as it began."""


class RescueDesk(FrontDesk):
    """Steps, promises and the record of one rescue."""

    def __init__(self, raised: RaiseRescue, state: RescueState) -> None:
        self.state: RescueState
        self._raised = raised
        self._terms = terms_of(raised)
        record = RescueRecord(state, raised.programme.service(raised.service).name)
        super().__init__(state, raised.programme, pen=MatterPen(state), record=record)

    def ask(self, kind: TaskKind, **about: Any) -> str:
        """Open a step; a broken promise is the hospital's own duty office's to hear of."""
        if kind is TaskKind.BREACH:
            about["roles"] = [Role.HOSPITAL_DUTY]
        return super().ask(kind, **about)

    def hear(self, event: str, text: str, word: PatientKnown | CaseLinked) -> None:
        """Write down a word of the door, once: it may be handed over twice under its id."""
        if word.word_id and word.word_id in self.state.heard:
            return
        self.state.heard.append(word.word_id)
        self.note(event, text, at=word.at, by=word.actor)

    def enter(self, stage: RescueStage, *, at: datetime) -> None:
        """Change the stage; nothing happens if it is that already."""
        if self.state.stage is not stage:
            self.state.stage = stage
            self.note("stage", RESCUE_STAGE_NAMES[stage], at=at)

    def is_asked(self, kind: TaskKind, subject: str = "") -> str | None:
        """The open step of a kind about something, None if nobody is asked."""
        tasks = self.state.tasks.values()
        return next(
            (one.task_id for one in tasks if one.kind is kind and one.subject == subject), None
        )

    def happened(self, event: ExpectedEvent, *, at: datetime, about: str = "case") -> None:
        """Something happened; written down after the end it still keeps what it kept in time."""
        super().happened(event, at=at, about=about)
        if self.state.ended_at is None:
            return
        for clock in list(self.state.clocks.values()):
            stops = self.programme.clock(clock.id).stops
            kept = clock.kept_after_all(at)
            if event in stops and self.state.clock_about[clock.instance] == about and kept != clock:
                self.pen.clock(kept, workflow.now())

    # What is wanted next -------------------------------------------------------------------------

    def offer(self, *, at: datetime, afterwards: bool) -> None:
        """Ask for every step whose turn has come, and nobody has been asked for yet."""
        for code in self.state.services:
            service = self._raised.programme.service(code)
            done = self.state.steps_done(code)
            for step in wanted(service, done, self.state.groups, afterwards=afterwards):
                if not (self.state.may_wait and _is_straight_in(step)):
                    self._ask_step(service, step, at=at)
            if not afterwards:
                self._await_consultants(service, at=at)

    def judged(self, *, waits: bool, at: datetime) -> None:
        """Whoever can wait is not owed the rescue room; judged worse later, he is from then on."""
        if waits == self.state.may_wait or not workflow.patched(WHO_CAN_WAIT):
            return
        self.state.may_wait = waits
        if not waits:
            self.owed_again(at=at)
            return
        for code in self.state.services:
            service = self._raised.programme.service(code)
            for step in filter(_is_straight_in, service.steps):
                asked = self.is_asked(TaskKind.RESCUE_STEP, subject_of(service, step, ""))
                self.no_longer_asked(asked or "", at=at, reason=CAN_WAIT)
        if not any(map(self.leads_to_theatre, self.state.services)):
            for clock in self._to_the_room():
                if clock.breached_at is None:
                    self.pen.clock(clock.drop(at, why=CAN_WAIT), at)

    def owed_again(self, *, at: datetime) -> None:
        """The minutes that were dropped for who could wait begin, unless he is there already."""
        known = self._to_the_room()
        dropped = any(clock.dropped_why == CAN_WAIT for clock in known)
        if dropped and not any(clock.met_at for clock in known):
            self.clocks.anew(ExpectedEvent.IN_RESCUE_ROOM, at=at)

    def _to_the_room(self) -> list[Clock]:
        stops = ExpectedEvent.IN_RESCUE_ROOM
        clocks = self.state.clocks.values()
        return [one for one in clocks if stops in self.programme.clock(one.id).stops]

    def leads_to_theatre(self, code: str) -> bool:
        """Whether a service takes the patient to an operation, however he was judged."""
        steps = self._raised.programme.service(code).steps
        return any(step.marks is ExpectedEvent.SURGERY_DECIDED for step in steps)

    def _ask_step(
        self, service: Service, step: Step, *, at: datetime, department: str = ""
    ) -> None:
        subject = subject_of(service, step, department)
        if self.is_asked(TaskKind.RESCUE_STEP, subject):
            return
        clock = self.clocks.until(step.marks, about=department or "case") if step.marks else None
        task = new_task(
            self.state,
            TaskKind.RESCUE_STEP,
            at=at,
            roles=list(step.by) or None,
            due_at=clock.due_at if clock else self._due_by(step, at),
            clock=clock.instance if clock else None,
            subject=subject,
        )
        title = f"{step.name} {department}".strip()[:SUMMARY_MAX]
        self.pen.task_opened(task.model_copy(update={"title": title}))

    def _due_by(self, step: Step, at: datetime) -> datetime | None:
        """What is done for the patient now is due within minutes, a paper by tomorrow."""
        kind = TaskKind.SERVICE_STEP if step.when == "afterwards" else TaskKind.RESCUE_STEP
        return due_by(kind, at, self.programme.step_dues)

    def _await_consultants(self, service: Service, *, at: datetime) -> None:
        """Whoever was called is looked out for, under the promise that runs for the department."""
        present = next(
            (one for one in service.steps if one.marks is ExpectedEvent.CONSULTANT_PRESENT), None
        )
        if present is not None:
            for department in self.state.called:
                self._ask_step(service, present, at=at, department=department)

    # Who is told ---------------------------------------------------------------------------------

    @property
    def is_active(self) -> bool:
        """Whether the channel runs for this patient: straight in, or treated already."""
        return self.state.way == Way.RESCUE_ROOM or any(self.state.done.values())

    def tell_the_house(self, *, at: datetime) -> None:
        """Departments put the patient first (R530); the line of the hour hears of it (R528).

        The hour is that of the report: whoever was at work when the patient came may have gone. The
        line hears of a rescue that was only written down after its end, too.
        """
        alerted = self.state.counts.get(TaskKind.ALERT_DEPARTMENT.value)
        if self.is_active and self.state.outcome is None and not alerted:
            for department in self._terms.departments:
                self.ask(TaskKind.ALERT_DEPARTMENT, at=at, subject=department)
        groups = tuple(self.state.groups)
        for route in told(
            self._raised.programme,
            at=at,
            calendar=self.state.calendar,
            reportable=is_reportable(self._terms, groups),
        ):
            upward = route.when == "mass_event"
            if route.to in self.state.lines or not (upward or self.is_active):
                continue
            if not upward and self._has_line:
                continue
            self.state.lines.append(route.to)
            if upward and self._others_tell():
                self.note("reported_with_event", "随突发事件一并报告", at=at)
            else:
                self.ask(TaskKind.REPORT_RESCUE, at=at, subject=route.to)

    @property
    def _has_line(self) -> bool:
        """Whether the line of some hour hears of it: another hour brings no second one."""
        by_hour = {one.to for one in self._terms.reports if one.when != "mass_event"}
        return not by_hour.isdisjoint(self.state.lines)

    def _others_tell(self) -> bool:
        """An event is reported once, with the patient whose record leads it."""
        in_event = self._raised.event_id is not None and MASS_EVENT in self.state.groups
        return in_event and not self._raised.leads_event

    # Leaving -------------------------------------------------------------------------------------

    def drop_due_after(self, ended_at: datetime, *, at: datetime) -> None:
        """What was promised for later than the end is not wanted any more, nor its alarm."""
        over = {one.instance: one for one in self.state.open_clocks if one.due_at > ended_at}
        for clock in over.values():
            self.pen.clock(clock.drop(at, why="救治已结束"), at)
        for task in list(self.state.tasks.values()):
            if task.kind is TaskKind.BREACH and task.subject in over:
                self.no_longer_asked(task.task_id, at=at, reason="救治已结束")

    @property
    def unreported(self) -> list[TaskOpened]:
        """Steps of the rescue itself that somebody was asked for and nobody reported."""
        return [
            task
            for task in self.state.tasks.values()
            if task.kind is TaskKind.RESCUE_STEP and not self._is_paper(task)
        ]

    def _is_paper(self, task: TaskOpened) -> bool:
        service, code, *_ = task.subject.split(".")
        steps = self._raised.programme.service(service).steps
        return any(step.code == code and step.when == "afterwards" for step in steps)

    def close_the_record(self, *, at: datetime) -> None:
        """Nobody writes down the rescue any more; what is missing is named."""
        missing = self.unreported
        for task in missing:
            self.no_longer_asked(task.task_id, at=at, reason="救治记录已截止")
        if missing:
            titles = ", ".join(task.title for task in missing)
            self.note("not_reported", f"未登记的步骤: {titles}", at=at)
        self.clocks.drop_all(at=at, why="救治记录已截止")


def _is_straight_in(step: Step) -> bool:
    """Whether a step brings a patient into the rescue room before anything else."""
    return step.marks is ExpectedEvent.IN_RESCUE_ROOM and not step.after
