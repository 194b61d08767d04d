"""What a case may take of its policy, what a person reported, and when a letter is tried again.

Forms are sealed, because people write what they like. A case from before has no promise written
down; until its own limit is fixed it counts with the whole sum insured.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("promised_fen", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_cases_policy_id"), "cases", ["policy_id"], unique=False)
    op.add_column("tasks", sa.Column("form", sa.LargeBinary(), nullable=True))
    op.add_column(
        "inbox", sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("inbox", sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("inbox", "next_try_at")
    op.drop_column("inbox", "tries")
    op.drop_column("tasks", "form")
    op.drop_index(op.f("ix_cases_policy_id"), table_name="cases")
    op.drop_column("cases", "promised_fen")
