"""Service hours: when somebody answers, and what a request outside them waits for.

`24x7` needs no entry. A programme with an office lists its hours; a clock in working days that
names them is counted from the next opening and ends at closing time instead of 24:00.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from domain.calendar import SHANGHAI, WorkCalendar, civil_date
from domain.programmes.sourced import Terms

ALWAYS = "24x7"
NOT_STATED = "not_stated"
_CALLS_FROM = time(9)  # no customer is called of our own accord before nine o'clock
_DAYS_SEARCHED_MAX = 60  # longer than any closure; a table without one open day is wrong


class Closure(BaseModel):
    """Days on which nobody answers, each year's as published (C-43)."""

    model_config = ConfigDict(frozen=True)

    name: str
    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"closure {self.name} ends before it begins")
        return self


class ServiceHours(Terms):
    """When a service is open, in Shanghai time; `closes` itself is no longer open."""

    code: str
    name: str
    name_en: str = ""
    days: Literal["every_day", "working_days", "monday_to_friday"]
    opens: time = time()
    closes: time | None = None  # None: until 24:00
    closures: tuple[Closure, ...] = ()
    emergencies_only_from: time | None = None
    emergencies_only_until: time | None = None

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.closes is not None and self.closes <= self.opens:
            raise ValueError("closes lies before opens")
        if (self.emergencies_only_from is None) != (self.emergencies_only_until is None):
            raise ValueError("emergencies only: from and until come together")
        return self

    def closure_on(self, day: date) -> Closure | None:
        """The closure a day falls into."""
        return next((one for one in self.closures if one.first <= day <= one.last), None)

    def closure_between(self, asked_at: datetime, opens_at: datetime) -> Closure | None:
        """The closure that a request would have to wait through until an opening."""
        first, last = civil_date(asked_at), civil_date(opens_at)
        return next((one for one in self.closures if one.first <= last and first <= one.last), None)

    def opens_on(self, day: date, calendar: WorkCalendar) -> bool:
        """Whether the day is a day of service at all (C-02, C-43)."""
        if self.closure_on(day) is not None:
            return False
        if self.days == "every_day":
            return True
        if self.days == "working_days":
            return calendar.is_working_day(day)
        return day.weekday() < 5  # noqa: PLR2004 - Saturday is the fifth

    def is_open(self, at: datetime, calendar: WorkCalendar, *, emergency: bool = False) -> bool:
        """Whether a request at this moment is taken at once."""
        day, hour = civil_date(at), at.astimezone(SHANGHAI).time()
        if not self.opens_on(day, calendar):
            return False
        if hour < self.opens or (self.closes is not None and hour >= self.closes):
            return False
        return emergency or not self._is_for_emergencies(hour)

    def next_open(
        self, at: datetime, calendar: WorkCalendar, *, emergency: bool = False
    ) -> datetime:
        """The moment itself when open, else the next opening, as a UTC moment."""
        if self.is_open(at, calendar, emergency=emergency):
            return at.astimezone(UTC)
        for ahead in range(_DAYS_SEARCHED_MAX):
            day = civil_date(at) + timedelta(days=ahead)
            for hour in self._openings(emergency=emergency):
                candidate = datetime.combine(day, hour, SHANGHAI)
                if candidate > at and self.is_open(candidate, calendar, emergency=emergency):
                    return candidate.astimezone(UTC)
        raise ValueError(f"service hours {self.code} do not open within {_DAYS_SEARCHED_MAX} days")

    def closing(self, day: date) -> datetime:
        """Closing time of a day, 24:00 where none is set."""
        if self.closes is None:
            return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
        return datetime.combine(day, self.closes, SHANGHAI).astimezone(UTC)

    def moved(self, days: int) -> "ServiceHours":
        """The same hours with their closures elsewhere in time."""
        step = timedelta(days=days)
        closures = tuple(
            one.model_copy(update={"first": one.first + step, "last": one.last + step})
            for one in self.closures
        )
        return self.model_copy(update={"closures": closures})

    def _openings(self, *, emergency: bool) -> tuple[time, ...]:
        day_begins = () if emergency else (self.emergencies_only_until,)
        return tuple(sorted(hour for hour in (self.opens, *day_begins) if hour is not None))

    def _is_for_emergencies(self, hour: time) -> bool:
        first, last = self.emergencies_only_from, self.emergencies_only_until
        if first is None or last is None:
            return False
        return first <= hour < last if first < last else hour >= first or hour < last


def calls_from(day: date) -> datetime:
    """From when on customers are called on a day, as a UTC moment."""
    return datetime.combine(day, _CALLS_FROM, SHANGHAI).astimezone(UTC)
