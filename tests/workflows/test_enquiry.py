"""An enquiry: a first answer in three minutes or a supervisor hears; nothing ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.settings import Settings
from domain.clock import ClockState
from domain.enquiry import EnquiryStage
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import AGENT, REVIEWER, SUPERVISOR
from tests.workflows.asking import Asked, enquiry_opener
from workflows.enquiry import ROUNDS_MAX

WORDS = "可以代缴, 请准备入院证"


@pytest.fixture
def asked(temporal_settings: Settings) -> Callable[[], Any]:
    """`async with asked() as enquiry`: the question has been asked a moment ago."""
    return enquiry_opener(temporal_settings)


async def test_an_answer_at_the_last_moment_keeps_the_promise(asked: Any) -> None:
    async with asked() as enquiry:
        task = await enquiry.task(Role.AGENT)
        assert (task.clock, task.due_at) == ("K01.1", enquiry.at("2026-05-03 02:13"))
        await enquiry.time.go_to(enquiry.at("2026-05-03 02:13"))
        await enquiry.do(AGENT, answer=WORDS, closes=True)
        await enquiry.ends()
        assert enquiry.k01.state is ClockState.MET
        assert enquiry.answers == [WORDS]
        assert WORDS not in str([page.timeline for page in enquiry.pages])


async def test_an_answer_too_late_is_told_to_a_supervisor_and_still_given(asked: Any) -> None:
    async with asked() as enquiry:
        await enquiry.task(Role.AGENT)
        await enquiry.time.go_to(enquiry.at("2026-05-03 02:13") + timedelta(seconds=1))
        await enquiry.until(lambda: enquiry.k01.breached_at)
        assert enquiry.pages[-1].stage is EnquiryStage.WAITING
        assert enquiry.k01.warned_at is not None
        assert enquiry.pages[-1].sla_state == "breached"
        await enquiry.do(AGENT, answer=WORDS, closes=True)
        await enquiry.until(lambda: enquiry.stage is EnquiryStage.DONE)
        assert enquiry.k01.state is ClockState.MET_LATE
        await enquiry.do(SUPERVISOR, TaskKind.BREACH, action="夜班已加人")
        await enquiry.ends()


async def test_a_question_passed_on_without_a_word_keeps_its_promise_running(asked: Any) -> None:
    async with asked() as enquiry:
        await enquiry.do(AGENT, forward_to="reviewer")
        task = await enquiry.task(Role.REVIEWER)
        assert (task.clock, task.subject) == ("K01.1", "waiver_consult:reviewer")
        assert enquiry.stage is EnquiryStage.FORWARDED
        await enquiry.do(REVIEWER, answer=WORDS, closes=True)
        await enquiry.ends()
        assert enquiry.k01.state is ClockState.MET
        assert enquiry.answers == [WORDS]


async def test_what_is_unclear_is_decided_by_head_office(asked: Any) -> None:
    async with asked() as enquiry:
        await enquiry.do(AGENT, answer="正在请示, 稍后回复", forward_to="branch_operations")
        await enquiry.do(SUPERVISOR, forward_to="head_office")
        await enquiry.until(lambda: "waiver_consult:head_office" in _subjects(enquiry))
        assert enquiry.stage is EnquiryStage.ESCALATED
        assert enquiry.k01.state is ClockState.MET
        step = await enquiry.task(Role.SUPERVISOR)
        assert (step.clock, step.due_at) == (None, step.opened_at + timedelta(minutes=30))
        await enquiry.do(SUPERVISOR, answer="不在服务范围", closes=True)
        await enquiry.ends()
        assert enquiry.answers == ["正在请示, 稍后回复", "不在服务范围"]
        assert enquiry.lines.count("forwarded") == 2


def _subjects(enquiry: Asked) -> list[str]:
    return [task.subject for task in enquiry.open_tasks.values()]


async def test_an_answer_that_does_not_close_leaves_the_question_with_who_gave_it(
    asked: Any,
) -> None:
    async with asked() as enquiry:
        await enquiry.do(AGENT, answer="请先说明所在医院")
        await enquiry.until(lambda: enquiry.stage is EnquiryStage.ANSWERED)
        await enquiry.do(AGENT, answer=WORDS, closes=True)
        await enquiry.ends()


async def test_an_empty_or_contradictory_answer_is_refused(asked: Any) -> None:
    async with asked() as enquiry:
        assert await enquiry.refused(AGENT) == "answer"
        assert await enquiry.refused(AGENT, answer=" ", forward_to="doctor") == "answer"
        assert await enquiry.refused(AGENT, closes=True, forward_to="doctor") == "answer"
        assert (
            await enquiry.refused(AGENT, answer=WORDS, closes=True, forward_to="doctor") == "closes"
        )
        assert await enquiry.refused(AGENT, answer=WORDS, forward_to="nobody") == "forward_to"
        assert enquiry.answers == []
        assert ROUNDS_MAX > 0


async def test_a_request_to_cancel_goes_to_a_supervisor_and_the_question_stays(asked: Any) -> None:
    async with asked() as enquiry:
        await enquiry.task(Role.AGENT)
        await enquiry.handle.cancel()
        await enquiry.task(Role.SUPERVISOR, TaskKind.BREACH)
        await enquiry.do(AGENT, answer=WORDS, closes=True)
        await enquiry.do(SUPERVISOR, TaskKind.BREACH, action="已知悉")
        await enquiry.ends()


async def test_a_record_that_fails_is_written_again_and_once(asked: Any) -> None:
    async with asked() as enquiry:
        broken = {"write_enquiry"}

        def once(verb: str) -> None:
            if verb in broken:
                broken.discard(verb)
                raise ConnectionError(verb)

        enquiry.books.after = once
        await enquiry.do(AGENT, answer=WORDS, closes=True)
        await enquiry.ends()
        assert enquiry.answers == [WORDS]
