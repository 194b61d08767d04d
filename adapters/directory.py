"""The directory of hospitals and their networks, as a worker asks them; the door has it too."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.hospital_ports import HospitalListed, HospitalNamed
from adapters.door.reference import ReferenceRows
from domain.hospital import class_of


class Directory:
    """`DirectoryPort` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def listed(self, named: HospitalNamed) -> HospitalListed:
        """A hospital as it was listed on the day."""
        async with self._engine.connect() as connection:
            rows = ReferenceRows(connection)
            found = await rows.hospital(named.hospital_id, named.network, named.on)
        if found is None:
            return HospitalListed(known=False)
        no_list = named.network is None or not found["newest_list"]
        grade, sub_grade = found["grade"], found["sub_grade"]
        class_known = grade is not None and bool(sub_grade)
        return HospitalListed(
            on_network=no_list or bool(found["on_network"]),
            class_known=class_known,
            hospital_class=class_of(grade, str(sub_grade)) if class_known else None,
        )
