"""Which lists were read: of whom or what, under which name, from which file, when, how much."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, Table

from adapters.tables.cases import METADATA, key, moment, text_column

imported_lists = Table(
    "imported_lists",
    METADATA,
    key("kind"),
    key("programme"),  # of a network: its name, which programmes may share
    key("list_version"),
    text_column("sha256"),
    moment("imported_at"),
    Column("rows", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("partial", Boolean, nullable=False),
    CheckConstraint("kind IN ('insured', 'network')", name="kind"),
    Index(None, "kind", "programme", "imported_at"),
)
