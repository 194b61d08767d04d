"""Reads the working-day table from its files, one year a file.

A file says which year it is, whether the State Council's notice for it is out, and the days.
What the days mean is `domain.calendar`'s business. A file that does not hold is refused with its
name and the reason; nothing is loaded in part.
"""

from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adapters.yaml_files import FileRefused, read_model
from domain.calendar import WorkCalendar, YearStatus

CALENDARS = Path(__file__).parent.parent / "data" / "calendars"

_VERSION_DIGITS = 8


class DaysOff(BaseModel):
    """One holiday as a notice writes it: its name, its days off and its make-up days."""

    model_config = ConfigDict(frozen=True)

    name: str
    days_off: tuple[date, ...]
    make_up: tuple[date, ...] = ()


class CalendarYear(BaseModel):
    """One year's file."""

    model_config = ConfigDict(frozen=True)

    year: int = Field(ge=2000, le=2100)
    status: YearStatus
    source: str = Field(min_length=1)
    published: date | None = None
    note: str | None = None
    holidays: tuple[DaysOff, ...]

    @model_validator(mode="after")
    def _days_lie_in_the_year(self) -> Self:
        """A notice arranges its year, and for 元旦 the last days of the December before it."""
        for holiday in self.holidays:
            for day in (*holiday.days_off, *holiday.make_up):
                in_year = day.year == self.year or (day.year, day.month) == (self.year - 1, 12)
                if not in_year:
                    raise ValueError(f"{day} ({holiday.name}) is not a day of {self.year}")
        return self


def load_calendar(folder: Path = CALENDARS) -> WorkCalendar:
    """The table of all years in a folder; its version changes when any file's days change.

    Raises FileRefused with the file and the reason.
    """
    years = [read_model(path, CalendarYear) for path in sorted(folder.glob("cn-*.yaml"))]
    if not years:
        raise FileRefused(folder, "no calendar file cn-<year>.yaml here")
    last_official = max(
        (year.published for year in years if year.published is not None), default=date.min
    )
    off = frozenset(day for year in years for holiday in year.holidays for day in holiday.days_off)
    make_up = frozenset(
        day for year in years for holiday in year.holidays for day in holiday.make_up
    )
    statuses = {year.year: year.status for year in years}
    digest = sha256(repr((sorted(statuses.items()), sorted(off), sorted(make_up))).encode())
    return WorkCalendar(
        version=f"cn-{last_official:%Y%m%d}-{digest.hexdigest()[:_VERSION_DIGITS]}",
        years=statuses,
        holidays=off,
        make_up_days=make_up,
    )
