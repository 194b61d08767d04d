"""A paper is paid back once, whoever hands it in again."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT ON paid_papers TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "paid_papers",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("programme", "kind")),
        sa.Column("number_hash", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["matters.matter_id"], name=op.f("fk_paid_papers_case_id")
        ),
        sa.PrimaryKeyConstraint("programme", "kind", "number_hash", name=op.f("pk_paid_papers")),
    )
    op.create_index(op.f("ix_paid_papers_case_id"), "paid_papers", ["case_id"])
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_table("paid_papers")
