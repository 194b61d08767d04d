"""Enquiries, and one table of matters that tasks, clocks and history of both kinds belong to.

A trigger enters every case and every enquiry into `matters`, so that no program can forget it.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

OF_A_MATTER: Final = ("case_pages", "timeline", "clocks", "tasks")
APP_ROLE: Final = "greenlane_app"

_ENTER_MATTER: Final = """
CREATE FUNCTION enter_matter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'cases' THEN
        INSERT INTO matters (matter_id, kind) VALUES (NEW.case_id, 'case');
    ELSE
        INSERT INTO matters (matter_id, kind) VALUES (NEW.enquiry_id, 'enquiry');
    END IF;
    RETURN NULL;
END $$
"""

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT ON matters, enquiry_answers TO {APP_ROLE};
        GRANT SELECT, INSERT, UPDATE ON enquiries TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "matters",
        sa.Column("matter_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("matter_id", name=op.f("pk_matters")),
    )
    op.execute("INSERT INTO matters (matter_id, kind) SELECT case_id, 'case' FROM cases")
    _enquiries()
    _enquiry_answers()
    op.execute(_ENTER_MATTER)
    for table in ("cases", "enquiries"):
        op.execute(
            f"CREATE TRIGGER {table}_enter_matters AFTER INSERT ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION enter_matter()"
        )
    for table in OF_A_MATTER:
        name = op.f(f"fk_{table}_case_id")
        op.drop_constraint(name, table, type_="foreignkey")
        op.create_foreign_key(name, table, "matters", ["case_id"], ["matter_id"])
    op.execute(
        "CREATE TRIGGER enquiry_answers_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON enquiry_answers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("ALTER TABLE enquiry_answers ENABLE ALWAYS TRIGGER enquiry_answers_only_grows")
    op.execute(_GRANTS)


def _enquiries() -> None:
    op.create_table(
        "enquiries",
        sa.Column("enquiry_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("programme_version", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("customer_subject", sa.Text(), nullable=True),
        sa.Column("asked_role", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("stage", sa.Text(), server_default=sa.text("'opening'"), nullable=False),
        sa.Column(
            "awaiting", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("sla_state", sa.Text(), server_default=sa.text("'calm'"), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "sla_state IN ('calm', 'warned', 'breached')", name=op.f("ck_enquiries_sla_state")
        ),
        sa.PrimaryKeyConstraint("enquiry_id", name=op.f("pk_enquiries")),
    )
    op.create_index(
        op.f("ix_enquiries_stage_changed_at"), "enquiries", ["stage", "changed_at"], unique=False
    )


def _enquiry_answers() -> None:
    op.create_table(
        "enquiry_answers",
        sa.Column("enquiry_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enquiry_id"], ["enquiries.enquiry_id"], name=op.f("fk_enquiry_answers_enquiry_id")
        ),
        sa.PrimaryKeyConstraint("enquiry_id", "n", name=op.f("pk_enquiry_answers")),
    )
