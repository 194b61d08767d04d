"""Who acts: the roles of steps and tokens, and which of them are one person's.

The same names stand in tokens, on worklists and in the history; what each role may do is said where
it is done.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who a step waits for; the same names are the roles in a token."""

    CHANNEL = "channel"
    CUSTOMER = "customer"
    AGENT = "agent"
    REVIEWER = "reviewer"
    INSURER = "insurer"
    DISPATCHER = "dispatcher"
    NURSE = "nurse"
    DOCTOR = "doctor"
    FINANCE = "finance"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    HOSPITAL_STAFF = "hospital_staff"  # anybody who works there; each of these sees one hospital
    HOSPITAL_NURSE = "hospital_nurse"
    HOSPITAL_DOCTOR = "hospital_doctor"
    HOSPITAL_DUTY = "hospital_duty"  # medical affairs by day, the duty office by night
    PARTNER = "partner"
    SYSTEM = "system"


TOKEN_ROLES: Final = tuple(role for role in Role if role not in (Role.PARTNER, Role.SYSTEM))
"""The roles a person's token may carry; partners sign, and the system is nobody."""

HOSPITAL_ROLES: Final = (
    Role.HOSPITAL_STAFF,
    Role.HOSPITAL_NURSE,
    Role.HOSPITAL_DOCTOR,
    Role.HOSPITAL_DUTY,
)
"""The people of a hospital that runs a channel of its own; no case and no booking is theirs."""

NAMED_PERSONS: Final = frozenset({Role.NURSE})
"""Roles whose steps are one person's: whoever the step names, else the one of the case's team."""

ONLY_WHO_IS_NAMED: Final = frozenset({Role.DOCTOR})
"""Roles in which nobody stands in for whoever a step names; a step without a name is anybody's."""


def is_theirs(role: Role, person: str, *, assignee: str | None, nurse: str | None) -> bool:
    """Whether a step of this role is for this person; `nurse` is the one of the case's team.

    Everybody else stands in for a colleague of the same role; who comes to the bed, and the doctor
    a customer was given, are known.
    """
    if role in ONLY_WHO_IS_NAMED and assignee is not None:
        return person == assignee
    return role not in NAMED_PERSONS or person == (assignee or nurse)


ROLE_NAMES: Final[dict[Role, str]] = {
    Role.CHANNEL: "渠道",
    Role.CUSTOMER: "客户",
    Role.AGENT: "客服",
    Role.REVIEWER: "医学专家",
    Role.INSURER: "保险公司对接人",
    Role.DISPATCHER: "调度",
    Role.NURSE: "线下服务人员",
    Role.DOCTOR: "医生",
    Role.FINANCE: "财务",
    Role.SUPERVISOR: "主管",
    Role.AUDITOR: "审计",
    Role.HOSPITAL_STAFF: "医院人员",
    Role.HOSPITAL_NURSE: "医院护士",
    Role.HOSPITAL_DOCTOR: "医院医师",
    Role.HOSPITAL_DUTY: "医务科/总值班",
    Role.PARTNER: "合作方",
    Role.SYSTEM: "系统",
}
