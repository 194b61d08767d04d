"""Whether giving up a booking is free, uses it up, or is not possible any more.

The rule is the programme's; here are only the dates. A rule a source lost answers nothing: the
one who asks sends it to a person.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from domain.calendar import WorkCalendar, civil_date
from domain.eligibility_rules import is_far_enough
from domain.events import ExpectedEvent
from domain.programmes.services import CancellationRule, Loss, Service


class Cost(StrEnum):
    """What giving up costs."""

    FREE = "free"
    USED = "used"
    REFUSED = "refused"
    NEEDS_PERSON = "needs_person"


def cost_of_cancelling(
    service: Service,
    *,
    at: datetime,
    visit_on: date | None,
    happened: Mapping[ExpectedEvent, datetime],
    calendar: WorkCalendar,
) -> Cost:
    """What cancelling at a moment costs; an event of that very moment is already there (C-25)."""
    rule = service.cancellation
    if rule is None:
        return Cost.NEEDS_PERSON if service.has_lost("cancellation") else Cost.FREE
    if _is_free(rule, at, visit_on, happened, calendar):
        return Cost.FREE
    return Cost.USED if rule.afterwards == "used" else Cost.REFUSED


def uses_up(service: Service, loss: Loss) -> bool | None:
    """Whether a loss uses a unit up; None where the source has lost what it says."""
    if service.consumption is None:
        return None if service.has_lost("consumption") else False
    return loss in service.consumption.also_on


def _is_free(
    rule: CancellationRule,
    at: datetime,
    visit_on: date | None,
    happened: Mapping[ExpectedEvent, datetime],
    calendar: WorkCalendar,
) -> bool:
    if rule.free_before is not None:
        event_at = happened.get(rule.free_before)
        return event_at is None or at < event_at
    if rule.free_lead is None or visit_on is None:
        return True  # no date is fixed yet
    return is_far_enough(civil_date(at), visit_on, rule.free_lead, calendar)
