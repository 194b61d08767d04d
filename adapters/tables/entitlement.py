"""The tables of entitlements: a counter per person, service and period, and each use of it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Table

from adapters.tables.cases import METADATA, key, moment, text_column

entitlements = Table(
    "entitlements",
    METADATA,
    key("programme"),
    key("holder"),  # the policy's opaque id
    key("pool"),
    key("period"),
)

entitlement_uses = Table(
    "entitlement_uses",
    METADATA,
    key("use_id"),
    text_column("programme"),
    text_column("holder"),
    text_column("pool"),
    text_column("period"),
    text_column("state"),
    text_column("why", default=""),  # a code, never a person's words
    moment("reserved_at"),
    moment("changed_at"),
    CheckConstraint("state IN ('reserved', 'consumed', 'given_back')", name="state"),
    ForeignKeyConstraint(
        ["programme", "holder", "pool", "period"],
        [
            "entitlements.programme",
            "entitlements.holder",
            "entitlements.pool",
            "entitlements.period",
        ],
    ),
    Index(None, "programme", "holder", "pool", "period"),
)
