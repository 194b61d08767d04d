"""What each role sees of a case it may see: which papers, which reports, and whether the money.

A nurse works at the bed: hospital, steps and the papers of a visit, no money and no diagnosis.
Customers, and channels for them, read what is meant for them (`domain.told`).
Whoever acts in several roles sees what the widest of them sees.
"""

from __future__ import annotations

from typing import Final

from api.door.identity import Caller
from domain.board import BookingView, CaseView, DocumentRow, EnquiryView, TaskRow, TimelineRow
from domain.documents import DocumentKind
from domain.roles import Role
from domain.steps.shown import OVERSIGHT, shown_of
from domain.told import is_told

_WIDE: Final = frozenset(
    {Role.REVIEWER, Role.DOCTOR, Role.AGENT, Role.INSURER, Role.SUPERVISOR, Role.AUDITOR}
)
"""Roles whose work is the whole file."""

_OWNERS: Final = frozenset({Role.CUSTOMER, Role.CHANNEL})
"""The papers are the customer's own; a channel's app shows them to the customer."""

_SLIPS: Final = frozenset(
    {
        DocumentKind.DEPOSIT_SLIP.value,
        DocumentKind.ORIGINAL_INVOICE.value,
        DocumentKind.FEE_LIST.value,
    }
)
_PAPERS: Final[dict[Role, frozenset[str]]] = {
    Role.FINANCE: _SLIPS | {DocumentKind.TRAVEL_TICKET.value, DocumentKind.LODGING_INVOICE.value},
    Role.NURSE: _SLIPS | {DocumentKind.ADMISSION_SLIP.value, DocumentKind.DISCHARGE_SUMMARY.value},
}


def sees_paper(caller: Caller, row: DocumentRow) -> bool:
    """Whether a caller may open a file of a case they see; one's own upload always."""
    if row.uploaded_by == caller.subject or (_WIDE | _OWNERS) & {*caller.roles}:
        return True
    return any(row.kind in _PAPERS.get(role, ()) for role in caller.roles)


def sees_report(caller: Caller, task: TaskRow) -> bool:
    """Whether a caller may read what stands beside a step and what was reported of it."""
    roles = {*caller.roles}
    if Role.CHANNEL in roles:
        roles.add(Role.CUSTOMER)
    return bool(roles & _WIDE or roles & {*task.roles})


def sees_money(caller: Caller) -> bool:
    """Whether limits, advances and payments are the caller's business."""
    return {*caller.roles} != {Role.NURSE}


def _owns_alone(caller: Caller) -> bool:
    """Whether nobody of ours looks, but the customer or their channel."""
    return {*caller.roles} <= _OWNERS


def _told(caller: Caller, lines: list[TimelineRow]) -> list[TimelineRow]:
    return [one for one in lines if is_told(one.event)] if _owns_alone(caller) else lines


def narrowed(caller: Caller, view: CaseView) -> CaseView:
    """A case as this caller may see it; amounts of the case are left out by `api.door.views`."""
    steps = _steps(caller, view.tasks)
    seen = {
        "documents": [row for row in view.documents if sees_paper(caller, row)],
        "tasks": steps,
        "timeline": _told(caller, view.timeline),
    }
    if not sees_money(caller):
        seen |= {
            "tasks": [task for task in steps if Role.NURSE in task.roles],
            "timeline": [
                line for line in view.timeline if line.role in (Role.NURSE, Role.DISPATCHER)
            ],
            "payments": [],
            "top_ups": [],
            "notices": [],
            "family": [],
            "reason": "",
            "claim_state": "",
        }
    return view.model_copy(update=seen)


def narrowed_booking(caller: Caller, view: BookingView) -> BookingView:
    """A booking as this caller may see it: papers and reports of their own work, or all of them."""
    seen = {
        "documents": [row for row in view.documents if sees_paper(caller, row)],
        "tasks": _steps(caller, view.tasks),
        "timeline": _told(caller, view.timeline),
        # Who pays need not know what the customer suffers from.
        "need": "" if {*caller.roles} == {Role.FINANCE} else view.need,
    }
    return view.model_copy(update=seen)


def narrowed_enquiry(caller: Caller, view: EnquiryView) -> EnquiryView:
    """An enquiry as this caller may see it."""
    seen = {"tasks": _steps(caller, view.tasks), "timeline": _told(caller, view.timeline)}
    return view.model_copy(update=seen)


def _steps(caller: Caller, tasks: list[TaskRow]) -> list[TaskRow]:
    if _owns_alone(caller):
        tasks = [task for task in tasks if task.kind not in OVERSIGHT]
    return [task if sees_report(caller, task) else _outline(caller, task) for task in tasks]


def _outline(caller: Caller, task: TaskRow) -> TaskRow:
    """A step whose report is not the caller's, but for the part that is meant for the customer."""
    owns = bool(_OWNERS & {*caller.roles})
    told = shown_of(task.kind, task.completion) if owns else {}
    seen = {"completion": told, "evidence": None}
    # What it is about is said for whoever does it: a doubt about the person, a number of ours.
    return task.model_copy(update=seen | ({"subject": ""} if _owns_alone(caller) else {}))
