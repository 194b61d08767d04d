"""Why a report about a rescue is refused: a stable code, a Chinese sentence and its field.

A refusal is about the record, never about the patient: nothing in a rescue waits for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import ValidationError

from domain.programmes.offer import EmergencyTerms
from domain.programmes.services import Service, Shape, Step
from domain.rescues.forms import RecordOutcome, RecordStep, ReportRescue, TriagePatient
from domain.rescues.rescue import (
    RECORD_WITHIN,
    STRETCHER,
    UNDER_WAY,
    RescueStage,
    StepFault,
    detail_fault,
    step_fault,
    steps_of,
)
from domain.rescues.triage import WAY_NAMES, Seen, TooLow, UnknownGroup, assess, needs_stretcher
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS
from domain.strict import fault_of
from workflows.messages.matters import Actor, CompleteTask
from workflows.messages.rescues import AddService, RaiseRescue, ReportActs
from workflows.refusals import FORM_REFUSED, NOT_YOURS, WRONG_STAGE, open_step, refusal
from workflows.rescues.record import RescueState

ACTS_MAX: Final = 10
"""More than happens at once at one bed."""

REPORTS: Final = "report"
REPORTS_MAX: Final = 1_000
"""More reports than a rescue has minutes; how it ended is taken all the same."""

REPORTED: Final[dict[TaskKind, type[TriagePatient | RecordStep | ReportRescue | RecordOutcome]]] = {
    TaskKind.TRIAGE_PATIENT: TriagePatient,
    TaskKind.RESCUE_STEP: RecordStep,
    TaskKind.REPORT_RESCUE: ReportRescue,
    TaskKind.RESCUE_OUTCOME: RecordOutcome,
}
"""What may be reported whether or not somebody was asked for it."""

_RECORDED_IN: Final = UNDER_WAY | {RescueStage.FORMALITIES}

_FAULTS: Final = {
    StepFault.BY_ANOTHER_FORM: "该步骤随分诊或报告一并登记",
    StepFault.TOO_EARLY: "前一步骤尚未登记",
    StepFault.TWICE: "该步骤已经登记",
    StepFault.NOT_CALLED: "尚未通知该科室会诊",
}


def terms_of(raised: RaiseRescue) -> EmergencyTerms:
    """The hospital's own terms; the door opens no rescue without them."""
    terms = raised.programme.emergency
    if terms is None:
        raise refusal(WRONG_STAGE, "该服务项目不是医院绿色通道", "programme")
    return terms


def found(raised: RaiseRescue, state: RescueState, form: RecordStep) -> tuple[Service, Step]:
    """The service and the step a report is about; refused where there is none, or several."""
    services = [raised.programme.service(code) for code in state.services]
    matching = [
        (service, step)
        for service in services
        for step in steps_of(service)
        if step.code == form.step and form.service in (None, service.code)
    ]
    if not matching:
        raise refusal(FORM_REFUSED, "已启动的服务没有此步骤", "step")
    if len(matching) > 1:
        raise refusal(FORM_REFUSED, "须写明属于哪项服务", "service")
    return matching[0]


