"""When a service begins and ends for one insured person: cooling-off, gates, terms, renewals.

Days in, days out. A first and a last day are both days of service; what is not known yet gives
no span, and the one who asks says so.
"""

from datetime import date, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from domain.programmes.offer import Activation, Gate, Renewal
from domain.programmes.services import Waiting

_DAYS_OF_A_YEAR: Final = 365.25


class PolicyDays(BaseModel):
    """The days of one policy that activation is counted from; None = nobody has said."""

    model_config = ConfigDict(frozen=True)

    policy_from: date | None = None
    policy_to: date | None = None  # the last day in force, also after an early termination
    cooling_off_ends: date | None = None  # the last day of the cooling-off period (犹豫期)
    opened_on: dict[str, date] = {}  # services that were opened earlier than their latest day
    renewals_paid: int | None = None  # renewal premiums paid in time, as the insurer counts them
    premium_due_on: date | None = None  # of the newest renewal premium
    premium_paid_on: date | None = None


class Span(BaseModel):
    """First and last day of service; no last day means no end is known."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date | None

    def holds(self, day: date) -> bool:
        """Whether a day is a day of service."""
        return self.first <= day and (self.last is None or day <= self.last)


def first_day(service: str, terms: Activation, days: PolicyDays) -> date | None:
    """The first day of a service; None while a day it is counted from is not known.

    A gate says the latest day (『10天内生效』, C-42); `opened_on` holds an earlier one.
    """
    latest, opened = _latest_first_day(service, terms, days), days.opened_on.get(service)
    known = [day for day in (latest, opened) if day is not None]
    return min(known, default=None)


def _latest_first_day(service: str, terms: Activation, days: PolicyDays) -> date | None:
    gate = next((one for one in terms.gates if service in one.services), None)
    if gate is not None:
        return _through(gate, terms, days)
    if terms.begins == "after_cooling_off":
        return _day_after(days.cooling_off_ends)
    return days.policy_from


def span_of(service: str, terms: Activation, days: PolicyDays) -> Span | None:
    """First and last day of a service with its renewals (at most as many as the terms allow)."""
    first = first_day(service, terms, days)
    if first is None:
        return None
    last = None
    if terms.term == "one_year":
        last = anniversary(first, 1 + renewed(terms, days)) - timedelta(days=1)
    elif terms.term in ("policy", "policy_year"):
        last = days.policy_to
    if terms.ends_with_policy and days.policy_to is not None:
        last = days.policy_to if last is None else min(last, days.policy_to)
    return Span(first=first, last=last)


def renewed(terms: Activation, days: PolicyDays) -> int:
    """How many years renewals have added; the eleventh of ten adds nothing (R351, R474)."""
    if terms.renewal is None:
        return 0
    paid, most = _paid_in_time(terms.renewal, days), terms.renewal.times_max
    return (paid if most is None else min(paid, most)) * terms.renewal.adds_years


def _paid_in_time(renewal: Renewal, days: PolicyDays) -> int:
    """How many renewal premiums were paid in time; the newest is judged by its own days (R349).

    Which one it is follows from the day it was due: the n-th anniversary of the policy asks for the
    n-th. Those before it were paid, or the policy would not have come so far.
    """
    due_on, paid_on = days.premium_due_on, days.premium_paid_on
    if due_on is None or days.policy_from is None:
        return days.renewals_paid or 0
    number = round((due_on - days.policy_from).days / _DAYS_OF_A_YEAR)
    if paid_on is not None and paid_on <= due_on + timedelta(days=renewal.grace_days):
        return max(days.renewals_paid or 0, number)
    before = max(number - 1, 0)
    return before if days.renewals_paid is None else min(days.renewals_paid, before)


def waiting_ends(
    waiting: Waiting, policy_from: date, *, product_days: int | None, renewal: bool
) -> date | None:
    """The first day after a waiting period; None while the product's own length is not known."""
    if renewal and waiting.none_on_renewal:
        return policy_from
    length = waiting.days
    if waiting.as_product and product_days is not None:
        length = product_days
    return None if length is None else policy_from + timedelta(days=length)


def anniversary(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March in ordinary years."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _through(gate: Gate, terms: Activation, days: PolicyDays) -> date | None:
    before = (
        days.cooling_off_ends if gate.after == "cooling_off" else first_day(gate.after, terms, days)
    )
    return None if before is None else before + timedelta(days=gate.days)


def _day_after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)
