"""What the door asks our own lists of a hospital that a step of a booking names.

Whoever arranges a service may misread a code or take a hospital the programme does not work with;
its class is the directory's word, not the caller's.
"""

from __future__ import annotations

from typing import Any, Final

from api.door.openings import BOOKINGS
from api.door.problems import at_field
from api.wiring.door import Unit
from domain import hospital
from domain.calendar import civil_date
from domain.steps.forms import Form

FIELD: Final = "hospital_id"


async def listed(unit: Unit, booking_id: str, form: Form) -> dict[str, Any]:
    """The form as JSON, with the class our directory knows of its hospital.

    Raises Problem for a hospital the directory does not hold, or one outside the network as it was
    listed on the day of the request (R755); a network nobody has a list of refuses none.
    """
    written: dict[str, Any] = form.model_dump(mode="json")
    asked = await BOOKINGS.message(unit, booking_id) if written.get(FIELD) else None
    if asked is None:
        return written
    network, on = asked.programme.hospitals.network, civil_date(asked.requested_at)
    found = hospital.listed(await unit.reference.hospital(written[FIELD], network, on), network)
    if (why := found.refused) is not None:
        code = "invalid" if found.known else "unknown-hospital"
        raise at_field(code, FIELD, why, case_id=booking_id)
    if found.class_known and "hospital_class" in written:
        written["hospital_class"] = found.hospital_class
    return written
