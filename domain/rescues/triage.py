"""Triage in a hospital's own channel: who goes straight in, how a patient travels, who is told.

Every predicate is the programme's: its groups, the signs that put a patient into one, the way in
that a group has a right to. A clinician may always judge more urgently, never less, and nobody is
turned away (R517): a patient of no group is the clinician's own judgement.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from domain.calendar import CalendarYearMissing, WorkCalendar
from domain.programmes.offer import EmergencyTerms, PatientGroup, ReportRoute, Sign
from domain.programmes.programme import Programme


class Way(StrEnum):
    """How a patient gets in, the most urgent first."""

    RESCUE_ROOM = "rescue_room"  # straight in, everything else afterwards (R585)
    EARLY_ENTRY = "early_entry"  # into the department before admission (R458)
    PRIORITY = "priority"  # seen before others


WAY_NAMES: Final[dict[Way, str]] = {
    Way.RESCUE_ROOM: "直接送入抢救室",
    Way.EARLY_ENTRY: "提前入科",
    Way.PRIORITY: "优先就诊",
}

_URGENCY: Final = (Way.RESCUE_ROOM, Way.EARLY_ENTRY, Way.PRIORITY)

LEVELS: Final = {Way.RESCUE_ROOM: 1, Way.EARLY_ENTRY: 2, Way.PRIORITY: 3}
"""The level a way in stands for where nobody named one: 1 is dying, 4 can wait."""

LOWEST_LEVEL: Final = 4

UNSEEN_LEVEL: Final = 0
"""Of whom nobody has looked at yet; they come first, because they may be dying."""

MASS_EVENT: Final = "mass_casualties"
"""The group of everybody who was brought in by a mass event, where a programme has it."""


class Seen(BaseModel):
    """What whoever looked at the patient says."""

    model_config = ConfigDict(frozen=True)

    groups: frozenset[str] = frozenset()
    signs: frozenset[Sign] = frozenset()
    way: Way | None = None  # the clinician's own; None = what the groups have a right to
    level: int | None = Field(default=None, ge=1, le=LOWEST_LEVEL)


class Assessment(BaseModel):
    """What follows from it."""

    model_config = ConfigDict(frozen=True)

    groups: tuple[str, ...]
    way: Way
    level: int
    judged: bool  # by the clinician alone: no group of the programme says so


class TooLow(ValueError):
    """A patient was to wait longer than the programme's groups allow."""

    def __init__(self, at_least: Way) -> None:
        super().__init__(f"at least {at_least}")
        self.at_least = at_least


class UnknownGroup(LookupError):
    """A group was named that the programme does not have."""

    def __init__(self, group: str) -> None:
        super().__init__(group)
        self.group = group


def assess(terms: EmergencyTerms, seen: Seen) -> Assessment:
    """The groups, the way in and the level of a patient. Raises `TooLow`, `UnknownGroup`."""
    known = {group.code for group in terms.groups}
    for named in sorted(seen.groups - known):
        raise UnknownGroup(named)
    groups = [one for one in terms.groups if one.code in seen.groups or is_shown(one, seen.signs)]
    least = min((Way(one.way) for one in groups), key=_URGENCY.index, default=Way.PRIORITY)
    way = seen.way or least
    if _URGENCY.index(way) > _URGENCY.index(least):
        raise TooLow(least)
    return Assessment(
        groups=tuple(one.code for one in groups),
        way=way,
        level=min(seen.level or LEVELS[way], *_at_most(groups, way)),
        judged=not groups or way is not least,
    )


def _at_most(groups: list[PatientGroup], way: Way) -> list[int]:
    """How low a level may be: no lower than the way in, nor than a group of the sick stands for.

    Who is in no group, or in one that is only told upward, may be one who can wait.
    """
    ways = [(Way(one.way), one.reportable) for one in groups]
    sick = [LEVELS[own] for own, told in ways if not told or own is not Way.PRIORITY]
    return [*sick, LOWEST_LEVEL if way is Way.PRIORITY else LEVELS[way]]


def is_shown(group: PatientGroup, signs: frozenset[Sign]) -> bool:
    """Whether what was seen puts a patient into a group (R437, R505)."""
    every = bool(group.all_signs) and signs >= {*group.all_signs}
    return every or bool(signs & {*group.any_sign})


def is_served(programme: Programme, service: str, groups: tuple[str, ...]) -> bool:
    """Whether a group of the patient has a right to a service; if not, a clinician decides."""
    terms = programme.emergency
    theirs = [one for one in terms.groups if one.code in groups] if terms else []
    return any(not one.services or service in one.services for one in theirs)


def needs_stretcher(terms: EmergencyTerms, groups: tuple[str, ...]) -> bool:
    """Whether a patient may travel on a stretcher only (R466)."""
    return any(one.stretcher for one in terms.groups if one.code in groups)


def is_reportable(terms: EmergencyTerms, groups: tuple[str, ...]) -> bool:
    """Whether the patient is one whose arrival is told upward at once (R614)."""
    return any(one.reportable for one in terms.groups if one.code in groups)


def told(
    programme: Programme, *, at: datetime, calendar: WorkCalendar, reportable: bool
) -> tuple[ReportRoute, ...]:
    """Whom a rescue is reported to: by the hour, and upward where it is reportable (R528, R615)."""
    terms = programme.emergency
    if terms is None:
        return ()
    hour = "working_hours" if _is_office_time(programme, at, calendar) else "night_or_day_off"
    wanted = {hour, "mass_event"} if reportable else {hour}
    return tuple(route for route in terms.reports if route.when in wanted)


def _is_office_time(programme: Programme, at: datetime, calendar: WorkCalendar) -> bool:
    """Whether medical affairs is at work; a year without a table counts as a day off."""
    terms = programme.emergency
    office = next(
        (one for one in programme.hours if terms and one.code == terms.office_hours), None
    )
    try:
        return office is not None and office.is_open(at, calendar)
    except CalendarYearMissing:
        return False  # the duty office is always there
