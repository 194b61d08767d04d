"""The steps that a service's own file asks for, when it names (`domain.programmes.own_steps`).

Each is put to the people it names; what they report may be told to the customer in the programme's
words. A step without people is only told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from domain.programmes.own_steps import (
    STAY_ROUNDS_MAX,
    DoServiceStep,
    steps_at,
    subject_of,
    words_of,
)
from domain.programmes.services import Asked, Service, Step
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import BookingDesk


class OwnSteps:
    """The steps of one booking's service beyond the story of its shape."""

    def __init__(self, desk: BookingDesk, service: Service) -> None:
        self._desk = desk
        self._service = service
        self._beside: dict[str, str] = {}  # asked while the story goes on: task by step

    async def take(self, moment: Asked) -> None:
        """Everything of a moment, one after another; the story waits for each."""
        for step in steps_at(self._service, moment):
            await self._done(step)

    async def stay(self) -> None:
        """As long as the customer lies in hospital: each in its interval, until it is over."""
        steps = steps_at(self._service, "stay")
        every = min((step.every_days or 0 for step in steps), default=0)
        for _ in range(STAY_ROUNDS_MAX if every else len(steps[:1])):
            over = [(await self._done(step)).over for step in steps]
            if any(over) or not every:
                return
            await workflow.sleep(timedelta(days=every), summary="住院期间跟进")
        if every:
            self._desk.alert("住院跟进已满次数, 请人工确认")

    def begin(self, *, due_at: datetime | None) -> None:
        """What is done beside the visit is asked for while the story goes on, once.

        What is still asked for when another moment is confirmed is due by that one.
        """
        for step in steps_at(self._service, "confirmed"):
            task = self._desk.state.tasks.get(self._beside.get(step.code, ""))
            if task is not None:
                self._desk.pen.task_opened(task.model_copy(update={"due_at": due_at}))
            elif step.by:
                self._beside[step.code] = self._ask(step, due_at=due_at)

    def end(self, *, delivered: bool) -> None:
        """The visit is over: whatever nobody has reported of it a supervisor hears."""
        if not delivered:
            return
        now = workflow.now()
        for step in steps_at(self._service, "confirmed"):
            task_id = self._beside.pop(step.code, "")
            if self._desk.state.completions.pop(task_id, None) is None and step.by:
                self._desk.alert(f"未登记: {step.name}")
            self._desk.no_longer_asked(task_id, at=now, reason="就诊已结束")

    async def _done(self, step: Step) -> DoServiceStep:
        desk, state = self._desk, self._desk.state
        done = await desk.done(self._ask(step))
        form = done.read(DoServiceStep)
        state.agreed_hospital_id = form.hospital_id or state.agreed_hospital_id
        state.hospital_id = form.hospital_id or state.hospital_id
        desk.note("step_done", f"已办理: {step.name}", at=done.at, by=done.actor)
        if step.keeps is not None:
            desk.keep(step.keeps, form.says, at=done.at, by=done.actor)
        if step.tells is not None:
            desk.tell(step.tells, reason=words_of(step, form.says))
        return form

    def _ask(self, step: Step, *, due_at: datetime | None = None) -> str:
        return self._desk.ask(
            TaskKind.SERVICE_STEP,
            at=workflow.now(),
            roles=list(step.by),
            due_at=due_at,
            subject=subject_of(step),
        )
