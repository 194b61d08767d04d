"""The story of a written opinion: a second opinion, a gene test (GC07–GC13).

An expert or a laboratory is found, and another one when the first cannot; a laboratory first gets
its sample, and its promise runs from the day the sample arrived. The report goes out in the forms
the service promises; a test is then explained. How every booking begins and ends stands in
`workflows.bookings.booking`.
"""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.failures import left_out, not_wanted
from domain.bookings.forms import AssignExpert, ConfirmBooking, DeliverReport, SendKit
from domain.bookings.terms import is_agreed_on
from domain.cancellation import LOST_BECAUSE, is_named
from domain.events import ExpectedEvent
from domain.programmes.services import Shape
from domain.steps.kinds import TaskKind
from workflows.bookings.booking import Booking
from workflows.bookings.partners.laboratory import Laboratory, LabRefused, SampleUnusable
from workflows.bookings.partners.parcels import Parcels
from workflows.bookings.parts.desk import COORDINATED, BookingOver
from workflows.front_desk import SYSTEM
from workflows.messages.bookings import LabSpoke, ParcelMoved, RequestBooking
from workflows.messages.matters import Actor


@workflow.defn(name="WrittenOpinion")
class WrittenOpinion(Booking):
    """One booking of the shapes `written_opinion` and `lab_test`."""

    @workflow.init
    def __init__(self, asked: RequestBooking) -> None:
        super().__init__(asked)
        self._parcels = Parcels(self._desk)
        self._found_at: datetime | None = None
        self._lab = Laboratory(self._desk, self._service)

    @workflow.run
    async def run(self, _: RequestBooking) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        return await self.tell()

    async def _serve(self) -> None:
        tested = self._service.shape is Shape.LAB_TEST
        delivered = False
        while not delivered:  # whoever finds an expert may say that there is nobody else
            await self._find_expert()
            if await self._agree():
                delivered = await (self._test() if tested else self._deliver())
        if tested:
            await self._explain()
        self._desk.use_when("completed", at=workflow.now())

    async def _find_expert(self) -> None:
        """GC08, GC09: an expert where the programme allows them, or nobody and the unit is back."""
        desk = self._desk
        if self._state.stage is not BookingStage.COORDINATING:
            desk.enter(BookingStage.COORDINATING, at=workflow.now())
        if ExpectedEvent.SERVICE_STARTED not in self._state.happened:
            desk.happened(ExpectedEvent.SERVICE_STARTED, at=workflow.now())
        else:
            desk.promise_anew(at=workflow.now())
        while True:
            step = desk.ask(
                TaskKind.ASSIGN_EXPERT,
                at=workflow.now(),
                until=desk.promised(*COORDINATED, ExpectedEvent.REPORT_DELIVERED),
                subject=self._sought(),
            )
            done = await desk.done(step)
            form = done.read(AssignExpert)
            if form.assigned:
                break
            desk.note("not_assigned", "暂无合适专家, 继续协调", at=done.at, by=done.actor)
            if form.final:
                raise BookingOver(BookingStage.UNAVAILABLE, "无法安排")
        self._state.hospital_id = form.hospital_id or self._state.hospital_id
        self._state.expert = form.expert
        self._found_at = done.at
        desk.happened(ExpectedEvent.RESOURCE_COORDINATED, at=done.at)

    def _sought(self) -> str:
        told = (left_out(self._state.failed_by), not_wanted(self._state.declined))
        return "; ".join(one for one in told if one)

    async def _agree(self) -> bool:
        """GC09: the customer is told who writes it, and says yes; False wants somebody else.

        Asked only where something hangs on his yes; elsewhere whoever was found begins at once.
        """
        desk, at = self._desk, self._found_at or workflow.now()
        if is_agreed_on(self._service):
            said = await desk.done(self._ask_to_confirm())
            form, at = said.read(ConfirmBooking), said.at
            if form.withdrawn:
                self._let_down(said.actor)
                return False
            desk.happened(ExpectedEvent.CUSTOMER_INFORMED, at=at)
            if not form.confirmed:
                told = f"客户希望更换专家 {self._state.expert or ''}"
                desk.note("another_expert", told, at=at, by=said.actor)
                desk.declined()
                return False
            self._tell_with_it(form)
        self._state.let_down = False
        for event in (
            ExpectedEvent.EXPERT_CONFIRMED,
            ExpectedEvent.CUSTOMER_INFORMED,
            ExpectedEvent.BOOKING_CONFIRMED,
            ExpectedEvent.SERVICE_ARRANGED,
        ):
            desk.happened(event, at=at)
        desk.enter(BookingStage.CONFIRMED, at=at)
        desk.use_when("arranged", at=at)
        desk.tell("booking_arranged")
        return True

    def _ask_to_confirm(self) -> str:
        desk = self._desk
        return desk.ask(
            TaskKind.CONFIRM_BOOKING,
            at=workflow.now(),
            until=desk.promised(*COORDINATED, ExpectedEvent.REPORT_DELIVERED),
            assignee=self._state.owner,
            subject=f"专家 {self._state.expert}",
        )

    async def _test(self) -> bool:
        """A sample and the report on it; a new sample as often as one will not do."""
        desk = self._desk
        while True:
            try:
                await self._bring_sample()
                return await self._deliver()
            except SampleUnusable:
                now = workflow.now()
                desk.note("sample_unusable", "样本不合格, 重新采样", at=now)
                desk.clocks.drop_started(ExpectedEvent.SAMPLE_RECEIVED, at=now, why="重新采样")
                desk.tell("booking_sample_again")
            except LabRefused:
                self._let_down()
                return False

    async def _bring_sample(self) -> None:
        """The kit goes out, the sample comes in; the laboratory's promise runs from its arrival."""
        desk, step = self._desk, ""
        with self._papers.owed(with_us=lambda: self._parcels.has_come(step)):
            sent = await desk.done(desk.ask(TaskKind.SEND_KIT, at=workflow.now()))
            form = sent.read(SendKit)
            if not form.can_give:
                await desk.settle_unit(is_named(self._service, "given_up"), why="no_sample")
                raise BookingOver(BookingStage.TERMINATED, LOST_BECAUSE["no_sample"])
            self._lab.order()
            step = desk.ask(TaskKind.RECEIVE_SAMPLE, at=sent.at)
            if form.courier_no is None:
                self._parcels.bring_both_ways(for_step=step)
            received_at = await self._lab.sample(step)
        desk.happened(ExpectedEvent.SAMPLE_RECEIVED, at=received_at)

    async def _deliver(self) -> bool:
        """GC13: the report, on paper and electronically; False when it will never be written."""
        desk = self._desk
        step = desk.ask(
            TaskKind.DELIVER_REPORT,
            at=workflow.now(),
            until=ExpectedEvent.REPORT_DELIVERED,
            subject=self._state.expert or "",  # whoever hands it over asks them for it
        )
        tested = self._service.shape is Shape.LAB_TEST
        done = await (self._lab.report(step) if tested else desk.done(step))
        form = done.read(DeliverReport)
        if not form.delivered:
            self._let_down(done.actor)
            return False
        desk.happened(ExpectedEvent.REPORT_DELIVERED, at=form.at)
        if form.courier_no is None:
            desk.tell("booking_report_ready")
        else:
            desk.tell("booking_report", number=form.courier_no)
        return True

    def _let_down(self, by: Actor = SYSTEM) -> None:
        """Who was found does not do it: another one is looked for, and nothing is used up."""
        now = workflow.now()
        self._desk.clocks.drop_started(ExpectedEvent.SAMPLE_RECEIVED, at=now, why="重新安排")
        self._desk.let_down(at=now, by=by, failed=self._state.expert)

    async def _explain(self) -> None:
        """A doctor explains the report of a test."""
        await self._desk.done(self._desk.ask(TaskKind.EXPLAIN_REPORT, at=workflow.now()))

    @workflow.signal
    def parcel_moved(self, message: ParcelMoved) -> None:
        """The courier's word on a parcel."""
        self._parcels.moved(message)

    @workflow.signal
    def lab_spoke(self, message: LabSpoke) -> None:
        """The laboratory's word on a test."""
        self._lab.spoke(message)
