"""Lists of bookings are read by index, the verdict by itself, and a booking may have expired."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | None = None
depends_on: str | None = None

LISTS: Final = (
    ("requested_at",),
    ("channel", "requested_at"),
    ("customer_subject", "requested_at"),
)
OPEN: Final = "ix_bookings_open_calendar"
ENDED: Final = "'cancelled', 'closed', 'declined', 'rejected', 'terminated', 'unavailable'"
ENDED_NOW: Final = (
    "'cancelled', 'closed', 'declined', 'expired', 'rejected', 'terminated', 'unavailable'"
)


def upgrade() -> None:
    op.add_column("bookings", sa.Column("verdict", sa.LargeBinary(), nullable=True))
    for columns in LISTS:
        whole = [*columns, "booking_id"]
        op.create_index(op.f(f"ix_bookings_{'_'.join(whole)}"), "bookings", whole, unique=False)
    _open_ones(ENDED_NOW)


def downgrade() -> None:
    _open_ones(ENDED)
    for columns in LISTS:
        op.drop_index(op.f(f"ix_bookings_{'_'.join([*columns, 'booking_id'])}"), "bookings")
    op.drop_column("bookings", "verdict")


def _open_ones(ended: str) -> None:
    op.drop_index(OPEN, table_name="bookings")
    op.create_index(
        OPEN,
        "bookings",
        ["calendar_number"],
        unique=False,
        postgresql_where=sa.text(f"stage NOT IN ({ended})"),
    )
