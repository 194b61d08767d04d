"""Answers under a key are forgotten in time; the index finds those that are still kept."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_idempotency_keys_at", table_name="idempotency_keys")
    op.create_index(
        "ix_idempotency_keys_kept",
        "idempotency_keys",
        ["answered_at"],
        postgresql_where=sa.text("body IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_idempotency_keys_kept", table_name="idempotency_keys")
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
