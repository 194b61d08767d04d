"""Rescues in virtual time: a real Temporal server, a fake record, and a hospital's own people."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

import worker
from activities.ports.cases import TaskOpened
from activities.ports.rescues import RescuePage, StepTold
from adapters.settings import Settings
from adapters.temporal import search_attributes
from adapters.temporal.connection import connect
from adapters.temporal.virtual_time import Stage as Time
from adapters.temporal.virtual_time import days_to_move
from domain.programmes.programme import Programme
from domain.programmes.services import Step
from domain.rescues.rescue import RescueStage, steps_of
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import (
    HOSPITAL_DOCTOR,
    HOSPITAL_DUTY,
    HOSPITAL_NURSE,
    HOSPITAL_STAFF,
    a_calendar,
    civil,
)
from tests.workflows.booked import PROGRAMMES, Booked
from tests.workflows.conftest import no_task_failed
from tests.workflows.fakes import FakeBooks
from tests.workflows.followed import WITHIN
from workflows.cockpit import SEARCH_ATTRIBUTES, asking_attributes
from workflows.messages.matters import Accepted, Actor, CompleteTask
from workflows.messages.rescues import (
    AddService,
    CaseLinked,
    PatientKnown,
    RaiseRescue,
    ReportActs,
    RescueAct,
)
from workflows.messages.workflow_types import RESCUE_TYPE
from workflows.refusals import TASK_NOT_OPEN

P15 = "hosp_shuangcheng_surgery"
P12 = "hosp_rescue_channel"
NIGHT = "2026-10-04 02:10"  # a Sunday in the National Day holiday
WORKING_DAY = "2026-09-24 10:00"

PEOPLE = {
    Role.HOSPITAL_STAFF: HOSPITAL_STAFF,
    Role.HOSPITAL_NURSE: HOSPITAL_NURSE,
    Role.HOSPITAL_DOCTOR: HOSPITAL_DOCTOR,
    Role.HOSPITAL_DUTY: HOSPITAL_DUTY,
}
SAID = {
    "age": "45",
    "sex": "unknown",
    "transport": "stretcher",
    "order_form": "oral",
    "notice_kind": "critically_ill",
    "disputed": "no",
    "identity": "unknown",
    "satisfaction": "5",
    "agreed_at": "2026-10-08T09:00:00+08:00",
}
"""What the fields say that not everything will do for."""


class Rescued(Booked):
    """One running rescue and everything a test asks of it."""

    def __init__(self, time: Time, moved_by: int, programme: Programme) -> None:
        super().__init__(time, moved_by)
        self.programme = programme
        self.booking_id = f"rs-{secrets.token_hex(8)}"

    @property
    def rescue_pages(self) -> list[RescuePage]:
        return [page for _, page in sorted(self.books.rescue_pages[self.booking_id].items())]

    @property
    def pages(self) -> Any:
        return self.rescue_pages

    @property
    def reported(self) -> list[StepTold]:
        return [step for page in self.rescue_pages for step in page.told]

    def times(self, clock: str) -> tuple[str, str]:
        """When a promise is due and when it was kept, as the story writes it."""
        one = self.clocks[clock]
        return self.civil(one.due_at), "" if one.met_at is None else self.civil(one.met_at)

    async def report(self, by: Actor, *acts: tuple[TaskKind, dict[str, Any]]) -> Accepted:
        told = [RescueAct(kind=kind, form=form) for kind, form in acts]
        once = {kind for kind, _ in acts} & {TaskKind.TRIAGE_PATIENT, TaskKind.RESCUE_OUTCOME}
        message = ReportActs(acts=told, actor=by, at=self.time.now())
        accepted: Accepted = await self.handle.execute_update(
            "report", message, result_type=Accepted
        )
        # The record lags behind: nobody does by hand what was just reported.
        self._done |= {one.task_id for one in self.open_tasks.values() if one.kind in once}
        return accepted

    def _step(self, step: str, at: str | None, more: dict[str, Any]) -> tuple[TaskKind, Any]:
        when = self.time.now() if at is None else self.at(f"2026-10-04 {at}")
        return TaskKind.RESCUE_STEP, {"step": step, "at": when.isoformat(), **more}

    async def step(self, by: Actor, *steps: str, at: str | None = None, **more: Any) -> Accepted:
        """Report steps that happened at a minute of the night, or now."""
        return await self.report(by, *(self._step(one, at, more) for one in steps))

    async def once_needed(self, step: Step) -> None:
        """Report a step that is only done where it is needed."""
        department = "内科" if "department" in step.fields else ""
        by = PEOPLE[step.by[0] if step.by else Role.HOSPITAL_STAFF]
        await self.step(by, step.code, details=self.details(step), department=department)

    async def triage(self, *groups: str, **more: Any) -> Accepted:
        form = {"groups": list(groups), **more}
        return await self.report(HOSPITAL_NURSE, (TaskKind.TRIAGE_PATIENT, form))

    async def outcome(self, outcome: str = "admitted") -> Accepted:
        form = {"outcome": outcome, "at": self.time.now().isoformat(), "handed_to": "骨科病区"}
        return await self.report(HOSPITAL_DOCTOR, (TaskKind.RESCUE_OUTCOME, form))

    async def add(self, service: str) -> Accepted:
        message = AddService(service=service, actor=HOSPITAL_DOCTOR, at=self.time.now())
        accepted: Accepted = await self.handle.execute_update(
            "add_service", message, result_type=Accepted
        )
        return accepted

    async def known_and_insured(self) -> None:
        """Who it is comes to light, and the deposit case of the stay (I33)."""
        at = self.time.now()
        known = PatientKnown(actor=HOSPITAL_STAFF, at=at)
        await self.handle.signal("patient_known", known)
        linked = CaseLinked(case_id="dw-" + "a" * 20, actor=HOSPITAL_STAFF, at=at)
        await self.handle.signal("case_linked", linked)
        await self.until(lambda: "case_linked" in self.lines)

    def asked(self, kind: TaskKind) -> list[str]:
        """What people are asked for in the steps of a kind."""
        return [task.subject for task in self.open_tasks.values() if task.kind is kind]

    async def finish(self, task: TaskOpened) -> None:
        """Do a step of the worklist as its form wants it."""
        by = PEOPLE[task.roles[0]]
        message = CompleteTask(
            task_id=task.task_id,
            kind=task.kind,
            form=self._form(task),
            actor=by,
            at=self.time.now(),
        )
        try:
            await self.handle.execute_update("complete_task", message, result_type=Accepted)
        except WorkflowUpdateFailedError as failure:
            if getattr(failure.cause, "type", "") != TASK_NOT_OPEN:  # the record lags behind
                raise AssertionError(f"{task.subject}: {failure.cause}") from None
        except RPCError as failure:
            if failure.status is not RPCStatusCode.NOT_FOUND:  # it ended meanwhile
                raise
        self._done.add(task.task_id)

    def _form(self, task: TaskOpened) -> dict[str, Any]:
        now = self.time.now().isoformat()
        match task.kind:
            case TaskKind.RESCUE_STEP:
                code, name, *department = task.subject.split(".")
                service = self.programme.service(code)
                step = next(one for one in steps_of(service) if one.code == name)
                where = {"department": department[0]} if department else {}
                return {
                    "step": name,
                    "service": code,
                    "at": now,
                    "details": self.details(step),
                    **where,
                }
            case TaskKind.REPORT_RESCUE:
                return {"at": now, "to": task.subject}
            case TaskKind.RESCUE_OUTCOME:
                return {"outcome": "served", "at": now, "handed_to": "家属"}
            case TaskKind.COLLECT_FEES:
                return {"settled": True}
            case TaskKind.FOLLOW_UP_CALL:
                return {"reached": True, "satisfaction": 5}
            case TaskKind.BREACH:
                return {"action": "已跟进"}
            case TaskKind.DECIDE_WARD:
                return {"ward": "骨科病区"}
            case _:
                return {}

    def details(self, step: Step) -> dict[str, str]:
        spans = {
            "from_at": self.time.now() - timedelta(hours=1),
            "until_at": self.time.now() + timedelta(hours=1),
        }
        said = {name: SAID.get(name, f"甲-{name}") for name in step.fields if name != "department"}
        return said | {name: at.isoformat() for name, at in spans.items() if name in step.fields}

    async def go_on(self, *steps: str, lines: tuple[str, ...] = ()) -> None:
        """Do whatever is asked, until these steps and lines stand and only the end is asked for."""
        async with asyncio.timeout(WITHIN):
            while self._due() or not (
                {*self.lines} >= {*lines} and {step.step for step in self.reported} >= {*steps}
            ):
                for task in self._due():
                    await self.finish(task)
                await asyncio.sleep(0.01)

    def _due(self) -> list[TaskOpened]:
        later = (TaskKind.RESCUE_OUTCOME, TaskKind.COLLECT_FEES, TaskKind.TRIAGE_PATIENT)
        open_tasks = self.open_tasks.values()
        return [
            one for one in open_tasks if one.kind not in later and one.task_id not in self._done
        ]

    async def closes(self) -> None:
        """The papers are done, the story ends, and nobody is left waiting."""
        ended = asyncio.ensure_future(self.handle.result())
        async with asyncio.timeout(WITHIN):
            while not ended.done():
                for task in list(self.open_tasks.values()):
                    if task.task_id not in self._done and not ended.done():
                        await self.finish(task)
                await asyncio.sleep(0.01)
        assert await ended == RescueStage.CLOSED.value
        assert self.rescue_pages[-1].stage is RescueStage.CLOSED
        assert self.open_tasks == {}
        assert [one.instance for one in self.clocks.values() if one.is_open] == []


class Ward:
    """A hospital with a worker behind it, where many may be brought in."""

    def __init__(self, client: Client, queue: str, at: str, moved_by: int, books: Any) -> None:
        self._client = client
        self._queue = queue
        self._at = at
        self._moved_by = moved_by
        self._books = books
        self.brought: list[Rescued] = []

    async def bring(
        self,
        service: str = "er_rescue_channel",
        programme: str = P15,
        *,
        event_id: str | None = None,
        leads: bool = False,
        by: Actor = HOSPITAL_STAFF,
    ) -> Rescued:
        """Somebody is brought in and called for."""
        terms = PROGRAMMES[programme].moved(self._moved_by).for_rescue()
        time = Time(self._client, opens_at=civil(self._at, moved_by=self._moved_by))
        rescued = Rescued(time, self._moved_by, terms)
        rescued.books = self._books
        message = RaiseRescue(
            rescue_id=rescued.booking_id,
            programme=terms,
            calendar=a_calendar().moved(self._moved_by),
            service=service,
            hospital_id="h-test-1",
            arrival="ambulance",
            found_at="emergency",
            event_id=event_id,
            leads_event=leads,
            raised_by=by,
            raised_at=time.now(),
        )
        rescued.handle = await time.client.start_workflow(
            RESCUE_TYPE,
            message,
            id=rescued.booking_id,
            task_queue=self._queue,
            search_attributes=asking_attributes(programme=programme, channel="ambulance"),
        )
        self.brought.append(rescued)
        return rescued


def ward_opener(settings: Settings) -> Callable[..., AbstractAsyncContextManager[Ward]]:
    """`async with ward(at) as hospital`: a worker that replays everything every time."""

    @asynccontextmanager
    async def opened(at: str = NIGHT) -> AsyncIterator[Ward]:
        client = await connect(settings)
        await search_attributes.register(client, SEARCH_ATTRIBUTES)
        moved_by = days_to_move(civil(at), datetime.now(tz=civil(at).tzinfo))
        queue, books = f"test-{secrets.token_hex(6)}", FakeBooks()
        verbs = worker.rescuing(record=books)
        async with worker.build(client, task_queue=queue, verbs=verbs, max_cached_workflows=0):
            ward = Ward(client, queue, at, moved_by, books)
            yield ward
            for rescued in ward.brought:
                await no_task_failed(rescued.handle)

    return opened
