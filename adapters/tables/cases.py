"""The tables of greenlane, as the queries name them.

What a person could be recognised or guessed by stands here only sealed (`LargeBinary`, see
`adapters.encryption.keys`); people are found by a keyed hash. Triggers and grants, which make
ledger, timeline and audit append-only, live in `adapters.migrations`; a test holds both equal.
The books of money stand in `adapters.tables.ledger`, what the door keeps for itself in
`adapters.tables.door`, enquiries in `adapters.tables.enquiry`, on the same metadata. What worklists
and reports look for is indexed in `adapters.tables.searched`.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from domain.matter import CASE, OPENING
from domain.roles import Role

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

DOCUMENT_BYTES_MAX: Final = 10 * 1024 * 1024
"""The largest upload (design: door)."""

_ENDED_SQL: Final = ", ".join(f"'{stage}'" for stage in CASE.ended)


def text_column(name: str, *, null: bool = False, default: str | None = None) -> Column[str]:
    """A code, an id or words that name nobody."""
    server_default = None if default is None else text(f"'{default}'")
    return Column(name, Text, nullable=null, server_default=server_default)


def moment(name: str, *, null: bool = False) -> Column[Any]:
    """An instant, stored in UTC."""
    return Column(name, DateTime(timezone=True), nullable=null)


def sealed(name: str, *, null: bool = False) -> Column[bytes]:
    """Personal data or free words, readable only with the key ring."""
    return Column(name, LargeBinary, nullable=null)


def fen(name: str, *, null: bool = False, default: int | None = None) -> Column[int]:
    """An amount in fen."""
    server_default = None if default is None else text(str(default))
    return Column(name, BigInteger, nullable=null, server_default=server_default)


def of_case(*, primary_key: bool = False) -> Column[str]:
    """The case a row belongs to."""
    return Column(
        "case_id", Text, ForeignKey("cases.case_id"), nullable=False, primary_key=primary_key
    )


def of_matter(*, primary_key: bool = False) -> Column[str]:
    """The case, enquiry or booking a row belongs to; the column is named for the usual one."""
    return Column(
        "case_id", Text, ForeignKey("matters.matter_id"), nullable=False, primary_key=primary_key
    )


def key(name: str) -> Column[str]:
    """The id of a row, or a part of it."""
    return Column(name, Text, primary_key=True)


def codes(name: str) -> Column[Any]:
    """A list of codes, empty by default."""
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"))


def json_column(name: str, *, null: bool = False, default: str | None = None) -> Column[Any]:
    """Codes in a shape of their own; never words about a person."""
    server_default = None if default is None else text(f"'{default}'::jsonb")
    return Column(name, JSONB, nullable=null, server_default=server_default)


def _page() -> Column[int]:
    """The page that last wrote the row, so that a late copy of an older page changes nothing."""
    return Column("page", Integer, nullable=False, server_default=text("0"))


# Reference ----------------------------------------------------------------------------------

hospitals = Table(
    "hospitals",
    METADATA,
    key("id"),
    text_column("province"),
    text_column("city_code", default=""),
    text_column("city", default=""),
    text_column("county", default=""),
    text_column("name"),
    text_column("level_raw", default=""),
    Column("grade", SmallInteger),
    text_column("sub_grade", default=""),
    text_column("kind", default=""),
    text_column("address", default=""),
    text_column("source", default=""),
    Column("published", Date),
    moment("updated_at"),
    Index(None, "province", "city"),
    Index(None, "name"),
)

network_hospitals = Table(
    "network_hospitals",
    METADATA,
    key("programme"),
    key("list_version"),
    Column("hospital_id", Text, ForeignKey("hospitals.id"), primary_key=True),
    Column("online_payment", Boolean, nullable=False, server_default=text("false")),
    Column("qr_live_from", Date),
    Column("core_city", Boolean, nullable=False, server_default=text("false")),
    Index(None, "hospital_id"),
)

# The insurer's list. Who is dropped from it keeps the row: his case may still run.
policies = Table(
    "policies",
    METADATA,
    key("policy_id"),
    text_column("programme"),
    sealed("policy_no"),
    sealed("name"),
    sealed("id_number"),
    sealed("phone", null=True),
    text_column("id_kind", default="resident_id"),
    text_column("person_hash"),
    text_column("policy_no_hash", null=True),
    text_column("product"),
    fen("sum_insured_fen"),
    fen("used_fen", default=0),
    text_column("sales_channel", default=""),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),  # the last day in force; null = no end
    Column("entitled_from", Date),
    Column("entitled_to", Date),
    Column("cooling_off_ends", Date),  # the last day of it
    Column("opened_on", Date),  # the first services, earlier than at the latest
    Column("product_waiting_days", Integer),
    text_column("tier", default=""),
    Column("renewals", Integer),  # paid in time so far; null = the list does not say
    Column("premium_due_on", Date),  # of the newest renewal premium
    Column("premium_paid_on", Date),
    Column("first_effective_on", Date),  # of a cover renewed without a gap
    text_column("list_version", default=""),  # the list that first said what stands here
    moment("removed_at", null=True),
    CheckConstraint("sum_insured_fen >= 0 AND used_fen >= 0", name="amounts"),
    CheckConstraint("valid_from <= valid_to", name="validity"),
    Index(None, "programme", "person_hash"),
    Index(None, "policy_no_hash"),
)

# What steps, promises and history belong to: by triggers, or entered by `adapters.house`.
matters = Table("matters", METADATA, key("matter_id"), text_column("kind"))

cases = Table(
    "cases",
    METADATA,
    key("case_id"),
    text_column("programme"),
    text_column("programme_version"),
    text_column("service", default=""),  # empty = the whole programme
    text_column("hospital_id"),
    text_column("channel"),  # the owning channel's id: who may see the case
    text_column("sales_channel", default=""),
    text_column("policy_id", null=True),
    text_column("insured_list", default=""),  # the insurer's list of its day
    text_column("person_hash"),
    sealed("name"),
    sealed("id_number"),
    sealed("phone"),
    sealed("email", null=True),
    sealed("bed", null=True),
    sealed("disease"),
    Column("planned_admission", Date),
    text_column("follows", null=True),  # the case of the hospital the patient was moved from
    moment("reported_at"),
    text_column("customer_subject", null=True),
    text_column("stage", default=OPENING),
    codes("awaiting"),
    text_column("sla_state", default="calm"),
    moment("next_due_at", null=True),
    fen("limit_fen", null=True),
    fen("promised_fen", null=True),  # what it may take of its policy until its limit is fixed
    fen("advanced_fen", default=0),
    fen("outstanding_fen", default=0),
    fen("owed_fen", default=0),
    sealed("reason", null=True),
    Column("discharge_on", Date),
    text_column("claim_state", default=""),
    json_column("team", default="{}"),
    json_column("missing_documents", null=True),
    _page(),
    moment("changed_at"),
    sealed("opened"),  # the start message: a case whose workflow start was lost is started again
    Column("calendar_number", BigInteger, nullable=False, server_default=text("0")),
    moment("told_end_at", null=True),  # which word of its policy's end it was told, by its moment
    CheckConstraint("sla_state IN ('calm', 'warned', 'breached')", name="sla_state"),
    # One report per stay: the second report of the same stay finds the first.
    Index(
        "uq_cases_open_stay",
        "person_hash",
        "programme",
        "hospital_id",
        "planned_admission",
        unique=True,
        postgresql_where=text(f"stage NOT IN ({_ENDED_SQL})"),
        postgresql_nulls_not_distinct=True,
    ),
    Index(None, "reported_at", "case_id"),
    Index(None, "channel", "reported_at"),
    Index(None, "customer_subject", "reported_at"),
    Index(None, "stage", "next_due_at"),
    Index(None, "policy_id"),
)

TEAM_NURSE: Final = cases.c.team[Role.NURSE.value].astext  # once the case has a team

case_pages = Table(
    "case_pages",
    METADATA,
    of_matter(primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    text_column("stage"),
    text_column("fingerprint"),
)

timeline = Table(
    "timeline",
    METADATA,
    of_matter(primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    moment("at"),
    text_column("role"),
    text_column("actor_id"),
    text_column("event"),
    sealed("text"),
    codes("document_ids"),
)

clocks = Table(
    "clocks",
    METADATA,
    of_matter(primary_key=True),
    key("instance"),
    text_column("clock"),
    text_column("state"),
    moment("started_at"),
    moment("due_at"),
    moment("met_at", null=True),
    moment("breached_at", null=True),
    json_column("body"),  # the whole clock with its moves
    _page(),
    Index(None, "clock", "state", "due_at"),
)

tasks = Table(
    "tasks",
    METADATA,
    key("task_id"),
    of_matter(),
    text_column("kind"),
    codes("roles"),
    text_column("title"),
    moment("opened_at"),
    moment("due_at", null=True),
    text_column("assignee", null=True),
    text_column("hospital", null=True),  # whose own house the step is of
    text_column("clock", null=True),
    text_column("subject", default=""),
    text_column("duty", null=True),
    fen("amount_fen", null=True),
    json_column("evidence", null=True),
    text_column("claimed_by", null=True),
    text_column("claimed_role", null=True),
    moment("claimed_at", null=True),
    moment("closed_at", null=True),
    Column("done", Boolean),
    text_column("closed_role", null=True),
    text_column("closed_by", null=True),
    text_column("reason", default=""),
    sealed("form", null=True),  # what the person who did it reported
    _page(),
    Index(None, "case_id"),
)

top_ups = Table(
    "top_ups",
    METADATA,
    key("top_up_id"),
    of_case(),
    fen("requested_fen"),
    text_column("state"),
    fen("granted_fen", default=0),
    fen("offered_fen", default=0),
    sealed("reason", null=True),
    moment("requested_at"),
    moment("answered_at", null=True),
    moment("paid_at", null=True),
    _page(),
    Index(None, "case_id"),
)

payments = Table(
    "payments",
    METADATA,
    key("movement_id"),
    of_matter(),
    text_column("reason"),
    fen("amount_fen"),
    text_column("mode", null=True),
    text_column("status"),
    moment("ordered_at"),
    moment("settled_at", null=True),
    text_column("receipt_no", default=""),
    text_column("refusal", default=""),
    text_column("code_url", default=""),
    _page(),
    Index(None, "case_id"),
    Index(None, "status"),
    Index(None, "receipt_no"),
)

discharges = Table(
    "discharges",
    METADATA,
    key("notice_id"),
    of_case(),
    Column("discharge_on", Date, nullable=False),
    Column("accepted", Boolean),  # null: received, the case has not answered yet
    text_column("reason", default=""),
    moment("received_at"),
    _page(),
    Index(None, "case_id"),
)

notices = Table(
    "notices",
    METADATA,
    key("notice_id"),
    of_matter(),
    text_column("template"),
    text_column("channel"),
    sealed("text"),
    moment("sent_at"),
    text_column("delivery"),
    Index(None, "case_id"),
)

documents = Table(
    "documents",
    METADATA,
    key("document_id"),
    of_matter(),
    text_column("kind"),
    text_column("sha256"),
    text_column("content_type"),
    Column("size", Integer, nullable=False),
    sealed("body"),
    text_column("uploaded_role"),
    text_column("uploaded_by"),
    moment("uploaded_at"),
    CheckConstraint(f"size > 0 AND size <= {DOCUMENT_BYTES_MAX}", name="size"),
    Index(None, "case_id"),
)
