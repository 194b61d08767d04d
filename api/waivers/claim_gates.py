"""What the door asks before a claim is taken, and what it adds of its own records (P21).

Whether a lane is open is a matter of its region, of an emergency that is on, and of who asks; where
the money is to be handed over, of the programme's branches.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from api.applications import Known
from api.door.problems import Problem, at_field
from api.wiring.door import Unit
from domain.calendar import civil_date
from domain.claims.terms import ClaimServices, Lane
from domain.roles import Role
from workflows.messages.cases import ClaimAsked

CLAIMS_COUNTED: Final = timedelta(days=365)
"""How far back claims of the same policy are a sign of risk."""


async def claim_of(
    unit: Unit, known: Known, asked: ClaimAsked, *, role: Role, at: datetime
) -> ClaimAsked:
    """The claim with what our records add to it; raises Problem where its lane is not open."""
    claims = known.programme.claims
    lane = claims.lane(asked.service) if claims else None
    if claims is None or lane is None:
        raise at_field("unknown-programme", "service", "该服务项目不提供此理赔服务")
    if not lane.is_open_in(known.province, civil_date(at)):
        raise at_field("wrong-stage", "hospital_id", "该地区尚未开通此理赔服务")
    if asked.proactive:
        _may_offer(lane, role)
    pledge = await _pledge(unit, known, lane)
    return asked.model_copy(
        update={
            "elements": asked.elements | await _elements(unit, known, at),
            "branch_name": _branch(claims, asked.branch),
            "pledge": pledge,
        }
    )


def _may_offer(lane: Lane, role: Role) -> None:
    """Staff who learn of an illness or an event open the claim (R828, R837), nobody else."""
    if role not in (Role.AGENT, Role.CHANNEL):
        raise at_field("invalid", "proactive", "主动理赔由服务人员发起")
    if not lane.proactive:
        raise at_field("invalid", "proactive", "该理赔服务须由客户申请")


async def _pledge(unit: Unit, known: Known, lane: Lane) -> list[str]:
    """The emergency lane is open while a supervisor has switched it on for an event."""
    if not lane.in_emergency:
        return []
    events = await unit.emergencies.on(known.programme.code)
    if not events:
        raise Problem("wrong-stage", "当前没有启动应急理赔")
    return list(events[0]["pledge"])


def _branch(claims: ClaimServices, code: str) -> str:
    """The name of a branch; customers may be paid at any of them (R851, R862)."""
    if not code:
        return ""
    branch = next((one for one in claims.branches if one.code == code), None)
    if branch is None:
        raise at_field("invalid", "branch", "没有此网点")
    return branch.name


async def _elements(unit: Unit, known: Known, at: datetime) -> dict[str, bool | int | str]:
    """What the insurer's list and our own record say."""
    facts = known.facts
    elements: dict[str, bool | int | str] = {}
    if facts.disease is not None:
        elements["disease"] = facts.disease
    if facts.sum_insured_left_fen is not None:
        elements["sum_insured_left"] = facts.sum_insured_left_fen
    if facts.policy_from is not None:
        begun = facts.first_effective_on or facts.policy_from
        elements["policy_days"] = (facts.asked_on - begun).days
    if known.policy_id is not None:
        elements["claims_before"] = await unit.emergencies.claims_before(
            known.policy_id, since=at - CLAIMS_COUNTED
        )
    return elements
