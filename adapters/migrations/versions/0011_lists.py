"""Which lists were read, what an insurer's list may say of a policy's days, and a case's list.

A case from before names no list.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "imported_lists",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("list_version", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('insured', 'network')", name=op.f("ck_imported_lists_kind")),
        sa.PrimaryKeyConstraint(
            "kind", "programme", "list_version", name=op.f("pk_imported_lists")
        ),
    )
    op.create_index(
        op.f("ix_imported_lists_kind_programme_imported_at"),
        "imported_lists",
        ["kind", "programme", "imported_at"],
        unique=False,
    )
    for column in (
        sa.Column("cooling_off_ends", sa.Date(), nullable=True),
        sa.Column("product_waiting_days", sa.Integer(), nullable=True),
        sa.Column("tier", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("renewals", sa.Integer(), nullable=True),
        sa.Column("first_effective_on", sa.Date(), nullable=True),
    ):
        op.add_column("policies", column)
    op.add_column(
        "cases",
        sa.Column("insured_list", sa.Text(), server_default=sa.text("''"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("cases", "insured_list")
    for column in (
        "first_effective_on",
        "renewals",
        "tier",
        "product_waiting_days",
        "cooling_off_ends",
    ):
        op.drop_column("policies", column)
    op.drop_index(op.f("ix_imported_lists_kind_programme_imported_at"), "imported_lists")
    op.drop_table("imported_lists")
