"""A booking pays back what a journey cost: payments belong to any matter."""

from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    name = op.f("fk_payments_case_id")
    op.drop_constraint(name, "payments", type_="foreignkey")
    op.create_foreign_key(name, "payments", "matters", ["case_id"], ["matter_id"])


def downgrade() -> None:
    name = op.f("fk_payments_case_id")
    op.drop_constraint(name, "payments", type_="foreignkey")
    op.create_foreign_key(name, "payments", "cases", ["case_id"], ["case_id"])
