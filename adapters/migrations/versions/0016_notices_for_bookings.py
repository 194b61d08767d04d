"""The newest holiday notice each booking has been given; one from before is told once."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

ENDED: Final = "'cancelled', 'closed', 'declined', 'rejected', 'terminated', 'unavailable'"


def upgrade() -> None:
    op.add_column(
        "bookings",
        sa.Column("calendar_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_index(
        "ix_bookings_open_calendar",
        "bookings",
        ["calendar_number"],
        unique=False,
        postgresql_where=sa.text(f"stage NOT IN ({ENDED})"),
    )


def downgrade() -> None:
    op.drop_index("ix_bookings_open_calendar", table_name="bookings")
    op.drop_column("bookings", "calendar_number")
