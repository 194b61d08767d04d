"""Which service a case was asked under, and how satisfied its customer was."""

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column(
        "cases", sa.Column("service", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.create_table(
        "ratings",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("rated_by", sa.Text(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_ratings_score")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.case_id"], name=op.f("fk_ratings_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_ratings")),
    )
    op.create_index(op.f("ix_ratings_rated_at"), "ratings", ["rated_at"])


def downgrade() -> None:
    op.drop_table("ratings")
    op.drop_column("cases", "service")
