"""Which table holds the own row of each kind of matter, and what its key is called."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Table

from adapters.tables.booking import bookings
from adapters.tables.cases import cases
from adapters.tables.enquiry import enquiries
from adapters.tables.rescue import rescues
from domain.matter import BOOKING, CASE, ENQUIRY, RESCUE, Matter

ROWS_OF: Final[dict[Matter, Table]] = {
    CASE: cases,
    BOOKING: bookings,
    RESCUE: rescues,
    ENQUIRY: enquiries,
}


def key_of(rows: Table) -> Column[Any]:
    """The id of a matter in its own row."""
    [key] = rows.primary_key
    return key
