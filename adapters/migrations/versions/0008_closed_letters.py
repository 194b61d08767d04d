"""Who closed a letter that no case has taken, and why, in their own words and sealed."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("inbox", sa.Column("closed_by", sa.Text(), nullable=True))
    op.add_column("inbox", sa.Column("closed_why", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("inbox", "closed_why")
    op.drop_column("inbox", "closed_by")
