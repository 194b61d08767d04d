"""Indexes of what lists, reports, callbacks and the ledger look for: none reads a whole table."""

import sqlalchemy as sa
from alembic import op

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | None = None
depends_on: str | None = None

_PLAIN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ix_transfers_movement_id", "transfers", ("movement_id",)),
    ("ix_clocks_started_at_case_id_instance", "clocks", ("started_at", "case_id", "instance")),
    ("ix_tasks_kind_closed_at", "tasks", ("kind", "closed_at")),
    ("ix_cases_hospital_id_reported_at", "cases", ("hospital_id", "reported_at")),
    ("ix_cases_sla_state_reported_at", "cases", ("sla_state", "reported_at")),
    ("ix_family_subject", "family", ("subject",)),
    ("ix_family_records_booking_id", "family_records", ("booking_id",)),
)
_PARTIAL: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("ix_tasks_assignee", "tasks", ("assignee",), "assignee IS NOT NULL"),
    ("ix_tasks_claimed_by", "tasks", ("claimed_by",), "claimed_by IS NOT NULL"),
    ("ix_cases_outstanding", "cases", ("reported_at",), "outstanding_fen > 0"),
    ("ix_cases_owed", "cases", ("case_id",), "owed_fen > 0"),
    ("ix_inbox_closed", "inbox", ("signalled_at", "event_id"), "closed_by IS NOT NULL"),
)
_GIN: tuple[tuple[str, str], ...] = (("ix_cases_awaiting", "awaiting"), ("ix_cases_team", "team"))


def upgrade() -> None:
    for name, table, columns in _PLAIN:
        op.create_index(op.f(name), table, list(columns))
    for name, table, columns, where in _PARTIAL:
        op.create_index(name, table, list(columns), postgresql_where=sa.text(where))
    for name, column in _GIN:
        op.create_index(name, "cases", [column], postgresql_using="gin")
    op.create_index(
        "ix_tasks_closed",
        "tasks",
        [sa.text("coalesce(due_at, 'infinity'::timestamptz)"), "task_id"],
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.drop_index("ix_tasks_roles", "tasks")
    op.create_index(
        "ix_tasks_roles",
        "tasks",
        ["roles"],
        postgresql_using="gin",
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_tasks_roles", "tasks")
    op.create_index("ix_tasks_roles", "tasks", ["roles"], postgresql_using="gin")
    op.drop_index("ix_tasks_closed", "tasks")
    for name, _ in reversed(_GIN):
        op.drop_index(name, "cases")
    for name, table, _, _ in reversed(_PARTIAL):
        op.drop_index(name, table)
    for name, table, _ in reversed(_PLAIN):
        op.drop_index(name, table)
