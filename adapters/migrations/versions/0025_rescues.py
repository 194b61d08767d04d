"""Rescues in a hospital's own channel, their steps, and the events that bring many patients."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | None = None
depends_on: str | None = None

APP_ROLE: Final = "greenlane_app"

_ENTER_MATTER: Final = """
CREATE FUNCTION enter_rescue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO matters (matter_id, kind) VALUES (NEW.rescue_id, 'rescue');
    RETURN NULL;
END $$
"""

_GRANTS: Final = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT SELECT, INSERT ON mass_events, rescue_steps TO {APP_ROLE};
        GRANT SELECT, INSERT, UPDATE ON rescues TO {APP_ROLE};
    END IF;
END $$
"""


def _words(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=null) for name in names]


def _moments(*names: str) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in names]


def _codes(name: str) -> sa.Column[list[str]]:
    codes = postgresql.ARRAY(sa.Text())
    return sa.Column(name, codes, server_default=sa.text("'{}'"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "mass_events",
        *_words("event_id", "programme", "hospital_id", "name", "raised_by"),
        *_moments("raised_at"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_mass_events")),
    )
    _rescues()
    op.create_table(
        "rescue_steps",
        *_words("rescue_id"),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        *_words("service", "step"),
        *_moments("at", "recorded_at"),
        *_words("role", "actor_id", "department"),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rescue_id"], ["rescues.rescue_id"], name=op.f("fk_rescue_steps_rescue_id")
        ),
        sa.PrimaryKeyConstraint("rescue_id", "n", name=op.f("pk_rescue_steps")),
    )
    op.execute(
        "CREATE TRIGGER rescue_steps_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON rescue_steps FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("ALTER TABLE rescue_steps ENABLE ALWAYS TRIGGER rescue_steps_only_grows")
    op.execute(_ENTER_MATTER)
    op.execute(
        "CREATE TRIGGER rescues_enter_matters AFTER INSERT ON rescues"
        " FOR EACH ROW EXECUTE FUNCTION enter_rescue()"
    )
    op.execute(_GRANTS)


def _rescues() -> None:
    op.create_table(
        "rescues",
        *_words("rescue_id", "programme", "programme_version", "service"),
        _codes("services"),
        *_words("hospital_id"),
        *_words("event_id", null=True),
        *_words("arrival", "found_at"),
        sa.Column("complaint", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.LargeBinary()) for name in ("name", "id_number", "phone")),
        *_words("person_hash", null=True),
        sa.Column("level", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("way", sa.Text(), server_default=sa.text("''"), nullable=False),
        _codes("groups"),
        *_words("owner", "raised_role", "raised_by"),
        *_moments("raised_at"),
        *_words("outcome", "linked_case", null=True),
        sa.Column("stage", sa.Text(), server_default=sa.text("'opening'"), nullable=False),
        _codes("awaiting"),
        sa.Column("sla_state", sa.Text(), server_default=sa.text("'calm'"), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("page", sa.Integer(), server_default=sa.text("0"), nullable=False),
        *_moments("changed_at"),
        sa.Column("opened", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "sla_state IN ('calm', 'warned', 'breached')", name=op.f("ck_rescues_sla_state")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["mass_events.event_id"], name=op.f("fk_rescues_event_id")
        ),
        sa.ForeignKeyConstraint(
            ["linked_case"], ["cases.case_id"], name=op.f("fk_rescues_linked_case")
        ),
        sa.PrimaryKeyConstraint("rescue_id", name=op.f("pk_rescues")),
    )
    op.create_index(op.f("ix_rescues_stage_changed_at"), "rescues", ["stage", "changed_at"])
    op.create_index(
        op.f("ix_rescues_hospital_id_level_raised_at"),
        "rescues",
        ["hospital_id", "level", "raised_at"],
    )
    op.create_index(op.f("ix_rescues_event_id"), "rescues", ["event_id"])
