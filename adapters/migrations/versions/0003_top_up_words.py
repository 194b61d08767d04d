"""Why a top-up was refused is an agent's own words, so they are sealed like all free words.

What stood there readable goes; the same words stand sealed in the case's timeline.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.drop_column("top_ups", "reason")
    op.add_column("top_ups", sa.Column("reason", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("top_ups", "reason")
    op.add_column(
        "top_ups", sa.Column("reason", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
