"""Whether a case exists for a caller, asked the same way by every route."""

from __future__ import annotations

from api.identity import Caller, may_see
from api.problems import Problem, at_field
from api.wiring import Unit
from domain.guards import BookingAccess, CaseAccess
from domain.waiver import ENDED, Role


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


async def matter_access(unit: Unit, matter_id: str) -> CaseAccess | BookingAccess | None:
    """The case or the booking, whoever asks; None where there is none."""
    if matter_id.startswith("bk-"):
        return await unit.bookings.access(matter_id)
    return await unit.cases.access(matter_id)


async def seen_matter(unit: Unit, caller: Caller, matter_id: str) -> CaseAccess | BookingAccess:
    """The case or the booking; 404 where it does not exist for this caller."""
    matter = await matter_access(unit, matter_id)
    if matter is None or not may_see(caller, matter):
        what = "预约" if matter_id.startswith("bk-") else "案件"
        raise Problem("not-found", f"没有此{what}")
    return matter


async def running_case(unit: Unit, caller: Caller, case_id: str) -> CaseAccess:
    """A case that can still be acted on; 409 when it has ended."""
    case = await seen_case(unit, caller, case_id)
    if has_ended(case.stage):
        raise Problem("case-ended", case_id=case_id)
    return case


def has_ended(stage: str) -> bool:
    """Whether a stage is one of the ends."""
    return stage in {one.value for one in ENDED}
