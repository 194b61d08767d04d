"""The story of a reimbursement: named tickets and lodging invoices, examined and paid back.

The papers come by courier and are asked for once; a person reads them and grants what the
programme's file allows; finance says whose account it is, and the money goes the way every payment
goes (`workflows.money.deposit_payment`). How every booking begins and ends stands in
`workflows.bookings.booking`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow

from activities.papers import TakePapers
from activities.ports.bookings import Paper, PapersPaid
from domain import posting
from domain.bookings.booking import BookingStage
from domain.bookings.expenses import ConfirmPayee, ExamineExpenses, ReceivePapers, papers_of
from domain.bookings.terms import OWED_FOR
from domain.calendar import civil_date
from domain.documents import DOCUMENT_NAMES
from domain.events import ExpectedEvent
from domain.money import spoken
from domain.steps.kinds import TaskKind
from workflows.bookings.booking import Booking
from workflows.bookings.partners.parcels import Parcels
from workflows.bookings.parts.desk import BookingOver
from workflows.bookings.refusals.reimbursement import ReimbursementRefusals
from workflows.matter import SUBJECT_MAX, Completion
from workflows.messages.bookings import ParcelMoved, RequestBooking
from workflows.messages.payments import DifferenceFound, PaymentResult
from workflows.money.corrections import PayoutCorrections
from workflows.money.deposit_payment import DepositPayment
from workflows.money.payouts import Payouts
from workflows.scribe import BOOKS_RETRY, BOOKS_WITHIN

ENDING: Final = 4
"""So much of a paper's number tells which it is to somebody who has it before them."""
EXAMINE_WITHIN: Final = timedelta(days=3)
"""What the worklist shows; no source promises a day (P18, section 3.3)."""


