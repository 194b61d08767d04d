"""Whether whom a hospital offers is whom the service promises: level, hospital, rank."""

from __future__ import annotations

from typing import Final, Literal

from domain.programmes.services import DoctorLevel, Staffing

LEVEL_NAMES: Final = {
    DoctorLevel.ATTENDING: "主治医师",
    DoctorLevel.ASSOCIATE_CHIEF: "副主任医师",
    DoctorLevel.CHIEF: "主任医师",
}
_RANKS: Final = list(DoctorLevel)


def unfit(
    staffing: Staffing | None,
    *,
    level: DoctorLevel | None,
    hospital_class: Literal["3A", "2A"] | None,
) -> tuple[str, str] | None:
    """The field and the reason for which somebody may not perform the service; None if he may."""
    if staffing is None:
        return None
    least = staffing.doctor_level_min
    if least is not None and (level is None or _RANKS.index(level) < _RANKS.index(least)):
        return "doctor_level", f"须为{LEVEL_NAMES[least]}及以上"
    if staffing.hospital_class is not None and hospital_class != staffing.hospital_class:
        return "hospital_class", f"须为{staffing.hospital_class}医院"
    return None


def out_of_rank(staffing: Staffing | None, rank: int | None) -> str | None:
    """Why a hospital is not one of the best so many the service promises (R623); None if it is."""
    top = staffing.ranking_top if staffing else None
    if top is None or (rank is not None and rank <= top):
        return None
    return f"须为排名前{top}的医院"
