"""Calls as the telephone system recorded them: who called, whether somebody answered, how long.

Its reports may come twice, late or in any order; each call is known by its id, and what is counted
here does not depend on the order in which reports arrived (C-38).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel

Caller = Literal["steward", "doctor"]

TALK_LASTS: Final = timedelta(seconds=30)
"""An answered call that ended sooner was a line that broke or a machine: no talk took place, and
the customer was not out of reach either (inferred)."""


class CallNews(StrEnum):
    """What the telephone system says of a call."""

    ANSWERED = "answered"
    FAILED = "failed"
    ENDED = "ended"


class Call(BaseModel):
    """One call to the customer."""

    call_id: str
    caller: Caller
    failed_at: AwareDatetime | None = None
    answered_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None

    @property
    def is_talk(self) -> bool:
        """Whether the customer and the caller spoke, or still do."""
        if self.answered_at is None:
            return False
        return self.ended_at is None or self.ended_at - self.answered_at >= TALK_LASTS

    @property
    def made_at(self) -> datetime:
        """The earliest moment known of it."""
        return min(one for one in (self.failed_at, self.answered_at, self.ended_at) if one)


class Calls(BaseModel):
    """The calls of one booking."""

    by_id: dict[str, Call] = {}
    earlier: frozenset[str] = frozenset()  # of another talk, or of none: they count for nothing
    expected: bool = False

    def heard(
        self, call_id: str, caller: Caller, news: CallNews, *, at: datetime, seconds: int = 0
    ) -> bool:
        """Write a report down; False when it says nothing new.

        A call that was answered did not fail: of two reports that contradict each other the
        answered one stands, because a customer who was reached is never cancelled.
        """
        known = self.by_id.get(call_id) or Call(call_id=call_id, caller=caller)
        told = known.model_copy()
        if news is CallNews.FAILED and known.answered_at is None:
            told.failed_at = known.failed_at or at
        if news is CallNews.ANSWERED:
            told.answered_at, told.failed_at = known.answered_at or at, None
        if news is CallNews.ENDED:
            began = at - timedelta(seconds=seconds)
            told.answered_at, told.failed_at = known.answered_at or began, None
            told.ended_at = known.ended_at or at
        self.by_id[call_id] = told
        return told != known

    def expect(self) -> None:
        """Customer and doctor know of each other: calls heard of from here on count."""
        self.earlier, self.expected = frozenset(self.by_id), True

    def in_vain(self, caller: Caller, *, apart: timedelta = timedelta()) -> int:
        """How often in a row this caller has not reached the customer, up to now.

        A call made sooner than `apart` after one that counts is the same try once more (I23); by
        the minute, as whoever calls reads a clock.
        """
        tries: list[datetime] = []
        for call in sorted(self._of(caller), key=lambda one: (one.made_at, one.call_id)):
            if call.failed_at is None:
                tries = []
            else:
                minute = call.made_at.replace(second=0, microsecond=0)
                if not tries or minute - tries[-1] >= apart:
                    tries.append(minute)
        return len(tries)

    def answered(self) -> list[Call]:
        """The doctor's calls that were picked up, the first one first."""
        calls = [one for one in self._of("doctor") if one.answered_at is not None]
        return sorted(calls, key=lambda one: one.made_at)

    def talk(self) -> Call | None:
        """The doctor's call in which they spoke, the first if there were several."""
        talks = [one for one in self._of("doctor") if one.is_talk]
        return min(talks, key=lambda one: one.made_at, default=None)

    def first_by(self, caller: Caller) -> Call | None:
        """The first call of this caller, answered or not."""
        return min(self._of(caller), key=lambda one: one.made_at, default=None)

    def _of(self, caller: Caller) -> list[Call]:
        if not self.expected:
            return []
        counted = (one for one in self.by_id.values() if one.call_id not in self.earlier)
        return [one for one in counted if one.caller == caller]
