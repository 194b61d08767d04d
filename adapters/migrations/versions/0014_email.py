"""Where a programme writes to its customers by e-mail, a case knows the address; sealed."""

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("email", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "email")
