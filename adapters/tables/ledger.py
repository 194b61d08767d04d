"""The tables of the books: one limit per case, one immutable row per movement phase.

An account is a name, not a row: there are exactly six per case, and a check holds their names.
A transfer has a debit, a credit and one positive amount, so that the sum over all accounts is zero
by construction. What else must never happen is refused by triggers in `adapters.migrations`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    text,
)

from adapters.tables.cases import METADATA, fen, moment, text_column
from domain.posting import Account

_NAMES: Final = ", ".join(f"'{account.value}'" for account in Account)

limits = Table(
    "limits",
    METADATA,
    Column("case_id", Text, primary_key=True),
    fen("limit_fen"),
    text_column("operator"),
    CheckConstraint("limit_fen >= 0", name="not_negative"),
    CheckConstraint("operator IN ('at_most', 'below')", name="operator"),
)

transfers = Table(
    "transfers",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("case_id", Text, ForeignKey("limits.case_id"), nullable=False),
    text_column("movement_id"),
    text_column("phase"),
    text_column("debit"),
    text_column("credit"),
    fen("amount_fen"),
    text_column("reason"),
    moment("at"),
    CheckConstraint("phase IN ('single', 'hold', 'post', 'void')", name="phase"),
    CheckConstraint(f"debit IN ({_NAMES})", name="debit"),
    CheckConstraint(f"credit IN ({_NAMES})", name="credit"),
    CheckConstraint("debit <> credit", name="two_accounts"),
    CheckConstraint("amount_fen > 0", name="amount"),
    # A movement begins once and ends once: posted or given back, never both.
    Index(
        "uq_transfers_begun",
        "movement_id",
        unique=True,
        postgresql_where=text("phase IN ('single', 'hold')"),
    ),
    Index(
        "uq_transfers_ended",
        "movement_id",
        unique=True,
        postgresql_where=text("phase IN ('post', 'void')"),
    ),
    Index(None, "case_id", "id"),
    Index(None, "movement_id"),
)
