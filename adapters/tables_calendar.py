"""The table of holiday notices: each as it was imported, the newest of a year counts.

Rows are never changed; a correction is a further row. Each case knows the number of the newest
notice it has been given (`cases.calendar_number`); those that are behind are few and found at once.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, Table, text

from adapters.tables import METADATA, cases, json_column, moment, text_column
from domain.waiver import ENDED

calendar_notices = Table(
    "calendar_notices",
    METADATA,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("year", Integer, nullable=False),
    text_column("status"),
    Column("published", Date),
    text_column("digest"),
    json_column("body"),
    moment("imported_at"),
)

_ENDED: Final = ", ".join(f"'{stage.value}'" for stage in sorted(ENDED))
NOT_ENDED: Final = f"stage NOT IN ({_ENDED})"

Index("ix_cases_open_calendar", cases.c.calendar_number, postgresql_where=text(NOT_ENDED))
