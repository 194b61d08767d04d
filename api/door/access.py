"""Whether a case and its papers exist for a caller, asked the same way by every route."""

from __future__ import annotations

from api.door.identity import Caller, may_see
from api.door.openings import access_to
from api.door.problems import Problem, at_field
from api.wiring.door import Unit
from api.wiring.matters import AnyAccess
from domain.guards import CaseAccess
from domain.matter import CASE, RESCUE, matter_of
from domain.rescues.board import RescueAccess
from domain.roles import HOSPITAL_ROLES, Role


def may_ask_for(caller: Caller, customer_id: str | None, *, what: str) -> None:
    """A channel says which one it is, and a customer asks for nobody else; `Problem` otherwise."""
    if caller.role is Role.CHANNEL and caller.channel is None:
        raise Problem("forbidden", "令牌未指明渠道")
    if caller.role is Role.CUSTOMER and customer_id not in (None, caller.subject):
        raise at_field("invalid", "customer_id", f"客户只能为本人{what}")


async def seen_case(unit: Unit, caller: Caller, case_id: str) -> CaseAccess:
    """The case, or 404: a case of somebody else does not exist for this caller."""
    case = await unit.cases.access(case_id)
    if case is None or not may_see(caller, case):
        raise Problem("not-found", "没有此案件")
    return case


async def seen_rescue(unit: Unit, caller: Caller, rescue_id: str) -> RescueAccess:
    """The rescue, or 404: another hospital's patients do not exist for this caller."""
    rescue = await unit.rescues.access(rescue_id)
    ours = rescue is not None and rescue.hospital_id == hospital_of(caller)
    if rescue is None or not (ours or watches(caller)):
        raise Problem("not-found", "没有此救治记录")
    return rescue


def hospital_of(caller: Caller) -> str | None:
    """The hospital whose staff the caller is; None for everybody else."""
    return caller.hospital if any(role in HOSPITAL_ROLES for role in caller.roles) else None


def watches(caller: Caller) -> bool:
    """Whether the caller sees to it that every hospital's channel runs."""
    return any(role in (Role.SUPERVISOR, Role.AUDITOR) for role in caller.roles)


async def seen_matter(unit: Unit, caller: Caller, matter_id: str) -> AnyAccess:
    """The matter, of whatever kind; 404 where it does not exist for this caller."""
    if matter_of(matter_id) is RESCUE:
        return await seen_rescue(unit, caller, matter_id)
    matter = await access_to(unit, matter_id)
    if matter is None or isinstance(matter, RescueAccess) or not may_see(caller, matter):
        raise Problem("not-found", f"没有此{matter_of(matter_id).name}")
    return matter


async def running_case(unit: Unit, caller: Caller, case_id: str) -> CaseAccess:
    """A case that can still be acted on; 409 when it has ended."""
    case = await seen_case(unit, caller, case_id)
    if CASE.is_over(case.stage):
        raise Problem("case-ended", case_id=case_id)
    return case


async def documents_of_case(
    unit: Unit, case_id: str, named: list[str], *, field: str = "images"
) -> dict[str, list[str]]:
    """The case's file; 422 when a named document is not in it."""
    file = await unit.cases.document_ids(case_id)
    known = {document for ids in file.values() for document in ids}
    for number, document in enumerate(named):
        if document not in known:
            raise at_field("unknown-document", f"{field}.{number}", "没有此文件", case_id=case_id)
    return file
