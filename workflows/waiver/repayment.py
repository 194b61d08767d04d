"""What the customer owes, until it is back or written off (DW20).

Reminded around each day it is due (C-57), by instalments when that is agreed, held while a dispute
of the claim's decision is looked into, and given up only under two people's signatures.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from temporalio import workflow

from domain import posting
from domain.calendar import SHANGHAI, civil_date, end_of_day
from domain.money import spoken
from domain.programmes.waiver_terms import RepaymentTerms
from domain.settlement import Instalment, due_date, reminder_dates, repayment_due_at, still_due
from domain.steps.kinds import TaskKind
from domain.steps.tasks import ArrangeRepayment, DecideDispute, RecordRepayment, SignWriteOff
from domain.waiver import Stage
from workflows.cases.case import WriteOff
from workflows.cases.desk import Desk
from workflows.matter import Completion

REMIND_AT: Final = time(10, 0)
"""Reminders go out at ten in the morning, civil time."""

OVERDUE: Final = "还款逾期"


class Repayment:
    """Getting the rest of the advance back from the customer."""

    def __init__(self, desk: Desk, terms: RepaymentTerms) -> None:
        self._desk = desk
        self._state = desk.state
        self._terms = terms
        self._open: dict[TaskKind, str] = {}
        self._held_since: date | None = None

    async def collect(self, reason: str) -> bool:
        """Until nothing is owed; False when a disputed decision is to be made again."""
        state, now = self._state, workflow.now()
        if state.stage is not Stage.REPAYMENT:
            self._desk.enter(Stage.REPAYMENT, at=now, reason=reason)
        due_on = due_date(repayment_due_at(now, self._terms, state.calendar))
        self._agree([Instalment(due_on=due_on, amount_fen=state.owed_fen)])
        self._desk.tell("repayment_demand", date=str(due_on), amount=state.owed_fen)
        while state.owed_fen > 0 or state.disputed:
            self._keep_asked()
            asked_fen = state.owed_fen
            await workflow.wait_condition(
                lambda asked_fen=asked_fen: (  # type: ignore[misc]
                    bool(state.disputes) or self._finished() or state.owed_fen != asked_fen
                )
            )
            if state.disputes:
                self._hold(state.disputes.pop(0).dispute_id)
                continue
            for kind, done in self._finished_steps():
                if kind is TaskKind.DECIDE_DISPUTE:
                    if self._decided(done):
                        self._drop_open("异议成立, 重新申请理赔")
                        return False
                else:
                    self._take(kind, done)
        self._drop_open("欠款已结清")
        return True

    # Steps ---------------------------------------------------------------------------------------

    def _keep_asked(self) -> None:
        """Money may come at any time; what to do about money that does not come is finance's."""
        state, now = self._state, workflow.now()
        if state.owed_fen == 0:
            return  # paid under protest; only the dispute is left
        for kind, task_id in self._open.items():
            # A plan moves the day, a corrected payment what is owed; the step stays whose it is.
            task = state.tasks.get(task_id)
            if task is None:
                continue
            due_at = self._next_due() if kind is TaskKind.RECORD_REPAYMENT else task.due_at
            change = {"amount_fen": state.owed_fen, "due_at": due_at}
            if task != task.model_copy(update=change):
                self._desk.pen.task_opened(task.model_copy(update=change))
        if TaskKind.RECORD_REPAYMENT not in self._open:
            self._open[TaskKind.RECORD_REPAYMENT] = self._desk.ask(
                TaskKind.RECORD_REPAYMENT,
                at=now,
                due_at=self._next_due(),
                amount_fen=state.owed_fen,
            )
        busy = state.disputed or state.write_off
        if not busy and TaskKind.ARRANGE_REPAYMENT not in self._open:
            self._open[TaskKind.ARRANGE_REPAYMENT] = self._desk.ask(
                TaskKind.ARRANGE_REPAYMENT, at=now, amount_fen=state.owed_fen
            )
        if state.write_off and TaskKind.SIGN_WRITE_OFF not in self._open:
            self._open[TaskKind.SIGN_WRITE_OFF] = self._desk.ask(
                TaskKind.SIGN_WRITE_OFF, at=now, amount_fen=state.owed_fen
            )

    def _finished(self) -> bool:
        return any(task in self._state.completions for task in self._open.values())

    def _finished_steps(self) -> list[tuple[TaskKind, Completion]]:
        done = [kind for kind, task in self._open.items() if task in self._state.completions]
        return [(kind, self._state.completions.pop(self._open.pop(kind))) for kind in done]

    def _drop(self, kind: TaskKind, reason: str) -> None:
        task = self._open.pop(kind, None)
        if task is not None:
            self._desk.no_longer_asked(task, at=workflow.now(), reason=reason)

    def _drop_open(self, reason: str) -> None:
        for kind in list(self._open):
            self._drop(kind, reason)
        self._state.write_off = None

    def _take(self, kind: TaskKind, done: Completion) -> None:
        match kind:
            case TaskKind.RECORD_REPAYMENT:
                self._repaid(done)
            case TaskKind.ARRANGE_REPAYMENT:
                self._arranged(done)
            case _:
                self._signed(done)

    # Money ---------------------------------------------------------------------------------------

    def _repaid(self, done: Completion) -> None:
        state, form = self._state, done.read(RecordRepayment)
        amount_fen = form.amount.fen
        state.repayment_references.append(form.reference)
        number = state.next_number("repayment")
        self._desk.book(posting.repayment(state.case_id, number, amount_fen), at=done.at)
        state.repaid_fen += amount_fen
        self._desk.note("repaid", f"客户归还 {spoken(amount_fen)}", at=done.at, by=done.actor)
        self._desk.tell("repaid", amount=amount_fen, left=state.owed_fen)

    def _arranged(self, done: Completion) -> None:
        """Instalments replace the day before; a write-off begins with finance's own signature."""
        form = done.read(ArrangeRepayment)
        if form.write_off:
            self._state.write_off = WriteOff(signed_by=[done.actor.id])
            self._desk.note("write_off_asked", "申请核销", at=done.at, by=done.actor)
            return
        parts = [
            Instalment(due_on=part.due_on, amount_fen=part.amount.fen) for part in form.instalments
        ]
        text = f"约定分{len(parts)}期归还, 末期 {parts[-1].due_on}"
        self._desk.note("instalments", text, at=done.at, by=done.actor)
        self._agree(parts)

    def _signed(self, done: Completion) -> None:
        """Two people or more (four eyes) give the rest up; one no ends it."""
        state, form = self._state, done.read(SignWriteOff)
        if state.write_off is None:
            return
        if not form.approved:
            state.write_off = None
            self._desk.note("write_off_refused", "核销未获批准", at=done.at, by=done.actor)
            return
        state.write_off.signed_by.append(done.actor.id)
        self._desk.note("write_off_signed", "核销签字", at=done.at, by=done.actor)
        if len(state.write_off.signed_by) < self._terms.write_off_signatures:
            return
        amount_fen = state.owed_fen
        number = state.next_number("write_off")
        self._desk.book(posting.write_off(state.case_id, number, amount_fen), at=done.at)
        state.written_off_fen += amount_fen
        state.write_off = None
        self._desk.note("written_off", f"核销 {spoken(amount_fen)}", at=done.at, by=done.actor)

    # Days ----------------------------------------------------------------------------------------

    def _agree(self, plan: list[Instalment]) -> None:
        """From now on this is what is asked, and when; earlier reminders fall silent."""
        state = self._state
        state.plan, state.plan_from_fen = plan, state.repaid_fen
        self._desk.beside(self._remind(state.next_number("plan")), "reminders")

    def _left(self) -> list[Instalment]:
        state = self._state
        return still_due(state.plan, paid_fen=state.repaid_fen - state.plan_from_fen)

    def _next_due(self) -> datetime | None:
        left = self._left()
        return end_of_day(left[0].due_on) if left else None

    async def _remind(self, plan: int) -> None:
        """A reminder on each of the programme's days around each day that is due."""
        today = civil_date(workflow.now())
        days = sorted(
            (day, part.due_on)
            for part in self._state.plan
            for day in reminder_dates(part.due_on, self._terms, after=today)
        )
        for day, due_on in days:
            morning = datetime.combine(day, REMIND_AT, SHANGHAI)
            wait = max(morning - workflow.now(), timedelta())
            await workflow.sleep(wait, summary=f"还款提醒 {day}")
            if self._state.owed_fen == 0 or self._state.counts["plan"] != plan:
                return
            self._remind_of(due_on, day)

    def _remind_of(self, due_on: date, day: date) -> None:
        left = [part for part in self._left() if part.due_on <= due_on]
        if not left or self._state.disputed:
            return
        amount_fen = min(sum(part.amount_fen for part in left), self._state.owed_fen)
        self._desk.tell("repayment_reminder", amount=amount_fen, date=str(due_on))
        if day > due_on:
            self._desk.alert(OVERDUE)

    # Disputes ------------------------------------------------------------------------------------

    def _hold(self, dispute_id: str) -> None:
        """Nobody is reminded and nothing is written off while a reviewer decides."""
        if self._state.disputed:
            return
        now = workflow.now()
        self._drop(TaskKind.ARRANGE_REPAYMENT, "客户提出异议")
        self._drop(TaskKind.SIGN_WRITE_OFF, "客户提出异议")
        self._state.write_off = None
        task = self._desk.ask(
            TaskKind.DECIDE_DISPUTE,
            at=now,
            subject=dispute_id,
            amount_fen=self._state.owed_fen,
        )
        self._open[TaskKind.DECIDE_DISPUTE] = self._state.disputed = task
        self._held_since = civil_date(now)

    def _decided(self, done: Completion) -> bool:
        """Whether the decision is to be made again; if not, every day moves by the time held."""
        state, form = self._state, done.read(DecideDispute)
        state.disputed = ""
        word = "异议成立" if form.upheld else "维持原结论"
        self._desk.note("dispute_decided", word, at=done.at, by=done.actor)
        decision = state.claim_decision
        self._desk.tell("claim_result", reason=word, amount=decision.payable_fen if decision else 0)
        if form.upheld or state.owed_fen == 0:
            return form.upheld
        held = civil_date(workflow.now()) - (self._held_since or civil_date(workflow.now()))
        moved = [part.model_copy(update={"due_on": part.due_on + held}) for part in self._left()]
        self._agree(moved)
        return False
