"""What a person may still use of a service: units reserved, consumed, given back.

A quota counts in periods: a policy year, the term of the contract, or the policy itself. A new
period begins with a new counter and nothing carries over (R700, I16). Counting under concurrency
is the adapter's work; here is which counter a use belongs to and what may become of it.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from domain.activation import anniversary
from domain.programmes.programme import Programme
from domain.programmes.services import Service, ServiceQuota

_YEARS_SEARCHED_MAX = 200


class UseState(StrEnum):
    """What became of one unit."""

    RESERVED = "reserved"
    CONSUMED = "consumed"
    GIVEN_BACK = "given_back"


NEXT_STATES: Final[dict[UseState, frozenset[UseState]]] = {
    UseState.RESERVED: frozenset({UseState.CONSUMED, UseState.GIVEN_BACK}),
    # A provider that cannot deliver gives back what approval consumed (C-28).
    UseState.CONSUMED: frozenset({UseState.GIVEN_BACK}),
    UseState.GIVEN_BACK: frozenset(),
}


class EntitlementUsedUp(Exception):
    """No unit is left in this period."""


class UseConflict(Exception):
    """A use was asked for with other content, or was to go where its state does not lead."""


class Counter(BaseModel):
    """Which counter a use belongs to: whose, of what, in which period."""

    model_config = ConfigDict(frozen=True)

    programme: str
    holder: str  # the policy, opaque
    pool: str
    period: str


def counter_of(
    service: Service, *, programme: str, holder: str, policy_from: date, on: date
) -> Counter | None:
    """The counter a use on a day belongs to; None where the service is not counted."""
    if not service.quota.is_counted or service.quota.period is None:
        return None
    return Counter(
        programme=programme,
        holder=holder,
        pool=service.quota.pool or service.code,
        period=period_of(service.quota, policy_from=policy_from, on=on),
    )


def counted_with(service: Service, programme: Programme) -> list[Service]:
    """The services that take from the same units: this one first, then those of its pool (C-41)."""
    pool = service.quota.pool
    others = (one for one in programme.services if pool is not None and one.quota.pool == pool)
    return [service, *(one for one in others if one.code != service.code)]


def period_of(quota: ServiceQuota, *, policy_from: date, on: date) -> str:
    """The name of the period a day lies in: `policy_year:2026-01-10`, `term`, `policy`."""
    if quota.period != "policy_year":
        return quota.period or "always"
    return f"policy_year:{policy_year(policy_from, on)[0].isoformat()}"


def policy_year(policy_from: date, on: date) -> tuple[date, date]:
    """First and last day of the policy year a day lies in; ValueError before the policy."""
    if on < policy_from:
        raise ValueError(f"{on} lies before the policy begins")
    years = on.year - policy_from.year
    if years > _YEARS_SEARCHED_MAX:
        raise ValueError(f"{on} lies too far from {policy_from}")
    if anniversary(policy_from, years) > on:
        years -= 1
    first = anniversary(policy_from, years)
    return first, anniversary(policy_from, years + 1) - timedelta(days=1)


def year_ends_on(policy_from: date | None, on: date) -> date | None:
    """The last day of the policy year a day lies in, whether its services are counted or not (I16).

    None where no policy is known, or it has not begun.
    """
    if policy_from is None or on < policy_from:
        return None
    return policy_year(policy_from, on)[1]


def moved_on(state: UseState, to: UseState) -> UseState:
    """The state after a move; the same again changes nothing; UseConflict where none leads."""
    if to is state:
        return state
    if to not in NEXT_STATES[state]:
        raise UseConflict(f"no way from {state} to {to}")
    return to
