"""Papers of a booking over HTTP: handed in, and found complete."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import House
from tests.api.test_bookings import done
from tests.api.test_reporting import open_task


async def uploaded(house: House, booking_id: str, kind: str) -> str:
    """One paper is handed in; returns its id."""
    stored = await house.post(
        f"/v1/bookings/{booking_id}/documents",
        data={"kind": kind},
        files={"file": ("a.jpg", b"\xff\xd8\xff" + kind.encode(), "image/jpeg")},
    )
    assert stored.status_code == 201, stored.text
    return str(stored.json()["document_id"])


async def handed_in(house: House, booking_id: str, *kinds: str, **form: Any) -> None:
    """Papers come in once they are asked for, and somebody finds them complete."""
    await open_task(house, booking_id, "check_papers")
    for kind in kinds:
        await uploaded(house, booking_id, kind)
    await done(house, booking_id, "check_papers", "agent", complete=True, **form)
