"""The laboratory of one booking: told that a sample comes, heard when it speaks, asked when silent.

What it says counts as much as what a person of ours reports; whichever comes first. A laboratory
that never answers becomes somebody's step; one that does not do the test lets the customer down.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from activities.courier import SendParcels
from activities.ports.courier import LabAnswer, TestOrder
from domain.bookings.forms import ReceiveSample
from domain.bookings.parcel import LabTest, LabWord
from domain.events import ExpectedEvent
from domain.programmes.services import Service
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import BookingDesk
from workflows.matter import Completion
from workflows.messages.bookings import LabSpoke
from workflows.waiting import came_by

ORDER_WITHIN: Final = timedelta(seconds=20)
TOLD_WITHIN: Final = timedelta(days=1)
"""A sample takes longer to arrive; after that a person tells the laboratory."""
SILENT_AFTER: Final = timedelta(days=14)
"""A person asks before the promise is broken: P20's fifteen working days are three weeks."""

REPORTS_STAND: Final = "a-report-that-is-written-stands"
"""Before this change a laboratory might take a sample back whose report it had called ready; a
test that met with that goes on as it began."""

_WORDS: Final = {
    LabWord.SAMPLE_RECEIVED: "实验室已收到样本",
    LabWord.UNUSABLE: "实验室: 样本不合格",
    LabWord.REPORT_READY: "实验室: 报告已完成",
}


class SampleUnusable(Exception):
    """The laboratory cannot work with the sample, whenever it finds out."""


class LabRefused(Exception):
    """The laboratory does not do the test."""


class Laboratory:
    """The tests of one booking; a sample that will not do is followed by another test."""

    def __init__(self, desk: BookingDesk, service: Service) -> None:
        self._desk = desk
        self._state = desk.state
        self._service = service

    def order(self) -> None:
        """Tell the laboratory, beside the story, that a sample comes."""
        state = self._state
        test_id = f"{state.booking_id}.test.{state.next_number('test')}"
        state.lab_test = LabTest(test_id=test_id)
        service = self._service
        order = TestOrder(test_id=test_id, kind=service.code, covers=service.covers)
        self._desk.errand(self._ordered(order), "test")

    def spoke(self, message: LabSpoke) -> None:
        """What the laboratory says, once; of another test than ours a supervisor hears."""
        test = self._state.lab_test
        if test is None or message.test_id != test.test_id:
            self._desk.alert(f"收到其他检测的消息 {message.test_id}")
            return
        if self._too_late(message.word, test):
            self._desk.alert(f"实验室消息前后不一 {message.test_id}")
            return
        # A word that overtakes the one before it says that as well.
        change: dict[str, object] = {"sample_at": test.sample_at or message.at}
        if message.word is LabWord.UNUSABLE:
            change["usable"] = False
        if message.word is LabWord.REPORT_READY:
            change["report_no"] = message.report_no or test.test_id
        told = test.model_copy(update=change)
        if told != test:
            self._state.lab_test = told
            ahead = message.word is LabWord.REPORT_READY and test.sample_at is None
            unsaid = " (此前未报收到样本)" if ahead else ""
            self._desk.note("lab", _WORDS[message.word] + unsaid, at=message.at)

    def _too_late(self, word: LabWord, test: LabTest) -> bool:
        """A report on a sample that will not do, or no to one whose report is written or out."""
        if word is LabWord.REPORT_READY:
            return not test.usable
        delivered = ExpectedEvent.REPORT_DELIVERED in self._state.happened
        written = bool(test.report_no) and workflow.patched(REPORTS_STAND)
        return word is LabWord.UNUSABLE and (written or delivered)

    async def sample(self, step: str) -> datetime:
        """When the sample came, by the laboratory's word or a person's.

        `SampleUnusable` when it will not do, `LabRefused` when nobody tests it.
        """
        desk, completions = self._desk, self._state.completions
        await self._watched(
            lambda: step in completions or self._test.sample_at is not None or self._test.refused,
            "sample",
        )
        desk.no_longer_asked(step, at=workflow.now(), reason="实验室已答复")
        done = completions.pop(step, None)
        if done is not None:
            form = done.read(ReceiveSample)
            if not form.usable:
                raise SampleUnusable
            return form.at
        if self._test.refused:
            raise LabRefused
        if not self._test.usable:
            raise SampleUnusable
        return self._test.sample_at or workflow.now()

    async def report(self, step: str) -> Completion:
        """What the person says who hands the report over; its number stands on the step.

        `SampleUnusable` and `LabRefused` when the laboratory says so after it has the sample.
        """
        desk, completions = self._desk, self._state.completions
        desk.errand(self._report_for(step), "report")
        await desk.until(lambda: step in completions or not self._test.usable or self._test.refused)
        desk.no_longer_asked(step, at=workflow.now(), reason="实验室已答复")
        done = completions.pop(step, None)
        if done is None:
            raise LabRefused if self._test.refused else SampleUnusable
        return done

    async def _report_for(self, step: str) -> None:
        tasks = self._state.tasks
        await self._watched(lambda: bool(self._test.report_no) or step not in tasks, "report")
        task = tasks.get(step)
        if task is not None:
            told = task.model_copy(update={"subject": self._test.report_no})
            self._desk.pen.task_opened(told)

    @property
    def _test(self) -> LabTest:
        return self._state.lab_test or LabTest(test_id="")

    async def _watched(self, fact: Callable[[], bool], about: str) -> None:
        """Wait for a fact; as often as nothing is heard for long, a person asks the laboratory."""
        chase = ""
        while not await self._heard(fact):
            if chase not in self._state.tasks:
                chase = self._desk.ask(TaskKind.CHASE_LAB, at=workflow.now(), subject=about)
        self._desk.no_longer_asked(chase, at=workflow.now(), reason="实验室已答复")

    async def _heard(self, fact: Callable[[], bool]) -> bool:
        """Whether the fact came in time; `BookingOver` if the customer gives up meanwhile."""
        if not await came_by(
            lambda: fact() or self._state.called_off is not None,
            workflow.now() + SILENT_AFTER,
            summary="实验室无回音",
        ):
            return fact()
        await self._desk.until(fact)
        return True

    async def _ordered(self, order: TestOrder) -> None:
        async def placed(retry: RetryPolicy) -> LabAnswer:
            return await workflow.execute_activity_method(
                SendParcels.order_test,
                order,
                start_to_close_timeout=ORDER_WITHIN,
                schedule_to_close_timeout=TOLD_WITHIN,
                retry_policy=retry,
                summary="预约检测",
            )

        try:
            answer = await self._desk.ask_partner(placed)
        except ActivityError:
            self._desk.alert(f"实验室联系不上, 请致电预约检测 {order.test_id}")
            return
        test = self._test
        if not answer.accepted and test.test_id == order.test_id and test.sample_at is None:
            self._state.lab_test = test.model_copy(update={"refused": True})
            self._desk.note("lab", f"实验室拒单 {answer.reason}".rstrip())
