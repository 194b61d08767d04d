"""The person of ours who serves a booking."""

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("owner", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("bookings", "owner")
