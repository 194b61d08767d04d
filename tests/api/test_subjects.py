"""What a step is about is read in words, above all why a unit of a quota is judged."""

import pytest

from api.door.subjects import subject_name, top_up_name
from domain.bookings.booking import LOSSES
from domain.steps.kinds import TaskKind
from tests.domain.test_doubts import a_top_up


@pytest.mark.parametrize("why", [*LOSSES, "cancelled", "not_reached", "failed_calls", "no_sample"])
def test_why_a_unit_is_judged_is_told_in_words(why: str) -> None:
    assert subject_name(TaskKind.DECIDE_USE, why) != why


def test_codes_have_words_and_words_stay_what_they_are() -> None:
    refused = subject_name(TaskKind.OFFER_VISIT, "refused no_nurse_available")
    assert refused == "平台未接单: no_nurse_available"
    unheard = subject_name(TaskKind.PHONE_CUSTOMER, "booking_confirmed")
    assert unheard == "消息未送达: confirmed"
    slip = subject_name(TaskKind.HAND_IN_SLIP, "dw-abcdefghij2345672345:deposit:3")
    assert slip == "第3笔押金"
    asked = subject_name(TaskKind.ANSWER_ENQUIRY, "waiver_consult:service")
    assert asked == "免押金服务咨询: 客服"
    wanted = subject_name(TaskKind.CHECK_PAPERS, "discharge_summary、ct_report")
    assert wanted == "审核补充: 出院小结、CT报告"
    read_by = subject_name(TaskKind.SURVEY_REPORT, "survey_report")
    assert read_by == "保险公司会阅读, 请勿写入姓名、电话或证件号码"
    assert subject_name(TaskKind.CONSULT, "message") == "客户有新留言"
    assert subject_name(TaskKind.BREACH, "就诊时无人陪同") == "就诊时无人陪同"


def test_a_top_up_is_named_with_what_was_asked_for_beside_it() -> None:
    waits = a_top_up("open", "received", 0, 0)
    granted = a_top_up("granted", "accepted", 500, 1)
    assert top_up_name([waits, granted, waits]) == (
        "续费申请; 同案另有2笔未定: 100,000.00 元、100,000.00 元; 近3天已同意1笔: 5.00 元"
    )
    assert top_up_name([]) == "续费申请"
