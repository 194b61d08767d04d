"""The directory of hospitals and their networks, as a worker asks them; the door has it too."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.hospitals import HospitalNamed
from adapters.database import looks
from adapters.door.reference import ReferenceRows
from domain.hospital import HospitalListed, listed


class Directory:
    """`DirectoryPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._looks = looks(engine)

    async def listed(self, named: HospitalNamed) -> HospitalListed:
        """A hospital as it was listed on the day."""
        async with self._looks.connect() as connection:
            rows = ReferenceRows(connection)
            found = await rows.hospital(named.hospital_id, named.network, named.on)
        return listed(found, named.network)
