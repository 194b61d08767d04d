"""The table of policies that end early: the last day by the insurer's word, and whether all heard.

It stands beside the list (`adapters.tables.cases`), because no newer list takes the word back.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, ForeignKey, Index, Table, Text, case, func, text

from adapters.tables.cases import METADATA, moment, policies, text_column

policy_ends = Table(
    "policy_ends",
    METADATA,
    Column("policy_id", Text, ForeignKey("policies.policy_id"), primary_key=True),
    Column("last_day", Date, nullable=False),
    text_column("said_role"),
    text_column("said_by"),
    moment("said_at"),
    moment("told_at", null=True),  # since when nobody is left who had to hear of it
    Index("ix_policy_ends_untold", "said_at", postgresql_where=text("told_at IS NULL")),
)

OF_THIS_TERM: Final = policy_ends.c.last_day >= policies.c.valid_from
"""A renewal begins after the end that was said before it."""

LAST_DAY: Final = func.least(
    policies.c.valid_to, case((OF_THIS_TERM, policy_ends.c.last_day)), type_=Date()
)
"""The last day in force, an early end included; null without one (`domain.policy`)."""
