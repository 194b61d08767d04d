"""Rosters of doctors: slots, who took them, and who waits for a doctor on duty."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT, UPDATE ON roster_slots TO {APP_ROLE};
        GRANT SELECT, INSERT, UPDATE, DELETE ON slot_takings, direct_orders TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "roster_slots",
        sa.Column("slot_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("doctor", sa.Text(), nullable=False),
        sa.Column("doctor_level", sa.Text(), nullable=False),
        sa.Column("hospital_rank", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_roster_slots_order")),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_roster_slots")),
        sa.UniqueConstraint("doctor", "starts_at", name=op.f("uq_roster_slots_doctor_starts_at")),
    )
    op.create_index(
        op.f("ix_roster_slots_programme_starts_at"), "roster_slots", ["programme", "starts_at"]
    )
    op.create_table(
        "slot_takings",
        sa.Column("slot_id", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["slot_id"], ["roster_slots.slot_id"], name=op.f("fk_slot_takings_slot_id")
        ),
        sa.PrimaryKeyConstraint("slot_id", name=op.f("pk_slot_takings")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_slot_takings_booking_id")),
    )
    op.create_table(
        "direct_orders",
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_direct_orders")),
    )
    op.create_index(
        op.f("ix_direct_orders_programme_placed_at"), "direct_orders", ["programme", "placed_at"]
    )
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_table("direct_orders")
    op.drop_table("slot_takings")
    op.drop_table("roster_slots")
