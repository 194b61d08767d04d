"""Working days in China: which day is one, which is the n-th after another.

The calendar is a versioned table, given as data: the State Council's days off and the weekend
days it makes working days (make-up days, 调休). Nothing here reads a file or a clock. A year the
table does not know is refused by name and never treated as an ordinary year; a year whose notice
is not out yet is estimated and says so.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, field_serializer, model_validator

SHANGHAI = ZoneInfo("Asia/Shanghai")

_DAYS_IN_WEEK = 7
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
# No programme asks for more working days than this in one clock, and a loop wants a bound.
_DAYS_SEARCHED_MAX = 800


class YearStatus(StrEnum):
    """How sure a year of the table is."""

    OFFICIAL = "official"
    ESTIMATED = "estimated"


class CalendarYearMissing(LookupError):
    """The working-day table has no entry for a year somebody asked about."""

    def __init__(self, year: int, version: str) -> None:
        super().__init__(f"the working-day calendar {version} does not know the year {year}")
        self.year = year
        self.version = version


class WorkCalendar(BaseModel):
    """A working-day table: days off, make-up days and how sure each year is.

    A calendar that was moved by whole weeks keeps, in `moved_by`, how many days it was moved:
    a day belongs to the year it belonged to before, so that a moved table ends where it ended.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    years: dict[int, YearStatus]
    holidays: frozenset[date]
    make_up_days: frozenset[date]
    moved_by: int = 0

    @model_validator(mode="after")
    def _each_day_is_of_one_kind_and_of_a_known_year(self) -> "WorkCalendar":
        both = self.holidays & self.make_up_days
        if both:
            raise ValueError(f"{min(both)} is both a day off and a make-up day")
        for day in self.holidays | self.make_up_days:
            if self._year_of(day) not in self.years:
                raise ValueError(f"{day} lies in a year the table does not list")
        for day in self.make_up_days:
            if day.weekday() < _SATURDAY:
                raise ValueError(f"{day} is a make-up day but not a Saturday or Sunday")
        if self.moved_by % _DAYS_IN_WEEK:
            raise ValueError("a calendar is moved by whole weeks only")
        return self

    # Sets have no order of their own; a snapshot of one calendar must always be the same bytes.
    @field_serializer("holidays", "make_up_days")
    def _days_in_order(self, days: frozenset[date]) -> list[date]:
        return sorted(days)

    @property
    def horizon(self) -> date:
        """The last day this table knows at all."""
        return date(max(self.years), 12, 31) + timedelta(days=self.moved_by)

    def next_unsure_year(self, today: date) -> int:
        """The first year, from today's on, whose notice is not in the table: the next to import."""
        year = self._year_of(today)
        while self.years.get(year) is YearStatus.OFFICIAL:
            year += 1
        return year

    def official_until(self, today: date) -> date:
        """The last sure day: the end of the unbroken run of official years that holds today.

        A day in the past where today's own year is an estimate, or not known at all.
        """
        last_sure = date(self.next_unsure_year(today) - 1, 12, 31)
        return last_sure + timedelta(days=self.moved_by)

    def official_days_ahead(self, today: date) -> int:
        """How many days after today are sure; readiness warns when they become few."""
        return max(0, (self.official_until(today) - today).days)

    def status_of(self, day: date) -> YearStatus:
        """Whether the day's year is official or estimated; CalendarYearMissing if unknown."""
        year = self._year_of(day)
        if year not in self.years:
            raise CalendarYearMissing(day.year, self.version)
        return self.years[year]

    def knows(self, day: date) -> bool:
        """Whether the day lies in a year of the table, so that working days run from it."""
        return self._year_of(day) in self.years

    def is_working_day(self, day: date) -> bool:
        """Whether the State Council's table makes this a working day; CalendarYearMissing."""
        self.status_of(day)
        if day in self.make_up_days:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def nth_working_day_after(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which does not count itself (n at least 1)."""
        if n < 1:
            raise ValueError("the first working day after a day is number 1")
        # Every promise in working days comes by here: sets at hand, a year looked up once.
        days_off, made_up = self.holidays, self.make_up_days
        left, candidate, year_ends = n, day, day
        for _ in range(_DAYS_SEARCHED_MAX):
            candidate += _ONE_DAY
            if candidate > year_ends:
                year_ends = self._end_of_year(candidate)
            if candidate.weekday() < _SATURDAY:
                left -= candidate not in days_off
            else:
                left -= candidate in made_up
            if left == 0:
                return candidate
        raise ValueError(f"no {n} working days within {_DAYS_SEARCHED_MAX} days")

    def working_days_between(self, after: date, until: date) -> int:
        """How many working days lie in (after, until]; none if `until` is not later (C-03)."""
        return sum(self.is_working_day(day) for day in _days(after, until))

    def is_estimated_between(self, after: date, until: date) -> bool:
        """Whether a day in [after, until] lies in a year whose notice is not out yet."""
        return any(
            self.status_of(day) is YearStatus.ESTIMATED
            for day in (after, *_year_ends(after, until), until)
        )

    def moved(self, days: int) -> "WorkCalendar":
        """The same table elsewhere in time, by whole weeks, so that each weekday stays."""
        if days % _DAYS_IN_WEEK:
            raise ValueError("a calendar is moved by whole weeks only")
        step = timedelta(days=days)
        return WorkCalendar(
            version=self.version if days == 0 else f"{self.version}{days:+d}d",
            years=self.years,
            holidays=frozenset(day + step for day in self.holidays),
            make_up_days=frozenset(day + step for day in self.make_up_days),
            moved_by=self.moved_by + days,
        )

    def window(self, first_year: int, last_year: int) -> "WorkCalendar":
        """A small copy with the years that touch first_year..last_year, for one case."""
        first = self._year_of(date(first_year, 1, 1))
        last = self._year_of(date(last_year, 12, 31))
        years = {year: status for year, status in self.years.items() if first <= year <= last}
        if not years:
            raise CalendarYearMissing(first_year, self.version)
        return WorkCalendar(
            version=self.version,
            years=years,
            holidays=frozenset(day for day in self.holidays if self._year_of(day) in years),
            make_up_days=frozenset(day for day in self.make_up_days if self._year_of(day) in years),
            moved_by=self.moved_by,
        )

    def _end_of_year(self, day: date) -> date:
        """The last day of the year a day belongs to; CalendarYearMissing if unknown."""
        self.status_of(day)
        return date(self._year_of(day), 12, 31) + timedelta(days=self.moved_by)

    def _year_of(self, day: date) -> int:
        return (day - timedelta(days=self.moved_by)).year


def wanted_notice(year: int) -> str:
    """What a step is about that asks somebody for a year's notice."""
    return f"{year}年放假安排"


def civil(at: datetime, *, seconds: bool = False) -> str:
    """A moment as a person in China reads it, to the minute or to the second."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def due_civil(at: datetime, *, seconds: bool = False) -> str:
    """A deadline as people say it: the end of a day is 24:00 of that day, not 00:00 of the next."""
    told = at.astimezone(SHANGHAI)
    if (told.hour, told.minute, told.second) == (0, 0, 0):
        return f"{told - _ONE_DAY:%Y-%m-%d} 24:00"
    return civil(at, seconds=seconds)


def end_of_day(day: date) -> datetime:
    """24:00 of a civil day in Shanghai, as a UTC moment (Civil Code, article 203)."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)


def civil_date(at: datetime) -> date:
    """The day a moment falls on in Shanghai; 24:00 belongs to the day that begins."""
    if at.tzinfo is None:
        raise ValueError("a moment must know its time zone")
    return at.astimezone(SHANGHAI).date()


def _days(after: date, until: date) -> Iterable[date]:
    return (after + timedelta(days=ahead) for ahead in range(1, (until - after).days + 1))


def _year_ends(after: date, until: date) -> Iterable[date]:
    return (date(year, 12, 31) for year in range(after.year, until.year))
