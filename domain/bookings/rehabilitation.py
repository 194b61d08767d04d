"""A year of rehabilitation calls: how many, on which days, and what each of them writes down.

One to five calls, set by the plan, lie evenly over the year after the first visit (C-64). Who asks
late in that year has them in what is left of it; after the cover ends nobody calls.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from pydantic import Field, model_validator

from domain.activation import anniversary
from domain.bookings.rounds import CALL_ATTEMPTS
from domain.programmes.services import Service
from domain.steps.forms import Form, Note, Words
from domain.strict import wrong

CALLS_MAX: Final = 12
"""No programme promises more than one a month."""
TRY_AGAIN_AFTER: Final = timedelta(days=1)


class PlanCare(Form):
    """The plan of the year: when the first visit was, how many calls, and to what end."""

    first_visit_on: date
    calls: int = Field(ge=1, le=CALLS_MAX)
    plan: Words


class CareCall(Form):
    """One call: whether somebody answered, how the patient is, what was advised (R543)."""

    reached: bool
    condition: Note = ""
    advice: Note = ""
    plan_changed: Note = ""

    @model_validator(mode="after")
    def _advice_if_reached(self) -> CareCall:
        if self.reached and not (self.condition.strip() and self.advice.strip()):
            unsaid = "advice" if self.condition.strip() else "condition"
            raise wrong(unsaid, "已接通的回访须记录康复情况与建议")
        return self


def calls_allowed(service: Service) -> tuple[int, int]:
    """The fewest and the most calls of a year, by the programme's file."""
    promised = next((one.times for one in service.follow_ups if one.times), None)
    most = promised or service.quota.count or 1
    return service.quota.count_min or most, min(most, CALLS_MAX)


def attempts_of(service: Service) -> int:
    """How often one call is tried."""
    return service.failed_calls.attempts if service.failed_calls else CALL_ATTEMPTS


def call_days(first_visit_on: date, *, asked_on: date, calls: int) -> list[date]:
    """The days of the calls, evenly over what is left of the year after the first visit.

    ValueError when that year is over.
    """
    begins, ends = max(first_visit_on, asked_on), year_of(first_visit_on)
    left = (ends - begins).days
    if left < calls:
        raise ValueError("the year after the first visit is over")
    return [begins + timedelta(days=left * n // calls) for n in range(1, calls + 1)]


def year_of(first_visit_on: date) -> date:
    """The last day of the year after the first visit."""
    return anniversary(first_visit_on, 1) - timedelta(days=1)
