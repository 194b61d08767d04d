"""What arrives unasked at a case: partners' words and customers' wishes, until the story acts.

Nothing is refused here and nothing is lost. What was seen before is dropped by its id, and what
contradicts the record goes to a supervisor.
"""

from __future__ import annotations

from temporalio import workflow

from domain.programmes.programme import NotInProgramme
from domain.steps.kinds import TaskKind
from domain.waiver import Stage
from workflows.cases.desk import Desk
from workflows.cases.late_refunds import LateRefunds
from workflows.cockpit import by_when
from workflows.messages.cases import DisputeClaim, RefundReceived
from workflows.messages.matters import NewCalendar, NoticeFailed
from workflows.messages.payments import DifferenceFound, PaymentResult


class InTray:
    """The tray of one case."""

    def __init__(self, desk: Desk, late_refunds: LateRefunds) -> None:
        self._desk = desk
        self._state = desk.state
        self._late_refunds = late_refunds
        self.heard = 0
        """Words of partners in this run: what an ended case was started again for."""

    def payment_result(self, message: PaymentResult) -> None:
        """The first certain word settles a payment; another one is looked into by a person."""
        self.heard += 1
        self._desk.payment_result(message)

    def refund(self, message: RefundReceived) -> None:
        """Money the hospital returned; beyond what it owes a supervisor hears of it."""
        self.heard += 1
        if message.refund_id in self._state.refund_ids:
            return
        self._state.refund_ids.append(message.refund_id)
        if self._state.ended and self._state.refund_expected_fen == 0:
            self._late_refunds.ask(message)
        else:
            self._state.refunds.append(message)

    def dispute(self, message: DisputeClaim) -> None:
        """A decision is disputed: where nothing is recovered, a supervisor hears of it."""
        self.heard += 1
        if message.dispute_id in self._state.dispute_ids:
            return
        self._state.dispute_ids.append(message.dispute_id)
        text = f"客户对理赔结论有异议: {message.reason}"
        self._desk.note("disputed", text, at=message.at, by=message.actor)
        if self._state.stage is Stage.REPAYMENT:
            self._state.disputes.append(message)
        else:
            self._desk.alert("客户对理赔结论有异议")

    def difference(self, message: DifferenceFound) -> None:
        """A day's statement says something else than the ledger: finance finds out, once."""
        self._desk.difference(message)

    def notice_failed(self, message: NoticeFailed) -> None:
        """A notice that was taken was not delivered after all."""
        self._desk.phone(message.notice_id, message.template)

    def calendar(self, message: NewCalendar) -> None:
        """A notice of holidays; the customer hears of promises that are due on another date now.

        A case from before carries a programme without such a text: then a person phones (I22).
        """
        promises = self._desk.new_calendar(message.calendar, at=message.at)
        if not promises:
            return
        listed = "；".join(f"{clock.name} {by_when(clock.due_at)}前" for clock in promises)
        try:
            self._desk.tell("promise_moved", list=listed)
        except NotInProgramme:
            self._desk.ask(TaskKind.PHONE_CUSTOMER, at=workflow.now(), subject="promise_moved")
