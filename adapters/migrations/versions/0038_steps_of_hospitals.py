"""A step that belongs to a hospital's own house, and to no patient of it."""

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("hospital", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("tasks", "hospital")
