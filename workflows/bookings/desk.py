"""The desk of one booking: it waits for people until the customer gives the booking up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from activities.ports import NoticeOrder
from domain.booking import BOOKING_STAGE_NAMES, BookingStage, moved_to
from domain.booking_forms import DecideUse
from domain.calendar import end_of_day
from domain.events import ExpectedEvent
from domain.steps import TaskKind
from workflows.bookings.record import BookingRecord, BookingState
from workflows.cockpit import civil
from workflows.front_desk import ONLY_ACKNOWLEDGED, FrontDesk
from workflows.matter import Completion, MatterPen
from workflows.messages import Actor, RequestBooking
from workflows.notices import told_again, written
from workflows.partners import asked

REMINDERS: Final = (("booking_tomorrow", timedelta(days=1)), ("booking_soon", timedelta(hours=1)))
"""What reminds of a visit, the earliest first; one whose moment has passed is left out."""

T = TypeVar("T")


class BookingOver(Exception):
    """The story ends before its usual end; says where and why."""

    def __init__(self, stage: BookingStage, reason: str) -> None:
        super().__init__(reason)
        self.stage = stage
        self.reason = reason


class BookingDesk(FrontDesk):
    """Steps, promises and the record of one booking."""

    def __init__(self, asked: RequestBooking, state: BookingState) -> None:
        self.state: BookingState
        self._service = asked.programme.service(asked.service)
        record = BookingRecord(state, self._service.name, unsent=self._tell_soon)
        super().__init__(state, asked.programme, pen=MatterPen(state), record=record)
        self._errands = 0

    @property
    def idle(self) -> bool:
        """Whether no errand runs and everything is written down."""
        return self._errands == 0 and super().idle

    def errand(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Do something beside the story: call a visit off, accompany an appointment."""
        self._errands += 1

        async def run() -> None:
            try:
                await work
            finally:
                self._errands -= 1

        return self._spawn(run(), name)

    async def ask_partner(self, call: Callable[[RetryPolicy], Awaitable[T]]) -> T:
        """Ask a partner without end, its first answer on the page of this beat."""
        return await asked(self._record, call)

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for a fact; `BookingOver` if the customer gives up meanwhile."""
        await workflow.wait_condition(lambda: ready() or self.state.called_off is not None)
        if not ready():
            raise BookingOver(BookingStage.CANCELLED, self.state.called_off or "")

    async def done_in_year(self, task_id: str, last_day: date | None) -> Completion:
        """Wait for what the customer owes, where a unit ends with its policy year to the last day.

        `BookingOver` beyond it: who hands nothing in has not asked in that year (R753, R773).
        """
        if last_day is None:
            return await self.done(task_id)
        state = self.state
        left = end_of_day(last_day) - workflow.now()
        try:
            await workflow.wait_condition(
                lambda: task_id in state.completions or state.called_off is not None,
                timeout=max(left, timedelta()),
                timeout_summary="保单年度届满",
            )
        except TimeoutError:
            if task_id not in state.completions:
                raise BookingOver(BookingStage.EXPIRED, "保单年度届满, 资料或样本未备齐") from None
        return await self.done(task_id)

    def enter(self, stage: BookingStage, *, at: datetime, reason: str = "") -> None:
        """Change the stage, by a legal move only."""
        self.state.stage = moved_to(self.state.stage, stage)
        self.state.reason = reason
        self.note("stage", BOOKING_STAGE_NAMES[stage], at=at)

    def happened(self, event: ExpectedEvent, *, at: datetime, about: str = "case") -> None:
        """An event of the programme, remembered: what giving up costs depends on it (C-25)."""
        self.state.happened.setdefault(event, at)
        super().happened(event, at=at, about=about)

    def due_with(self, kind: TaskKind, *events: ExpectedEvent) -> None:
        """The open steps of a kind keep the first open promise that one of these events stops."""
        clock = next((one for event in events if (one := self.clocks.until(event))), None)
        if clock is None:
            return
        change = {"due_at": clock.due_at, "clock": clock.instance}
        for task in list(self.state.tasks.values()):
            if task.kind is kind and task.clock != clock.instance:
                self.pen.task_opened(task.model_copy(update=change))

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
        """Use the unit up or give it back; where the source lost the rule, a person decides."""
        if self.state.use != "reserved":
            return
        if used is None:
            step = self.ask(TaskKind.DECIDE_USE, at=workflow.now(), subject=why)
            completions = self.state.completions
            await workflow.wait_condition(lambda: step in completions)
            used = completions.pop(step).read(DecideUse).used
        self.move_unit("consumed" if used else "given_back", why=why, at=workflow.now())

    def leave(self, *, at: datetime, reason: str) -> None:
        """Nobody needs to act any more, and nothing is promised any more."""
        for task in list(self.state.tasks.values()):
            if task.kind not in ONLY_ACKNOWLEDGED:
                self.no_longer_asked(task.task_id, at=at, reason=reason)
        self.clocks.drop_all(at=at, why=reason)

    def let_down(self, *, at: datetime, by: Actor) -> None:
        """The provider does not do what it had promised: begun anew, and giving up is free."""
        self.note("provider_failed", "医疗机构无法按约提供, 重新协调", at=at, by=by)
        self.state.let_down, self.state.service_at = True, None
        self.tell("booking_again")

    # What the customer is told (3.5) -------------------------------------------------------------

    def tell(self, code: str, **values: object) -> None:
        """Send the customer one of the programme's notices, where it has words for it."""
        if self.programme.has_notice(code):
            order = written(self.programme, self.state, code, **values)
            self.state.open_page(order.at).notices.append(order)

    def tell_confirmed(self) -> None:
        """The booking stands; the customer is reminded of its moment, as long as it stays there."""
        self.state.let_down = False
        if (at := self.state.service_at) is not None:
            self.tell("booking_confirmed", date=civil(at))
            self._spawn(self._reminding(at), "reminders")

    async def _reminding(self, at: datetime) -> None:
        for code, ahead in REMINDERS:
            left = at - ahead - workflow.now()
            if left <= timedelta():
                continue
            try:
                await workflow.wait_condition(
                    lambda: not self._stands(at), timeout=left, timeout_summary="就诊提醒"
                )
            except TimeoutError:
                self.tell(code, date=civil(at))
            if not self._stands(at):
                return

    def _stands(self, visit_at: datetime) -> bool:
        """Whether a visit is still to take place at this moment."""
        state = self.state
        confirmed = state.stage is BookingStage.CONFIRMED and state.service_at == visit_at
        return confirmed and state.called_off is None

    def phone(self, notice_id: str, template: str) -> None:
        """A notice did not arrive, whoever says so first: a person phones, once (I22)."""
        if notice_id not in self.state.phoned:
            self.state.phoned.append(notice_id)
            self.ask(TaskKind.PHONE_CUSTOMER, at=workflow.now(), subject=template)

    def _tell_soon(self, notice: NoticeOrder) -> None:
        self.errand(self._tell_again(notice), f"notice {notice.notice_id}")

    async def _tell_again(self, notice: NoticeOrder) -> None:
        if not await told_again(notice):
            self.phone(notice.notice_id, notice.template)
