"""Bookings: a third kind of matter. Papers may belong to a booking as well as to a case."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"

_ENTER_MATTER: Final = """
CREATE OR REPLACE FUNCTION enter_matter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'cases' THEN
        INSERT INTO matters (matter_id, kind) VALUES (NEW.case_id, 'case');
    ELSIF TG_TABLE_NAME = 'bookings' THEN
        INSERT INTO matters (matter_id, kind) VALUES (NEW.booking_id, 'booking');
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
        GRANT SELECT, INSERT, UPDATE ON bookings TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("booking_id", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("programme", "programme_version", "service", "channel")
        ),
        sa.Column("customer_subject", sa.Text(), nullable=True),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("person_hash", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.LargeBinary(), nullable=False)
            for name in ("name", "id_number", "phone", "need")
        ),
        sa.Column("hospital_id", sa.Text(), nullable=True),
        sa.Column("wished_on", sa.Date(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.Text(), server_default=sa.text("'opening'"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "awaiting", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("sla_state", sa.Text(), server_default=sa.text("'calm'"), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("service_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "sla_state IN ('calm', 'warned', 'breached')", name=op.f("ck_bookings_sla_state")
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_bookings")),
    )
    op.create_index(op.f("ix_bookings_stage_changed_at"), "bookings", ["stage", "changed_at"])
    op.create_index(op.f("ix_bookings_person_hash"), "bookings", ["person_hash"])
    op.execute(_ENTER_MATTER)
    op.execute(
        "CREATE TRIGGER bookings_enter_matters AFTER INSERT ON bookings"
        " FOR EACH ROW EXECUTE FUNCTION enter_matter()"
    )
    name = op.f("fk_documents_case_id")
    op.drop_constraint(name, "documents", type_="foreignkey")
    op.create_foreign_key(name, "documents", "matters", ["case_id"], ["matter_id"])
    op.execute(_GRANTS)
