"""What an insurer's list may say of services opened early and of the newest renewal premium."""

import sqlalchemy as sa
from alembic import op

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | None = None
depends_on: str | None = None

_DAYS = ("opened_on", "premium_due_on", "premium_paid_on")


def upgrade() -> None:
    for name in _DAYS:
        op.add_column("policies", sa.Column(name, sa.Date(), nullable=True))


def downgrade() -> None:
    for name in reversed(_DAYS):
        op.drop_column("policies", name)
