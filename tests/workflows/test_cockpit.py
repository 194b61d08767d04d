"""What a supervisor reads of a case in the Temporal UI."""

from __future__ import annotations

from datetime import timedelta

from activities.ports.cases import TaskOpened
from domain.clock import Budget, Clock, Unit, WarnRule
from domain.steps.kinds import TaskKind
from domain.waiver import Role
from tests.builders import a_calendar, a_case, civil
from workflows.cockpit import current_details, next_due_at
from workflows.waiver.case import CaseState


def test_no_limit_is_shown_before_somebody_has_fixed_it() -> None:
    state = CaseState.of(a_case("dw-1", reported_at=civil("2026-04-29 20:10")))
    assert "| — | 0.00 元 |" in current_details(state)
    state.limit_fen = 50_000_000
    assert "| 500,000.00 元 |" in current_details(state)


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
    assert "**住院关怀** · 线下服务人员 · 截止 2026-04-30 17:00" in current_details(state)


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
    told = current_details(state)
    assert "| 2026-04-29 22:50:00 | 2026-04-29 22:50:30 | 2026-04-29 22:50:42 | 超时完成 |" in told
    assert "**处理异常** · G09.1 家庭医生响应 · 主管" in told
    assert "**处理异常** · 就诊时无人陪同 · 主管" in told
