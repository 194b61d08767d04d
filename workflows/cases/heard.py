"""What every case hears, a deposit waiver's and a claim's: handlers write down, the story acts.

A story adds the words that are only about it. Nothing here waits, and nothing here decides.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, Protocol

from temporalio import workflow

from workflows.cases.case import CaseState
from workflows.cases.desk import Desk
from workflows.cases.in_tray import InTray
from workflows.cases.oversight import Oversight
from workflows.cases.refusals import MoneyRefusals
from workflows.messages.cases import DisputeClaim, Intervene, RefundReceived, Withdraw
from workflows.messages.matters import Accepted, CompleteTask, NewCalendar, NoticeFailed, PolicyEnds
from workflows.messages.payments import DifferenceFound, PaymentResult


class CommandRefusals(Protocol):
    """Checks the commands of one case against what it knows."""

    def completion(self, message: CompleteTask) -> None:
        """Whether a step may be completed like this."""

    def withdrawal(self, message: Withdraw) -> None:
        """Whether the customer may still withdraw."""


class HearingCase(ABC):
    """One case, as far as it listens."""

    _state: CaseState
    _desk: Desk
    _refusals: CommandRefusals
    _money_refusals: MoneyRefusals
    _in_tray: InTray
    _oversight: Oversight
    _withdrawn: ClassVar[str]
    """How the history says that the customer wants no more."""

    @workflow.update
    def complete_task(self, message: CompleteTask) -> Accepted:
        """A person finished a step."""
        return self._finish(message)

    def _finish(self, message: CompleteTask) -> Accepted:
        self._desk.finish(message)
        return Accepted(stage=self._state.stage, at=message.at)

    @complete_task.validator
    def _may_complete(self, message: CompleteTask) -> None:
        self._refusals.completion(message)
        self._money_refusals.completion(message)

    @workflow.update
    def withdraw(self, message: Withdraw) -> Accepted:
        """The customer wants no more."""
        self._state.withdrawn = message.reason
        self._desk.note("withdrawn", self._withdrawn, at=message.at, by=message.actor)
        return Accepted(stage=self._state.stage, at=message.at)

    @withdraw.validator
    def _may_withdraw(self, message: Withdraw) -> None:
        self._refusals.withdrawal(message)

    @workflow.update
    def intervene(self, message: Intervene) -> Accepted:
        """A hold, somebody else for a step; in a stay also the end of a policy or of a life."""
        self._oversight.act(message)
        return Accepted(stage=self._state.stage, at=message.at)

    @intervene.validator
    def _may_intervene(self, message: Intervene) -> None:
        self._oversight.check(message)

    @workflow.signal
    def policy_ends(self, message: PolicyEnds) -> None:
        """The insurer ended the policy: nothing is advanced after its last day."""
        self._oversight.policy_ends(message)

    @workflow.signal
    def payment_result(self, message: PaymentResult) -> None:
        """The payment partner's word; a word on a settled payment changes nothing by itself."""
        self._in_tray.payment_result(message)

    @workflow.signal
    def refund_received(self, message: RefundReceived) -> None:
        """The hospital returned money; what it did not owe finance says whose it is."""
        self._in_tray.refund(message)

    @workflow.signal
    def dispute_claim(self, message: DisputeClaim) -> None:
        """The customer says that the decision is wrong."""
        self._in_tray.dispute(message)

    @workflow.signal
    def difference_found(self, message: DifferenceFound) -> None:
        """The partner's statement and the ledger differ on something of this case."""
        self._in_tray.difference(message)

    @workflow.signal
    def notice_failed(self, message: NoticeFailed) -> None:
        """A message did not arrive after all: somebody phones."""
        self._in_tray.notice_failed(message)

    @workflow.signal
    def new_calendar(self, message: NewCalendar) -> None:
        """A holiday notice landed: open working-day clocks are timed again, and this is told."""
        self._in_tray.calendar(message)
