"""The table of holiday notices: each as it was imported, the newest of a year counts.

Rows are never changed; a correction is a further row. Each case and each booking knows the
number of the newest notice it has been given (`calendar_number`); those behind are found at once.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Identity, Index, Integer, Table, text

from adapters.tables.booking import bookings
from adapters.tables.cases import METADATA, cases, json_column, moment, text_column
from domain.matter import BOOKING, CASE, Matter


def _is_open(kind: Matter) -> str:
    ended = ", ".join(f"'{stage}'" for stage in kind.ended)
    return f"stage NOT IN ({ended})"


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

CASE_IS_OPEN: Final = _is_open(CASE)
BOOKING_IS_OPEN: Final = _is_open(BOOKING)

Index("ix_cases_open_calendar", cases.c.calendar_number, postgresql_where=text(CASE_IS_OPEN))
Index(
    "ix_bookings_open_calendar",
    bookings.c.calendar_number,
    postgresql_where=text(BOOKING_IS_OPEN),
)
