"""Why a step of a reimbursement is refused: papers that are not there, and what must not be paid.

What all bookings have in common is checked in `workflows.bookings.refusals.booking`, what every
payment has in `workflows.money.refusals`.
"""

from __future__ import annotations

from domain.bookings.expenses import (
    PROBLEM_WORDS,
    ConfirmPayee,
    ExamineExpenses,
    ReceivePapers,
    papers_of,
    problem_of,
)
from domain.calendar import civil_date
from domain.money import AmountRefused
from workflows.bookings.parts.record import BookingState
from workflows.bookings.refusals.booking import BookingRefusals
from workflows.messages.bookings import RequestBooking
from workflows.messages.matters import CompleteTask
from workflows.money.refusals import PayoutRefusals
from workflows.refusals import (
    AMOUNT_OUT_OF_RANGE,
    FORM_REFUSED,
    SAME_PERSON,
    open_step,
    papers_missing,
    refusal,
)


class ReimbursementRefusals(BookingRefusals):
    """Checks the commands of one reimbursement."""

    def __init__(self, state: BookingState, asked: RequestBooking) -> None:
        super().__init__(state, asked)
        self._money = PayoutRefusals(state)
        self._papers_of = papers_of(asked.programme.documents, asked.service)

    def completion(self, message: CompleteTask) -> None:
        """The step is open, the caller's, and grants nothing that the terms do not."""
        super().completion(message)
        _, form = open_step(self._state, message)
        if isinstance(form, ReceivePapers):
            self._receipt(form, message)
        elif isinstance(form, ExamineExpenses):
            self._expenses(form, message)
        elif isinstance(form, ConfirmPayee) and message.actor.id == self._state.examined_by:
            raise refusal(SAME_PERSON, "审核票据与核对收款人须为不同人员", "actor")
        else:
            self._money.completion(message)

    def _receipt(self, form: ReceivePapers, message: CompleteTask) -> None:
        """Images of what came are in the file; what is missing is named."""
        if not form.complete:
            if not form.missing:
                raise refusal(FORM_REFUSED, "须列明所缺票据", "missing")
            return
        there = [kind for kind in self._papers_of if message.documents.get(kind.value)]
        if any(kind in there for kind in form.not_spent):
            raise refusal(FORM_REFUSED, "该类票据已在案卷中", "not_spent")
        lacking = [kind for kind in self._papers_of if kind not in (*there, *form.not_spent)]
        if lacking or not there:
            raise papers_missing(lacking or [*self._papers_of])

    def _expenses(self, form: ExamineExpenses, message: CompleteTask) -> None:
        try:
            found = problem_of(
                form,
                papers=self._papers_of,
                service=self._service,
                on=civil_date(message.at),
            )
        except AmountRefused:
            raise refusal(AMOUNT_OUT_OF_RANGE, "金额超出可记账的范围", "expenses") from None
        if found is not None:
            field, problem = found
            raise refusal(FORM_REFUSED, PROBLEM_WORDS[problem], field)
        if form.granted_fen and form.treated_until is not None:
            self.arrangement.under_contract(form.treated_until, "treated_until")
