"""An SLA clock: its budget, the moment it is due, and what became of it.

Everything here is arithmetic on moments that were handed in. Waiting for a deadline is the
workflow's work; what a breach means to whom is the programme's. A clock is a value: each verb
returns the next one. A verb that comes too late or too early to mean anything returns the clock
unchanged, because alarms and completions cross on their way.
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from domain.calendar import WorkCalendar, civil_date, end_of_day
from domain.hours import ServiceHours


class Unit(StrEnum):
    """What a budget is counted in."""

    SECOND = "s"
    MINUTE = "min"
    HOUR = "h"
    NATURAL_DAY = "nd"
    WORKING_DAY = "wd"


_MEASURES: Final = {
    Unit.SECOND: "秒",
    Unit.MINUTE: "分钟",
    Unit.HOUR: "小时",
    Unit.NATURAL_DAY: "个自然日",
    Unit.WORKING_DAY: "个工作日",
}


class ClockState(StrEnum):
    """What a person reads about a clock."""

    RUNNING = "running"
    WARNED = "warned"
    MET = "met"
    BREACHED = "breached"
    MET_LATE = "met_late"
    DROPPED = "dropped"


class Budget(BaseModel):
    """So much time: 30 min, 24 h, 1 nd, 1 wd; 0 min is at once, 0 nd is the same day."""

    model_config = ConfigDict(frozen=True)

    amount: int = Field(ge=0, le=400)
    unit: Unit

    @model_validator(mode="after")
    def _nothing_only_where_it_means_something(self) -> Self:
        if self.amount == 0 and self.unit not in (Unit.MINUTE, Unit.NATURAL_DAY):
            raise ValueError(f"0 {self.unit} says nothing; at once is 0 min, the same day 0 nd")
        return self

    @property
    def words(self) -> str:
        """As people read it: 3个工作日."""
        return f"{self.amount}{_MEASURES[self.unit]}"

    def elapsed(self) -> timedelta | None:
        """The budget as plain elapsed time, or None when it is counted in days."""
        if self.unit is Unit.SECOND:
            return timedelta(seconds=self.amount)
        if self.unit is Unit.MINUTE:
            return timedelta(minutes=self.amount)
        if self.unit is Unit.HOUR:
            return timedelta(hours=self.amount)
        return None


class WarnRule(BaseModel):
    """When to warn: so much time before the deadline, or at so much of the span left."""

    model_config = ConfigDict(frozen=True)

    before: Budget | None = None
    remaining_percent: int | None = Field(default=None, ge=1, le=99)

    @model_validator(mode="after")
    def _one_way_of_saying_it(self) -> Self:
        if (self.before is None) == (self.remaining_percent is None):
            raise ValueError("a warning is set either before the deadline or by percent left")
        if self.before is not None and self.before.elapsed() is None:
            raise ValueError("a warning before the deadline is counted in min or h")
        return self

    def moment(self, started_at: datetime, due_at: datetime) -> datetime:
        """When to warn between start and deadline, never before the start."""
        if self.remaining_percent is not None:
            return due_at - (due_at - started_at) * self.remaining_percent / 100
        ahead = self.before.elapsed() if self.before else None
        return max(started_at, due_at - (ahead or timedelta()))


def due_at(
    start: datetime,
    budget: Budget,
    calendar: WorkCalendar,
    *,
    not_before: date | None = None,
    hours: ServiceHours | None = None,
) -> datetime:
    """The moment a budget that starts at `start` is used up.

    Minutes and hours run through night and holiday. Days do not count the day they start on
    and end at 24:00 of the last one. `not_before` is a date that replaces an earlier deadline:
    the customer's own date, the planned admission (K05), the discharge date (K07, C-12).
    With `hours`, a start outside them counts from the next opening, and days end at closing time
    (P19). Raises CalendarYearMissing where the calendar ends.
    """
    if hours is not None:
        start = hours.next_open(start, calendar)
    end = end_of_day if hours is None else hours.closing
    elapsed = budget.elapsed()
    today = civil_date(start)
    if elapsed is not None:
        due = (start + elapsed).astimezone(UTC)
    elif budget.unit is Unit.NATURAL_DAY:
        due = end(today + timedelta(days=budget.amount))
    else:
        due = end(calendar.nth_working_day_after(today, budget.amount))
    return due if not_before is None else max(due, end(not_before))


class Pause(BaseModel):
    """A span in which the customer owed us something. Where it does not count, it is only kept."""

    model_config = ConfigDict(frozen=True)

    from_at: AwareDatetime
    until_at: AwareDatetime | None = None
    why: str
    counts: bool


def due_after(
    due: datetime,
    pause: Pause,
    budget: Budget,
    calendar: WorkCalendar,
    *,
    hours: ServiceHours | None = None,
) -> datetime:
    """A deadline seen through a pause that is over: what was left counts from the pause's end.

    Days that were left are counted as every budget is: without the day on which it goes on. A
    pause within one day moves no day, and one that began after the deadline moves nothing.
    Raises CalendarYearMissing where the calendar ends.
    """
    until = pause.until_at
    if not pause.counts or until is None or pause.from_at >= due:
        return due
    if budget.elapsed() is not None:
        return due + (until - pause.from_at)
    end = end_of_day if hours is None else hours.closing
    began, goes_on = civil_date(pause.from_at), civil_date(until)
    last_day = civil_date(due - timedelta(microseconds=1))
    if budget.unit is Unit.NATURAL_DAY:
        return end(goes_on + (last_day - began))
    left = calendar.working_days_between(began, last_day)
    return max(due, end(calendar.nth_working_day_after(goes_on, left) if left else goes_on))


class ClockMove(BaseModel):
    """A deadline that was moved: when, from where to where, and why."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    from_due: AwareDatetime
    to_due: AwareDatetime
    why: str


