"""Whether a slip that is handed in for one deposit is known as the slip of another."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Select, Text, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.tables.cases import cases, documents, payments, tasks
from adapters.tables.papers import deposit_slips
from domain.waiver import ONE_NUMBERING


def _known_query() -> Select[bool, bool]:
    """Of a step's number and pictures, whether they are another deposit's.

    Two hospitals may give out the same number, and the number of this very payment is its own
    whoever else was given it. One network numbers the receipts of all its hospitals.
    """
    number, pictures = bindparam("number", type_=Text()), bindparam("pictures", type_=ARRAY(Text))
    own, paid = cases.alias("own"), payments.alias("paid")
    elsewhere = payments.c.movement_id != tasks.c.subject
    same_line = (
        (cases.c.programme == own.c.programme)
        & (payments.c.mode == paid.c.mode)
        & payments.c.mode.in_(sorted(ONE_NUMBERING))
    )
    receipt = (
        exists()
        .where(payments.c.receipt_no == number, elsewhere)
        .where(cases.c.case_id == payments.c.case_id)
        .where((cases.c.hospital_id == own.c.hospital_id) | same_line)
    )
    slip = (
        exists()
        .where(deposit_slips.c.receipt_no == number)
        .where(deposit_slips.c.movement_id != tasks.c.subject)
        .where(cases.c.case_id == deposit_slips.c.case_id)
        .where(cases.c.hospital_id == own.c.hospital_id)
    )
    picture = (
        exists()
        .where(documents.c.document_id == func.any(pictures))
        .where(deposit_slips.c.pictures.contains(array([documents.c.sha256])))
        .where(deposit_slips.c.movement_id != tasks.c.subject)
    )
    of_number = (paid.c.receipt_no.is_distinct_from(number)) & (receipt | slip)
    return (
        select(of_number.label("number"), picture.label("picture"))
        .join_from(tasks, own, own.c.case_id == tasks.c.case_id)
        .join(paid, paid.c.movement_id == tasks.c.subject, isouter=True)
        .where(tasks.c.task_id == bindparam("task"))
    )


_KNOWN: Final = _known_query()


class SlipRows:
    """The slips of all deposits, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def known(
        self, task_id: str, *, number: str, pictures: Collection[str]
    ) -> tuple[bool, bool]:
        """Whether the number, and whether a picture, is known of another deposit."""
        asked = {"task": task_id, "number": number, "pictures": [*pictures]}
        row = (await self._connection.execute(_KNOWN, asked)).one_or_none()
        return (False, False) if row is None else (row.number, row.picture)
