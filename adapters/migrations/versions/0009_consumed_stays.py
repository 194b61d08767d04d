"""A stay whose service was used up has ended: another report of it may open a case."""

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

_OPEN_STAY = "uq_cases_open_stay"
_BEFORE = "'cancelled', 'closed', 'declined', 'expired', 'rejected'"
_SINCE = "'cancelled', 'closed', 'consumed', 'declined', 'expired', 'rejected'"


def upgrade() -> None:
    _one_open_case_a_stay(_SINCE)


def downgrade() -> None:
    _one_open_case_a_stay(_BEFORE)


def _one_open_case_a_stay(ended: str) -> None:
    op.drop_index(_OPEN_STAY, table_name="cases")
    op.create_index(
        _OPEN_STAY,
        "cases",
        ["person_hash", "programme", "hospital_id", "planned_admission"],
        unique=True,
        postgresql_where=sa.text(f"stage NOT IN ({ended})"),
        postgresql_nulls_not_distinct=True,
    )
