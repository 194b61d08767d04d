"""Life on the ward: care visits, top-ups as they come, and the day of discharge (DW12–DW15).

Several things happen at once here, so each runs as an errand of its own beside the main line:
a slip that is still to be photographed never holds up a top-up, and two top-ups never hold up
the notice that the patient may go home.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final, TypeVar

from temporalio import workflow

from activities.ports.cases import DischargeRecord, PaymentRecord
from domain.calendar import SHANGHAI, civil_date, end_of_day
from domain.documents import DOCUMENT_NAMES, DocumentStage
from domain.eligibility_rules import is_far_enough
from domain.programmes.terms import ExpectedEvent
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.steps.tasks import DischargeVisit
from domain.waiver import Stage
from workflows.cases.desk import Desk
from workflows.matter import Completion
from workflows.messages.cases import NoticeDischarge, OpenCase
from workflows.waiting import came_by
from workflows.waiver.care import CareRounds
from workflows.waiver.deposits import Deposits
from workflows.waiver.nurse_visit import NurseVisit
from workflows.waiver.promises import note_lead
from workflows.waiver.top_up import ALREADY_LEAVING, TopUps

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
        self._opening = opening
        self._deposits = deposits
        self._visit = visit
        self._top_ups = TopUps(desk, opening, deposits, visit)
        self._terms = opening.programme.deposit_waiver
        self._care = CareRounds(desk, self._terms.care)
        self._ordering = False

    def begin(self, deposit: PaymentRecord) -> None:
        """The patient is in: the slip is due, and so is help with the admission."""
        now = workflow.now()
        self._deposits.paid(deposit)
        if not self._state.deceased:
            self._care.begin(now)

    async def accompany(self) -> bool:
        """Stay with the patient until the discharge visit; False asks for a new run."""
        self._desk.beside(self._care.rounds(), "care")
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
        self._care.stop()
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
        day, morning = self._discharge_on, None
        if day is not None and state.stage is Stage.IN_HOSPITAL:
            morning = datetime.combine(day, time(), SHANGHAI)
        await came_by(
            lambda: bool(
                state.new_top_ups
                or state.new_discharges
                or self._visit_done
                or self._may_continue_elsewhere
            ),
            morning,
            summary="出院日",
        )

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
        if known is not None and known.discharge_on == notice.discharge_on:
            return  # the visit and the customer have this day already
        self._check_notice(notice)
        if first:
            self._desk.happened(ExpectedEvent.DISCHARGE_DATE_KNOWN, at=notice.at)
            self._deposits.give_out_slips(at=notice.at)
            self._tell_claim_papers()
        else:
            self._desk.clocks.move_to_discharge_date(at=notice.at, why="出院日期变更")
        if self._state.stage is Stage.DISCHARGE and not self._leaves_today:
            self._desk.enter(Stage.IN_HOSPITAL, at=workflow.now(), reason="出院日期推迟")
        self._ask_discharge_visit(notice, first=first)
        if not self._ordering:
            self._ordering = True
            self._desk.errand(self._order_discharge_visit(), "discharge visit")

    def _tell_claim_papers(self) -> None:
        """What the claim needs, while the patient can still ask the ward for it."""
        needed = self._opening.programme.documents_for(self._opening.disease, DocumentStage.CLAIM)
        if needed:
            names = "、".join(DOCUMENT_NAMES[kind] for kind in needed)
            self._desk.tell("claim_documents", list=names)

    def _check_notice(self, notice: NoticeDischarge) -> None:
        """K19: a notice that comes too late is served all the same, and shows as late."""
        lead = self._terms.discharge.notice_lead
        if lead is None:
            return
        in_time = is_far_enough(
            civil_date(notice.at), notice.discharge_on, lead.at_least, self._state.calendar
        )
        note_lead(
            self._desk,
            lead,
            "出院提前通知",
            at=notice.at,
            short=None if in_time else "已受理并尽快安排",
        )

    def _ask_discharge_visit(self, notice: NoticeDischarge, *, first: bool) -> None:
        if first:
            self._state.discharge_task = self._desk.ask(
                TaskKind.DISCHARGE_VISIT,
                at=notice.at,
                until=ExpectedEvent.DISCHARGE_DONE,
                due_at=end_of_day(notice.discharge_on),
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
            planned = datetime.combine(day, VISIT_HOUR, SHANGHAI).astimezone(UTC)
            visit_at = max(planned, workflow.now())  # past nine, somebody comes at once
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


def _taken(tray: list[Arrived]) -> list[Arrived]:
    """Empty an in-tray."""
    taken = list(tray)
    tray.clear()
    return taken
