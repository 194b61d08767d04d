"""Holiday notices as they were imported, and the newest one each case has been given.

A case from before has been given none: it is told once, which moves nothing if its days stand.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"
ENDED: Final = "'cancelled', 'closed', 'declined', 'expired', 'rejected'"

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT ON calendar_notices TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "calendar_notices",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_calendar_notices")),
    )
    op.execute(
        "CREATE TRIGGER calendar_notices_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON calendar_notices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("ALTER TABLE calendar_notices ENABLE ALWAYS TRIGGER calendar_notices_only_grows")
    op.add_column(
        "cases",
        sa.Column("calendar_number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_index(
        "ix_cases_open_calendar",
        "cases",
        ["calendar_number"],
        unique=False,
        postgresql_where=sa.text(f"stage NOT IN ({ENDED})"),
    )
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_index("ix_cases_open_calendar", table_name="cases")
    op.drop_column("cases", "calendar_number")
    op.drop_table("calendar_notices")
