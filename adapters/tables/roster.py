"""The tables of rosters: the slots doctors are on duty for, who took one, who stands in line.

That a slot goes to one booking, and that a booking holds one slot, is the tables' own key: of many
who ask at once one row stands. No person is in them: doctors by opaque ids, customers by bookings.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from adapters.tables.cases import METADATA, key, moment, text_column

roster_slots = Table(
    "roster_slots",
    METADATA,
    key("slot_id"),
    text_column("programme"),
    text_column("department"),
    text_column("doctor"),
    text_column("doctor_level"),
    Column("hospital_rank", Integer),
    moment("starts_at"),
    moment("ends_at"),
    moment("published_at"),
    moment("withdrawn_at", null=True),
    CheckConstraint("ends_at > starts_at", name="order"),
    UniqueConstraint("doctor", "starts_at"),
    Index(None, "programme", "starts_at"),
)

slot_takings = Table(
    "slot_takings",
    METADATA,
    Column("slot_id", Text, ForeignKey("roster_slots.slot_id"), primary_key=True),
    text_column("booking_id"),
    moment("taken_at"),
    UniqueConstraint("booking_id"),
)

direct_orders = Table(
    "direct_orders",
    METADATA,
    key("booking_id"),
    text_column("programme"),
    moment("placed_at"),
    moment("looked_at"),
    Index(None, "programme", "placed_at"),
)
