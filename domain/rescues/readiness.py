"""Whether a hospital's channel is ready (HX08): who is on duty, whether everything lies there.

A shift is checked when it begins. What is lacking is said and recorded; it closes no channel and
holds up no patient.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from domain.rescues.rescue import uncovered

SHIFT_MAX: Final = timedelta(hours=24)
"""Nobody is on duty longer than a day."""


class Lack(StrEnum):
    """What is lacking."""

    NOBODY_CHECKED = "nobody_checked"
    SHIFT_OVER = "shift_over"
    NO_DOCTOR = "no_doctor"
    NO_NURSE = "no_nurse"
    EQUIPMENT = "equipment"
    SUPPLIES = "supplies"


LACK_NAMES: Final[dict[Lack, str]] = {
    Lack.NOBODY_CHECKED: "尚无检查记录",
    Lack.SHIFT_OVER: "本班已结束, 未交接",
    Lack.NO_DOCTOR: "无值班医师",
    Lack.NO_NURSE: "无值班护士",
    Lack.EQUIPMENT: "抢救设备不齐",
    Lack.SUPPLIES: "抢救药品或用品不齐",
}


class Check(BaseModel):
    """What was found when a shift began; staff by number."""

    model_config = ConfigDict(frozen=True)

    checked_at: datetime
    until: datetime
    doctors: tuple[str, ...]
    nurses: tuple[str, ...]
    equipment_complete: bool
    supplies_complete: bool


def lacks(last: Check | None, at: datetime) -> tuple[Lack, ...]:
    """What is lacking at a moment, by the last check (R521, R522, R616)."""
    if last is None:
        return (Lack.NOBODY_CHECKED,)
    found = {
        Lack.SHIFT_OVER: at >= last.until,
        Lack.NO_DOCTOR: not last.doctors,
        Lack.NO_NURSE: not last.nurses,
        Lack.EQUIPMENT: not last.equipment_complete,
        Lack.SUPPLIES: not last.supplies_complete,
    }
    return tuple(lack for lack, there in found.items() if there)


def said(lacking: Iterable[Lack]) -> str:
    """What is lacking, as whoever is to see to it reads it."""
    return "、".join(LACK_NAMES[one] for one in lacking)


def unmanned(checks: Iterable[Check], *, at: datetime) -> timedelta:
    """How long of the last 24 hours no doctor or no nurse was on duty (R521)."""
    shifts = [(one.checked_at, one.until) for one in checks if one.doctors and one.nurses]
    return uncovered(shifts, since=at - SHIFT_MAX, until=at)
