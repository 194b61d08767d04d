"""What doctors keep of a family beyond one consultation, and what is written in a conversation."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"
TABLES: Final = ("family_records", "booking_messages")

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT ON {", ".join(TABLES)} TO {APP_ROLE};
    END IF;
END $$
"""


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _of_booking(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_booking_id")
    return sa.ForeignKeyConstraint(["booking_id"], ["bookings.booking_id"], name=name)


def upgrade() -> None:
    op.create_table(
        "family_records",
        *_words("entry_id", "booking_id", "programme", "person_hash", "kind"),
        sa.Column("says", sa.LargeBinary(), nullable=False),
        *_words("written_role", "written_by"),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        _of_booking("family_records"),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_family_records")),
    )
    op.create_index(
        op.f("ix_family_records_person_hash_programme_written_at"),
        "family_records",
        ["person_hash", "programme", "written_at"],
    )
    op.create_table(
        "booking_messages",
        *_words("booking_id"),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        *_words("message_id", "role", "author"),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        _of_booking("booking_messages"),
        sa.PrimaryKeyConstraint("booking_id", "n", name=op.f("pk_booking_messages")),
        sa.UniqueConstraint("message_id", name=op.f("uq_booking_messages_message_id")),
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_only_grows")
    op.execute(_GRANTS)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
