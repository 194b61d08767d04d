"""What an ended case knew: a refund or a payout may come for it yet."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None

_GRANTS: Final = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'greenlane_app') THEN
        GRANT SELECT, INSERT, UPDATE ON case_states TO greenlane_app;
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "case_states",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.case_id"], name=op.f("fk_case_states_case_id")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_states")),
    )
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_table("case_states")
