"""Life on the ward: care visits, top-ups as they come, and the day of discharge (DW12–DW15).

Several things happen at once here, so each runs as an errand of its own beside the main line:
a slip that is still to be photographed never holds up a top-up, and two top-ups never hold up
the notice that the patient may go home.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

from temporalio import workflow

from activities.ports import DischargeRecord, PaymentRecord
from domain.calendar import SHANGHAI, civil_date, end_of_day
from domain.tasks import Care, CareDuty, DischargeVisit, TaskKind
from domain.terms import ExpectedEvent
from domain.waiver import Role, Stage
from workflows.deposits import Deposits
from workflows.desk import Desk
from workflows.matter import Completion
from workflows.messages import NoticeDischarge, OpenCase
from workflows.nurse_visit import NurseVisit
from workflows.top_up import ALREADY_LEAVING, TopUps

VISIT_HOUR: Final = time(9, 0)
"""Discharge visits are planned for nine in the morning, when wards let patients go."""

Arrived = TypeVar("Arrived")


class Stay:
    """What happens between the first deposit and the final bill."""

    def __init__(
        self, desk: Desk, opening: OpenCase, deposits: Deposits, visit: NurseVisit
    ) -> None:
        self._desk = desk
        self._state = desk.state
        self._deposits = deposits
        self._visit = visit
        self._top_ups = TopUps(desk, opening, deposits, visit)
        self._terms = opening.programme.deposit_waiver
        self._ordering = False

    def begin(self, deposit: PaymentRecord) -> None:
        """The patient is in: the slip is due, and so is help with the admission."""
        now = workflow.now()
        self._deposits.paid(deposit)
        if CareDuty.ADMISSION_FORMALITIES in self._terms.care.duties:
            self._ask_care(
                CareDuty.ADMISSION_FORMALITIES, at=now, due_at=end_of_day(civil_date(now))
            )
        if CareDuty.BEDSIDE_VISIT in self._terms.care.duties:
            self._plan_bedside_visit(now)

    async def accompany(self) -> bool:
        """Stay with the patient until the discharge visit; False asks for a new run."""
        self._desk.beside(self._care_rounds(), "care")
        while not self._visit_done:
            await self._something_new()
            for request in _taken(self._state.new_top_ups):
                self._top_ups.receive(request)
            for notice in _taken(self._state.new_discharges):
                self._plan_discharge(notice)
            if self._leaves_today and self._state.stage is Stage.IN_HOSPITAL:
                self._desk.enter(Stage.DISCHARGE, at=workflow.now())
            if self._may_continue_elsewhere:
                return False
        if self._state.stage is Stage.IN_HOSPITAL:
            self._desk.enter(Stage.DISCHARGE, at=workflow.now())
        self._desk.beside(self._turn_away_latecomers(), "latecomers")
        await self._top_ups.call_off()
        self._stop_care()
        return True

    def turn_away(self, reason: str) -> None:
        """Answer what comes when nobody is on the ward any more, or never was."""
        for request in _taken(self._state.new_top_ups):
            self._top_ups.turn_away(request, reason)
        for notice in _taken(self._state.new_discharges):
            self._refuse_date(notice, reason)

    async def _turn_away_latecomers(self) -> None:
        state = self._state
        while True:
            await workflow.wait_condition(lambda: bool(state.new_top_ups or state.new_discharges))
            self.turn_away(ALREADY_LEAVING)

    # Discharge -----------------------------------------------------------------------------------

    @property
    def _visit_done(self) -> bool:
        return self._state.discharge_task in self._state.completions

    @property
    def _discharge_on(self) -> date | None:
        return self._state.discharge.discharge_on if self._state.discharge else None

    @property
    def _leaves_today(self) -> bool:
        day = self._discharge_on
        return day is not None and civil_date(workflow.now()) >= day

    @property
    def _may_continue_elsewhere(self) -> bool:
        """A long stay goes on in a new run, at a moment when nothing is half done."""
        return (
            workflow.info().is_continue_as_new_suggested()
            and self._desk.idle
            and self._state.stage is Stage.IN_HOSPITAL
            and workflow.all_handlers_finished()
        )

    async def _something_new(self) -> None:
        state = self._state
        day = self._discharge_on
        waiting = None
        if day is not None and state.stage is Stage.IN_HOSPITAL:
            morning = datetime.combine(day, time(), SHANGHAI)
            waiting = max(morning - workflow.now(), timedelta())
        try:
            await workflow.wait_condition(
                lambda: bool(
                    state.new_top_ups
                    or state.new_discharges
                    or self._visit_done
                    or self._may_continue_elsewhere
                ),
                timeout=waiting,
                timeout_summary="出院日",
            )
        except TimeoutError:
            return

    def _refuse_date(self, notice: NoticeDischarge, reason: str) -> None:
        record = DischargeRecord(
            notice_id=notice.notice_id,
            discharge_on=notice.discharge_on,
            accepted=False,
            reason=reason,
            received_at=notice.at,
        )
        self._desk.pen.discharge(record, workflow.now())
        self._desk.note(
            "discharge_refused", f"出院日期未采用: {reason}", at=notice.at, by=notice.actor
        )

    def _plan_discharge(self, notice: NoticeDischarge) -> None:
        """A first date starts the promise, another one moves it; the visit follows the date."""
        known = self._state.discharge
        if known is not None and notice.at < known.received_at:
            self._refuse_date(notice, "已有更新的出院日期")
            return
        first = known is None
        self._desk.pen.discharge(
            DischargeRecord(
                notice_id=notice.notice_id,
                discharge_on=notice.discharge_on,
                accepted=True,
                received_at=notice.at,
            ),
            workflow.now(),
        )
        self._desk.note(
            "discharge_noticed", f"出院日期 {notice.discharge_on}", at=notice.at, by=notice.actor
        )
        if first:
            self._desk.happened(ExpectedEvent.DISCHARGE_DATE_KNOWN, at=notice.at)
        else:
            self._desk.clocks.move_to_discharge_date(at=notice.at, why="出院日期变更")
        if self._state.stage is Stage.DISCHARGE and not self._leaves_today:
            self._desk.enter(Stage.IN_HOSPITAL, at=workflow.now(), reason="出院日期推迟")
        self._ask_discharge_visit(notice, first=first)
        if not self._ordering:
            self._ordering = True
            self._desk.errand(self._order_discharge_visit(), "discharge visit")

    def _ask_discharge_visit(self, notice: NoticeDischarge, *, first: bool) -> None:
        if first:
            self._state.discharge_task = self._desk.ask(
                TaskKind.DISCHARGE_VISIT,
                at=notice.at,
                until=ExpectedEvent.DISCHARGE_DONE,
                assignee=self._state.team[Role.NURSE.value],
                subject=str(notice.discharge_on),
            )
        else:
            self._desk.due_again(
                self._state.discharge_task or "",
                until=ExpectedEvent.DISCHARGE_DONE,
                subject=str(notice.discharge_on),
            )

    async def _order_discharge_visit(self) -> None:
        """Order the visit for the day of discharge, and again when the day moves meanwhile."""
        ordered_for: date | None = None
        while (day := self._discharge_on) is not None and day != ordered_for:
            visit_at = datetime.combine(day, VISIT_HOUR, SHANGHAI).astimezone(UTC)
            answer = await self._visit.order(
                "discharge", visit_at=visit_at, visit_id=self._state.discharge_visit
            )
            ordered_for = day
            if not answer.accepted:
                await self._visit.arrange("discharge", until=ExpectedEvent.DISCHARGE_DONE)
            self._state.discharge_visit = self._visit.latest
            if day == self._discharge_on:
                self._desk.tell("discharge_visit", date=str(day))
        self._ordering = False

    def discharge_report(self) -> tuple[Completion, DischargeVisit]:
        """What the nurse brought back from the discharge visit."""
        done = self._state.completions.pop(self._state.discharge_task or "")
        return done, done.read(DischargeVisit)

    # Care ----------------------------------------------------------------------------------------

    def _ask_care(self, duty: CareDuty, *, at: datetime, due_at: datetime) -> None:
        task = self._desk.ask(
            TaskKind.CARE,
            at=at,
            due_at=due_at,
            assignee=self._state.team[Role.NURSE.value],
            duty=duty,
        )
        self._state.care_tasks.append(task)

    async def _care_rounds(self) -> None:
        """The next bedside visit is planned when the last is done; surgery brings help of its own.

        The date stands on the worklist; a missed visit is visible there and broke no promise, so
        no timer runs for it.
        """
        state = self._state
        while True:
            await workflow.wait_condition(lambda: bool(self._reported_care()))
            for task in self._reported_care():
                state.care_tasks.remove(task)
                done = state.completions.pop(task)
                form = done.read(Care)
                if form.surgery_on is not None and form.surgery_on not in state.surgeries:
                    state.surgeries.append(form.surgery_on)
                    self._ask_care(
                        CareDuty.SURGERY_FORMALITIES, at=done.at, due_at=end_of_day(form.surgery_on)
                    )
                if CareDuty.BEDSIDE_VISIT in form.duties:
                    self._plan_bedside_visit(done.at)

    def _plan_bedside_visit(self, at: datetime) -> None:
        every = timedelta(days=self._terms.care.every_days)
        self._ask_care(CareDuty.BEDSIDE_VISIT, at=at, due_at=at + every)

    def _reported_care(self) -> list[str]:
        return [task for task in self._state.care_tasks if task in self._state.completions]

    def _stop_care(self) -> None:
        for task in self._state.care_tasks:
            self._desk.no_longer_asked(task, at=workflow.now(), reason="已出院")
        self._state.care_tasks.clear()
        for open_task in list(self._state.tasks.values()):
            if open_task.kind is TaskKind.ARRANGE_VISIT:
                self._desk.no_longer_asked(open_task.task_id, at=workflow.now(), reason="已出院")


def _taken(tray: list[Arrived]) -> list[Arrived]:
    """Empty an in-tray."""
    taken = list(tray)
    tray.clear()
    return taken
