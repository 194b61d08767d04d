"""How far the audit's chain was read, and where it did not fit: a row a reading, never changed."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON audit_checks FROM {APP_ROLE};
        GRANT SELECT, INSERT ON audit_checks TO {APP_ROLE};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE};
    END IF;
END $$
"""  # noqa: S608 - names of this file only


def upgrade() -> None:
    op.create_table(
        "audit_checks",
        sa.Column("n", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.Column("read_hash", sa.Text(), nullable=False),
        sa.Column("again_to", sa.BigInteger(), nullable=False),
        sa.Column("again_hash", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column(
            "broken",
            postgresql.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit_checks")),
    )
    op.execute(
        "CREATE TRIGGER audit_checks_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON audit_checks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("ALTER TABLE audit_checks ENABLE ALWAYS TRIGGER audit_checks_only_grows")
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_table("audit_checks")
