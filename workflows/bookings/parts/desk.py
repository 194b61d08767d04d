"""The desk of one booking: it waits for people until the customer gives the booking up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from temporalio import workflow

from activities.ports.bookings import RecordKept
from domain.bookings.booking import BOOKING_STAGE_NAMES, BookingStage, moved_to
from domain.bookings.conversation import ENTRY_NAMES, EntryKind
from domain.bookings.failures import Declined
from domain.bookings.forms import DecideUse
from domain.bookings.rounds import is_supervised
from domain.calendar import end_of_day
from domain.cancellation import LOST_BECAUSE, Cost
from domain.events import ExpectedEvent
from domain.programmes.own_steps import steps_at
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.ends import MOOT
from workflows.bookings.parts.record import BookingRecord, BookingState
from workflows.cockpit import civil
from workflows.messages.bookings import RequestBooking
from workflows.messages.matters import Actor
from workflows.money.desk import PayingDesk
from workflows.money.payments import PayingPen
from workflows.notices import written
from workflows.storyteller import StoryOver
from workflows.waiting import came_by

REMINDERS: Final = (("booking_tomorrow", timedelta(days=1)), ("booking_soon", timedelta(hours=1)))
"""What reminds of a visit, the earliest first; one whose moment has passed is left out."""

COORDINATED: Final = (
    ExpectedEvent.RESOURCE_COORDINATED,
    ExpectedEvent.CUSTOMER_INFORMED,
    ExpectedEvent.BOOKING_CONFIRMED,
    ExpectedEvent.SERVICE_ARRANGED,
)
"""What a promise of coordination is kept by, as programmes name it."""

DECIDED_WITHIN: Final = timedelta(days=1)
"""So soon a supervisor says whether a unit counts as used: the customer waits to hear it."""

A_NO_IS_KEPT: Final = "a-no-is-kept"
"""A customer's no before this was forgotten, and the same may have been offered to him again."""

ENDS_MAKE_MOOT: Final = "ends-make-moot"
"""Before this a customer was phoned about his request after it had been declined."""

NOT_COMPLETE: Final = "期限届满, 资料或样本未备齐"
"""Why a booking ends whose customer owed papers or a sample."""

STEWARD_SOON: Final = "booking_steward_soon"


class BookingOver(StoryOver):
    """A booking ends before its usual end."""

    stage: BookingStage


