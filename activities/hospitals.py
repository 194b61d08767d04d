"""Asking hospitals for a resource; every call is idempotent under the ask's id."""

from __future__ import annotations

from temporalio import activity

from activities.ports.hospitals import (
    DirectoryPort,
    HospitalNamed,
    HospitalPort,
    ResourceAnswer,
    ResourceOrder,
)
from domain.hospital import HospitalListed


class AskHospitals:
    """The verbs of the hospitals' desk."""

    def __init__(self, *, hospitals: HospitalPort, directory: DirectoryPort) -> None:
        self._hospitals = hospitals
        self._directory = directory

    @activity.defn(name="ask_hospitals")
    async def ask(self, order: ResourceOrder) -> ResourceAnswer:
        """Ask for a resource."""
        return await self._hospitals.ask(order)

    @activity.defn(name="look_up_hospital")
    async def look_up(self, named: HospitalNamed) -> HospitalListed:
        """What our own lists say of the hospital they name."""
        return await self._directory.listed(named)

    @activity.defn(name="withdraw_ask")
    async def withdraw(self, ask_id: str) -> bool:
        """Take an ask back; False if hospitals keep to it."""
        return await self._hospitals.withdraw(ask_id)
