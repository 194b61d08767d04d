"""Which steps a caller sees on the worklist.

Everybody sees the steps of their own roles that are not somebody else's; supervisors and auditors
see all of them, because they see to it that they are done. A dispatcher, who gives steps to other
people, sees those of another role by naming it.
"""

from __future__ import annotations

from api.door.identity import STAFF, Caller
from api.door.problems import Problem, at_field
from api.door.shapes import TaskPage
from api.door.views import task_view
from api.tasks.asked import asked_by
from api.wiring.door import Door
from domain.board import BadCursor, TaskFilter
from domain.roles import HOSPITAL_ROLES, Role


async def task_page(
    door: Door,
    caller: Caller,
    *,
    case_id: str | None,
    role: Role | None,
    is_open: bool,
    limit: int,
    cursor: str | None,
) -> TaskPage:
    """The tasks a caller may see, narrowed."""
    wanted = TaskFilter(
        roles=_roles_seen(caller, role),
        seen_by=None if _watches(caller, role) else caller.subject,
        state="open" if is_open else "closed",
        case_id=case_id,
        channel=_channel(caller),
        customer_subject=_customer(caller, case_id),
        hospital_id=_hospital(caller),
        cursor=cursor,
        limit=limit,
    )
    try:
        page = await door.worklist.tasks(wanted)
    except BadCursor:
        raise at_field("invalid", "cursor", "游标无效") from None
    return TaskPage(
        items=[task_view(row, asked_by(door, row)) for row in page.items],
        next_cursor=page.next_cursor,
    )


def _watches(caller: Caller, wanted: Role | None) -> bool:
    """Supervisors and auditors see everybody's steps; dispatchers those of the role they name."""
    named = wanted is not None and Role.DISPATCHER in caller.roles
    return named or any(role in (Role.SUPERVISOR, Role.AUDITOR) for role in caller.roles)


def _roles_seen(caller: Caller, wanted: Role | None) -> list[Role] | None:
    if _watches(caller, wanted):
        return None if wanted is None else [wanted]
    own = {*caller.roles} | ({Role.CUSTOMER} if Role.CHANNEL in caller.roles else set())
    if wanted is not None and wanted not in own:
        raise Problem("forbidden")
    return sorted(own if wanted is None else {wanted})


def _channel(caller: Caller) -> str | None:
    if any(role in STAFF or role is Role.NURSE for role in caller.roles):
        return None
    return caller.channel or "" if Role.CHANNEL in caller.roles else None


def _hospital(caller: Caller) -> str | None:
    """Hospital staff see their own hospital's steps; a token without one, none."""
    if not any(role in HOSPITAL_ROLES for role in caller.roles):
        return None
    return caller.hospital or ""


def _customer(caller: Caller, case_id: str | None) -> str | None:
    """A customer sees the tasks of their own cases; a case named in the token is theirs too."""
    only_customer = set(caller.roles) == {Role.CUSTOMER}
    if not only_customer or (case_id is not None and case_id in caller.cases):
        return None
    return caller.subject
