"""Why a plan of rehabilitation calls is refused: more calls than promised, or a year that is over.

What all bookings have in common is checked in `workflows.bookings.refusals.booking`.
"""

from __future__ import annotations

from domain.bookings.rehabilitation import PlanCare, call_days, calls_allowed
from domain.calendar import civil_date
from workflows.bookings.refusals.booking import BookingRefusals
from workflows.messages.matters import CompleteTask
from workflows.refusals import FORM_REFUSED, open_step, refusal


class RehabilitationRefusals(BookingRefusals):
    """Checks the commands of one year of calls."""

    def completion(self, message: CompleteTask) -> None:
        """The step is open, the caller's, and its plan is one the programme promises."""
        super().completion(message)
        _, form = open_step(self._state, message)
        if isinstance(form, PlanCare):
            self._plan(form, message)

    def _plan(self, form: PlanCare, message: CompleteTask) -> None:
        fewest, most = calls_allowed(self._service)
        if not fewest <= form.calls <= most:
            raise refusal(FORM_REFUSED, f"每年回访{fewest}至{most}次", "calls")
        if form.first_visit_on > civil_date(message.at):
            raise refusal(FORM_REFUSED, "首次就诊之后才能开始康复管理", "first_visit_on")
        asked_on = civil_date(self._asked.requested_at)
        try:
            call_days(form.first_visit_on, asked_on=asked_on, calls=form.calls)
        except ValueError:
            raise refusal(FORM_REFUSED, "首次就诊已满一年", "first_visit_on") from None
