"""Which slip proves which deposit: its number as it was read, and its pictures by their bytes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "deposit_slips",
        sa.Column("movement_id", sa.Text(), primary_key=True),
        sa.Column("case_id", sa.Text(), sa.ForeignKey("cases.case_id"), nullable=False),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("pictures", ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_index("ix_deposit_slips_receipt_no", "deposit_slips", ["receipt_no"])
    op.create_index(
        "ix_deposit_slips_pictures", "deposit_slips", ["pictures"], postgresql_using="gin"
    )
    op.create_index("ix_payments_receipt_no", "payments", ["receipt_no"])


def downgrade() -> None:
    op.drop_index("ix_payments_receipt_no", "payments")
    op.drop_table("deposit_slips")
