"""What hospital staff report of a rescue: triage, steps, reports upward, how it ended (HX02–HX07).

Everything is written down as it happened, under the step that asked for it if one did. What comes
next is the story's (`workflows.rescues.rescue`).
"""

from __future__ import annotations

from datetime import datetime

from activities.ports.cases import TaskClosed
from activities.ports.rescues import StepTold
from domain.events import ExpectedEvent
from domain.programmes.services import Service, Step
from domain.rescues.forms import RecordOutcome, RecordStep, ReportRescue, TriagePatient
from domain.rescues.rescue import OUTCOME_NAMES, RescueStage, shift_of, steps_of
from domain.rescues.triage import MASS_EVENT, WAY_NAMES, Way, assess, is_served
from domain.roles import Role
from domain.steps.forms import Form
from domain.steps.kinds import TaskKind
from workflows.messages.matters import Actor
from workflows.messages.rescues import RaiseRescue
from workflows.rescues.desk import RescueDesk
from workflows.rescues.refusals import departments_of, found, seen_in, subject_of, terms_of


class Reports:
    """What was reported of one rescue."""

    def __init__(self, desk: RescueDesk, raised: RaiseRescue) -> None:
        self._desk = desk
        self._state = desk.state
        self._raised = raised
        self._terms = terms_of(raised)

    def take(self, kind: TaskKind, form: Form, actor: Actor, at: datetime) -> None:
        """Write down what happened, under the step that asked for it if one did."""
        match form:
            case TriagePatient():
                asked = self._desk.is_asked(kind)
                text = self._triaged(form, at)
            case RecordStep():
                service, step = found(self._raised, self._state, form)
                subject = subject_of(service, step, form.department)
                asked, text = self._desk.is_asked(kind, subject), step.name
                self._stepped(service, step, form, actor, at)
            case ReportRescue():
                asked, text = self._desk.is_asked(kind, form.to), f"已报告{form.to}"
                self._reported(form, at)
            case RecordOutcome():
                asked, text = self._desk.is_asked(kind), OUTCOME_NAMES[form.outcome]
                self._ended(form)
            case _:
                return
        if asked is not None:
            self._close(asked, form, actor, at)
        self._desk.note(kind.value, text, at=at, by=actor)
        treats = actor.role is Role.HOSPITAL_DOCTOR and self._state.outcome is None
        if treats and not self._state.seen_by_doctor:  # once it is over, whoever took over answers
            self._state.seen_by_doctor, self._state.owner = True, actor.id

    def _close(self, task_id: str, form: Form, actor: Actor, at: datetime) -> None:
        self._desk.pen.task_closed(
            TaskClosed(
                task_id=task_id,
                closed_at=at,
                done=True,
                actor_role=actor.role,
                actor_id=actor.id,
                form=form.model_dump(mode="json"),
            )
        )

    def _triaged(self, form: TriagePatient, at: datetime) -> str:
        """HX02: groups, way in and level; what no group says is the clinician's judgement."""
        state, kept = self._state, [one for one in self._state.groups if one == MASS_EVENT]
        said = assess(self._terms, seen_in(form))
        state.groups = [*said.groups, *(one for one in kept if one not in said.groups)]
        state.way, state.level = said.way.value, said.level
        self._desk.judged(waits=said.way is not Way.RESCUE_ROOM, at=at)
        for code in state.services:
            for step in steps_of(self._raised.programme.service(code)):
                if step.marks is ExpectedEvent.TRIAGED:
                    state.done.setdefault(code, {})[step.code] = self._raised.raised_at
        self._desk.happened(ExpectedEvent.TRIAGED, at=at)
        if state.stage is RescueStage.RAISED:  # who is looked at again stays in the theatre
            self._desk.enter(RescueStage.IN_RESCUE, at=at)
        served = all(is_served(self._raised.programme, one, said.groups) for one in state.services)
        judged = "" if served and not said.judged else ", 由医护人员判断"
        return f"分诊: {WAY_NAMES[said.way]}, {said.level}级{judged}"

    def _stepped(
        self, service: Service, step: Step, form: RecordStep, actor: Actor, at: datetime
    ) -> None:
        """HX03–HX06: a step happened; the clocks that listen for it hear."""
        state, desk = self._state, self._desk
        state.told += 1
        state.tell(
            StepTold(
                n=state.told,
                service=service.code,
                step=step.code,
                at=form.at,
                recorded_at=at,
                role=actor.role,
                actor_id=actor.id,
                department=form.department,
                details=form.details,
            )
        )
        departments = departments_of(step, form)
        state.consults(step, departments, at=form.at)
        if step.marks is not None:
            for about in departments or ("case",):
                desk.happened(step.marks, at=form.at, about=about)
        if state.ended_at is not None:
            desk.drop_due_after(state.ended_at, at=at)
        if (shift := shift_of(form.details)) is not None:
            state.shifts.append(shift)
        if form.details.get("disputed") == "yes":
            desk.ask(TaskKind.DECIDE_WARD, at=at)
        if state.stage is RescueStage.RAISED and state.outcome is None:
            desk.enter(RescueStage.IN_RESCUE, at=form.at)
        if step.marks is ExpectedEvent.SURGERY_DECIDED and state.outcome is None:
            desk.enter(RescueStage.IN_SURGERY, at=form.at)

    def _reported(self, form: ReportRescue, at: datetime) -> None:
        """HX07: reported in parallel to the rescue; who hears of it coordinates (R529)."""
        for code in self._state.services:
            for step in steps_of(self._raised.programme.service(code)):
                if step.marks is ExpectedEvent.RESCUE_REPORTED:
                    self._state.done.setdefault(code, {})[step.code] = self._raised.raised_at
        self._desk.happened(ExpectedEvent.RESCUE_REPORTED, at=form.at)
        if self._state.outcome is None:
            self._desk.ask(TaskKind.COORDINATE_RESCUE, at=at, subject=form.to)

    def _ended(self, form: RecordOutcome) -> None:
        self._state.outcome, self._state.ended_at = form.outcome, form.at
        self._state.owner = form.handed_to