class Clock(BaseModel):
    """One running of one clock; a repeated step is a new instance (K06.1, K06.2)."""

    model_config = ConfigDict(frozen=True)

    id: str
    instance: str
    name: str
    started_at: AwareDatetime
    due_at: AwareDatetime
    first_due_at: AwareDatetime
    warn_at: AwareDatetime
    warn_rule: WarnRule
    target_at: AwareDatetime | None = None
    warned_at: AwareDatetime | None = None
    met_at: AwareDatetime | None = None
    breached_at: AwareDatetime | None = None
    dropped_at: AwareDatetime | None = None
    dropped_why: str | None = None
    moves: tuple[ClockMove, ...] = ()
    pauses: tuple[Pause, ...] = ()
    estimated: bool = False

    @classmethod
    def start(
        cls,
        *,
        clock_id: str,
        name: str,
        number: int,
        started_at: datetime,
        budget: Budget,
        warn: WarnRule,
        calendar: WorkCalendar,
        not_before: date | None = None,
        hours: ServiceHours | None = None,
        target: Budget | None = None,
    ) -> Self:
        """Start the `number`-th instance of a clock; its deadline is recorded at once.

        Where a date replaces it, the deadline by the budget alone is kept as the first (I10). The
        lower bound of a span is aimed at; only beyond the upper one a promise is broken (C-27).
        """
        due = due_at(started_at, budget, calendar, not_before=not_before, hours=hours)
        aim = None
        if target is not None:
            aim = due_at(started_at, target, calendar, not_before=not_before, hours=hours)
        by_the_table = budget.unit is Unit.WORKING_DAY or (
            hours is not None and hours.days == "working_days"
        )
        return cls(
            id=clock_id,
            instance=f"{clock_id}.{number}",
            name=name,
            started_at=started_at,
            due_at=due,
            first_due_at=due_at(started_at, budget, calendar, hours=hours),
            warn_at=warn.moment(started_at, due),
            warn_rule=warn,
            target_at=aim,
            estimated=by_the_table and _touches_an_estimate(calendar, started_at, due),
        )

    @property
    def state(self) -> ClockState:
        """Where the clock stands; a completion at the due moment itself is met."""
        if self.met_at is not None:
            late = self.met_at > self.due_at or self.breached_at is not None
            return ClockState.MET_LATE if late else ClockState.MET
        if self.dropped_at is not None:
            return ClockState.DROPPED
        if self.breached_at is not None:
            return ClockState.BREACHED
        return ClockState.RUNNING if self.warned_at is None else ClockState.WARNED

    @property
    def met_after_target(self) -> bool:
        """Whether it was kept, and later than was aimed at (C-27)."""
        if self.met_at is None or self.target_at is None:
            return False
        return self.met_at > self.target_at

    @property
    def is_open(self) -> bool:
        """Whether somebody still owes the step this clock measures."""
        return self.met_at is None and self.dropped_at is None

    @property
    def in_seconds(self) -> bool:
        """Whether the promise is so short that minutes would not show if it was kept (G09)."""
        return self.first_due_at - self.started_at < timedelta(minutes=2)

    @property
    def standing(self) -> Pause | None:
        """The pause the clock is in, whether it counts or is only kept."""
        return self.pauses[-1] if self.pauses and self.pauses[-1].until_at is None else None

    @property
    def stands_still(self) -> bool:
        """Whether no time runs: the customer owes us something, and the promise waits for it."""
        return self.is_open and self.standing is not None and self.standing.counts

    def stand(self, at: datetime, *, why: str, counts: bool) -> Self:
        """From here on the customer owes us something; C-63: kept also where it counts not."""
        if not self.is_open or self.standing is not None:
            return self
        pause = Pause(from_at=at, why=why, counts=counts)
        return self.model_copy(update={"pauses": (*self.pauses, pause)})

    def go_on(self, at: datetime) -> Self:
        """The customer owes nothing any more; the deadline is moved by whoever knows the budget."""
        if not self.is_open or self.standing is None:
            return self
        over = self.standing.model_copy(update={"until_at": at})
        return self.model_copy(update={"pauses": (*self.pauses[:-1], over)})

    def meet(self, at: datetime) -> Self:
        """The step happened at `at`; an alarm that overtook its report is taken back."""
        if not self.is_open:
            return self
        alarm_was_early = self.breached_at is not None and at <= self._due_at(self.breached_at)
        breached_at = None if alarm_was_early else self.breached_at
        return self.model_copy(update={"met_at": at, "breached_at": breached_at})

    def warn(self, at: datetime) -> Self:
        """Record the warning, once, while the step is open and the deadline is not past."""
        early = at < self.warn_at or self.stands_still
        if not self.is_open or self.warned_at is not None or early:
            return self
        return self.model_copy(update={"warned_at": at})

    def breach(self, at: datetime) -> Self:
        """Record that the deadline passed with the step open; too early means nothing."""
        early = at < self.due_at or self.stands_still
        if not self.is_open or self.breached_at is not None or early:
            return self
        return self.model_copy(update={"breached_at": at})

    def move(self, due: datetime, *, at: datetime, why: str, estimated: bool | None = None) -> Self:
        """Move the deadline and keep where it was; a breach already recorded stays.

        A deadline that stays where it was may still become sure: then only that changes.
        """
        sure_as_before = estimated is None or estimated == self.estimated
        if not self.is_open or (due == self.due_at and sure_as_before):
            return self
        if due == self.due_at:
            return self.model_copy(update={"estimated": estimated})
        warn_at = self.warn_rule.moment(self.started_at, due)
        step = ClockMove(at=at, from_due=self.due_at, to_due=due, why=why)
        changes = {
            "due_at": due,
            "warn_at": warn_at,
            # A warning for the old deadline does not stand for the new one.
            "warned_at": self.warned_at if warn_at <= at else None,
            "moves": (*self.moves, step),
            "estimated": self.estimated if estimated is None else estimated,
        }
        return self.model_copy(update=changes)

    def drop(self, at: datetime, *, why: str) -> Self:
        """Nobody owes the step any more: the case was declined, withdrawn or closed."""
        if not self.is_open:
            return self
        return self.model_copy(update={"dropped_at": at, "dropped_why": why})

    def kept_after_all(self, at: datetime) -> Self:
        """The step had happened before anybody let go of it, and is only written down now."""
        if self.dropped_at is None or not self.started_at <= at <= self.dropped_at:
            return self
        return self.model_copy(update={"dropped_at": None, "dropped_why": None}).meet(at)

    def _due_at(self, moment: datetime) -> datetime:
        """The deadline that was in force at a moment, seen through later moves."""
        for step in self.moves:
            if step.at > moment:
                return step.from_due
        return self.due_at


def _touches_an_estimate(calendar: WorkCalendar, started_at: datetime, due: datetime) -> bool:
    last_day = civil_date(due - timedelta(microseconds=1))
    return calendar.is_estimated_between(civil_date(started_at), last_day)
