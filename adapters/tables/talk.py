"""The tables of what is said in a booking: a conversation's messages, and a family's record.

Both only grow, and hold what is said sealed. The record goes on from one consultation to the next:
it belongs to a person in a programme.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from adapters.tables.cases import METADATA, key, moment, sealed, text_column

family_records = Table(
    "family_records",
    METADATA,
    key("entry_id"),
    Column("booking_id", Text, ForeignKey("bookings.booking_id"), nullable=False),
    text_column("programme"),
    text_column("person_hash"),
    text_column("kind"),
    sealed("says"),
    text_column("written_role"),
    text_column("written_by"),
    moment("written_at"),
    Index(None, "person_hash", "programme", "written_at"),
    Index(None, "booking_id"),
)

booking_messages = Table(
    "booking_messages",
    METADATA,
    Column("booking_id", Text, ForeignKey("bookings.booking_id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    text_column("message_id"),
    text_column("role"),
    text_column("author"),
    sealed("words"),
    moment("said_at"),
    UniqueConstraint("message_id"),
)
