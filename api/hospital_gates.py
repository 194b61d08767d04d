"""What the door asks our own lists of a hospital that a step of a booking names.

Whoever arranges a service may misread a code or take a hospital the programme does not work with;
its class is the directory's word, not the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from api.bookings import booking_message
from api.problems import at_field
from api.wiring import Unit
from domain.calendar import civil_date
from domain.forms import Form
from domain.hospital import class_of

FIELD: Final = "hospital_id"


async def listed(unit: Unit, booking_id: str, form: Form) -> dict[str, Any]:
    """The form as JSON, with the class our directory knows of its hospital.

    Raises Problem for a hospital the directory does not hold, or one outside the network as it was
    listed on the day of the request (R755); a network nobody has a list of refuses none.
    """
    written: dict[str, Any] = form.model_dump(mode="json")
    opened = await unit.bookings.opened(booking_id) if written.get(FIELD) else None
    if opened is None:
        return written
    asked = booking_message(opened)
    network, on = asked.programme.hospitals.network, civil_date(asked.requested_at)
    found = await unit.reference.hospital(written[FIELD], network, on)
    if found is None:
        raise at_field("unknown-hospital", FIELD, "医院名录中没有此医院", case_id=booking_id)
    if network is not None and found["newest_list"] and not found["on_network"]:
        raise at_field("invalid", FIELD, "医院不在该项目的合作医院内", case_id=booking_id)
    return written | _classed(written, found)


def _classed(written: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    grade, sub_grade = cast("int | None", found["grade"]), str(found["sub_grade"])
    if "hospital_class" not in written or grade is None or not sub_grade:
        return {}
    return {"hospital_class": class_of(grade, sub_grade)}