class RescueRefusals:
    """Checks the reports about one rescue against what it knows."""

    def __init__(self, state: RescueState, raised: RaiseRescue) -> None:
        self._state = state
        self._raised = raised

    def report(self, message: ReportActs) -> None:
        """Whether all of this can have happened, in this order."""
        if not 0 < len(message.acts) <= ACTS_MAX:
            raise refusal(FORM_REFUSED, f"一次可登记1至{ACTS_MAX}项", "acts")
        if any(act.kind is TaskKind.RESCUE_OUTCOME for act in message.acts[:-1]):
            raise refusal(FORM_REFUSED, "结果须最后登记", "acts")
        over = any(act.kind is TaskKind.RESCUE_OUTCOME for act in message.acts)
        if self._state.counts.get(REPORTS, 0) >= REPORTS_MAX and not over:
            raise refusal(FORM_REFUSED, "登记次数过多, 请登记救治结果", "acts")
        trial = self._trial()
        for act in message.acts:
            if act.kind not in REPORTED:
                raise refusal(FORM_REFUSED, "不能直接登记此类任务", "kind")
            if message.actor.role not in TASKS[act.kind].roles:
                raise refusal(NOT_YOURS, "不属于您的角色", "actor")
            try:
                form = REPORTED[act.kind].model_validate(act.form)
            except ValidationError as error:
                field, why = fault_of(error)
                raise refusal(FORM_REFUSED, why or "表单内容不完整或不合规", field) from None
            self._form(form, trial, message.actor, message.at)

    def completion(self, message: CompleteTask) -> None:
        """The step is open, the caller's, and can have happened."""
        task, form = open_step(self._state, message)
        if isinstance(form, RecordStep):
            service, step = found(self._raised, self._state, form)
            if task.subject != subject_of(service, step, form.department):
                raise refusal(FORM_REFUSED, "与任务的步骤不符", "step")
        if isinstance(form, ReportRescue) and form.to != task.subject:
            raise refusal(FORM_REFUSED, "与任务的报告对象不符", "to")
        if isinstance(form, TriagePatient | RecordStep | ReportRescue | RecordOutcome):
            self._form(form, self._trial(), message.actor, message.at)

    def _trial(self) -> RescueState:
        """A copy to try on: of what is told together, the second may follow from the first."""
        state = self._state
        done = {service: {**steps} for service, steps in state.done.items()}
        first = {service: {**steps} for service, steps in state.first_done.items()}
        return state.model_copy(
            update={"done": done, "first_done": first, "called": {**state.called}}
        )

    def service(self, message: AddService) -> None:
        """Another service of this channel, while the rescue is under way."""
        self._under_way()
        offered = [
            one.code for one in self._raised.programme.services if one.shape is Shape.EMERGENCY
        ]
        if message.service not in offered:
            raise refusal(FORM_REFUSED, "该服务项目没有此服务", "service")
        if message.service in self._state.services:
            raise refusal(WRONG_STAGE, "该服务已经启动", "service")

    def _under_way(self) -> None:
        if self._state.stage not in UNDER_WAY or self._state.outcome is not None:
            raise refusal(WRONG_STAGE, "救治已结束, 请在病历中补记", "stage")

    def _while_it_is_recorded(self, at: datetime, now: datetime) -> None:
        """Writing down comes after saving: what happened before the end is taken for six hours."""
        ended = self._state.ended_at
        if ended is None:
            return
        if now >= ended + RECORD_WITHIN or self._state.stage not in _RECORDED_IN:
            raise refusal(WRONG_STAGE, "救治已结束, 请在病历中补记", "stage")
        if at > ended:
            raise refusal(FORM_REFUSED, "不能晚于救治结果", "at")

    def _form(
        self,
        form: TriagePatient | RecordStep | ReportRescue | RecordOutcome,
        trial: RescueState,
        actor: Actor,
        now: datetime,
    ) -> None:
        match form:
            case TriagePatient():
                self._under_way()
                self._triage(form, trial)
            case RecordStep():
                self._moment(form.at, now)
                self._step(form, trial, actor, now)
            case ReportRescue():
                self._moment(form.at, now)
                self._line(form)
            case RecordOutcome():
                self._under_way()
                self._moment(form.at, now)
                last = max(
                    (at for done in trial.done.values() for at in done.values()), default=None
                )
                if last is not None and form.at < _minute(last):
                    raise refusal(FORM_REFUSED, "结果不能早于最后的救治步骤", "at")

    def _moment(self, at: datetime, now: datetime) -> None:
        if at.tzinfo is None or at > now:
            raise refusal(FORM_REFUSED, "发生时间不能晚于现在", "at")
        if at < _minute(self._raised.raised_at):
            raise refusal(FORM_REFUSED, "发生时间不能早于首次接诊", "at")

    def _triage(self, form: TriagePatient, trial: RescueState) -> None:
        try:
            said = assess(terms_of(self._raised), seen_in(form))
        except UnknownGroup:
            raise refusal(FORM_REFUSED, "该服务项目没有此类患者", "groups") from None
        except TooLow as low:
            text = f"按患者类别至少为{WAY_NAMES[low.at_least]}"
            raise refusal(FORM_REFUSED, text, "way") from None
        trial.groups = [*said.groups]

    def _step(self, form: RecordStep, trial: RescueState, actor: Actor, now: datetime) -> None:
        service, step = found(self._raised, self._state, form)
        if step.when != "afterwards":
            self._while_it_is_recorded(form.at, now)
        elif self._state.stage not in (*UNDER_WAY, RescueStage.FORMALITIES):
            raise refusal(WRONG_STAGE, "手续已办结", "stage")
        if step.by and actor.role not in step.by:
            raise refusal(NOT_YOURS, f"该步骤由{step.actor}登记", "actor")
        if "department" in step.fields and not form.department.strip():
            raise refusal(FORM_REFUSED, "须写明科室", "department")
        if "department" not in step.fields and form.department:
            raise refusal(FORM_REFUSED, "该步骤不登记科室", "department")
        done = trial.steps_done(service.code)
        fault = step_fault(step, done, department=form.department, called=trial.called)
        if fault is not None:
            lacking = [one.name for one in steps_of(service) if one.code in {*step.after} - {*done}]
            earlier = f": {'、'.join(lacking)}" if fault is StepFault.TOO_EARLY else ""
            raise refusal(WRONG_STAGE, _FAULTS[fault] + earlier, "step")
        before = [trial.first_at(service.code, code) for code in step.after]
        if form.department in trial.called:
            before.append(trial.called[form.department])
        if any(form.at < at for at in before):
            raise refusal(FORM_REFUSED, "不能早于前一步骤", "at")
        wrong = detail_fault(step, form.details)
        if wrong is not None:
            raise refusal(FORM_REFUSED, wrong[1], f"details.{wrong[0]}")
        self._transport(form, trial)
        trial.happened(service.code, step.code, at=form.at)
        trial.consults(step, departments_of(step, form), at=form.at)

    def _transport(self, form: RecordStep, trial: RescueState) -> None:
        """R466: these patients travel on a stretcher; a wheelchair is refused."""
        how = form.details.get("transport", STRETCHER)
        if how != STRETCHER and needs_stretcher(terms_of(self._raised), tuple(trial.groups)):
            raise refusal(FORM_REFUSED, "该患者必须使用平车护送", "details.transport")

    def _line(self, form: ReportRescue) -> None:
        waiting = [
            task.subject
            for task in self._state.tasks.values()
            if task.kind is TaskKind.REPORT_RESCUE
        ]
        if form.to not in waiting:
            text = "已经报告过" if form.to in self._state.lines else "无须向此处报告"
            raise refusal(WRONG_STAGE, text, "to")


def seen_in(form: TriagePatient) -> Seen:
    """What a triage form says was seen."""
    return Seen(
        groups=frozenset(form.groups),
        signs=frozenset(form.signs),
        way=form.way,
        level=form.level,
    )


def departments_of(step: Step, form: RecordStep) -> tuple[str, ...]:
    """The departments a step calls or brings; none where it is about no department."""
    return step.departments or ((form.department,) if form.department else ())


def subject_of(service: Service, step: Step, department: str = "") -> str:
    """What a task of a step is about: the service, the step and, of a consultation, with whom."""
    return ".".join(part for part in (service.code, step.code, department) if part)


def _minute(at: datetime) -> datetime:
    """People write minutes: what happened in the same one is not earlier."""
    return at.replace(second=0, microsecond=0)
