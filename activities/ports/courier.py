"""What greenlane asks of couriers and laboratories; their news comes back as callbacks."""

from __future__ import annotations

from typing import Protocol

from activities.ports.cases import Message
from domain.bookings.parcel import ParcelPurpose, ParcelStatus


class ParcelOrder(Message):
    """Fetch or bring a parcel. The adapter adds the phone number; what is in it stays here."""

    parcel_id: str
    case_id: str
    purpose: ParcelPurpose


class ParcelAnswer(Message):
    """The courier's word on a parcel."""

    status: ParcelStatus
    tracking_no: str = ""
    reason: str = ""


class CourierPort(Protocol):
    """Carries parcels."""

    async def order_parcel(self, order: ParcelOrder) -> ParcelAnswer:
        """Order under the parcel id; the same id is carried once."""

    async def track(self, parcel_id: str) -> ParcelAnswer:
        """Where a parcel is."""

    async def call_off(self, parcel_id: str) -> None:
        """Nobody needs to come for it; twice, unknown or under way is no error."""


class TestOrder(Message):
    """A sample will come for a test; the laboratory learns the id and the kind, nobody's name."""

    __test__ = False  # not a test of ours

    test_id: str
    kind: str
    covers: tuple[str, ...] = ()  # what the test is to look at (R741)


class LabAnswer(Message):
    """The laboratory's word on an order."""

    accepted: bool
    reason: str = ""


class LabPort(Protocol):
    """Tests samples."""

    async def order_test(self, order: TestOrder) -> LabAnswer:
        """Order under the test id; the same id is tested once."""