class BookingDesk(PayingDesk):
    """Steps, promises and the record of one booking."""

    def __init__(self, asked: RequestBooking, state: BookingState) -> None:
        self.state: BookingState
        self._service = asked.programme.service(asked.service)
        self._language = asked.language
        record = BookingRecord(state, self._service.name, unsent=self._tell_soon)
        super().__init__(state, asked.programme, pen=PayingPen(state), record=record)

    def ask(self, kind: TaskKind, **about: Any) -> str:
        """Open a step; what has failed too often is a supervisor's by now."""
        asked_before = self.state.counts.get(kind.value, 0)
        if is_supervised(kind, asked_before=asked_before):
            about["roles"] = [Role.SUPERVISOR]
        return super().ask(kind, **about)

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for a fact; `BookingOver` if the customer gives up meanwhile."""
        await workflow.wait_condition(lambda: ready() or self.state.called_off is not None)
        if not ready():
            raise self.given_up()

    async def by(self, moment: datetime | None, ready: Callable[[], bool], *, summary: str) -> bool:
        """Wait for a fact until a moment, or for ever; False when it has not come by then."""
        await came_by(lambda: ready() or self.state.called_off is not None, moment, summary=summary)
        if self.state.called_off is not None and not ready():
            raise self.given_up()
        return ready()

    def given_up(self) -> BookingOver:
        """How the booking ends that was called off: by its customer, the contract, the year."""
        return BookingOver(self.state.called_off_as, self.state.called_off or "")

    def ends_on(
        self,
        last_day: date,
        *,
        unless: Callable[[], bool],
        with_us: Callable[[], bool] = lambda: False,
        why: str = NOT_COMPLETE,
    ) -> None:
        """The booking is over at the end of a day by which what is owed has not come.

        What has come by then and waits for us (`with_us`) is looked at first: only a look that
        leaves it owed ends the booking.
        """
        self._spawn(self._ending(last_day, unless, with_us, why), "owed until")

    async def _ending(
        self, last_day: date, unless: Callable[[], bool], with_us: Callable[[], bool], why: str
    ) -> None:
        state = self.state

        def over() -> bool:
            return unless() or state.ended or state.called_off is not None

        if not await came_by(over, end_of_day(last_day), summary="资料或样本期限"):
            await workflow.wait_condition(lambda: over() or not with_us())
            if not over():
                state.called_off = why
                state.called_off_as = BookingStage.EXPIRED

    def enter(self, stage: BookingStage, *, at: datetime, reason: str = "") -> None:
        """Change the stage, by a legal move only."""
        self.state.stage = moved_to(self.state.stage, stage)
        self.state.reason = reason
        self.note("stage", BOOKING_STAGE_NAMES[stage], at=at)

    def happened(self, event: ExpectedEvent, *, at: datetime, about: str = "case") -> None:
        """An event of the programme, remembered: what giving up costs depends on it (C-25)."""
        self.state.happened.setdefault(event, at)
        super().happened(event, at=at, about=about)

    def keep(self, kind: EntryKind, says: dict[str, str], *, at: datetime, by: Actor) -> None:
        """What a doctor wrote goes on in the family's record, where the service has one."""
        if self._service.kept_in is None:
            return
        number = self.state.next_number("record")
        kept = RecordKept(
            entry_id=f"{self.state.booking_id}.record.{number}",
            kind=kind,
            says=says,
            actor_role=by.role,
            actor_id=by.id,
            at=at,
        )
        self.state.open_page(at).kept.append(kept)
        self.note("kept_in_record", f"已记入家庭健康档案: {ENTRY_NAMES[kind]}", at=at, by=by)

    def open_books(self, amount_fen: int, *, at: datetime) -> None:
        """The books of the booking are opened with what it may pay."""
        self.state.limit_fen = amount_fen
        opened = {"limit_fen": amount_fen, "limit_operator": "at_most"}
        self.state.unwritten = self.state.open_page(at).model_copy(update=opened)

    def payment_delayed(self) -> None:
        """The customer hears that the money takes longer."""
        self.tell_surely("payment_delayed")

    def promise_anew(self, *, at: datetime) -> None:
        """What is coordinated again is promised again, beside how it was kept before."""
        self.clocks.anew(*COORDINATED, at=at)

    def wishes_another_day(self, *, at: datetime) -> None:
        """What may wait for the customer's own day does, and so do the steps that keep it."""
        self.clocks.move_to_customer_date(at=at, why="客户指定日期")
        for clock in self.state.open_clocks:
            self._due_with(clock)

    def due_with(self, kind: TaskKind, *events: ExpectedEvent) -> None:
        """The open steps of a kind keep the promise due first that one of these events stops."""
        event = self.promised(*events)
        clock = self.clocks.until(event) if event else None
        if clock is None:
            return
        change = {"due_at": clock.due_at, "clock": clock.instance}
        for task in list(self.state.tasks.values()):
            if task.kind is kind and task.clock != clock.instance:
                self.pen.task_opened(task.model_copy(update=change))

    def waits_for_papers(self, event: ExpectedEvent) -> bool:
        """Whether the promise that this event stops stands still: it is for later to keep it."""
        clock = self.clocks.until(event)
        return clock is not None and clock.stands_still

    def say_of(self, kind: TaskKind, subject: str) -> None:
        """The open steps of a kind say something else of what they are about."""
        for task in list(self.state.tasks.values()):
            if task.kind is kind:
                self.pen.task_opened(task.model_copy(update={"subject": subject}))

    def move_unit(self, to: Literal["consumed", "given_back"], *, why: str, at: datetime) -> None:
        """Use the unit up or give it back, and say so in the history."""
        if self.state.move_unit(to, why=why, at=at):
            self.note("unit", "服务次数已使用" if to == "consumed" else "服务次数已退回", at=at)

    def use_when(self, moment: str, *, at: datetime) -> None:
        """The unit is used up at the moment the programme names; without a word, at the visit."""
        terms = self._service.consumption
        if (terms.when if terms else "completed") == moment:
            self.move_unit("consumed", why=moment, at=at)

    async def settle_unit(self, used: bool | None, *, why: str) -> None:
        """Use the unit up or give it back; where the source lost the rule, a person decides.

        `BookingOver` when the contract ends before that: its unit comes back (R350).
        """
        if self.state.use != "reserved":
            return
        if used is None:
            used = await self._decided(why)
        self.move_unit("consumed" if used else "given_back", why=why, at=workflow.now())

    async def _decided(self, why: str) -> bool:
        """What a supervisor says; nobody owes this customer anything else meanwhile."""
        state, now = self.state, workflow.now()
        state.reason = f"{LOST_BECAUSE[why]}, 待判定是否计次"
        self.clocks.drop_all(at=now, why="待判定是否计次")
        step = self.ask(TaskKind.DECIDE_USE, at=now, due_at=now + DECIDED_WITHIN, subject=why)
        await workflow.wait_condition(
            lambda: step in state.completions or state.called_off_as is BookingStage.TERMINATED
        )
        if step not in state.completions:
            self.no_longer_asked(step, at=workflow.now(), reason="保险合同解除")
            raise self.given_up()
        return state.completions.pop(step).read(DecideUse).used

    def let_down(
        self, *, at: datetime, by: Actor, failed: str | None = None, told: str = "booking_again"
    ) -> None:
        """The provider does not do what it had promised: begun anew, and giving up is free.

        `failed` is the one who was there for it and did not do it: nobody names him again unseen.
        Who takes a time back ahead of it is asked for another.
        """
        if failed and failed not in self.state.failed_by:
            self.state.failed_by.append(failed)
        self.note("provider_failed", "医疗机构无法按约提供, 重新协调", at=at, by=by)
        self.state.let_down = True
        self.state.proposed_at = self.state.service_at = None
        self.tell(told)

    def declined(self, *, at: datetime | None = None) -> None:
        """The customer said no to whom and what was found: nobody offers just that again unseen."""
        state = self.state
        if workflow.patched(A_NO_IS_KEPT):
            said_no = Declined(at=at, expert=state.expert, hospital_id=state.hospital_id)
            state.declined.append(said_no)

    # What the customer is told (3.5) -------------------------------------------------------------

    def tell(self, code: str, **values: object) -> None:
        """Send the customer one of the programme's notices, where it has words for it."""
        if self.programme.has_notice(code):
            order = written(self.programme, self.state, code, self._language, **values)
            self.state.open_page(order.at).notices.append(order)

    def tell_surely(self, code: str) -> None:
        """Send the customer a notice; where the programme has no words for it somebody phones."""
        if self.programme.has_notice(code):
            self.tell(code)
        else:
            self.ask(TaskKind.PHONE_CUSTOMER, at=workflow.now(), subject=code)

    def tell_steward(self, code: str, **values: object) -> None:
        """Send the stewards' desk a notice; who misses it has the step on the worklist."""
        if self.programme.has_notice(code):
            order = written(self.programme, self.state, code, **values)
            order = order.model_copy(update={"to": "steward"})
            self.state.open_page(order.at).notices.append(order)

    def tell_left(self) -> None:
        """The customer wished another day: the moment he was told of holds no longer."""
        if (at := self.state.service_at) is not None:
            self.tell("booking_another_day", date=civil(at))

    def remind(self, at: datetime) -> None:
        """From now on the customer is reminded of a visit, as long as it stays at this moment."""
        self._spawn(self._reminding(at), "reminders")

    def tell_confirmed(self) -> None:
        """The booking stands: the customer is told of its moment and reminded of it."""
        self.state.let_down = False
        self.state.left_at_cost = Cost.FREE
        if (at := self.state.service_at) is not None:
            self.tell("booking_confirmed", date=civil(at))
            for step in steps_at(self._service, "confirmed"):
                if step.tells is not None and self.state.need:
                    self.tell(step.tells, date=civil(at), reason=self.state.need)
            self.remind(at)

    async def _reminding(self, at: datetime) -> None:
        for code, ahead in REMINDERS:
            if at - ahead <= workflow.now():
                continue
            if not await came_by(lambda: not self._stands(at), at - ahead, summary="就诊提醒"):
                self.tell(code, date=civil(at))
            if not self._stands(at):
                return

    def _stands(self, visit_at: datetime) -> bool:
        """Whether a visit is still to take place at this moment."""
        state = self.state
        confirmed = state.stage is BookingStage.CONFIRMED and state.service_at == visit_at
        return confirmed and state.called_off is None

    def phone(self, notice_id: str, template: str) -> None:
        """No customer waits for what a steward alone was told, or the end has overtaken."""
        if template == STEWARD_SOON:
            return
        overtaken = self.state.ended and template in MOOT
        if not (overtaken and workflow.patched(ENDS_MAKE_MOOT)):
            super().phone(notice_id, template)

    def leave(self, *, at: datetime, reason: str) -> None:
        """Nobody need act any more, nor phone about what the end has overtaken."""
        super().leave(at=at, reason=reason)
        for task in list(self.state.tasks.values()):
            if task.kind is TaskKind.PHONE_CUSTOMER and task.subject in MOOT:
                self.no_longer_asked(task.task_id, at=at, reason=reason)
