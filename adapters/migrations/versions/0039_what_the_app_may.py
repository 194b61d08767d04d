"""The role of door and worker reaches every table that came after it was named.

Where a role `greenlane_app` exists, what is made from now on is granted to it at once; a table that
only grows takes its own rights away in its own migration.
"""

from typing import Final

from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"
FORGOTTEN: Final = ("emergencies", "emergency_staff", "imported_lists", "ratings")

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT, UPDATE ON {", ".join(FORGOTTEN)} TO {APP_ROLE};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE ON TABLES TO {APP_ROLE};
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {APP_ROLE};
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute(_GRANTS)


def downgrade() -> None:
    """Rights that are too wide for an older version do no harm to it."""
