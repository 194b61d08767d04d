"""Courier and laboratory behind their adapters: ordered once, told about, and nobody named."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from activities.ports.cases import Contact
from activities.ports.courier import ParcelOrder, TestOrder
from adapters.partners.courier import CourierNetwork, Laboratory
from adapters.partners.line import PartnerLine, PartnerSilent
from api.letters.events import EVENTS, SENT_BY
from domain.bookings.parcel import ParcelStatus
from tests.simulator_process import Listener, Simulator, wait_for

PATIENCE = httpx.Timeout(connect=1.0, read=0.4, write=1.0, pool=1.0)


def a_parcel(**changes: Any) -> ParcelOrder:
    booking_id = f"bk-{uuid.uuid4().hex[:20]}"
    order = {"parcel_id": f"{booking_id}.parcel.1", "case_id": booking_id, "purpose": "papers"}
    return ParcelOrder.model_validate(order | changes)


async def _contact(_: str) -> Contact:
    return Contact(name="客户某甲", phone="13800138000", id_last_four="1234")


@pytest.fixture
async def courier(simulator: Simulator) -> AsyncIterator[CourierNetwork]:
    async with PartnerLine(f"{simulator.url}/courier/v1", patience=PATIENCE) as line:
        yield CourierNetwork(line, contact_of=_contact)


@pytest.fixture
async def lab(simulator: Simulator) -> AsyncIterator[Laboratory]:
    async with PartnerLine(f"{simulator.url}/lab/v1", patience=PATIENCE) as line:
        yield Laboratory(line)


def told(listener: Listener, about: str) -> list[dict[str, Any]]:
    events = listener.about(about)
    for one in events:
        assert isinstance(EVENTS.validate_python(one.event), SENT_BY[one.partner])
    return [one.event for one in events]


async def test_a_parcel_is_ordered_once_followed_and_leaves_no_name(
    simulator: Simulator, listener: Listener, courier: CourierNetwork
) -> None:
    order = a_parcel()
    first = await courier.order_parcel(order)
    assert (first.status, await courier.order_parcel(order)) == (ParcelStatus.ORDERED, first)
    assert first.tracking_no.startswith("KD")
    (body, _) = simulator.received(order.parcel_id)
    assert body == {
        "parcel_id": order.parcel_id,
        "origin": "customer",
        "target": "house",
        "contact": {"phone": "13800138000"},
    }
    path = f"/courier/v1/parcels/{order.parcel_id}/words"
    simulator.http.post(path, json={"status": "delivered"}).raise_for_status()
    wait_for(lambda: listener.about(order.parcel_id))
    assert [one["status"] for one in told(listener, order.parcel_id)] == ["delivered"]
    assert simulator.http.post(path, json={"status": "lost"}).status_code == 409
    assert (await courier.track(order.parcel_id)).status is ParcelStatus.DELIVERED


async def test_a_courier_that_refuses_or_is_slow_or_babbles_is_understood(
    simulator: Simulator, listener: Listener, courier: CourierNetwork
) -> None:
    simulator.switch_on("courier", "order", "refuse")
    refused = await courier.order_parcel(a_parcel())
    assert (refused.status, refused.reason) == (ParcelStatus.REFUSED, "no_pickup_there")
    simulator.switch_on("courier", "order", "answer_late", seconds=0.1)
    late = a_parcel()
    assert (await courier.order_parcel(late)).tracking_no == ""
    wait_for(lambda: listener.about(late.parcel_id))
    assert told(listener, late.parcel_id)[0]["tracking_no"]
    for fault in ("garbage", "error_first"):
        simulator.switch_on("courier", "order", fault)
        again = a_parcel()
        with pytest.raises(PartnerSilent):
            await courier.order_parcel(again)
        assert (await courier.order_parcel(again)).status is ParcelStatus.ORDERED
    for _ in range(2):
        await courier.call_off(late.parcel_id)
    with pytest.raises(PartnerSilent):  # nothing more is to be heard of it
        await courier.track(late.parcel_id)
    await courier.call_off("bk-nobody.parcel.1")
    with pytest.raises(PartnerSilent):
        await courier.track("bk-nobody.parcel.1")


async def test_a_laboratory_takes_a_test_once_and_speaks_by_callback(
    simulator: Simulator, listener: Listener, lab: Laboratory
) -> None:
    order = TestOrder(
        test_id=f"bk-{uuid.uuid4().hex[:20]}.test.1",
        kind="gene_testing",
        covers=("targeted_drugs",),
    )
    for _ in range(2):
        assert (await lab.order_test(order)).accepted
    body = simulator.received(order.test_id)[0]
    assert body == {"test_id": order.test_id, "kind": "gene_testing", "covers": ["targeted_drugs"]}
    path = f"/lab/v1/tests/{order.test_id}/words"
    for word in ("sample_received", "report_ready"):
        simulator.http.post(path, json={"word": word, "report_no": "R-7"}).raise_for_status()
    wait_for(lambda: len(listener.about(order.test_id)) == 2)
    said = {one["word"] for one in told(listener, order.test_id)}
    assert said == {"sample_received", "report_ready"}
    simulator.switch_on("lab", "order", "refuse")
    other = order.model_copy(update={"test_id": f"bk-{uuid.uuid4().hex[:20]}.test.1"})
    answer = await lab.order_test(other)
    assert (answer.accepted, answer.reason) == (False, "kind_not_offered")
