"""An enquiry in virtual time: a real Temporal server, a fake record, and hands that answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

import worker
from activities.ports.cases import TaskOpened
from activities.ports.enquiries import EnquiryPage
from adapters.settings import Settings
from adapters.temporal import search_attributes
from adapters.temporal.connection import connect
from adapters.temporal.virtual_time import Stage as Time
from adapters.temporal.virtual_time import days_to_move
from domain.clock import Clock
from domain.enquiry import EnquiryKind, EnquiryStage
from domain.roles import Role
from domain.steps.kinds import TaskKind
from tests.builders import CUSTOMER, a_calendar, a_programme, civil
from tests.workflows.conftest import no_task_failed
from tests.workflows.fakes import FakeBooks, FakePartners
from tests.workflows.followed import WITHIN, Followed
from workflows.cockpit import SEARCH_ATTRIBUTES, asking_attributes
from workflows.messages.enquiries import AskQuestion
from workflows.messages.matters import Accepted, Actor, CompleteTask

ASKED = "2026-05-03 02:10"  # a Sunday in a holiday, at night: K01 knows neither


class Asked(Followed):
    """One running enquiry and everything a test asks of it."""

    def __init__(self, time: Time, moved_by: int) -> None:
        super().__init__(time, moved_by)
        self.books = FakeBooks()
        self.enquiry_id = f"en-{secrets.token_hex(8)}"

    @property
    def case_id(self) -> str:
        """The name the recorder of histories knows."""
        return self.enquiry_id

    @property
    def pages(self) -> list[EnquiryPage]:
        return [page for _, page in sorted(self.books.enquiry_pages[self.enquiry_id].items())]

    @property
    def k01(self) -> Clock:
        return [clock for page in self.pages for clock in page.clocks][-1]

    @property
    def answers(self) -> list[str]:
        return [answer.text for page in self.pages for answer in page.answers]

    async def task(self, role: Role, kind: TaskKind = TaskKind.ANSWER_ENQUIRY) -> TaskOpened:
        """The open task of a role."""

        def found() -> TaskOpened | None:
            mine = [one for one in self.open_tasks.values() if one.kind is kind]
            return next((one for one in mine if one.roles == [role]), None)

        task: TaskOpened = await self.until(found)
        return task

    async def do(
        self, by: Actor, /, kind: TaskKind = TaskKind.ANSWER_ENQUIRY, **form: Any
    ) -> Accepted:
        task = await self.task(by.role, kind)
        message = CompleteTask(
            task_id=task.task_id, kind=kind, form=form, actor=by, at=self.time.now()
        )
        accepted: Accepted = await self.handle.execute_update(
            "complete_task", message, result_type=Accepted
        )
        return accepted

    async def refused(self, by: Actor, /, **form: Any) -> str:
        with pytest.raises(WorkflowUpdateFailedError) as caught:
            await self.do(by, **form)
        assert isinstance(caught.value.cause, ApplicationError)
        return str(caught.value.cause.details[0])

    async def ends(self) -> None:
        async with asyncio.timeout(WITHIN):
            assert await self.handle.result() == EnquiryStage.DONE.value
        assert self.stage is EnquiryStage.DONE
        assert self.open_tasks == {}


def enquiry_opener(settings: Settings) -> Callable[[], AbstractAsyncContextManager[Asked]]:
    """`async with opened() as enquiry`: a worker that replays everything at every task."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Asked]:
        client = await connect(settings)
        await search_attributes.register(client, SEARCH_ATTRIBUTES)
        moved_by = days_to_move(civil(ASKED), datetime.now(tz=civil(ASKED).tzinfo))
        time = Time(client, opens_at=civil(ASKED, moved_by=moved_by))
        enquiry, partners = Asked(time, moved_by), FakePartners()
        queue = f"test-{secrets.token_hex(6)}"
        verbs = worker.activities(
            ledger=enquiry.books,
            casebook=enquiry.books,
            payment=partners,
            dispatch=partners,
            messaging=partners,
            claims=partners,
        )
        message = AskQuestion(
            enquiry_id=enquiry.enquiry_id,
            programme=a_programme().for_case(),
            calendar=a_calendar().moved(moved_by),
            kind=EnquiryKind.WAIVER,
            channel="hotline",
            asked_by=CUSTOMER,
            asked_at=time.now(),
        )
        async with worker.build(client, task_queue=queue, verbs=verbs, max_cached_workflows=0):
            enquiry.handle = await time.client.start_workflow(
                "Enquiry",
                message,
                id=enquiry.enquiry_id,
                task_queue=queue,
                search_attributes=asking_attributes(
                    programme=message.programme.code, channel=message.channel
                ),
            )
            yield enquiry
            await no_task_failed(enquiry.handle)

    return opened
