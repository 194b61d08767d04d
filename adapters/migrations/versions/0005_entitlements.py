"""Entitlements: a counter per policy, service and period, and each use of it."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"
COUNTER: Final = ("programme", "holder", "pool", "period")

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT, UPDATE ON entitlements, entitlement_uses TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "entitlements",
        *(sa.Column(name, sa.Text(), nullable=False) for name in COUNTER),
        sa.PrimaryKeyConstraint(*COUNTER, name=op.f("pk_entitlements")),
    )
    op.create_table(
        "entitlement_uses",
        sa.Column("use_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in COUNTER),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'consumed', 'given_back')",
            name=op.f("ck_entitlement_uses_state"),
        ),
        sa.ForeignKeyConstraint(
            list(COUNTER),
            [f"entitlements.{name}" for name in COUNTER],
            name=op.f("fk_entitlement_uses_programme"),
        ),
        sa.PrimaryKeyConstraint("use_id", name=op.f("pk_entitlement_uses")),
    )
    op.create_index(
        op.f("ix_entitlement_uses_programme_holder_pool_period"),
        "entitlement_uses",
        list(COUNTER),
        unique=False,
    )
    op.execute(_GRANTS)
