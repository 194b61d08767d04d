"""Whether giving up a booking, or staying away from it, is free, uses it up, or is a person's say.

The rule is the programme's; here are only the dates and which loss is a case of which. A rule a
source lost answers nothing: the one who asks sends it to a person.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

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


USES_UP: Final = {Cost.FREE: False, Cost.USED: True, Cost.NEEDS_PERSON: None, Cost.REFUSED: True}
"""Whether what it costs uses the unit up; None where the source lost the rule."""

LOST_BECAUSE: Final = {
    "cancelled": "客户取消",
    "no_show": "客户未到场",
    "not_on_time": "客户未按时到场",
    "not_admitted": "客户未办理入院",
    "given_up": "客户放弃",
    "not_reached": "未能联系到客户",
    "failed_calls": "多次致电未接通",
    "no_sample": "无法提供检测样本",
}
"""Why a service did not take place for the customer's own reasons, as people read it."""

TOO_LATE_AFTER: Final = {
    ExpectedEvent.APPROVED: "审核通过后",
    ExpectedEvent.BOOKING_CONFIRMED: "预约确认后",
    ExpectedEvent.SERVICE_STARTED: "服务启动后",
}
"""From when giving up is too late, as a refusal says it."""

_STAYED_AWAY: Final[frozenset[Loss]] = frozenset({"no_show", "not_on_time", "not_admitted"})
"""What a customer is found to have lost; whoever gives up says so himself, at his own moment."""


def rule_of(service: Service) -> CancellationRule | None:
    """Until when giving up is free.

    A source that only says that giving up uses the service up (R358, R483) speaks of a booking the
    customer had: before he confirmed one there was nothing to give up (inferred).
    """
    terms = service.consumption
    if service.cancellation is None and terms is not None and "given_up" in terms.also_on:
        return CancellationRule(
            free_before=ExpectedEvent.BOOKING_CONFIRMED, afterwards="used", source=terms.source
        )
    return service.cancellation


def cost_of_cancelling(
    service: Service,
    *,
    at: datetime,
    visit_on: date | None,
    happened: Mapping[ExpectedEvent, datetime],
    calendar: WorkCalendar,
) -> Cost:
    """What cancelling at a moment costs; an event of that very moment is already there (C-25)."""
    rule = rule_of(service)
    if rule is None:
        return Cost.NEEDS_PERSON if service.has_lost("cancellation") else Cost.FREE
    if _is_free(rule, at, visit_on, happened, calendar):
        return Cost.FREE
    return Cost.USED if rule.afterwards == "used" else Cost.REFUSED


def uses_up(service: Service, loss: Loss, *, giving_up: Cost) -> bool | None:
    """Whether a loss uses a unit up; None where nobody but a person can say.

    What the terms do not name costs what giving up at that moment does (`giving_up`), so that
    nobody is better off for staying away in silence than for calling late (R333). Where they say
    nothing of giving up either, a person decides.
    """
    if loss not in _STAYED_AWAY:
        return USES_UP[giving_up]
    if is_named(service, loss):
        return True
    return None if rule_of(service) is None else USES_UP[giving_up]


def is_named(service: Service, loss: Loss) -> bool:
    """Whether the terms say that a loss uses the service up, by its name or by one it falls under.

    Whoever does not come is not there on time (R359, R420). Of a bed or an operation every way of
    staying away is the same: the customer was not admitted for his own reasons (R335, R708).
    """
    named = {*service.consumption.also_on} if service.consumption else set()
    falls_under: set[Loss] = {loss}
    if loss == "no_show":
        falls_under.add("not_on_time")
    if loss in _STAYED_AWAY and service.admits:
        falls_under |= _STAYED_AWAY
    return not named.isdisjoint(falls_under)


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
