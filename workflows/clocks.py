"""The promises of a matter as durable timers: each warns, breaches, is recorded, and can move.

Which event starts and stops which clock is the programme's data; the story only says what
happened. A clock that passes its due moment tells a supervisor and ends nothing by itself (I13).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from temporalio import workflow

from domain.calendar import CalendarYearMissing, WorkCalendar
from domain.clock import Clock
from domain.programmes.programme import Programme
from domain.programmes.terms import ClockTerms, ExpectedEvent, NotBefore
from workflows.matter import MatterPen, MatterState
from workflows.waiting import came_by


class Clocks:
    """Starts, stops and watches the clocks of one matter."""

    def __init__(
        self,
        state: MatterState,
        programme: Programme,
        *,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        told: Callable[[Clock], None],
        untimed: Callable[[ClockTerms, int], None],
    ) -> None:
        self._state = state
        self._programme = programme
        self._pen = MatterPen(state)
        self._spawn = spawn
        self._told = told
        self._untimed = untimed

    def resume(self) -> None:
        """Watch again what a previous run left open."""
        for clock in self._state.open_clocks:
            self._watch_soon(clock.instance)

    def happened(self, event: ExpectedEvent, *, at: datetime, about: str = "case") -> None:
        """Stop every open clock about this that the event stops, then start those it starts."""
        for clock in self._state.open_clocks:
            terms = self._programme.clock(clock.id)
            if event in terms.stops and self._state.clock_about[clock.instance] == about:
                self._pen.clock(clock.meet(at), workflow.now())
        for terms in self._programme.clocks:
            if event in terms.starts:
                self._start(terms, at=at, about=about)

    def anew(self, *events: ExpectedEvent, at: datetime, about: str = "case") -> None:
        """What these events had kept is owed once more: each such promise runs another time.

        How it was kept before stays as it was; one that is still open runs on.
        """
        about_this = [
            clock
            for clock in self._state.clocks.values()
            if self._state.clock_about[clock.instance] == about
        ]
        running = {clock.id for clock in about_this if clock.is_open}
        kept = {clock.id for clock in about_this} - running
        for terms in self._programme.clocks:
            if terms.id in kept and not {*events}.isdisjoint(terms.stops):
                self._start(terms, at=at, about=about)

    def until(self, event: ExpectedEvent, *, about: str = "case") -> Clock | None:
        """The open clock that this event will stop: the due moment of the step behind it."""
        return next(
            (
                clock
                for clock in self._state.open_clocks
                if event in self._programme.clock(clock.id).stops
                and self._state.clock_about[clock.instance] == about
            ),
            None,
        )

    def stand_still(self, *, at: datetime, why: str) -> None:
        """The customer owes us papers: what began with complete ones waits, the rest keeps it."""
        for clock in self._state.open_clocks:
            counts = self._programme.clock(clock.id).waits_for_papers
            self._pen.clock(clock.stand(at, why=why, counts=counts), at)

    def go_on(self, *, at: datetime, why: str) -> None:
        """The customer owes nothing any more: what was left of each budget runs again."""
        for clock in self._state.open_clocks:
            if clock.standing is not None:
                over = clock.go_on(at)
                self._pen.clock(over, at)  # the pause is over, whatever can be counted from here
                self._follow(over, self._programme.clock(clock.id), at, why)

    def move_to_discharge_date(self, *, at: datetime, why: str) -> None:
        """The discharge date changed: clocks that wait for it are due by the new date."""
        self._move_to(NotBefore.DISCHARGE_DATE, at, why)

    def move_to_customer_date(self, *, at: datetime, why: str) -> None:
        """The customer named a day: clocks that may wait for it are due by it."""
        self._move_to(NotBefore.CUSTOMER_DATE, at, why)

    def _move_to(self, day: NotBefore, at: datetime, why: str) -> None:
        for clock in self._state.open_clocks:
            terms = self._programme.clock(clock.id)
            if terms.not_before is day:
                self._follow(clock, terms, at, why)

    def _follow(self, clock: Clock, terms: ClockTerms, at: datetime, why: str) -> None:
        try:
            self._pen.clock(self._retimed(clock, terms, self._state.calendar, at, why), at)
        except CalendarYearMissing as unknown:
            self._untimed(terms, unknown.year)

    def retime(self, calendar: WorkCalendar, *, at: datetime) -> list[Clock]:
        """A new holiday notice: every open clock is computed again; returns those that moved."""
        timed = [
            (
                clock,
                self._retimed(
                    clock, self._programme.clock(clock.id), calendar, at, "节假日安排更新"
                ),
            )
            for clock in self._state.open_clocks
        ]
        for before, after in timed:
            if after is not before:  # moved, or only no longer an estimate
                self._pen.clock(after, at)
        return [after for before, after in timed if after.due_at != before.due_at]

    def drop_about(self, about: str, *, at: datetime, why: str) -> None:
        """What these clocks measured is not wanted any more."""
        for clock in self._state.open_clocks:
            if self._state.clock_about[clock.instance] == about:
                self._pen.clock(clock.drop(at, why=why), at)

    def drop_started(self, event: ExpectedEvent, *, at: datetime, why: str) -> None:
        """What this event began has to begin anew."""
        for clock in self._state.open_clocks:
            if event in self._programme.clock(clock.id).starts:
                self._pen.clock(clock.drop(at, why=why), at)

    def drop_all(self, *, at: datetime, why: str) -> None:
        """Nobody owes anything any more."""
        for clock in self._state.open_clocks:
            self._pen.clock(clock.drop(at, why=why), at)

    def _retimed(
        self, clock: Clock, terms: ClockTerms, calendar: WorkCalendar, at: datetime, why: str
    ) -> Clock:
        hours = self._programme.hours_of(terms)
        again = terms.start(
            number=1,
            started_at=clock.started_at,
            calendar=calendar,
            not_before=self._state.date_for(terms.not_before),
            hours=hours,
        )
        due = terms.due_after(again.due_at, clock, calendar, hours=hours)
        if again.target_at != clock.target_at:
            clock = clock.model_copy(update={"target_at": again.target_at})
        return clock.move(due, at=at, why=why, estimated=again.estimated)

    def _start(self, terms: ClockTerms, *, at: datetime, about: str) -> None:
        """A promise begins; one that no calendar can time is a person's to keep, and stops none."""
        try:
            clock = terms.start(
                number=self._state.next_number(terms.id),
                started_at=at,
                calendar=self._state.calendar,
                not_before=self._state.date_for(terms.not_before),
                hours=self._programme.hours_of(terms),
            )
        except CalendarYearMissing as unknown:
            self._untimed(terms, unknown.year)
            return
        self._state.clock_about[clock.instance] = about
        self._pen.clock(clock, workflow.now())
        self._watch_soon(clock.instance)

    def _watch_soon(self, instance: str) -> None:
        self._spawn(self._watch(instance), f"clock {instance}")

    async def _watch(self, instance: str) -> None:
        """Wait for the next alarm of a clock until it is met, dropped or breached."""
        while (clock := self._state.clocks[instance]).is_open and clock.breached_at is None:
            if clock.stands_still:
                await self._stirred(clock, None)
                continue
            alarm_at = clock.due_at if clock.warned_at else min(clock.warn_at, clock.due_at)
            if await self._stirred(clock, alarm_at):
                continue
            now = workflow.now()
            if now >= clock.due_at and self._programme.ends_by_itself(clock.id):
                self._pen.clock(clock.meet(clock.due_at), now)
            elif now >= clock.due_at:
                self._pen.clock(clock.breach(now), now)
                self._told(self._state.clocks[instance])
            else:
                self._pen.clock(clock.warn(now), now)

    async def _stirred(self, clock: Clock, alarm_at: datetime | None) -> bool:
        """Wait until the alarm, or for ever; True if the clock changed before it rang."""

        def stirred() -> bool:
            return self._state.clocks[clock.instance] is not clock

        await came_by(stirred, alarm_at, summary=f"{clock.instance} {clock.name}")
        return stirred()  # and if it changed in the very beat of its alarm, that counts
