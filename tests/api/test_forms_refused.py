"""What the door says of a form it cannot take, without a world: where, why, what it takes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api.door.problems import Problem
from api.door.text import MomentAsked
from api.tasks.worklist import read_form
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS

NOBODYS = "编号不得使用证件号码或手机号"


@pytest.mark.parametrize(
    ("kind", "body", "field", "reason"),
    [
        (
            TaskKind.EXPLAIN_REPORT,
            b'{"told_by": "fax"}',
            "told_by",
            "不在允许的取值之内: phone、wechat、in_person",
        ),
        (TaskKind.ARRANGE_SERVICE, b'{"arranged": true}', "service_at", "已安排须填写就诊时间"),
        (
            TaskKind.ARRANGE_SERVICE,
            b'{"arranged": true, "service_at": "2027-01-10T10:00:00"}',
            "service_at",
            "时刻须带时区, 例如 2026-05-06T08:40:00+08:00",
        ),
        (
            TaskKind.CONFIRM_BOOKING,
            b'{"confirmed": true, "told_by": "app", "note": " "}',
            "note",
            "内容不能为空",
        ),
        (TaskKind.OFFER_OPTIONS, b'{"options": []}', "options", "条目过少, 至少1项"),
        (TaskKind.DECIDE_USE, b'{"used": true, "reason": ""}', "reason", "内容过短, 至少1个字符"),
        (
            TaskKind.CHOOSE_OPTION,
            b'{"option": "a b"}',
            "option",
            "格式不正确, 须符合 ^[A-Za-z0-9._-]+$",
        ),
        (
            TaskKind.FOLLOW_UP_CALL,
            b'{"reached": true, "satisfaction": 6}',
            "satisfaction",
            "数值过大, 至多5",
        ),
        (
            TaskKind.CONFIRM_REFUND,
            b'{"received": {"amount": "1.5"}, "reference": "B-1"}',
            "received.amount",
            "金额须为两位小数的非负数字串, 例如 50000.00",
        ),
        (TaskKind.DECIDE_USE, b'{"used": true, "reason": "x", "used": false}', "used", "字段重复"),
        (
            TaskKind.RECORD_REPAYMENT,
            b'{"amount": {"amount": "1.50"}, "reference": "13800138000"}',
            "reference",
            NOBODYS,
        ),
        *(
            (
                TaskKind.SURVEY_REPORT,
                f'{{"satisfaction": 4, "on_time": true, "findings": "客户{who}满意"}}'.encode(),
                "findings",
                "不得填写手机号或证件号码",
            )
            for who in (
                "13800138001",
                "+86 138 0013 8001",
                "１３８００１３８００１",
                "11010119900307109X",
            )
        ),
        (
            TaskKind.FILE_CLAIM,
            b'{"images": ["i-1"], "courier_no": "11010119900307109X"}',
            "courier_no",
            NOBODYS,
        ),
        (
            TaskKind.ASSIGN_TEAM,
            b'{"agent_id": "agent-7", "nurse_id": "13800138000", "doctor_id": "d-1"}',
            "nurse_id",
            NOBODYS,
        ),
        (
            TaskKind.TELL_RESULT,
            b'{"told_by": "phone", "customer_date": "2026-05-06T00:00:00Z"}',
            "customer_date",
            "须为日期, 例如 2026-05-06",
        ),
        (TaskKind.DECIDE_USE, b'{"used": "no", "reason": "x"}', "used", "须为 true 或 false"),
    ],
)
def test_a_form_that_is_refused_says_where_why_and_what_it_takes(
    kind: TaskKind, body: bytes, field: str, reason: str
) -> None:
    with pytest.raises(Problem) as refused:
        read_form(kind, body)
    assert [(one.field, one.reason) for one in refused.value.errors] == [(field, reason)]


def test_what_a_matter_has_taken_is_read_as_it_stands() -> None:
    taken = {"amount": {"amount": "1.50", "currency": "CNY"}, "reference": "13800138000"}
    assert TASKS[TaskKind.RECORD_REPAYMENT].form.model_validate(taken).model_dump() == taken


@pytest.mark.parametrize("number", ["2026", "99999999999", "1e9", "-1"])
def test_a_number_in_a_query_is_no_moment(number: str) -> None:
    asked: TypeAdapter[Any] = TypeAdapter(MomentAsked)
    with pytest.raises(ValidationError):
        asked.validate_python(number)
    assert asked.validate_python("2026-05-06T08:40:00+08:00").hour == 8
