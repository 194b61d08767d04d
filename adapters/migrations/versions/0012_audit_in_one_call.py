"""A row of the audit in one call: the turn is taken, the newest row read and the next one written.

The lock, the look and the row are statements of their own, each with a view of its own, so that
who waited for their turn sees what the one before them wrote. The hash covers the row as the caller
wrote it down, with the hash of the row before in its place.
"""

from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

_APPEND = """
CREATE FUNCTION append_audit(
    at timestamptz, actor_role text, actor_id text, action text, case_id text, subject text,
    until_before text, after_before text
) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    before text;
BEGIN
    PERFORM pg_advisory_xact_lock(418581342580);
    SELECT hash INTO before FROM audit ORDER BY seq DESC LIMIT 1;
    before := coalesce(before, repeat('0', 64));
    INSERT INTO audit (at, actor_role, actor_id, action, case_id, subject, prev_hash, hash)
    VALUES (at, actor_role, actor_id, action, case_id, subject, before,
        encode(sha256(convert_to(until_before || before || after_before, 'UTF8')), 'hex'));
END
$$
"""
"""The number of the lock spells `audit`."""


def upgrade() -> None:
    op.execute(_APPEND)


def downgrade() -> None:
    op.execute("DROP FUNCTION append_audit(timestamptz, text, text, text, text, text, text, text)")
