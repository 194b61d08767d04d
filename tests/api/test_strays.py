"""Events about a matter that has no ears for them."""

from __future__ import annotations

from tests.api.conftest import House
from tests.api.test_bookings import P02, booked, insured_of
from tests.api.test_callbacks import call


async def test_what_is_about_a_matter_of_another_kind_is_not_delivered_but_waits(
    worked: House,
) -> None:
    """A workflow without ears for it would keep it unread; a supervisor sees it instead."""
    await insured_of(worked, P02)
    case_id = (await worked.report()).json()["case_id"]
    talk = await booked(worked, programme=P02, service="family_doctor_phone")
    walk = await booked(worked, programme=P02, service="visit_escort")
    at = worked.clock().isoformat()
    called = {"event": "call_failed", "call_id": "c-1", "caller": "doctor", "at": at}
    moved = {"event": "parcel_moved", "status": "delivered"}
    said = {"event": "lab_word", "word": "sample_received"}
    strays = [
        ("telephone", called | {"booking_id": walk}),
        ("courier", moved | {"parcel_id": f"{talk}.parcel.1"}),
        ("courier", moved | {"parcel_id": f"{case_id}.parcel.1"}),
        ("lab", said | {"test_id": f"{talk}.test.1"}),
        ("nurse", {"event": "visit_accepted", "visit_id": f"{talk}.visit.1"}),
    ]
    for number, (partner, event) in enumerate(strays):
        answer = await call(worked, event, partner=partner, event_id=f"stray-{number}")
        assert (answer.status_code, answer.json()["state"]) == (202, "stored"), event
    heard = await call(worked, called | {"booking_id": talk}, partner="telephone", event_id="ours")
    assert (heard.status_code, heard.json()["state"]) == (200, "delivered")
    worked.clock.move(days=1)
    told = await worked.get("/v1/reports/letters", "supervisor")
    assert {one["why"] for one in told.json()["items"]} == {"unmatched"}
    assert len(told.json()["items"]) == len(strays)
