"""P20's gene test: who it is and what is covered, then records, condition and item, then a plan."""

from __future__ import annotations

import asyncio

import pytest

from activities.ports.cases import TaskOpened
from domain.bookings.booking import BookingStage
from domain.eligibility import Outcome
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.walk.bookings import BookingWalk
from tests.walk.engine import Refused

GENE = ("ins_oncology", "gene_testing")
FIRST = {"identity_verified": True, "need": "靶向用药"}


def opened(one: BookingWalk) -> list[TaskOpened]:
    """The steps so far, each as it was first asked for."""
    steps: dict[str, TaskOpened] = {}
    for page in one.pages:
        for task in page.tasks_opened:
            steps.setdefault(task.task_id, task)
    return list(steps.values())


def test_a_plan_is_made_when_condition_and_item_are_known_and_a_sample_asked_for_after_it(
    loop: asyncio.Runner,
) -> None:
    """R763, R764, R765: records, then condition and item, then the plan, then the sample."""
    one = BookingWalk(*GENE, seed="plan", loop=loop)
    one.start()
    for code, fields in (("confirm_item", ["condition", "test_item"]), ("fix_plan", ["test_plan"])):
        assert one.go_on(lambda: one.waits_for(TaskKind.SERVICE_STEP) is not None)
        task = one.waits_for(TaskKind.SERVICE_STEP)
        assert task is not None
        assert task.subject.startswith(code)
        for left_out in fields:
            says = {field: "已确认" for field in fields if field != left_out}
            with pytest.raises(Refused, match="尚须登记"):
                one.report(task, form={"says": says})
        one.report(task, form={"says": dict.fromkeys(fields, "已确认")})
    one.finish()
    one.check()
    steps = opened(one)
    kinds = [task.kind for task in steps]
    assert kinds[:6] == [
        TaskKind.TAKE_REQUEST,
        TaskKind.CHECK_PAPERS,
        TaskKind.SERVICE_STEP,
        TaskKind.SERVICE_STEP,
        TaskKind.ASSIGN_EXPERT,
        TaskKind.SEND_KIT,
    ]
    assert [task.roles for task in steps[2:4]] == [[Role.AGENT], [Role.REVIEWER]]
    told = {notice.template: notice.text for page in one.pages for notice in page.notices}
    assert "门诊病历或出院小结或血液检测报告" in told["booking_checklist"]


@pytest.mark.parametrize("without", ["identity", "cover"])
def test_without_identity_or_cover_no_test_begins(loop: asyncio.Runner, without: str) -> None:
    """R788: 『确认被保险人身份、保障/服务内容』, both."""
    judged = Outcome.REJECTED if without == "cover" else Outcome.ELIGIBLE
    one = BookingWalk(*GENE, seed="no", loop=loop, outcome=judged)
    one.start()
    if without == "identity":
        task = one.waits_for(TaskKind.TAKE_REQUEST)
        assert task is not None
        one.report(task, form=FIRST | {"identity_verified": False})
    one.finish()
    assert one.stage is BookingStage.REJECTED
    asked = {task.kind for task in opened(one)}
    assert asked == ({TaskKind.TAKE_REQUEST} if without == "identity" else set())
