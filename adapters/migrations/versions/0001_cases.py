"""The reference lists, the cases and the record of each: pages, timeline, clocks, tasks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _hospitals()
    _network_hospitals()
    _policies()
    _cases()
    _cases_indexes()
    _case_pages()
    _timeline()
    _clocks()
    _tasks()


def _hospitals() -> None:
    op.create_table(
        "hospitals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("city", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("county", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level_raw", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=True),
        sa.Column("sub_grade", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hospitals")),
    )
    op.create_index(op.f("ix_hospitals_name"), "hospitals", ["name"], unique=False)
    op.create_index(
        op.f("ix_hospitals_province_city"), "hospitals", ["province", "city"], unique=False
    )


def _network_hospitals() -> None:
    op.create_table(
        "network_hospitals",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("list_version", sa.Text(), nullable=False),
        sa.Column("hospital_id", sa.Text(), nullable=False),
        sa.Column("online_payment", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("qr_live_from", sa.Date(), nullable=True),
        sa.Column("core_city", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospitals.id"], name=op.f("fk_network_hospitals_hospital_id")
        ),
        sa.PrimaryKeyConstraint(
            "programme", "list_version", "hospital_id", name=op.f("pk_network_hospitals")
        ),
    )
    op.create_index(
        op.f("ix_network_hospitals_hospital_id"), "network_hospitals", ["hospital_id"], unique=False
    )


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("policy_no", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("id_number", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("id_kind", sa.Text(), server_default=sa.text("'resident_id'"), nullable=False),
        sa.Column("person_hash", sa.Text(), nullable=False),
        sa.Column("policy_no_hash", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("sum_insured_fen", sa.BigInteger(), nullable=False),
        sa.Column("used_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sales_channel", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("entitled_from", sa.Date(), nullable=True),
        sa.Column("entitled_to", sa.Date(), nullable=True),
        sa.Column("list_version", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "sum_insured_fen >= 0 AND used_fen >= 0", name=op.f("ck_policies_amounts")
        ),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_policies_validity")),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_policies")),
    )
    op.create_index(
        op.f("ix_policies_policy_no_hash"), "policies", ["policy_no_hash"], unique=False
    )
    op.create_index(
        op.f("ix_policies_programme_person_hash"),
        "policies",
        ["programme", "person_hash"],
        unique=False,
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("programme_version", sa.Text(), nullable=False),
        sa.Column("hospital_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sales_channel", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("person_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("id_number", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("bed", sa.LargeBinary(), nullable=True),
        sa.Column("disease", sa.LargeBinary(), nullable=False),
        sa.Column("planned_admission", sa.Date(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_subject", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), server_default=sa.text("'opening'"), nullable=False),
        sa.Column(
            "awaiting", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("sla_state", sa.Text(), server_default=sa.text("'calm'"), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("advanced_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("outstanding_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("owed_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("discharge_on", sa.Date(), nullable=True),
        sa.Column("claim_state", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "team",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("missing_documents", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "sla_state IN ('calm', 'warned', 'breached')", name=op.f("ck_cases_sla_state")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
    )


def _cases_indexes() -> None:
    op.create_index(
        op.f("ix_cases_channel_reported_at"), "cases", ["channel", "reported_at"], unique=False
    )
    op.create_index(
        op.f("ix_cases_customer_subject_reported_at"),
        "cases",
        ["customer_subject", "reported_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_cases_reported_at_case_id"), "cases", ["reported_at", "case_id"], unique=False
    )
    op.create_index(
        op.f("ix_cases_stage_next_due_at"), "cases", ["stage", "next_due_at"], unique=False
    )
    op.create_index(
        "uq_cases_open_stay",
        "cases",
        ["person_hash", "programme", "hospital_id", "planned_admission"],
        unique=True,
        postgresql_where=sa.text(
            "stage NOT IN ('cancelled', 'closed', 'declined', 'expired', 'rejected')"
        ),
        postgresql_nulls_not_distinct=True,
    )


def _case_pages() -> None:
    op.create_table(
        "case_pages",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_case_pages_case_id")),
        sa.PrimaryKeyConstraint("case_id", "page", name=op.f("pk_case_pages")),
    )


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column(
            "document_ids",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_timeline_case_id")),
        sa.PrimaryKeyConstraint("case_id", "page", "n", name=op.f("pk_timeline")),
    )


def _clocks() -> None:
    op.create_table(
        "clocks",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_clocks_case_id")),
        sa.PrimaryKeyConstraint("case_id", "instance", name=op.f("pk_clocks")),
    )
    op.create_index(
        op.f("ix_clocks_clock_state_due_at"), "clocks", ["clock", "state", "due_at"], unique=False
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("clock", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("duty", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_role", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=True),
        sa.Column("closed_role", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_tasks_case_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_case_id"), "tasks", ["case_id"], unique=False)
    op.create_index(
        "ix_tasks_open",
        "tasks",
        [sa.literal_column("coalesce(due_at, 'infinity'::timestamptz)"), "task_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_tasks_roles", "tasks", ["roles"], unique=False, postgresql_using="gin")
