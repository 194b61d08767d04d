"""The tables of rescues: who was brought in, what was done, and the events that bring many.

Whatever names a patient stands here only sealed, and most of it may be unknown for hours. Steps,
promises and history of a rescue stand where those of a case do (`adapters.tables.cases`).
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from adapters.tables.cases import METADATA, codes, key, moment, sealed, text_column
from domain.matter import OPENING

mass_events = Table(
    "mass_events",
    METADATA,
    key("event_id"),
    text_column("programme"),
    text_column("hospital_id"),
    text_column("name"),
    text_column("raised_by"),
    moment("raised_at"),
)

rescues = Table(
    "rescues",
    METADATA,
    key("rescue_id"),
    text_column("programme"),
    text_column("programme_version"),
    text_column("service"),
    codes("services"),
    text_column("hospital_id"),  # whose staff may see it
    Column("event_id", Text, ForeignKey("mass_events.event_id")),
    text_column("arrival"),
    text_column("found_at"),
    sealed("complaint"),  # what was seen, in the words of whoever called
    sealed("name", null=True),
    sealed("id_number", null=True),
    sealed("phone", null=True),
    text_column("person_hash", null=True),
    Column("level", Integer, nullable=False, server_default=text("0")),
    text_column("way", default=""),
    codes("groups"),
    text_column("owner"),
    text_column("raised_role"),
    text_column("raised_by"),
    moment("raised_at"),
    text_column("outcome", null=True),
    Column("linked_case", Text, ForeignKey("cases.case_id")),
    text_column("stage", default=OPENING),
    codes("awaiting"),
    text_column("sla_state", default="calm"),
    moment("next_due_at", null=True),
    Column("page", Integer, nullable=False, server_default=text("0")),
    moment("changed_at"),
    sealed("opened"),  # the start message: a rescue whose start was lost is started again
    CheckConstraint("sla_state IN ('calm', 'warned', 'breached')", name="sla_state"),
    Index(None, "stage", "changed_at"),
    Index(None, "hospital_id", "level", "raised_at"),
    Index(None, "event_id"),
)

rescue_steps = Table(
    "rescue_steps",
    METADATA,
    Column("rescue_id", Text, ForeignKey("rescues.rescue_id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    text_column("service"),
    text_column("step"),
    moment("at"),
    moment("recorded_at"),
    text_column("role"),
    text_column("actor_id"),
    text_column("department"),
    sealed("details"),
)

readiness_checks = Table(
    "readiness_checks",
    METADATA,
    key("hospital_id"),
    key("programme"),
    Column("checked_at", DateTime(timezone=True), primary_key=True),
    moment("until"),
    codes("doctors"),
    codes("nurses"),
    Column("equipment_complete", Boolean, nullable=False),
    Column("supplies_complete", Boolean, nullable=False),
    sealed("missing"),
    text_column("checked_by"),
)
