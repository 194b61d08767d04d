"""The tables the door keeps for itself: questions asked, partners' events, keys replayed, views.

An event of a partner is a row here before it is a signal, so that it is never lost between the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.tables.cases import (
    METADATA,
    codes,
    json_column,
    key,
    moment,
    of_case,
    sealed,
    text_column,
)

eligibility_checks = Table(
    "eligibility_checks",
    METADATA,
    key("check_id"),
    text_column("programme"),
    text_column("hospital_id", null=True),
    text_column("person_hash"),
    text_column("channel", default=""),
    moment("asked_at"),
    moment("due_at", null=True),
    moment("answered_at", null=True),
    text_column("outcome", default=""),
    codes("reasons"),
    Index(None, "programme", "asked_at"),
)

emergencies = Table(  # events a programme's emergency mode is switched on for (R834)
    "emergencies",
    METADATA,
    key("programme"),
    key("code"),
    text_column("name"),
    text_column("began_by"),
    moment("began_at"),
    text_column("ended_by", null=True),
    moment("ended_at", null=True),
    codes("pledge"),  # what is promised to the customers of the event, published (R860)
)

emergency_staff = Table(  # people of other provinces who help in an event (R836)
    "emergency_staff",
    METADATA,
    key("programme"),
    key("code"),
    key("staff_id"),
    text_column("province"),
    text_column("station"),
    text_column("lent_by"),
    moment("lent_at"),
    moment("returned_at", null=True),
    ForeignKeyConstraint(["programme", "code"], ["emergencies.programme", "emergencies.code"]),
)

ratings = Table(  # how satisfied customers were, once a case (R848)
    "ratings",
    METADATA,
    of_case(primary_key=True),
    Column("score", SmallInteger, nullable=False),
    sealed("words", null=True),
    text_column("rated_by"),
    moment("rated_at"),
    CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    Index(None, "rated_at"),
)

inbox = Table(
    "inbox",
    METADATA,
    key("partner"),
    key("event_id"),
    text_column("kind", default=""),
    text_column("case_id", null=True),
    moment("received_at"),
    sealed("body"),
    moment("signalled_at", null=True),
    text_column("outcome", default=""),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    moment("next_try_at", null=True),
    text_column("closed_by", null=True),  # a person, where no case could take it
    sealed("closed_why", null=True),
    Index("ix_inbox_waiting", "received_at", postgresql_where=text("signalled_at IS NULL")),
    Index(
        "ix_inbox_closed",
        "signalled_at",
        "event_id",
        postgresql_where=text("closed_by IS NOT NULL"),
    ),
)

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    key("scope"),  # who sent the key: two callers may use the same one
    key("key"),
    text_column("operation"),
    text_column("fingerprint"),
    text_column("state"),
    Column("status", SmallInteger),
    json_column("headers", null=True),
    sealed("body", null=True),
    moment("at"),
    moment("answered_at", null=True),
    CheckConstraint("state IN ('in_progress', 'answered')", name="state"),
    Index("ix_idempotency_keys_kept", "answered_at", postgresql_where=text("body IS NOT NULL")),
)

audit = Table(
    "audit",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    moment("at"),
    text_column("actor_role"),
    text_column("actor_id"),
    text_column("action"),
    text_column("case_id", null=True),
    text_column("subject", default=""),
    text_column("prev_hash"),
    text_column("hash"),
    Index(None, "prev_hash", unique=True),  # a chain has no forks
    Index(None, "case_id"),
)

audit_checks = (
    Table(  # how far the chain was read, and where it did not fit; rows are never changed
        "audit_checks",
        METADATA,
        Column("n", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("read_to", BigInteger, nullable=False),
        text_column("read_hash"),
        Column("again_to", BigInteger, nullable=False),
        text_column("again_hash"),
        Column("rows", BigInteger, nullable=False),
        Column("broken", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    )
)
