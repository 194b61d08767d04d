"""The table of bookings: who asked for which service, and where it stands.

Whatever names a person stands here only sealed. Steps, promises and history of a booking stand in
the tables of a case's (`adapters.tables.cases`), its unit in `adapters.tables.entitlement`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, Integer, Table, text

from adapters.tables.cases import METADATA, codes, key, moment, sealed, text_column
from domain.matter import OPENING

bookings = Table(
    "bookings",
    METADATA,
    key("booking_id"),
    text_column("programme"),
    text_column("programme_version"),
    text_column("service"),
    text_column("channel"),  # the owning channel's id: who may see the booking
    text_column("customer_subject", null=True),
    text_column("policy_id", null=True),
    text_column("person_hash"),
    sealed("name"),
    sealed("id_number"),
    sealed("phone"),
    sealed("email", null=True),
    sealed("need"),  # the chief complaint, in the customer's words
    text_column("hospital_id", null=True),
    Column("wished_on", Date),
    moment("requested_at"),
    text_column("stage", default=OPENING),
    sealed("reason", null=True),  # a reviewer's words, mostly of an illness
    text_column("loss", default=""),  # of a terminated booking: how it came to that, by its code
    codes("awaiting"),
    text_column("sla_state", default="calm"),
    moment("next_due_at", null=True),
    moment("service_at", null=True),
    text_column("owner", null=True),  # the person of ours who serves it (R730)
    codes("failed_by"),  # doctors, experts and laboratories who have let the customer down
    Column("page", Integer, nullable=False, server_default=text("0")),
    moment("changed_at"),
    sealed("verdict", null=True),  # of the rules, at the door
    sealed("opened"),  # the start message: a booking whose start was lost is started again
    Column("calendar_number", BigInteger, nullable=False, server_default=text("0")),
    moment("told_end_at", null=True),  # which word of its policy's end it was told, by its moment
    CheckConstraint("sla_state IN ('calm', 'warned', 'breached')", name="sla_state"),
    Index(None, "stage", "changed_at"),
    Index(None, "person_hash"),
    Index(None, "policy_id"),
    # The lists people read, newest first: all of them, a channel's, a customer's.
    Index(None, "requested_at", "booking_id"),
    Index(None, "channel", "requested_at", "booking_id"),
    Index(None, "customer_subject", "requested_at", "booking_id"),
)
