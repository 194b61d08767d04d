"""The story of a rescue: called, saved, then the papers, then the money (HX01–HX09).

Nothing here waits for triage, a name, a registration or a payment before somebody is treated. The
steps are reported as they happen, in whatever order the programme's file allows; clocks in minutes
warn, are broken, are recorded, and stop nothing. Who the patient is, and whether he is insured, may
come to light at any time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from domain.events import ExpectedEvent
from domain.rescues.forms import CollectFees
from domain.rescues.rescue import RECORD_WITHIN, RescueOutcome, RescueStage, uncovered
from domain.rescues.triage import MASS_EVENT
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows.follow_ups import follow_up
from workflows.messages.matters import Accepted, CompleteTask
from workflows.messages.rescues import AddService, CaseLinked, PatientKnown, RaiseRescue, ReportActs
from workflows.rescues.desk import RescueDesk
from workflows.rescues.record import RescueState
from workflows.rescues.refusals import REPORTED, REPORTS, RescueRefusals, terms_of
from workflows.rescues.reports import Reports
from workflows.waiting import came_by

FEES_ASKED_MAX: Final = 52
"""After so many requests the hospital decides by hand what becomes of the debt."""
OF_THE_RESCUE: Final = frozenset(
    {
        TaskKind.TRIAGE_PATIENT,
        TaskKind.ALERT_DEPARTMENT,
        TaskKind.COORDINATE_RESCUE,
        TaskKind.RESCUE_OUTCOME,
    }
)
"""What nobody needs to do once the rescue is over; writing it down and reporting it is owed."""

_WAITED_FOR: Final = frozenset({TaskKind.COLLECT_FEES, TaskKind.FOLLOW_UP_CALL})
_STILL_OWED: Final = frozenset({TaskKind.RESCUE_STEP, TaskKind.REPORT_RESCUE, TaskKind.DECIDE_WARD})


@workflow.defn(name="Rescue")
class Rescue:
    """One patient in a hospital's own channel."""

    @workflow.init
    def __init__(self, raised: RaiseRescue) -> None:
        self._raised = raised
        self._terms = terms_of(raised)
        self._state = RescueState.of(raised)
        self._desk = RescueDesk(raised, self._state)
        self._refusals = RescueRefusals(self._state, raised)
        self._reports = Reports(self._desk, raised)
        self._received = False
        self._beats = 0  # how often something was reported

    @workflow.run
    async def run(self, _: RaiseRescue) -> str:
        """Tell the rescue to its end; returns the stage it ended in."""
        await self._desk.run(
            self._story(), asked_to_stop=lambda: self._desk.alert("收到取消请求, 救治继续")
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state.stage.value

    async def _story(self) -> None:
        self._receive()
        await self._rescue()
        await self._formalities()
        await self._follow_up()
        now = workflow.now()
        self._desk.enter(RescueStage.CLOSED, at=now)
        self._desk.leave(at=now, reason="已结案")

    # The chapters --------------------------------------------------------------------------------

    def _receive(self) -> None:
        """HX01: anybody may call (R456); from now on somebody answers for the patient (R516)."""
        raised, desk = self._raised, self._desk
        desk.note("raised", "呼叫绿色通道", at=raised.raised_at, by=raised.raised_by)
        known = {group.code for group in self._terms.groups}
        if raised.event_id is not None and MASS_EVENT in known:
            self._state.groups.append(MASS_EVENT)
        self._begin(raised.service, at=raised.raised_at)
        desk.ask(TaskKind.TRIAGE_PATIENT, at=raised.raised_at)
        desk.ask(TaskKind.RESCUE_OUTCOME, at=raised.raised_at)
        self._received = True

    def _begin(self, code: str, *, at: datetime) -> None:
        """A service of the channel begins; the minutes from first contact run (R584)."""
        service = self._raised.programme.service(code)
        self._desk.note("service_begun", f"启动: {service.name}", at=at)
        from_contact = any(
            ExpectedEvent.FIRST_CONTACT in clock.starts
            and (not clock.services or code in clock.services)
            and clock.id not in self._state.counts  # there is one first contact, whatever follows
            for clock in self._raised.programme.clocks
        )
        if from_contact:
            self._desk.happened(ExpectedEvent.FIRST_CONTACT, at=self._raised.raised_at)
        elif self._state.may_wait and self._desk.leads_to_theatre(code):
            self._desk.owed_again(at=at)  # who could wait is to be operated on

    async def _rescue(self) -> None:
        """HX02–HX05: whatever is reported opens what comes next; it ends when a clinician says."""
        desk = self._desk
        while self._state.outcome is None:
            now = workflow.now()
            desk.offer(at=now, afterwards=False)
            desk.tell_the_house(at=now)
            await self._next_beat()
        now = workflow.now()
        desk.take_off(OF_THE_RESCUE, at=now, reason="救治已结束")
        desk.drop_due_after(self._state.ended_at or now, at=now)
        self._look_for_gaps()

    async def _next_beat(self, *, until: datetime | None = None) -> None:
        """Wait until something is reported, or until a moment."""
        beats = self._beats
        await came_by(lambda: self._beats != beats, until, summary="救治记录截止")

    def _look_for_gaps(self) -> None:
        """R443: somebody was with the patient all the time, or the duty office hears of it."""
        ended = self._state.ended_at
        if not self._state.shifts or ended is None:
            return
        alone = uncovered(self._state.shifts, since=self._raised.raised_at, until=ended)
        if alone:
            self._desk.alert(f"陪护有空档, 共{alone // timedelta(minutes=1)}分钟")

    async def _formalities(self) -> None:
        """HX06: registration, admission and fees, afterwards; no money has blocked anything."""
        desk, closes_at = self._desk, (self._state.ended_at or workflow.now()) + RECORD_WITHIN
        desk.enter(RescueStage.FORMALITIES, at=workflow.now())
        while True:
            now = workflow.now()
            desk.tell_the_house(at=now)  # it may have ended with the very first report, or before
            desk.offer(at=now, afterwards=True)
            if now < closes_at:
                desk.offer(at=now, afterwards=False)  # one step written down asks for the next
            until = closes_at if desk.unreported else None
            if until is not None and until <= now:
                desk.close_the_record(at=now)
                until = None
            if not any(task.kind in _STILL_OWED for task in self._state.tasks.values()):
                break
            await self._next_beat(until=until)
        desk.close_the_record(at=workflow.now())
        if self._terms.fees_every_days is not None:
            await self._collect_fees(timedelta(days=self._terms.fees_every_days))

    async def _collect_fees(self, every: timedelta) -> None:
        """R613: the family pays afterwards; the department asks until it has."""
        desk = self._desk
        for _ in range(FEES_ASKED_MAX):
            asked = desk.ask(TaskKind.COLLECT_FEES, at=workflow.now())
            if (await desk.done(asked)).read(CollectFees).settled:
                return
            await workflow.sleep(every, summary="再次催交费用")
        desk.alert("费用多次催交未结清, 请人工处理")

    async def _follow_up(self) -> None:
        """HX09: what the services promise afterwards; of the dead nobody asks."""
        if self._state.outcome is RescueOutcome.DIED:
            return
        for code in self._state.services:
            for promised in self._raised.programme.service(code).follow_ups:
                self._desk.enter(RescueStage.AFTER_RESCUE, at=workflow.now())
                await follow_up(self._desk, promised, roles=[Role.HOSPITAL_NURSE])

    # What arrives: handlers write down, the story acts -------------------------------------------

    async def _ready(self) -> None:
        """A report may overtake the beginning of the story it belongs to."""
        if not self._received:
            await workflow.wait_condition(lambda: self._received)

    @workflow.update
    async def report(self, message: ReportActs) -> Accepted:
        """Hospital staff report what happened, asked or not."""
        if not self._received:
            await self._ready()
            self._refusals.report(message)  # another report may have come in before this one
        self._state.next_number(REPORTS)
        for act in message.acts:
            form = REPORTED[act.kind].model_validate(act.form)
            self._reports.take(act.kind, form, message.actor, message.at)
        self._beats += 1
        return Accepted(stage=self._state.stage, at=message.at)

    @report.validator
    def _may_report(self, message: ReportActs) -> None:
        self._refusals.report(message)

    @workflow.update
    def complete_task(self, message: CompleteTask) -> Accepted:
        """A person finished a step of the worklist."""
        if message.kind in REPORTED:
            form = REPORTED[message.kind].model_validate(message.form)
            self._reports.take(message.kind, form, message.actor, message.at)
        else:
            self._desk.finish(message)
            if message.kind not in _WAITED_FOR:
                self._state.completions.pop(message.task_id, None)
        self._beats += 1
        return Accepted(stage=self._state.stage, at=message.at)

    @complete_task.validator
    def _may_complete(self, message: CompleteTask) -> None:
        self._refusals.completion(message)

    @workflow.update
    async def add_service(self, message: AddService) -> Accepted:
        """The patient needs another service of the channel: surgery, transport, admission."""
        if not self._received:
            await self._ready()
            self._refusals.service(message)
        self._state.services.append(message.service)
        self._state.open_page(message.at)
        self._begin(message.service, at=message.at)
        self._beats += 1
        return Accepted(stage=self._state.stage, at=message.at)

    @add_service.validator
    def _may_add(self, message: AddService) -> None:
        self._refusals.service(message)

    @workflow.signal
    def patient_known(self, message: PatientKnown) -> None:
        """Who the patient is stands in the record; nothing waited for it."""
        self._desk.hear("patient_known", "患者身份已登记", message)

    @workflow.signal
    def case_linked(self, message: CaseLinked) -> None:
        """I33: the insured patient's deposit case was found; nothing waited for it."""
        self._desk.hear("case_linked", f"已关联押金案件 {message.case_id}", message)
