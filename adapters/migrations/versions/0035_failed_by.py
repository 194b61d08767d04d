"""Who has let the customer of a booking down: they are not offered to him again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    empty = sa.text("'{}'")
    texts = postgresql.ARRAY(sa.Text())
    op.add_column("bookings", sa.Column("failed_by", texts, nullable=False, server_default=empty))


def downgrade() -> None:
    op.drop_column("bookings", "failed_by")
