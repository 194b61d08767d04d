"""Policies that end early, and of which word each case and booking has been told."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"
MATTERS: Final = ("cases", "bookings")

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT, UPDATE ON policy_ends TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "policy_ends",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("said_role", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policies.policy_id"], name=op.f("fk_policy_ends_policy_id")
        ),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_policy_ends")),
    )
    op.create_index(
        "ix_policy_ends_untold",
        "policy_ends",
        ["said_at"],
        unique=False,
        postgresql_where=sa.text("told_at IS NULL"),
    )
    for table in MATTERS:
        told = sa.Column("told_end_at", sa.DateTime(timezone=True), nullable=True)
        op.add_column(table, told)
    op.create_index(op.f("ix_bookings_policy_id"), "bookings", ["policy_id"], unique=False)
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_index(op.f("ix_bookings_policy_id"), table_name="bookings")
    for table in MATTERS:
        op.drop_column(table, "told_end_at")
    op.drop_table("policy_ends")
