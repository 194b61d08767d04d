"""Checks of a hospital's own channel when a shift begins: who is on duty, what is lacking."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT ON readiness_checks TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    staff = postgresql.ARRAY(sa.Text())
    op.create_table(
        "readiness_checks",
        sa.Column("hospital_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doctors", staff, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("nurses", staff, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("equipment_complete", sa.Boolean(), nullable=False),
        sa.Column("supplies_complete", sa.Boolean(), nullable=False),
        sa.Column("missing", sa.LargeBinary(), nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "hospital_id", "programme", "checked_at", name=op.f("pk_readiness_checks")
        ),
    )
    op.execute(
        "CREATE TRIGGER readiness_checks_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON readiness_checks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("ALTER TABLE readiness_checks ENABLE ALWAYS TRIGGER readiness_checks_only_grows")
    op.execute(_GRANTS)
