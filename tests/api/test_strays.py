"""Events about a matter that has no ears for them."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

import worker
from api.letters.events import EVENTS
from api.letters.heard_by import BOOKINGS, CASES, SIGNALS
from tests.api.conftest import House
from tests.api.test_bookings import P02, booked, insured_of
from tests.api.test_callbacks import call
from tests.api.test_one_sum_insured import P21
from workflows.messages.workflow_types import BOOKING_TYPES


def test_who_hears_which_event_is_what_the_workflows_hear() -> None:
    definitions = map(workflow._Definition.must_from_class, worker.WORKFLOWS)
    signals = {one.name: set(one.signals) for one in definitions}
    heard = {name: set(events) for name, events in CASES.items()}
    for shape, name in BOOKING_TYPES.items():  # two shapes may be one workflow
        told = {event for event, shapes in BOOKINGS.items() if shape in shapes}
        heard[name] = heard.get(name, set()) | told
    for name, events in heard.items():
        ears = {event for event, signal in SIGNALS.items() if signal in signals[name]}
        # Every booking has the ear for a visit; only these shapes order one.
        deaf = {"visit_accepted"} if name in BOOKING_TYPES.values() else set()
        assert events <= ears
        assert ears - events <= deaf, name


def test_every_event_about_a_matter_is_a_signal() -> None:
    of_the_house = {"message_delivered", "roster_published", "slot_withdrawn"}
    assert {*EVENTS.json_schema()["discriminator"]["mapping"]} - of_the_house == {*SIGNALS}


async def test_what_a_claim_or_a_stay_has_no_ears_for_waits(worked: House) -> None:
    """Both are cases; a claim decides by a step, and a stay settles nothing at a counter."""
    await insured_of(worked, P21)
    stay = (await worked.report(programme=P21)).json()["case_id"]
    asked = worked.a_report(
        programme=P21, service="small_fast_claim", channel="app", planned_admission=...
    )
    claim = (await worked.post("/v1/claims", asked)).json()["case_id"]
    yuan = {"amount": "0.00", "currency": "CNY"}
    decided: dict[str, Any] = {"event": "claim_decided", "decision": "denied", "payable": yuan}
    strays: list[tuple[str, dict[str, Any]]] = [
        ("claims", decided | {"claim_id": f"{claim}:claim"}),
        ("nurse", {"event": "visit_accepted", "visit_id": f"{claim}.visit.1"}),
        ("social", {"event": "social_settled", "status": "refused", "settlement_id": f"{stay}:s"}),
    ]
    for number, (partner, event) in enumerate(strays):
        answer = await call(worked, event, partner=partner, event_id=f"stray-{number}")
        assert (answer.status_code, answer.json()["state"]) == (202, "stored"), event
    heard = await call(
        worked, decided | {"claim_id": f"{stay}:claim"}, partner="claims", event_id="ours"
    )
    assert (heard.status_code, heard.json()["state"]) == (200, "delivered")


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