@workflow.defn(name="Reimbursement")
class Reimbursement(Booking):
    """One booking of the shape `reimbursement`."""

    @workflow.init
    def __init__(self, asked: RequestBooking) -> None:
        super().__init__(asked)
        self._refusals = ReimbursementRefusals(self._state, asked)
        self._payouts = Payouts(self._desk, DepositPayment(self._desk, case_id=asked.booking_id))
        self._parcels = Parcels(self._desk)
        self._corrections = PayoutCorrections(self._desk, pay_again=self._payouts.again)

    @property
    def _is_serving(self) -> bool:
        """What was paid under the contract is owed after it: only later treatment is not."""
        return True

    @workflow.run
    async def run(self, _: RequestBooking) -> str:
        """Tell the booking to its end; returns the stage it ended in."""
        return await self.tell()

    async def _serve(self) -> None:
        self._desk.beside(self._corrections.watch(), "corrections")
        await self._receive()
        paid_before: list[str] | None = None
        while paid_before is None or paid_before:
            form = await self._examine(paid_before or [])
            await self._confirm_payee(form.granted_fen)
            paid_before = await self._take(form)
        await self._pay_back(form.granted_fen)
        self._desk.use_when("completed", at=workflow.now())

    async def _receive(self) -> None:
        """GC05: the originals arrive; what is missing is asked for once, then what came counts."""
        desk = self._desk
        desk.enter(BookingStage.PAPERS_DUE, at=workflow.now())
        papers = papers_of(self._asked.programme.documents, self._asked.service)
        names = "、".join(DOCUMENT_NAMES[kind] for kind in papers)
        desk.note("checklist", f"快递上门收取原件: {names}")
        desk.tell("booking_originals", list=names)
        step = ""
        # Not with the cover: the papers of a treatment under it may well come after it.
        desk.ends_on(
            civil_date(workflow.now()) + OWED_FOR,
            unless=lambda: self._state.stage is not BookingStage.PAPERS_DUE,
            with_us=lambda: self._parcels.has_come(step),
        )
        while True:
            step = desk.ask(TaskKind.RECEIVE_PAPERS, at=workflow.now())
            self._papers.his_to_bring()
            self._parcels.bring("papers", for_step=step)
            done = await desk.done(step)
            self._state.customer_owes = False
            form = done.read(ReceivePapers)
            said = f"收到票据 {form.courier_no}" if form.courier_no else "收到票据"
            desk.note("papers_received", said, at=done.at, by=done.actor)
            desk.happened(ExpectedEvent.DOCUMENTS_RECEIVED, at=done.at)
            if form.complete or self._state.asked_for:
                break
            self._state.asked_for = list(form.missing)
            desk.note("papers_missing", "票据不齐, 一次告知补寄", at=done.at, by=done.actor)
            lacking = "、".join(DOCUMENT_NAMES[kind] for kind in papers if kind in form.missing)
            desk.tell(self._asks_again, list=lacking or names)
        desk.happened(ExpectedEvent.DOCUMENTS_COMPLETE, at=done.at)

    @property
    def _asks_again(self) -> str:
        """Our courier comes once more, and the customer hears so where there are words for it."""
        told = "booking_originals_missing"
        return told if self._desk.programme.has_notice(told) else "booking_papers_missing"

    async def _examine(self, paid_before: list[str]) -> ExamineExpenses:
        """GC06: names, dates and amounts are read, again when a paper was paid back before."""
        desk = self._desk
        if not paid_before:
            desk.enter(BookingStage.EXAMINATION, at=workflow.now())
        done = await desk.done(
            desk.ask(
                TaskKind.EXAMINE_EXPENSES,
                at=workflow.now(),
                due_at=workflow.now() + EXAMINE_WITHIN,
                subject=self._told_of(paid_before),
            )
        )
        form = done.read(ExamineExpenses)
        desk.happened(ExpectedEvent.REVIEW_DONE, at=done.at)
        self._state.examined_by = done.actor.id
        granted_fen, asked_fen = form.granted_fen, form.asked_fen
        said = f"票面 {spoken(asked_fen)}, 核定 {spoken(granted_fen)}"
        desk.note("expenses_examined", said, at=done.at, by=done.actor)
        if granted_fen == 0:
            await self._refuse(form, done)
        if granted_fen < asked_fen:
            desk.ask(TaskKind.PHONE_CUSTOMER, at=done.at, subject="expenses_reduced")
        desk.happened(ExpectedEvent.APPROVED, at=done.at)
        desk.use_when("approved", at=done.at)
        return form

    def _told_of(self, paid_before: list[str]) -> str:
        """What the person who reads the papers is told: the cap, and what was paid before."""
        terms = self._service.pays_back
        cap = f"限额 {spoken(terms.at_most_fen)}" if terms else "条款未载明限额"
        endings = " ".join(number[-ENDING:] for number in paid_before)
        return f"{cap}; 已报销过尾号: {endings}"[:SUBJECT_MAX] if paid_before else cap

    async def _refuse(self, form: ExamineExpenses, done: Completion) -> None:
        """Nothing is paid back: the customer hears why, then the booking is over."""
        told = await self._desk.done(self._desk.ask(TaskKind.TELL_RESULT, at=done.at))
        self._desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=told.at)
        raise BookingOver(BookingStage.DECLINED, form.reason)

    async def _confirm_payee(self, granted_fen: int) -> None:
        """Another person says whose account it is; a wrong one is asked for again."""
        desk = self._desk
        while True:
            step = desk.ask(TaskKind.CONFIRM_PAYEE, at=workflow.now(), amount_fen=granted_fen)
            done = await desk.done(step)
            if done.read(ConfirmPayee).is_insured:
                return
            desk.note("wrong_payee", "收款人不是被保险人, 须更正", at=done.at, by=done.actor)
            desk.ask(TaskKind.PHONE_CUSTOMER, at=done.at, subject="wrong_payee")

    async def _take(self, form: ExamineExpenses) -> list[str]:
        """Each paper is paid back once: the numbers that another booking has."""
        desk, state = self._desk, self._state
        # A wish that came in the beat of the last step still counts: from here it does not.
        if state.called_off is not None:
            raise desk.given_up()
        desk.enter(BookingStage.PAYING_BACK, at=workflow.now())
        granted = [one for one in form.expenses if one.granted.fen]
        taken = await workflow.execute_activity_method(
            TakePapers.take,
            PapersPaid(
                booking_id=state.booking_id,
                programme=self._asked.programme.code,
                papers=[Paper(kind=one.kind, number=one.number) for one in granted],
                at=workflow.now(),
            ),
            start_to_close_timeout=BOOKS_WITHIN,
            retry_policy=BOOKS_RETRY,
            summary="登记报销票据",
        )
        if taken:
            desk.note("paid_before", f"{len(taken)}张票据已在其他申请中报销")
            desk.enter(BookingStage.EXAMINATION, at=workflow.now())
        return taken

    async def _pay_back(self, granted_fen: int) -> None:
        """GC13: booked as the customer's, then paid, and followed to a certain end."""
        desk, state = self._desk, self._state
        desk.open_books(granted_fen, at=workflow.now())
        transfers = posting.claim(state.booking_id, payable_fen=granted_fen, offset_fen=0)
        desk.book(transfers, at=workflow.now())
        # What is owed must stand in the ledger before it leaves the house.
        await desk.written()
        paid = await self._payouts.pay(granted_fen)
        at = paid.settled_at or workflow.now()
        desk.note("paid_back", f"报销款已支付 {spoken(granted_fen)}", at=at)
        await workflow.wait_condition(lambda: not state.corrections and self._payouts.at_rest)
        desk.tell("booking_paid_back", amount=granted_fen)
        desk.happened(ExpectedEvent.SERVICE_DELIVERED, at=at)

    @workflow.signal
    def parcel_moved(self, message: ParcelMoved) -> None:
        """The courier's word on a parcel."""
        self._parcels.moved(message)

    @workflow.signal
    def payment_result(self, message: PaymentResult) -> None:
        """The payment partner's word on the money."""
        self._desk.payment_result(message)

    @workflow.signal
    def difference_found(self, message: DifferenceFound) -> None:
        """A day's statement says something else than the ledger."""
        self._desk.difference(message)
