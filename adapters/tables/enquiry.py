"""The tables of enquiries: who asked what, and what was answered.

The words of both stand here only sealed. Steps, promises and history of an enquiry stand in the
same tables as those of a case (`adapters.tables.cases`).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from adapters.tables.cases import METADATA, codes, key, moment, sealed, text_column
from domain.matter import OPENING

enquiries = Table(
    "enquiries",
    METADATA,
    key("enquiry_id"),
    text_column("programme"),
    text_column("programme_version"),
    text_column("kind"),
    text_column("channel"),  # the owning channel's id: who may see the enquiry
    text_column("customer_subject", null=True),
    text_column("asked_role"),
    text_column("asked_by"),
    moment("asked_at"),
    sealed("question"),
    text_column("stage", default=OPENING),
    codes("awaiting"),
    text_column("sla_state", default="calm"),
    moment("next_due_at", null=True),
    Column("page", Integer, nullable=False, server_default=text("0")),
    moment("changed_at"),
    sealed("opened"),  # the start message: an enquiry whose start was lost is started again
    CheckConstraint("sla_state IN ('calm', 'warned', 'breached')", name="sla_state"),
    Index(None, "stage", "changed_at"),
)

enquiry_answers = Table(
    "enquiry_answers",
    METADATA,
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    text_column("role"),
    text_column("actor_id"),
    sealed("text"),
)
