"""Family members who act for a customer, and the case at another hospital that one goes on from."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT, UPDATE ON family TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.add_column("cases", sa.Column("follows", sa.Text(), nullable=True))
    op.create_table(
        "family",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("recorded_role", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("speaks", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_family_case_id")),
        sa.PrimaryKeyConstraint("case_id", "subject", name=op.f("pk_family")),
    )
    op.create_index(
        "uq_family_speaks",
        "family",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("speaks"),
    )
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_table("family")
    op.drop_column("cases", "follows")
