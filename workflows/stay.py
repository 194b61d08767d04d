"""Life on the ward: deposit slips, care visits, top-ups, and the day of discharge (DW12–DW15).

Several things happen at once here, so each runs as an errand of its own beside the main line:
a slip that is still to be photographed never holds up a top-up, and two top-ups never hold up
the notice that the patient may go home.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal, TypeVar

from temporalio import workflow

from activities.ports import (
    DischargeRecord,
    PaymentRecord,
    PaymentStatus,
    TopUpRecord,
    TopUpState,
)
from domain.calendar import SHANGHAI, civil_date, end_of_day
from domain.money import spoken
from domain.tasks import AcceptOffer, AnswerTopUp, Care, CareDuty, DischargeVisit, TaskKind
from domain.terms import ExpectedEvent
from domain.waiver import ON_SITE_MODES, PaymentMode, Role, Stage
from workflows.case import Completion
from workflows.cockpit import civil
from workflows.deposit_payment import DepositPayment
from workflows.desk import Desk, StepDropped
from workflows.messages import NoticeDischarge, OpenCase, RequestTopUp
from workflows.nurse_visit import NurseVisit

VISIT_HOUR: Final = time(9, 0)
"""Discharge visits are planned for nine in the morning, when wards let patients go."""
ALREADY_LEAVING: Final = "出院结算已开始"

Arrived = TypeVar("Arrived")


class Stay:
    """What happens between the first deposit and the final bill."""

    def __init__(
        self, desk: Desk, opening: OpenCase, payment: DepositPayment, visit: NurseVisit
    ) -> None:
        self._desk = desk
        self._state = desk.state
        self._opening = opening
        self._payment = payment
        self._visit = visit
        self._terms = opening.programme.deposit_waiver
        self._serving = 0
        self._decided_before: asyncio.Event | None = None

    def begin(self, deposit: PaymentRecord) -> None:
        """The patient is in: the slip is due, and so is help with the admission."""
        now = workflow.now()
        self._paid(deposit)
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
                self._receive(request)
            for notice in _taken(self._state.new_discharges):
                await self._plan_discharge(notice)
            if self._leaves_today and self._state.stage is Stage.IN_HOSPITAL:
                self._desk.enter(Stage.DISCHARGE, at=workflow.now())
            if self._may_continue_elsewhere:
                return False
        if self._state.stage is Stage.IN_HOSPITAL:
            self._desk.enter(Stage.DISCHARGE, at=workflow.now())
        await self._finish_top_ups()
        self._stop_care()
        return True

    # Discharge -----------------------------------------------------------------------------------

    @property
    def _visit_done(self) -> bool:
        return self._state.discharge_task in self._state.completions

    @property
    def _leaves_today(self) -> bool:
        discharge = self._state.discharge
        return discharge is not None and civil_date(workflow.now()) >= discharge.discharge_on

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
        discharge = state.discharge
        waiting = None
        if discharge is not None and state.stage is Stage.IN_HOSPITAL:
            morning = datetime.combine(discharge.discharge_on, time(), SHANGHAI)
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

    async def _plan_discharge(self, notice: NoticeDischarge) -> None:
        """A first date starts the promise, another one moves it; the visit follows the date."""
        first = self._state.discharge is None
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
        await self._order_discharge_visit(notice, first=first)

    async def _order_discharge_visit(self, notice: NoticeDischarge, *, first: bool) -> None:
        visit_at = datetime.combine(notice.discharge_on, VISIT_HOUR, SHANGHAI).astimezone(UTC)
        if first:
            self._state.discharge_visit = f"{self._state.case_id}:visit_discharge:1"
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
        answer = await self._visit.order(
            "discharge", visit_at=visit_at, visit_id=self._state.discharge_visit
        )
        if answer.accepted:
            self._desk.tell("discharge_visit", date=str(notice.discharge_on))
        else:
            self._desk.alert("护士平台未接出院陪同单")

    def discharge_report(self) -> tuple[Completion, DischargeVisit]:
        """What the nurse brought back from the discharge visit."""
        done = self._state.completions.pop(self._state.discharge_task or "")
        return done, done.read(DischargeVisit)

    # Top-ups -------------------------------------------------------------------------------------

    def _receive(self, request: RequestTopUp) -> None:
        record = TopUpRecord(
            top_up_id=request.top_up_id,
            requested_fen=request.amount_fen,
            state=TopUpState.RECEIVED,
            requested_at=request.at,
        )
        self._desk.pen.top_up(record, workflow.now())
        self._desk.note(
            "top_up_requested",
            f"申请续费 {spoken(request.amount_fen)}",
            at=request.at,
            by=request.actor,
        )
        if self._state.stage is not Stage.IN_HOSPITAL:
            self._refuse(request, ALREADY_LEAVING, at=request.at)
        elif not self._terms.top_up.enabled:
            self._refuse(request, "本服务不提供续费", at=request.at)
        elif self._left_fen == 0:
            self._desk.happened(
                ExpectedEvent.TOP_UP_REQUESTED, at=request.at, about=request.top_up_id
            )
            self._desk.happened(
                ExpectedEvent.TOP_UP_ANSWERED, at=request.at, about=request.top_up_id
            )
            self._refuse(request, "额度已用完", at=request.at)
        else:
            self._serve_soon(request)

    @property
    def _left_fen(self) -> int:
        used = self._state.advanced_fen + self._state.promised_fen
        return self._terms.limit.left_fen(limit_fen=self._state.limit_fen, advanced_fen=used)

    def _serve_soon(self, request: RequestTopUp) -> None:
        before, decided = self._decided_before, asyncio.Event()
        self._decided_before = decided
        self._desk.errand(self._serve(request, before, decided), f"top-up {request.top_up_id}")

    async def _serve(
        self, request: RequestTopUp, before: asyncio.Event | None, decided: asyncio.Event
    ) -> None:
        """One top-up from request to payment; money is granted in the order of the requests."""
        self._serving += 1
        try:
            answer = await self._answer(request)
            if answer is None:
                return
            if before is not None:
                await before.wait()
            amount_fen = await self._grant(request, answer.at)
            decided.set()
            if amount_fen is not None:
                await self._pay_top_up(request, amount_fen, answer.read(AnswerTopUp))
        except StepDropped:
            self._refuse(request, ALREADY_LEAVING, at=workflow.now())
            self._desk.clocks.drop_about(
                request.top_up_id, at=workflow.now(), why=ALREADY_LEAVING
            )
        finally:
            decided.set()
            self._serving -= 1

    async def _answer(self, request: RequestTopUp) -> Completion | None:
        """The answer within thirty minutes (K02); None if it was no."""
        about = request.top_up_id
        self._desk.happened(ExpectedEvent.TOP_UP_REQUESTED, at=request.at, about=about)
        clock = self._desk.clocks.until(ExpectedEvent.TOP_UP_ANSWERED, about=about)
        self._desk.tell(
            "top_up_received",
            amount=request.amount_fen,
            due=civil(clock.due_at if clock else None),
        )
        answer = await self._desk.done(
            self._desk.ask(
                TaskKind.ANSWER_TOP_UP,
                at=request.at,
                until=ExpectedEvent.TOP_UP_ANSWERED,
                about=about,
                subject=about,
                amount_fen=request.amount_fen,
            )
        )
        self._desk.happened(ExpectedEvent.TOP_UP_ANSWERED, at=answer.at, about=about)
        form = answer.read(AnswerTopUp)
        if form.accepted:
            return answer
        self._refuse(request, form.reason, at=answer.at)
        return None

    async def _grant(self, request: RequestTopUp, at: datetime) -> int | None:
        """Grant what was asked for, or what is left if the customer wants it; None if nothing."""
        amount_fen = request.amount_fen
        while amount_fen > (left_fen := self._left_fen):
            if left_fen == 0 or not self._terms.top_up.offer_what_is_left:
                self._refuse(request, "超出可用额度", at=workflow.now())
                return None
            reply = await self._offer(request, left_fen)
            at, amount_fen = reply.at, left_fen
            if not reply.read(AcceptOffer).accepted:
                self._refuse(request, "客户未接受剩余额度", at=at)
                return None
        self._accept(request, amount_fen, at=at)
        return amount_fen

    async def _offer(self, request: RequestTopUp, left_fen: int) -> Completion:
        """What was asked for is refused as asked; what is left is offered (R125)."""
        now = workflow.now()
        self._change(request, state=TopUpState.OFFERED, offered_fen=left_fen)
        self._desk.note("top_up_offered", f"超出额度, 可续费 {spoken(left_fen)}", at=now)
        self._desk.tell("top_up_offer", left=left_fen)
        task = self._desk.ask(
            TaskKind.ACCEPT_OFFER, at=now, subject=request.top_up_id, amount_fen=left_fen
        )
        return await self._desk.done(task)

    def _accept(self, request: RequestTopUp, amount_fen: int, *, at: datetime) -> None:
        whole = amount_fen == request.amount_fen
        state = TopUpState.ACCEPTED if whole else TopUpState.PARTLY_ACCEPTED
        self._change(request, state=state, granted_fen=amount_fen, answered_at=at)
        self._desk.happened(ExpectedEvent.TOP_UP_ACCEPTED, at=at, about=request.top_up_id)
        clock = self._desk.clocks.until(ExpectedEvent.TOP_UP_DONE, about=request.top_up_id)
        self._desk.note("top_up_accepted", f"同意续费 {spoken(amount_fen)}", at=at)
        self._desk.tell(
            "top_up_accepted", amount=amount_fen, due=civil(clock.due_at if clock else None)
        )

    async def _pay_top_up(
        self, request: RequestTopUp, amount_fen: int, answer: AnswerTopUp
    ) -> None:
        about = request.top_up_id
        mode = answer.payment_mode or self._opening.hospital.payment_modes[0]
        if mode in ON_SITE_MODES:
            visit_at = answer.visit_at or workflow.now()
            await self._visit.order("top_up", visit_at=visit_at)
            task = self._desk.ask(
                TaskKind.ON_SITE_TOP_UP,
                at=workflow.now(),
                until=ExpectedEvent.TOP_UP_DONE,
                about=about,
                assignee=self._state.team[Role.NURSE.value],
                subject=about,
                amount_fen=amount_fen,
            )
            await self._desk.done(task)
        paid = await self.pay_until_paid("top_up", amount_fen, mode, about=about)
        at = paid.settled_at or workflow.now()
        self._change(request, state=TopUpState.PAID, paid_at=at)
        self._desk.happened(ExpectedEvent.TOP_UP_DONE, at=at, about=about)
        self._paid(paid)

    async def _finish_top_ups(self) -> None:
        """At discharge an open top-up is called off; one whose payment is out is waited for."""
        waiting = (TaskKind.ANSWER_TOP_UP, TaskKind.ACCEPT_OFFER, TaskKind.ON_SITE_TOP_UP)
        for task in list(self._state.tasks.values()):
            if task.kind in waiting:
                self._desk.no_longer_asked(
                    task.task_id, at=workflow.now(), reason=ALREADY_LEAVING
                )
        await workflow.wait_condition(lambda: self._serving == 0)

    def _refuse(self, request: RequestTopUp, reason: str, *, at: datetime) -> None:
        self._change(
            request, state=TopUpState.REFUSED, reason=reason, answered_at=at, granted_fen=0
        )
        self._desk.note("top_up_refused", f"续费未通过: {reason}", at=at)
        self._desk.tell("top_up_refused", reason=reason)

    def _change(self, request: RequestTopUp, **changes: object) -> None:
        record = self._state.top_ups[request.top_up_id]
        self._desk.pen.top_up(record.model_copy(update=changes), workflow.now())

    # Paying --------------------------------------------------------------------------------------

    async def pay_until_paid(
        self,
        reason: Literal["deposit", "top_up"],
        amount_fen: int,
        mode: PaymentMode | None,
        *,
        about: str = "case",
    ) -> PaymentRecord:
        """Pay by the chosen way, then by the next ones; when all refuse, a dispatcher decides.

        Each way is a payment of its own with its own movement id: only a payment that was refused
        for certain, and whose hold was given back, is followed by another.
        """
        modes = list(self._opening.hospital.payment_modes)
        while True:
            for way in dict.fromkeys([mode or modes[0], *modes]):
                record = await self._payment.pay(reason, amount_fen, way)
                if record.status is PaymentStatus.PAID:
                    return record
                await self._desk.written()
            self._desk.alert("全部付款方式均被拒绝")
            event = ExpectedEvent.TOP_UP_DONE if reason == "top_up" else ExpectedEvent.DEPOSIT_DONE
            arranged = await self._visit.arrange(reason, until=event, about=about)
            mode = arranged.payment_mode

    def _paid(self, payment: PaymentRecord) -> None:
        """Tell the customer, and collect the slip within a day (K08)."""
        left_fen = self._left_fen
        self._desk.tell(
            "deposit_paid",
            amount=payment.amount_fen,
            total=self._state.advanced_fen,
            left=left_fen,
        )
        at = payment.settled_at or workflow.now()
        self._desk.happened(ExpectedEvent.STEP_FINISHED, at=at, about=payment.movement_id)
        self._desk.errand(self._collect_slip(payment), f"slip {payment.movement_id}")

    async def _collect_slip(self, payment: PaymentRecord) -> None:
        slip = await self._desk.done(
            self._desk.ask(
                TaskKind.HAND_IN_SLIP,
                at=payment.settled_at or workflow.now(),
                until=ExpectedEvent.IMAGES_UPLOADED,
                about=payment.movement_id,
                subject=payment.movement_id,
                amount_fen=payment.amount_fen,
            )
        )
        self._desk.happened(
            ExpectedEvent.IMAGES_UPLOADED, at=slip.at, about=payment.movement_id
        )

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


def _taken(tray: list[Arrived]) -> list[Arrived]:
    """Empty an in-tray."""
    taken = list(tray)
    tray.clear()
    return taken
