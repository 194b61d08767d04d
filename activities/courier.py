"""Sending parcels and ordering tests; every call is idempotent under its id."""

from __future__ import annotations

from temporalio import activity

from activities.ports.courier import (
    CourierPort,
    LabAnswer,
    LabPort,
    ParcelAnswer,
    ParcelOrder,
    TestOrder,
)


class SendParcels:
    """The verbs of the courier and of the laboratory."""

    def __init__(self, *, courier: CourierPort, lab: LabPort) -> None:
        self._courier = courier
        self._lab = lab

    @activity.defn(name="order_parcel")
    async def order(self, order: ParcelOrder) -> ParcelAnswer:
        """Order a parcel."""
        return await self._courier.order_parcel(order)

    @activity.defn(name="track_parcel")
    async def track(self, parcel_id: str) -> ParcelAnswer:
        """Ask where a parcel is."""
        return await self._courier.track(parcel_id)

    @activity.defn(name="call_off_parcel")
    async def call_off(self, parcel_id: str) -> None:
        """Nobody needs to come for a parcel."""
        await self._courier.call_off(parcel_id)

    @activity.defn(name="order_test")
    async def order_test(self, order: TestOrder) -> LabAnswer:
        """Tell the laboratory that a sample comes."""
        return await self._lab.order_test(order)
