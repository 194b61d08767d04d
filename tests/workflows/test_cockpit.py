"""What a supervisor reads of a case in the Temporal UI."""

from __future__ import annotations

from datetime import timedelta

from activities.ports.cases import PaymentRecord, PaymentStatus, TaskOpened
from domain.clock import Budget, Clock, Unit, WarnRule
from domain.roles import Role
from domain.steps.kinds import CareDuty, TaskKind
from domain.waiver import PaymentMode
from tests.builders import a_calendar, a_case, civil
from workflows.cases.case import CaseState
from workflows.cases.record import current_details
from workflows.cockpit import next_due_at, waiting_values


def test_no_limit_is_shown_before_somebody_has_fixed_it() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    assert "- 额度: **—**" in current_details(state, hospital="某三甲医院")
    state.limit_fen = 50_000_000
    assert "- 额度: **500,000.00 元**" in current_details(state, hospital="某三甲医院")


def test_a_step_without_a_promise_is_in_the_details_and_not_the_next_due_promise() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    state.tasks["care"] = TaskOpened(
        task_id="dw-1.care.1",
        kind=TaskKind.CARE,
        roles=[Role.NURSE],
        title="住院关怀",
        opened_at=civil("2026-04-30 09:00"),
        due_at=civil("2026-04-30 17:00"),
    )
    assert next_due_at(state) is None
    assert "**住院关怀** · 线下服务人员 · 截止 2026-04-30 17:00" in current_details(
        state, hospital="某三甲医院"
    )


def test_what_went_wrong_is_named_and_a_promise_of_seconds_is_shown_to_the_second() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    asked_at = civil("2026-04-29 22:50")
    answers = Clock.start(
        clock_id="G09",
        name="家庭医生响应",
        number=1,
        started_at=asked_at,
        budget=Budget(amount=30, unit=Unit.SECOND),
        warn=WarnRule(remaining_percent=34),
        calendar=a_calendar(),
    )
    state.clocks["G09.1"] = answers.meet(asked_at + timedelta(seconds=42))
    for number, subject in enumerate(("G09.1", "就诊时无人陪同")):
        state.tasks[str(number)] = TaskOpened(
            task_id=f"dw-1.breach.{number}",
            kind=TaskKind.BREACH,
            roles=[Role.SUPERVISOR],
            title="处理异常",
            opened_at=asked_at,
            subject=subject,
        )
    told = current_details(state, hospital="某三甲医院")
    assert "| 2026-04-29 22:50:00 | 2026-04-29 22:50:30 | 2026-04-29 22:50:42 | 超时完成 |" in told
    assert "**处理异常** · G09.1 家庭医生响应 · 主管" in told
    assert "**处理异常** · 就诊时无人陪同 · 主管" in told


def test_a_payment_without_a_certain_end_says_what_it_waits_for_since_when_and_is_not_hidden() -> (
    None
):
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    scanned = PaymentRecord(
        movement_id="dw-1:deposit:1",
        reason="deposit",
        amount_fen=5_000_000,
        mode=PaymentMode.QR_CODE,
        status=PaymentStatus.PENDING,
        ordered_at=civil("2026-05-02 10:00"),
        code_url="https://pay.example/1",
    )
    unknown = scanned.model_copy(
        update={
            "movement_id": "dw-1:deposit:2",
            "reason": "top_up",
            "mode": PaymentMode.HOSPITAL_ONLINE,
            "status": PaymentStatus.UNKNOWN,
            "code_url": "",
        }
    )
    state.payments = {one.movement_id: one for one in (scanned, unknown)}
    told = current_details(state, hospital="某三甲医院")
    since = "自 2026-05-02 10:00"
    assert f"- **押金 50,000.00 元** · 二维码现场支付 · 等待窗口扫码 · {since}" in told
    assert f"- **续费 50,000.00 元** · 线上网络支付 · 结果未知, 向付款方查询中 · {since}" in told
    assert "- 付款中: **100,000.00 元**" in told
    state.payments = {
        one.movement_id: one.model_copy(update={"settled_at": civil("2026-05-02 11:00")})
        for one in (scanned, unknown)
    }
    assert "等待付款结果" not in current_details(state, hospital="某三甲医院")


def test_steps_stand_by_their_moment_and_two_of_a_kind_are_told_apart() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    for number, (duty, due) in enumerate(
        [
            (CareDuty.BEDSIDE_VISIT, civil("2026-05-09 10:00")),
            (CareDuty.ADMISSION_FORMALITIES, civil("2026-05-02 18:00")),
            (None, None),
        ]
    ):
        state.tasks[str(number)] = TaskOpened(
            task_id=f"dw-1.care.{number}",
            kind=TaskKind.CARE,
            roles=[Role.NURSE],
            title="住院关怀",
            opened_at=civil("2026-04-30 09:00"),
            due_at=due,
            duty=duty,
        )
    lines = [
        line
        for line in current_details(state, hospital="某三甲医院").splitlines()
        if line.startswith("- **住院关怀**")
    ]
    assert [line.split(" · ")[1] for line in lines] == [
        "协助办理住院手续",
        "床旁探望",
        "线下服务人员",
    ]


def test_what_nobody_has_acknowledged_awaits_a_supervisor() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    assert waiting_values(state)["AwaitingRole"] == []
    state.tasks["breach"] = TaskOpened(
        task_id="dw-1.breach.1",
        kind=TaskKind.BREACH,
        roles=[Role.SUPERVISOR],
        title="处理异常",
        opened_at=civil("2026-04-30 09:00"),
        subject="K02.1",
    )
    assert waiting_values(state)["AwaitingRole"] == ["supervisor"]
    for number, fen in ((1, 5_000_000), (2, 2_000_000)):
        state.tasks[f"slip-{number}"] = TaskOpened(
            task_id=f"dw-1.hand_in_slip.{number}",
            kind=TaskKind.HAND_IN_SLIP,
            roles=[Role.NURSE],
            title="上传押金单",
            opened_at=civil("2026-04-30 09:00"),
            subject=f"dw-1:deposit:{number}",
            amount_fen=fen,
        )
    told = current_details(state, hospital="某三甲医院")
    assert "**上传押金单** · 第1笔押金 · 50,000.00 元 · 线下服务人员" in told
    assert "**上传押金单** · 第2笔押金 · 20,000.00 元 · 线下服务人员" in told


def test_the_money_stands_before_the_table_of_promises() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    state.clocks["K02.1"] = Clock.start(
        clock_id="K02",
        name="续费答复",
        number=1,
        started_at=civil("2026-04-29 20:10"),
        budget=Budget(amount=30, unit=Unit.SECOND),
        warn=WarnRule(remaining_percent=34),
        calendar=a_calendar(),
    )
    told = current_details(state, hospital="某三甲医院")
    sections = ["### 待办", "### 资金", "### 时效"]
    assert sorted(sections, key=told.index) == sections
