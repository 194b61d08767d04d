"""What a case gathers, the door's tables and the books, with the guards that keep them honest.

Guards stand here because they must hold for every program that reaches the database: ledger,
timeline and audit only grow, and a hold is ended once, with the content it began with.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

APPEND_ONLY: Final = ("transfers", "timeline", "audit")
FIXED: Final = ("limits",)
APP_ROLE: Final = "greenlane_app"
"""Where an operator has made this role, it may add rows to the append-only tables, nothing else."""

ACCOUNTS: Final = (
    "'payer_cash', 'hospital_deposit', 'advance_outstanding',"
    " 'claim_payable', 'customer_cash', 'written_off'"
)

_REFUSE_CHANGE: Final = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$
"""

_CHECK_PHASE: Final = """
CREATE FUNCTION check_transfer_phase() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    begun transfers%ROWTYPE;
BEGIN
    IF NEW.phase NOT IN ('post', 'void') THEN
        RETURN NEW;
    END IF;
    SELECT * INTO begun FROM transfers
        WHERE movement_id = NEW.movement_id AND phase = 'hold';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a % needs a hold', NEW.phase USING ERRCODE = 'restrict_violation';
    END IF;
    IF (begun.case_id, begun.debit, begun.credit, begun.amount_fen, begun.reason)
        IS DISTINCT FROM (NEW.case_id, NEW.debit, NEW.credit, NEW.amount_fen, NEW.reason) THEN
        RAISE EXCEPTION 'a % repeats its hold', NEW.phase USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT USAGE ON SCHEMA public TO {APP_ROLE};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE};
        REVOKE UPDATE, DELETE, TRUNCATE ON {", ".join(APPEND_ONLY)} FROM {APP_ROLE};
        REVOKE DELETE, TRUNCATE ON {", ".join(FIXED)} FROM {APP_ROLE};
        REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APP_ROLE};
    END IF;
END $$
"""  # noqa: S608 - names of this file only


def upgrade() -> None:
    _top_ups()
    _payments()
    _discharges()
    _notices()
    _documents()
    _eligibility_checks()
    _inbox()
    _idempotency_keys()
    _audit()
    _limits()
    _transfers()
    _guards()


def _top_ups() -> None:
    op.create_table(
        "top_ups",
        sa.Column("top_up_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("requested_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("granted_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("offered_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_top_ups_case_id")),
        sa.PrimaryKeyConstraint("top_up_id", name=op.f("pk_top_ups")),
    )
    op.create_index(op.f("ix_top_ups_case_id"), "top_ups", ["case_id"], unique=False)


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("movement_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt_no", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("refusal", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("code_url", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_payments_case_id")),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_payments")),
    )
    op.create_index(op.f("ix_payments_case_id"), "payments", ["case_id"], unique=False)
    op.create_index(op.f("ix_payments_status"), "payments", ["status"], unique=False)


def _discharges() -> None:
    op.create_table(
        "discharges",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("discharge_on", sa.Date(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_discharges_case_id")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_discharges")),
    )
    op.create_index(op.f("ix_discharges_case_id"), "discharges", ["case_id"], unique=False)


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_notices_case_id")),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_case_id"), "notices", ["case_id"], unique=False)


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_role", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size > 0 AND size <= 10485760", name=op.f("ck_documents_size")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_documents_case_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_documents")),
    )
    op.create_index(op.f("ix_documents_case_id"), "documents", ["case_id"], unique=False)


def _eligibility_checks() -> None:
    op.create_table(
        "eligibility_checks",
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("hospital_id", sa.Text(), nullable=True),
        sa.Column("person_hash", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "reasons", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_eligibility_checks")),
    )
    op.create_index(
        op.f("ix_eligibility_checks_programme_asked_at"),
        "eligibility_checks",
        ["programme", "asked_at"],
        unique=False,
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("signalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("partner", "event_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("signalled_at IS NULL"),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('in_progress', 'answered')", name=op.f("ck_idempotency_keys_state")
        ),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_at"), "idempotency_keys", ["at"], unique=False)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_case_id"), "audit", ["case_id"], unique=False)
    op.create_index(op.f("ix_audit_prev_hash"), "audit", ["prev_hash"], unique=True)


def _limits() -> None:
    op.create_table(
        "limits",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.CheckConstraint("operator IN ('at_most', 'below')", name=op.f("ck_limits_operator")),
        sa.CheckConstraint("limit_fen >= 0", name=op.f("ck_limits_not_negative")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_limits")),
    )


def _transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("movement_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            f"credit IN ({ACCOUNTS})",
            name=op.f("ck_transfers_credit"),
        ),
        sa.CheckConstraint(
            f"debit IN ({ACCOUNTS})",
            name=op.f("ck_transfers_debit"),
        ),
        sa.CheckConstraint(
            "phase IN ('single', 'hold', 'post', 'void')", name=op.f("ck_transfers_phase")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_transfers_amount")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_transfers_two_accounts")),
        sa.ForeignKeyConstraint(["case_id"], ["limits.case_id"], name=op.f("fk_transfers_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_case_id_id"), "transfers", ["case_id", "id"], unique=False)
    op.create_index(
        "uq_transfers_begun",
        "transfers",
        ["movement_id"],
        unique=True,
        postgresql_where=sa.text("phase IN ('single', 'hold')"),
    )
    op.create_index(
        "uq_transfers_ended",
        "transfers",
        ["movement_id"],
        unique=True,
        postgresql_where=sa.text("phase IN ('post', 'void')"),
    )


def _guards() -> None:
    op.execute(_REFUSE_CHANGE)
    # A limit row is locked FOR UPDATE, but what it says stands for the life of its case.
    for table in (*APPEND_ONLY, *FIXED):
        _refuse_change(table)
    op.execute(_CHECK_PHASE)
    op.execute(
        "CREATE TRIGGER transfers_phase BEFORE INSERT ON transfers"
        " FOR EACH ROW EXECUTE FUNCTION check_transfer_phase()"
    )
    op.execute("ALTER TABLE transfers ENABLE ALWAYS TRIGGER transfers_phase")
    op.execute(_GRANTS)


def _refuse_change(table: str) -> None:
    """ALWAYS: the guard also holds in a session that replays a replica's changes."""
    op.execute(
        f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_only_grows")
