"""What a step is about, in the words of whoever reads the worklist.

A subject is often a code that the story reads again, or an id; this is the one table of its words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from domain.board import TopUpRow
from domain.cancellation import LOST_BECAUSE
from domain.documents import DocumentKind, listed
from domain.enquiry import ANSWERER_NAMES, ENQUIRY_NAMES, Answerer, EnquiryKind
from domain.matter import CASE, id_form
from domain.money import spoken
from domain.steps.kinds import TaskKind

_NAMES: Final[dict[tuple[TaskKind, str], str]] = {
    (TaskKind.PHONE_CUSTOMER, "promise_moved"): "服务时限已调整",
    (TaskKind.PHONE_CUSTOMER, "expenses_reduced"): "部分费用不予报销",
    (TaskKind.PHONE_CUSTOMER, "wrong_payee"): "收款人须更正",
    (TaskKind.PHONE_CUSTOMER, "payment_delayed"): "付款延迟",
    (TaskKind.PHONE_CUSTOMER, "choose_again"): "医生停诊, 请客户重新选择时段",
    (TaskKind.PHONE_CUSTOMER, "booking_no_escort"): "无陪诊人员",
    (TaskKind.PHONE_CUSTOMER, "contract_ends"): "保险合同将终止",
    (TaskKind.PHONE_CUSTOMER, "policy_ends"): "保险合同终止, 其后不再垫付",
    (TaskKind.OFFER_VISIT, "offered"): "已派单, 等待接单",
    (TaskKind.OFFER_VISIT, "nobody"): "无人接单",
    (TaskKind.OFFER_VISIT, "replace"): "原陪诊人员不能前往",
    (TaskKind.CONSULT, "message"): "客户有新留言",
    (TaskKind.SURVEY_REPORT, "survey_report"): "保险公司会阅读, 请勿写入姓名、电话或证件号码",
    **{(TaskKind.DECIDE_USE, why): words for why, words in LOST_BECAUSE.items()},
}
_BEGINNINGS: Final[dict[tuple[TaskKind, str], str]] = {
    (TaskKind.BREACH, "overdue "): "待办逾期: ",
    (TaskKind.OFFER_VISIT, "refused "): "平台未接单: ",
    (TaskKind.REPLACE_ESCORT, "refused "): "平台未接单: ",
    (TaskKind.PHONE_CUSTOMER, "booking_"): "消息未送达: ",
}


_OF_A_DEPOSIT: Final = frozenset({TaskKind.HAND_IN_SLIP, TaskKind.RESOLVE_PAYMENT})
_DEPOSIT: Final = re.compile(rf"{id_form([CASE])}:deposit:([0-9]{{1,4}})", re.ASCII)

_ENQUIRY: Final = re.compile(rf"({'|'.join(EnquiryKind)}):({'|'.join(Answerer)})", re.ASCII)


def subject_name(kind: TaskKind, subject: str) -> str:
    """The words of a step's subject; the subject itself where it is words already."""
    known = _NAMES.get((kind, subject))
    if known is not None:
        return known
    if kind is TaskKind.CHECK_PAPERS and subject:
        return "审核补充: " + listed(map(DocumentKind, subject.split("、")))
    if kind is TaskKind.ANSWER_ENQUIRY and (asked := _ENQUIRY.fullmatch(subject)):
        return f"{ENQUIRY_NAMES[EnquiryKind(asked[1])]}: {ANSWERER_NAMES[Answerer(asked[2])]}"
    if kind in _OF_A_DEPOSIT and (deposit := _DEPOSIT.fullmatch(subject)):
        return f"第{deposit[1]}笔押金"
    for (of, beginning), words in _BEGINNINGS.items():
        if of is kind and subject.startswith(beginning):
            return words + subject.removeprefix(beginning)
    return subject


def top_up_name(beside: Sequence[TopUpRow]) -> str:
    """A request for more, and what was asked for beside it: the same wish may have come twice."""
    waiting = [one for one in beside if not one.granted_fen]
    granted = [one for one in beside if one.granted_fen]
    words = ["续费申请"]
    if waiting:
        asked = "、".join(spoken(one.requested_fen) for one in waiting)
        words.append(f"同案另有{len(waiting)}笔未定: {asked}")
    if granted:
        given = "、".join(spoken(one.granted_fen) for one in granted)
        words.append(f"近3天已同意{len(granted)}笔: {given}")
    return "; ".join(words)
