"""Reads the working-day table from its files, one year a file.

A file says which year it is, whether the State Council's notice for it is out, and the days.
What the days mean is `domain.calendar`'s business. A file that does not hold is refused with its
name and the reason, row by row; nothing is loaded in part.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.yaml_files import FileRefused, Finding, read_model
from domain.calendar import WorkCalendar, YearStatus

CALENDARS = Path(__file__).parent.parent / "data" / "calendars"

_VERSION_DIGITS = 8
_DECEMBER = 12
_SATURDAY = 5
_NEVER_LEFT_OUT: Final = ((1, 1), (5, 1), (10, 1))
"""Days off in every year by law; a notice without one of them has been copied in part only."""


class DaysOff(BaseModel):
    """One holiday as a notice writes it: its name, its days off and its make-up days."""

    model_config = ConfigDict(frozen=True)

    name: str
    days_off: tuple[date, ...]
    make_up: tuple[date, ...] = ()


class CalendarYear(BaseModel):
    """One year as its notice, or an estimate, arranges it."""

    model_config = ConfigDict(frozen=True)

    year: int = Field(ge=2000, le=2100)
    status: YearStatus
    source: str = Field(min_length=1)
    published: date | None = None
    note: str | None = None
    holidays: tuple[DaysOff, ...]

    @property
    def days_off(self) -> frozenset[date]:
        """Every day it makes a day off."""
        return frozenset(day for one in self.holidays for day in one.days_off)

    @property
    def make_up_days(self) -> frozenset[date]:
        """Every weekend day it makes a working day."""
        return frozenset(day for one in self.holidays for day in one.make_up)

    @property
    def digest(self) -> str:
        """The same for the same arrangement, whatever it is called and wherever it was copied."""
        said = (self.year, self.status.value, sorted(self.days_off), sorted(self.make_up_days))
        return sha256(repr(said).encode()).hexdigest()

    def holds(self, day: date) -> bool:
        """Whether the year may arrange a day: its own, and for 元旦 the December before it."""
        return day.year == self.year or (day.year, day.month) == (self.year - 1, _DECEMBER)


def read_year(path: Path) -> CalendarYear:
    """One year's file. Raises FileRefused with every wrong row, its line and the reason."""
    return read_model(path, CalendarYear, check=_wrong_rows)


def read_years(folder: Path = CALENDARS) -> list[CalendarYear]:
    """The years of a folder. Raises FileRefused."""
    years = [read_year(path) for path in sorted(folder.glob("cn-*.yaml"))]
    if not years:
        raise FileRefused(folder, "no calendar file cn-<year>.yaml here")
    return years


def load_calendar(folder: Path = CALENDARS) -> WorkCalendar:
    """The table of all years in a folder. Raises FileRefused with the file and the reason."""
    return calendar_of(read_years(folder))


def calendar_of(years: Sequence[CalendarYear]) -> WorkCalendar:
    """One table of these years; its version changes when any day changes. Raises ValueError."""
    last_official = max(
        (year.published for year in years if year.published is not None), default=date.min
    )
    off = frozenset(day for year in years for day in year.days_off)
    make_up = frozenset(day for year in years for day in year.make_up_days)
    statuses = {year.year: year.status for year in years}
    digest = sha256(repr((sorted(statuses.items()), sorted(off), sorted(make_up))).encode())
    return WorkCalendar(
        version=f"cn-{last_official:%Y%m%d}-{digest.hexdigest()[:_VERSION_DIGITS]}",
        years=statuses,
        holidays=off,
        make_up_days=make_up,
    )


def _wrong_rows(year: CalendarYear) -> Iterator[Finding]:
    for number, holiday in enumerate(year.holidays):
        for column, days in (("days_off", holiday.days_off), ("make_up", holiday.make_up)):
            for place, day in enumerate(days):
                at = ("holidays", number, column, place)
                for reason in _reasons(year, day, worked=column == "make_up"):
                    yield Finding(at, f"{day} ({holiday.name}) {reason}")
                if day in days[:place]:
                    yield Finding(at, f"{day} ({holiday.name}) is listed twice")
    if year.status is YearStatus.OFFICIAL:
        by_law = (date(year.year, *month_and_day) for month_and_day in _NEVER_LEFT_OUT)
        for missing in by_law:
            if missing not in year.days_off:
                yield Finding(("holidays",), f"{missing} is a day off by law and is not listed")


def _reasons(year: CalendarYear, day: date, *, worked: bool) -> Iterator[str]:
    if not year.holds(day):
        yield f"is not a day of {year.year}"
    if worked and day.weekday() < _SATURDAY:
        yield "is a make-up day but not a Saturday or Sunday"
    if worked and day in year.days_off:
        yield "is a make-up day and a day off"
