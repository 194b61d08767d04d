"""Why a booking stands where it stands is sealed; how a terminated one was lost is a code.

Whatever was said before stands sealed in the booking's timeline; a migration has no keys.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("loss", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE bookings SET loss = reason WHERE stage = 'terminated'")
    op.drop_column("bookings", "reason")
    op.add_column("bookings", sa.Column("reason", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("bookings", "reason")
    op.add_column("bookings", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE bookings SET reason = loss")
    op.drop_column("bookings", "loss")
