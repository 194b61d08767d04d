"""Indexes of cases and steps for what people list and sum: a list reads its page, not all rows.

Few cases and steps are open and many are over, so that an index of the open ones stays small.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, text

from adapters.tables.cases import cases, clocks, tasks

_DUE: Final = text("coalesce(due_at, 'infinity'::timestamptz)")
_OPEN: Final = text("closed_at IS NULL")
_CLOSED: Final = text("closed_at IS NOT NULL")

# The worklist: a role's steps, and all of them by urgency.
Index("ix_tasks_roles", tasks.c.roles, postgresql_using="gin", postgresql_where=_OPEN)
Index("ix_tasks_open", _DUE, tasks.c.task_id, postgresql_where=_OPEN)
Index("ix_tasks_closed", _DUE, tasks.c.task_id, postgresql_where=_CLOSED)

# The cases somebody works in.
Index("ix_cases_team", cases.c.team, postgresql_using="gin")
Index("ix_tasks_assignee", tasks.c.assignee, postgresql_where=text("assignee IS NOT NULL"))
Index("ix_tasks_claimed_by", tasks.c.claimed_by, postgresql_where=text("claimed_by IS NOT NULL"))

# What a supervisor narrows the cases to.
Index("ix_cases_awaiting", cases.c.awaiting, postgresql_using="gin")
Index(None, cases.c.hospital_id, cases.c.reported_at)
Index(None, cases.c.sla_state, cases.c.reported_at)

# Reports: promises and steps of a span, money that is out or owed.
Index(None, clocks.c.started_at, clocks.c.case_id, clocks.c.instance)
Index(None, tasks.c.kind, tasks.c.closed_at)
Index("ix_cases_outstanding", cases.c.reported_at, postgresql_where=text("outstanding_fen > 0"))
Index("ix_cases_owed", cases.c.case_id, postgresql_where=text("owed_fen > 0"))
