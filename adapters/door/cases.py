"""Cases and tasks as the door writes and guards them.

A case's row is written before its workflow starts; until the workflow has written its first page
the stage is `opening`, and a sweep starts what was left behind. Who may see a case is decided by
the door from the row that `access` returns.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import array, insert

from adapters.books.openings import OpenedRows
from adapters.tables.cases import TEAM_NURSE, cases, documents, tasks
from adapters.tables.family import family
from adapters.tables.states import case_states
from domain.guards import CaseAccess, TaskAccess
from domain.matter import CASE, OPENING
from domain.roles import Role

_SEALED: Final = ("name", "id_number", "phone", "email", "bed", "disease", "opened")


def _access_query() -> Select[Any]:
    people = array([tasks.c.assignee, tasks.c.claimed_by])  # nulls are left out when it is joined
    helping = (
        select(func.array_agg(func.array_to_string(people, ",")))
        .where(tasks.c.case_id == cases.c.case_id)
        .where(tasks.c.roles.contains([Role.NURSE.value]))
        .scalar_subquery()
    )
    relatives = (
        select(func.array_agg(family.c.subject))
        .where(family.c.case_id == cases.c.case_id, family.c.ended_at.is_(None))
        .scalar_subquery()
    )
    return select(
        cases.c.case_id,
        cases.c.channel,
        cases.c.customer_subject,
        cases.c.stage,
        cases.c.programme,
        cases.c.service,
        cases.c.reported_at,
        cases.c.team,
        cases.c.claim_state,
        func.coalesce(cases.c.limit_fen, cases.c.promised_fen).label("limit_fen"),
        helping.label("helping"),
        relatives.label("family"),
    ).where(cases.c.case_id == bindparam("case"))


# Built once: building them anew costs as much processor time as running them.
_ADD: Final = insert(cases).on_conflict_do_nothing().returning(cases.c.case_id)
_ACCESS: Final = _access_query()
_TASK: Final = (
    select(tasks, TEAM_NURSE.label("nurse"))
    .join_from(tasks, cases, tasks.c.case_id == cases.c.case_id, isouter=True)
    .where(tasks.c.task_id == bindparam("task"))
)
_NEWEST_TASK: Final = (
    select(tasks.c.task_id)
    .where(tasks.c.case_id == bindparam("case"))
    .where(tasks.c.kind == bindparam("kind"))
    .order_by(tasks.c.opened_at.desc())
    .limit(1)
)
_FILE: Final = (
    select(documents.c.kind, documents.c.document_id)
    .where(documents.c.case_id == bindparam("case"))
    .order_by(documents.c.uploaded_at, documents.c.document_id)
)
_ACTED: Final = (
    select(tasks.c.task_id)
    .where(tasks.c.case_id == bindparam("case"))
    .where(tasks.c.closed_by == bindparam("subject"))
    .where(tasks.c.closed_role == bindparam("role"))
    .limit(1)
)


class CaseRows(OpenedRows):
    """Cases and tasks, in one transaction."""

    table = cases

    async def add(self, row: dict[str, Any]) -> bool:
        """Write a reported case; False when this stay, or this id, has been reported already."""
        sealed = {
            name: self._sealer.seal(row[name], f"cases.{name}")
            for name in _SEALED
            if row.get(name) is not None
        }
        added = await self._connection.execute(_ADD, {**row, **sealed, "stage": OPENING})
        return added.first() is not None

    async def same_stay(
        self, *, person_hash: str, programme: str, hospital_id: str, planned: date | None
    ) -> str | None:
        """The open case of the same stay, if there is one."""
        found = await self._connection.execute(
            select(cases.c.case_id)
            .where(cases.c.person_hash == person_hash)
            .where(cases.c.programme == programme)
            .where(cases.c.hospital_id == hospital_id)
            .where(cases.c.planned_admission.is_not_distinct_from(planned))
            .where(cases.c.stage.not_in(CASE.ended))
        )
        return found.scalar()

    async def access(self, case_id: str) -> CaseAccess | None:
        """Who a case belongs to and where it stands."""
        found = await self._connection.execute(_ACCESS, {"case": case_id})
        row = found.mappings().first()
        if row is None:
            return None
        team: dict[str, str] = dict(row["team"] or {})
        people = {name for joined in row["helping"] or [] for name in (joined or "").split(",")}
        return CaseAccess(
            case_id=row["case_id"],
            channel=row["channel"],
            customer_subject=row["customer_subject"],
            stage=row["stage"],
            programme=row["programme"],
            reported_at=row["reported_at"],
            service=row["service"] or "",
            team=team,
            limit_fen=row["limit_fen"],
            claim_state=row["claim_state"],
            family=frozenset(row["family"] or ()),
            helpers=frozenset((people | {team.get(Role.NURSE.value, "")}) - {""}),
        )

    async def is_of(self, case_id: str, person_hash: str) -> bool:
        """Whether a case is of this person."""
        found = select(cases.c.case_id).where(
            cases.c.case_id == case_id, cases.c.person_hash == person_hash
        )
        return (await self._connection.execute(found)).first() is not None

    async def last_state(self, case_id: str) -> dict[str, Any] | None:
        """What an ended case knew, if it moved money."""
        query = select(case_states.c.state).where(case_states.c.case_id == case_id)
        found = (await self._connection.execute(query)).scalar()
        if found is None:
            return None
        state: dict[str, Any] = json.loads(self._sealer.open_text(found, "case_states.state"))
        return state

    async def document_ids(self, case_id: str) -> dict[str, list[str]]:
        """What lies in the case's file, ids by kind."""
        rows = await self._connection.execute(_FILE, {"case": case_id})
        found: dict[str, list[str]] = {}
        for kind, document_id in rows:
            found.setdefault(kind, []).append(document_id)
        return found

    async def task(self, task_id: str) -> TaskAccess | None:
        """A task as the door guards it."""
        found = await self._connection.execute(_TASK, {"task": task_id})
        row = found.mappings().first()
        if row is None:
            return None
        return TaskAccess(
            task_id=row["task_id"],
            case_id=row["case_id"],
            kind=row["kind"],
            roles=tuple(row["roles"]),
            assignee=row["assignee"],
            claimed_by=row["claimed_by"],
            claimed_role=row["claimed_role"],
            closed_at=row["closed_at"],
            closed_by=row["closed_by"],
            nurse=row["nurse"],
            hospital_id=row["hospital"],
        )

    async def newest_task(self, case_id: str, kind: str) -> str | None:
        """The task of this kind that was opened last."""
        asked = {"case": case_id, "kind": kind}
        found: str | None = await self._connection.scalar(_NEWEST_TASK, asked)
        return found

    async def claim_task(self, task_id: str, *, subject: str, role: str, at: datetime) -> bool:
        """Take a task; of two who try at once one gets it. Taking one's own again is fine."""
        taken = await self._connection.execute(
            update(tasks)
            .where(tasks.c.task_id == task_id)
            .where(tasks.c.closed_at.is_(None))
            .where(tasks.c.claimed_by.is_(None) | (tasks.c.claimed_by == subject))
            .values(
                claimed_by=subject,
                claimed_role=role,
                claimed_at=func.coalesce(tasks.c.claimed_at, at),
            )
            .returning(tasks.c.task_id)
        )
        return taken.first() is not None

    async def holds_a_step(self, case_id: str, subject: str) -> bool:
        """Whether an open step of the case names a person, or was claimed by them."""
        found = await self._connection.execute(
            select(tasks.c.task_id)
            .where(tasks.c.case_id == case_id, tasks.c.closed_at.is_(None))
            .where((tasks.c.assignee == subject) | (tasks.c.claimed_by == subject))
            .limit(1)
        )
        return found.first() is not None

    async def acted_as(self, case_id: str, *, subject: str, role: str) -> bool:
        """Whether a person has finished a step of this case in a role."""
        found = await self._connection.execute(
            _ACTED, {"case": case_id, "subject": subject, "role": role}
        )
        return found.first() is not None
