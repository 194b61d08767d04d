"""The tables of webhooks: which channel is told where, and what it is still to be told.

An event is a row here in the transaction that writes its page. Signing secrets stand only sealed.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from adapters.tables.cases import METADATA, key, moment, of_matter, sealed, text_column

receivers = Table(
    "receivers",
    METADATA,
    key("channel"),
    text_column("url"),
    sealed("secrets"),  # JSON, the newest first, each with the moment it ends
    moment("changed_at"),
)

outbox = Table(
    "outbox",
    METADATA,
    of_matter(primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("channel", Text, ForeignKey("receivers.channel", ondelete="CASCADE"), nullable=False),
    text_column("event"),
    text_column("subject", default=""),  # a code or an opaque id: a stage, a top-up, a step
    moment("at"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    moment("next_try_at", null=True),
    text_column("last_answer", default=""),
    moment("delivered_at", null=True),
    moment("stopped_at", null=True),  # the last try has failed: a person looks
    Index(
        "ix_outbox_waiting",
        "channel",
        "case_id",
        "page",
        "n",
        postgresql_where=text("delivered_at IS NULL"),
    ),
)

SEALED_SECRETS: Final = "receivers.secrets"
