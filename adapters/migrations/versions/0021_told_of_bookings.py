"""Notices and events may be about any matter; a booking keeps an e-mail address."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None

ABOUT_ANY_MATTER: Final = ("notices", "outbox")


def upgrade() -> None:
    op.add_column("bookings", sa.Column("email", sa.LargeBinary(), nullable=True))
    for table in ABOUT_ANY_MATTER:
        name = op.f(f"fk_{table}_case_id")
        op.drop_constraint(name, table, type_="foreignkey")
        op.create_foreign_key(name, table, "matters", ["case_id"], ["matter_id"])


def downgrade() -> None:
    op.execute("DELETE FROM notices WHERE case_id NOT IN (SELECT case_id FROM cases)")
    op.execute("DELETE FROM outbox WHERE case_id NOT IN (SELECT case_id FROM cases)")
    for table in ABOUT_ANY_MATTER:
        name = op.f(f"fk_{table}_case_id")
        op.drop_constraint(name, table, type_="foreignkey")
        op.create_foreign_key(name, table, "cases", ["case_id"], ["case_id"])
    op.drop_column("bookings", "email")
