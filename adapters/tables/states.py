"""What an ended case knew, so that it can go on when money comes for it after all."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from adapters.tables.cases import METADATA, sealed

case_states = Table(
    "case_states",
    METADATA,
    Column("case_id", Text, ForeignKey("cases.case_id"), primary_key=True),
    Column("page", Integer, nullable=False),
    sealed("state"),
)
