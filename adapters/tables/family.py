"""The table of family members who may act for a customer, and who speaks when the customer died."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Table, text

from adapters.tables.cases import METADATA, key, moment, of_case, sealed, text_column

family = Table(
    "family",
    METADATA,
    of_case(primary_key=True),
    key("subject"),  # as their own token names them
    sealed("name"),
    sealed("phone"),
    text_column("relation"),
    text_column("document_id"),  # the image of the authorisation, or the proof of kinship
    text_column("recorded_role"),
    text_column("recorded_by"),
    moment("recorded_at"),
    moment("ended_at", null=True),  # the customer lets them act no more
    Column("speaks", Boolean, nullable=False, server_default=text("false")),
    Index(None, "subject"),
    Index("uq_family_speaks", "case_id", unique=True, postgresql_where=text("speaks")),
)
