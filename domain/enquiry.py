"""An enquiry (DW01): what may be asked, who answers, and where a question stands.

An enquiry opens no case. Who is asked next follows from what the one before said; the clock that
runs until the first answer is the programme's (K01).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from domain.roles import Role


class EnquiryKind(StrEnum):
    """What a question is about; the values are the codes of a programme's services."""

    DAILY_HEALTH = "daily_health_consult"  # R061
    WAIVER = "waiver_consult"  # R062


ENQUIRY_NAMES: Final[dict[EnquiryKind, str]] = {
    EnquiryKind.DAILY_HEALTH: "日常健康咨询",
    EnquiryKind.WAIVER: "免押金服务咨询",
}


class Answerer(StrEnum):
    """Who is asked for the answer."""

    SERVICE = "service"  # R019
    REVIEWER = "reviewer"  # R038: medical experts support daily consultation
    DOCTOR = "doctor"
    BRANCH_OPERATIONS = "branch_operations"  # R110
    HEAD_OFFICE = "head_office"  # R083


ANSWERER_NAMES: Final[dict[Answerer, str]] = {
    Answerer.SERVICE: "客服",
    Answerer.REVIEWER: "医学专家",
    Answerer.DOCTOR: "医生",
    Answerer.BRANCH_OPERATIONS: "机构运营部",
    Answerer.HEAD_OFFICE: "总公司运营规划管理部",
}

ANSWERER_ROLES: Final[dict[Answerer, Role]] = {
    Answerer.SERVICE: Role.AGENT,
    Answerer.REVIEWER: Role.REVIEWER,
    Answerer.DOCTOR: Role.DOCTOR,
    # Operations departments decide by hand; their people carry the supervisor's role.
    Answerer.BRANCH_OPERATIONS: Role.SUPERVISOR,
    Answerer.HEAD_OFFICE: Role.SUPERVISOR,
}


class EnquiryStage(StrEnum):
    """Where an enquiry stands; no value is a stage of a case as well."""

    WAITING = "waiting"  # with customer service
    FORWARDED = "forwarded"  # with a medical expert
    ESCALATED = "escalated"  # with a department that decides what is unclear
    ANSWERED = "answered"  # answered, and more is to come
    DONE = "done"


ENQUIRY_STAGE_NAMES: Final[dict[EnquiryStage, str]] = {
    EnquiryStage.WAITING: "待答复",
    EnquiryStage.FORWARDED: "已转医学专家",
    EnquiryStage.ESCALATED: "已转运营部门",
    EnquiryStage.ANSWERED: "已首次答复",
    EnquiryStage.DONE: "已办结",
}

_WITH: Final[dict[Role, EnquiryStage]] = {
    Role.REVIEWER: EnquiryStage.FORWARDED,
    Role.DOCTOR: EnquiryStage.FORWARDED,
    Role.SUPERVISOR: EnquiryStage.ESCALATED,
}


def stage_with(answerer: Answerer, *, answered: bool) -> EnquiryStage:
    """Where an enquiry stands while somebody is asked."""
    at_service = EnquiryStage.ANSWERED if answered else EnquiryStage.WAITING
    return _WITH.get(ANSWERER_ROLES[answerer], at_service)
