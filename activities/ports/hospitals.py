"""What greenlane asks of hospitals: a resource for a booking; their word may come as a callback."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from activities.ports.cases import Message
from domain.bookings.coordination import AskStatus, Resource
from domain.bookings.sharing import Withheld
from domain.hospital import HospitalListed
from domain.programmes.offer import DataRecipient


class ResourceOrder(Message):
    """Find a bed, a doctor, an operation, an examination. The adapter adds whom it is for."""

    ask_id: str
    booking_id: str
    service: str
    hospital_id: str | None = None
    expert: str | None = None
    clinic: str | None = None  # the kind of clinic the customer chose, where he chooses one
    wished_on: date | None = None
    not_at: datetime | None = None  # what the customer could not take
    urgent: bool = False
    clauses: list[DataRecipient] = Field(default=[])  # with whom the programme shares data
    consented: bool = False


class ResourceAnswer(Message):
    """The hospitals' word on an ask, and why they were told nothing of the illness, if so."""

    status: AskStatus
    resource: Resource | None = None
    reason: str = ""
    withheld: Withheld | None = None


class HospitalNamed(Message):
    """A hospital that was named to us, and the network it should belong to on a day."""

    hospital_id: str
    network: str | None = None
    on: date


class Patient(BaseModel):
    """Whom a hospital is to see. Lives in memory only; never in a message, log or exception."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(repr=False)
    id_last_four: str = Field(repr=False)
    complaint: str | None = Field(default=None, repr=False)  # None: not to be told


class DirectoryPort(Protocol):
    """Our own directory of hospitals and networks."""

    async def listed(self, named: HospitalNamed) -> HospitalListed:
        """A hospital as we know it; a network nobody has a list of holds every one."""


class HospitalPort(Protocol):
    """Hospitals, behind one desk that coordinates them."""

    async def ask(self, order: ResourceOrder) -> ResourceAnswer:
        """Ask under the ask's id; the same id is one ask, answered as it stands."""

    async def withdraw(self, ask_id: str) -> bool:
        """Take an ask back, before or after its yes; False if hospitals do not agree to that."""
