"""A policy that ends before its time: which day may be its last, and for which term that counts.

Whoever is insured under it keeps what was given until then. The list of the insurer says when a
policy begins and when it runs out; an early end is the insurer's word beside it, and a newer list
that still says the old day does not take it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from domain.roles import Role

AHEAD_MAX: Final = timedelta(days=366)
"""Nobody knows years ahead that a contract ends; so long is what a booking may lie ahead, too."""


class PolicyOver(Exception):
    """The policy is over already: no other end can be said of it."""


class EndRefused(ValueError):
    """A day that cannot be the policy's last; says why, for the field it was given in."""


@dataclass(frozen=True)
class PolicyTerm:
    """One term of a policy: its first and last day by the list, and an early end, if one is said.

    No `valid_to`: it has no end of its own (终身).
    """

    valid_from: date
    valid_to: date | None
    ended_on: date | None = None

    @property
    def ends_early_on(self) -> date | None:
        """The early end, as far as it is said of this term: a renewal begins after it."""
        if self.ended_on is None or self.ended_on < self.valid_from:
            return None
        return self.ended_on

    @property
    def last_day(self) -> date | None:
        """The last day in force; None without an end."""
        known = (self.valid_to, self.ends_early_on)
        return min((day for day in known if day is not None), default=None)

    def may_end(self, ends_on: date, *, today: date) -> None:
        """Whether a day can be its last. Raises `PolicyOver`, or `EndRefused` with the reason."""
        last = self.last_day
        if last is not None and last < today:
            raise PolicyOver
        if ends_on < self.valid_from:
            raise EndRefused("终止日不能早于保单生效日")
        if self.valid_to is not None and ends_on > self.valid_to:
            raise EndRefused("终止日不能晚于保单原终止日")
        if ends_on > today + AHEAD_MAX:
            raise EndRefused("终止日超出一年")


@dataclass(frozen=True)
class PolicyRow:
    """A policy as it stands in one programme."""

    policy_id: str
    programme: str
    term: PolicyTerm


@dataclass(frozen=True)
class Unheard:
    """A case or a booking that was not told yet how its policy ends, and who said it when."""

    matter_id: str
    last_day: date
    said_role: Role
    said_by: str
    said_at: datetime
