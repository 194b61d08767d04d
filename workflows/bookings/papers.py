"""The papers a booking needs before anything is coordinated (GC05), and how long it waits for them.

Somebody looks at what has come and tells the customer what is missing; a round that has begun is a
promise of an answer. What is never handed in ends the booking, and its unit comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Final

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.forms import CheckPapers
from domain.bookings.terms import owed_until, papers_for
from domain.calendar import SHANGHAI, civil_date
from domain.documents import DOCUMENT_NAMES, DocumentKind, listed, still_missing
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from workflows.bookings.desk import NOT_COMPLETE, BookingDesk
from workflows.matter import Completion
from workflows.messages import PapersArrived, RequestBooking

CHASED_AFTER: Final = timedelta(days=7)
"""Who has handed in or chosen nothing for so long is called, where no promise sets the moment."""

NOT_CHOSEN: Final = "期限届满, 客户未作选择"
"""Why a booking ends whose customer was to choose and has not."""

_LOOKED_AT: Final = frozenset({BookingStage.REQUESTED, BookingStage.MATERIALS})
_ANSWERS: Final = (ExpectedEvent.COMPLETENESS_TOLD, ExpectedEvent.CUSTOMER_TOLD)
"""What a promise about papers is kept by, as programmes name it."""


class Papers:
    """The papers of one booking."""

    def __init__(self, desk: BookingDesk, asked: RequestBooking) -> None:
        self._desk = desk
        self._state = desk.state
        self._asked = asked
        self._service = asked.programme.service(asked.service)

    async def collect(self) -> None:
        """GC05: complete papers first; a slip starts the clock of a bed (C-24)."""
        desk = self._desk
        needed = papers_for(self._asked.programme, self._service, self._asked.disease)
        if not needed:
            desk.happened(ExpectedEvent.DOCUMENTS_COMPLETE, at=workflow.now())  # with the request
            return
        desk.enter(BookingStage.MATERIALS, at=workflow.now())
        names = listed(needed, self._asked.programme.documents)
        desk.note("checklist", f"所需资料: {names}")
        desk.tell("booking_checklist", list=names)
        with self.owed(with_us=lambda: self._state.answer_owed):
            checked_at, form = await self._checked(names)
        if DocumentKind.ADMISSION_SLIP in needed and form.slip_issued_on is not None:
            issued = datetime.combine(form.slip_issued_on, time.min, SHANGHAI)
            desk.happened(ExpectedEvent.SLIP_ISSUED, at=issued)
            desk.happened(ExpectedEvent.SLIP_PROVIDED, at=checked_at)
        desk.happened(ExpectedEvent.DOCUMENTS_COMPLETE, at=checked_at)

    async def _checked(self, names: str) -> tuple[datetime, CheckPapers]:
        """When somebody found them complete, and what he read off them."""
        desk = self._desk
        while True:
            now = workflow.now()
            step = desk.ask(TaskKind.CHECK_PAPERS, at=now, due_at=now + CHASED_AFTER)
            desk.due_with(TaskKind.CHECK_PAPERS, *_ANSWERS)
            checked = await desk.done(step)
            form = checked.read(CheckPapers)
            if form.complete:
                self._owe_answer(at=checked.at)  # also for papers that came in another way
            self._state.answer_owed = False
            desk.happened(ExpectedEvent.COMPLETENESS_TOLD, at=checked.at)
            if form.complete:
                return checked.at, form
            desk.note("papers_missing", "资料不齐, 已告知客户", at=checked.at, by=checked.actor)
            desk.tell("booking_papers_missing", list=_named(form.missing) or names)
            desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=checked.at)

    async def ask_again(self, kinds: list[DocumentKind], opinion: Completion) -> None:
        """A reviewer wants more: what began with complete papers stands still until it is there."""
        self._desk.wants_papers(kinds, opinion)
        self._state.answer_owed = False  # for papers of before, which nobody had asked for
        with self.owed(with_us=lambda: self._state.answer_owed):
            checked = await self._brought()
        self._desk.has_papers(at=checked.at)

    async def _brought(self) -> Completion:
        """The look that found all there that a reviewer wants; before it each tells what is not."""
        desk, state = self._desk, self._state
        while True:
            desk.tell("booking_papers_missing", list=listed(map(DocumentKind, state.asked_for)))
            now = workflow.now()
            step = desk.ask(TaskKind.CHECK_PAPERS, at=now, due_at=now + CHASED_AFTER)
            checked = await desk.done(step)
            form = checked.read(CheckPapers)
            state.answer_owed = False
            desk.happened(ExpectedEvent.COMPLETENESS_TOLD, at=checked.at)
            if form.complete:
                return checked
            state.asked_for = still_missing(state.asked_for, form.missing)
            if not desk.waits_for_papers(ExpectedEvent.CUSTOMER_TOLD):
                desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=checked.at)

    @contextmanager
    def owed(
        self, *, with_us: Callable[[], bool] = lambda: False, why: str = NOT_COMPLETE
    ) -> Iterator[None]:
        """What the customer owes as long as this lasts is not waited for without end (R753, R773).

        What has come and is with us does not end the booking before somebody has looked at it.
        """
        is_there, asked = False, self._asked
        last_day = owed_until(
            self._service,
            since=civil_date(workflow.now()),
            year_ends_on=asked.year_ends_on,
            last_day=asked.last_day or asked.covered_until,
        )
        self._desk.ends_on(last_day, unless=lambda: is_there, with_us=with_us, why=why)
        try:
            yield
        finally:
            is_there = True

    async def chosen(self, step: str, *, taking: Callable[[], bool]) -> Completion:
        """What the customer chose; a choice he is just making does not come too late."""
        done = self._state.completions
        with self.owed(with_us=lambda: taking() or step in done, why=NOT_CHOSEN):
            return await self._desk.done(step)

    def arrived(self, message: PapersArrived) -> None:
        """A paper was handed in: the first of a round starts the promise of an answer."""
        state = self._state
        if state.ended or message.document_id in state.papers:
            return
        state.papers.append(message.document_id)
        self._desk.note("papers_arrived", "收到客户资料", at=message.at)
        self._owe_answer(at=message.at)

    def _owe_answer(self, *, at: datetime) -> None:
        """G28, G30, G31: one promise a round, however many papers it has; none once it is told."""
        state = self._state
        asked_again = state.stage is BookingStage.MEDICAL_REVIEW and state.asked_for
        if state.answer_owed or not (state.stage in _LOOKED_AT or asked_again):
            return
        self._state.answer_owed = True
        self._desk.happened(ExpectedEvent.DOCUMENTS_RECEIVED, at=at)
        self._desk.due_with(TaskKind.CHECK_PAPERS, *_ANSWERS)


def _named(kinds: list[str]) -> str:
    """Papers as the customer knows them; other words as they were written."""
    known = {kind.value: name for kind, name in DOCUMENT_NAMES.items()}
    return "、".join(known.get(kind, kind) for kind in kinds)
