"""Every service of the green channel can be asked for over HTTP, under every programme."""

from __future__ import annotations

import pytest

from domain.programmes.services import Shape
from tests.api.conftest import STRANGER, House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import insured_of, request_of
from tests.workflows.booked import PROGRAMMES
from workflows.messages.workflow_types import BOOKING_TYPES

BOOKED = [
    (programme.code, service.code)
    for programme in PROGRAMMES.values()
    for service in programme.services
    if service.shape in BOOKING_TYPES and service.shape is not Shape.EMERGENCY
]


@pytest.mark.parametrize("programme", sorted({code for code, _ in BOOKED}))
async def test_every_service_is_taken_and_no_request_is_turned_away_unread(
    house: House, programme: str
) -> None:
    await insured_of(house, programme)
    await insured_of(
        house,
        programme,
        policy_id="p-another",
        policy_no=house.sealer.seal("P-3", "policies.policy_no"),
        id_number=house.sealer.seal(STRANGER, "policies.id_number"),
        person_hash=house.sealer.lookup_hash(STRANGER),
    )
    held: dict[str, str] = {}
    for code, service in BOOKED:
        if code == programme:
            asked = request_of(house, programme=programme, service=service)
            asked["insured"]["email"] = "jia@example.com"  # P19 writes by e-mail
            answer = await house.post("/v1/bookings", asked)
            quota = PROGRAMMES[code].service(service).quota
            if quota.pool in held and quota.count == 1:  # its one unit is held by the other way
                problem(answer, 409, "entitlement-used-up")
                assert answer.json()["case_id"] == held[quota.pool]
                asked["insured"]["id_number"] = STRANGER
                answer = await house.post("/v1/bookings", asked)
            assert answer.status_code == 201, (service, answer.text)
            held.setdefault(quota.pool or "", answer.json()["booking_id"])
