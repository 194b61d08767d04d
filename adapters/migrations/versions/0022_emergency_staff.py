"""What was promised to the customers of an event, and who was lent for it from where."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column(
        "emergencies",
        sa.Column(
            "pledge",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    op.create_table(
        "emergency_staff",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("lent_by", sa.Text(), nullable=False),
        sa.Column("lent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["programme", "code"],
            ["emergencies.programme", "emergencies.code"],
            name=op.f("fk_emergency_staff_programme_emergencies"),
        ),
        sa.PrimaryKeyConstraint("programme", "code", "staff_id", name=op.f("pk_emergency_staff")),
    )


def downgrade() -> None:
    op.drop_table("emergency_staff")
    op.drop_column("emergencies", "pledge")
