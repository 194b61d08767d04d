"""The papers a booking needs before anything is coordinated (GC05), and how long it waits for them.

Somebody looks at what has come and tells the customer what is missing; a round that has begun is a
promise of an answer. What a promise is counted from is the day the customer handed in, however
late somebody looked. What is never handed in ends the booking, and its unit comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Final

from temporalio import workflow

from domain.bookings.booking import BookingStage
from domain.bookings.forms import CheckPapers
from domain.bookings.papers import Arrival, lacking, look_by, whole_at
from domain.bookings.terms import owed_until, papers_for, tells_completeness
from domain.calendar import SHANGHAI, civil_date
from domain.documents import DocumentKind, listed, listed_as_written, still_missing
from domain.events import ExpectedEvent
from domain.steps.kinds import TaskKind
from workflows.bookings.parts.desk import NOT_COMPLETE, BookingDesk
from workflows.matter import Completion
from workflows.messages.bookings import PapersArrived, RequestBooking

CHASED_AFTER: Final = timedelta(days=7)
"""Who has handed in or chosen nothing for so long is called, where no promise sets the moment."""

NOT_CHOSEN: Final = "期限届满, 客户未作选择"
"""Why a booking ends whose customer was to choose and has not."""

HIS_TO_BRING: Final = "papers-are-the-customers"
"""Bookings that gathered papers before this say nowhere that the customer owes them."""

UNFIT: Final = "与服务要求不符"
"""What the customer is told of a paper that was sent back where the desk said nothing else."""

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

    @cached_property
    def _needed(self) -> list[DocumentKind]:
        return papers_for(self._asked.programme, self._service, self._asked.disease)

    async def collect(self) -> None:
        """GC05: complete papers first; a slip starts the clock of a bed (C-24)."""
        desk, needed = self._desk, self._needed
        if not needed:
            desk.happened(ExpectedEvent.DOCUMENTS_COMPLETE, at=workflow.now())  # with the request
            return
        desk.enter(BookingStage.MATERIALS, at=workflow.now())
        names = listed(needed, self._asked.programme.documents)
        desk.note("checklist", f"所需资料: {names}")
        desk.tell("booking_checklist", list=names)
        with self.owed(with_us=lambda: self._state.answer_owed):
            looked_at, form = await self._checked(names)
        if tells_completeness(self._asked.programme):
            desk.tell("booking_papers_complete")
        whole_since = self._whole_since(self._has_all, looked_at)
        self._waits_no_more(at=whole_since)
        slip_day = form.slip_issued_on or next(iter(form.slip_days), None)
        if DocumentKind.ADMISSION_SLIP in needed and slip_day is not None:
            issued = datetime.combine(slip_day, time.min, SHANGHAI)
            desk.happened(ExpectedEvent.SLIP_ISSUED, at=issued)
            self._slip_provided(at=looked_at)  # one whose arrival was not seen
        desk.happened(ExpectedEvent.DOCUMENTS_COMPLETE, at=whole_since)

    async def _checked(self, names: str) -> tuple[datetime, CheckPapers]:
        """When somebody found them complete, and what he read off them."""
        desk = self._desk
        if not self._has_all(self._handed_in):
            self._waits(at=workflow.now())
            self.his_to_bring()
        while True:
            checked = await self._looked()
            form = checked.read(CheckPapers)
            if form.complete:
                self._owe_answer(at=checked.at)  # also for papers that came in another way
            self._state.owed_since = None
            desk.happened(ExpectedEvent.COMPLETENESS_TOLD, at=checked.at)
            if form.complete:
                return checked.at, form
            unfit = self._send_back(form.missing, at=checked.at)
            self._waits(at=checked.at)
            desk.note("papers_missing", "资料不齐, 已告知客户", at=checked.at, by=checked.actor)
            self._tell_lacking(form.missing, unfit=unfit, why=form.note, otherwise=names)
            desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=checked.at)

    async def _looked(self) -> Completion:
        """Somebody looks soon at what has come, and calls who has handed in nothing for a week.

        The step names the papers a reviewer wants, where one has asked for them.
        """
        since, now = self._state.owed_since, workflow.now()
        due = now + CHASED_AFTER if since is None else look_by(since, self._state.calendar)
        wanted = "、".join(self._state.asked_for)
        step = self._desk.ask(TaskKind.CHECK_PAPERS, at=now, due_at=due, subject=wanted)
        if since is not None:
            self._desk.due_with(TaskKind.CHECK_PAPERS, *_ANSWERS)
        return await self._desk.done(step)

    async def ask_again(self, kinds: list[DocumentKind], opinion: Completion) -> None:
        """A reviewer wants more: what began with complete papers stands still until it is there."""
        self._desk.wants_papers(kinds, opinion)
        self._state.owed_since = None  # for papers of before, which nobody had asked for
        self._send_back(kinds, at=opinion.at)
        with self.owed(with_us=lambda: self._state.answer_owed):
            checked = await self._brought()
        self._desk.has_papers(at=self._whole_since({*kinds}.issubset, checked.at))

    async def _brought(self) -> Completion:
        """The look that found all there that a reviewer wants; before it each tells what is not."""
        desk, state = self._desk, self._state
        unfit, why = list[str](), ""
        while True:
            self._tell_lacking(state.asked_for, unfit=unfit, why=why)
            checked = await self._looked()
            form = checked.read(CheckPapers)
            state.owed_since = None
            desk.happened(ExpectedEvent.COMPLETENESS_TOLD, at=checked.at)
            if form.complete:
                return checked
            unfit, why = self._send_back(form.missing, at=checked.at), form.note
            state.asked_for = still_missing(state.asked_for, form.missing)
            if not desk.waits_for_papers(ExpectedEvent.CUSTOMER_TOLD):
                desk.happened(ExpectedEvent.CUSTOMER_TOLD, at=checked.at)

    # What has come -------------------------------------------------------------------------------

    @property
    def _handed_in(self) -> set[DocumentKind]:
        return {one.kind for one in self._state.arrivals}

    def _has_all(self, have: Collection[DocumentKind]) -> bool:
        return not lacking(self._asked.programme, self._asked.disease, have)

    @property
    def _has_what_was_wanted(self) -> bool:
        wanted = self._state.asked_for
        return self._handed_in.issuperset(wanted) and (
            bool(wanted) or self._has_all(self._handed_in)
        )

    def _whole_since(
        self, is_whole: Callable[[Collection[DocumentKind]], bool], looked_at: datetime
    ) -> datetime:
        state = self._state
        return whole_at(state.arrivals, is_whole, after=state.sent_back_at, found_at=looked_at)

    def _send_back(self, kinds: Collection[str], *, at: datetime) -> list[str]:
        """What is missing or will not do was not handed in; a slip among it starts no promise.

        From here on it is the customer's to bring. Returns what had come and will not do.
        """
        state = self._state
        unfit = [kind for kind in kinds if kind in self._handed_in]
        state.sent_back_at = at
        state.arrivals = [one for one in state.arrivals if one.kind not in kinds]
        collecting = state.stage is BookingStage.MATERIALS
        if collecting and DocumentKind.ADMISSION_SLIP in kinds:
            state.happened.pop(ExpectedEvent.SLIP_PROVIDED, None)
            self._desk.clocks.drop_started(ExpectedEvent.SLIP_PROVIDED, at=at, why="住院证须重交")
        self.his_to_bring()
        return unfit

    def _tell_lacking(
        self, kinds: Collection[str], *, unfit: Collection[str], why: str, otherwise: str = ""
    ) -> None:
        """The customer hears what to bring; of what had come and will not do, why, in our words."""
        desk, rules = self._desk, self._asked.programme.documents
        if unfit and desk.programme.has_notice("booking_papers_unfit"):
            reason = why.strip() or UNFIT
            again = listed_as_written(unfit, rules)
            desk.tell("booking_papers_unfit", list=again, reason=reason)
            kinds = [kind for kind in kinds if kind not in unfit]
            if not kinds:
                return
        desk.tell("booking_papers_missing", list=listed_as_written(kinds, rules) or otherwise)

    def his_to_bring(self) -> None:
        """What is waited for is the customer's to bring, and the booking says so."""
        self._state.customer_owes = workflow.patched(HIS_TO_BRING)

    def _waits(self, *, at: datetime) -> None:
        """C-63: what is promised runs on, and keeps that it waited for the customer."""
        self._desk.clocks.stand_still(at=at, why="等待客户提交资料")

    def _waits_no_more(self, *, at: datetime) -> None:
        begun = [one.standing.from_at for one in self._state.open_clocks if one.standing]
        self._desk.clocks.go_on(at=max([at, *begun]), why="客户已交齐资料")

    def _slip_provided(self, *, at: datetime) -> None:
        if ExpectedEvent.SLIP_PROVIDED not in self._state.happened:
            self._desk.happened(ExpectedEvent.SLIP_PROVIDED, at=at)

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
            self._state.customer_owes = False

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
        if message.kind is not None:
            state.arrivals.append(Arrival(kind=message.kind, at=message.at))
        if state.customer_owes and self._has_what_was_wanted:
            state.customer_owes = False  # with us, until somebody has looked at it
        is_slip = message.kind is DocumentKind.ADMISSION_SLIP
        if is_slip and state.stage in _LOOKED_AT and message.kind in self._needed:
            self._slip_provided(at=message.at)  # G17: from here, whenever somebody looks
        self._owe_answer(at=message.at)

    def _owe_answer(self, *, at: datetime) -> None:
        """G28, G30, G31: one promise a round, however many papers it has; none once it is told."""
        state = self._state
        asked_again = state.stage is BookingStage.MEDICAL_REVIEW and state.asked_for
        if state.answer_owed or not (state.stage in _LOOKED_AT or asked_again):
            return
        state.owed_since = at
        self._desk.happened(ExpectedEvent.DOCUMENTS_RECEIVED, at=at)
        soon = look_by(at, state.calendar)
        for task in list(state.tasks.values()):
            if task.kind is TaskKind.CHECK_PAPERS:
                self._desk.pen.task_opened(task.model_copy(update={"due_at": soon}))
        self._desk.due_with(TaskKind.CHECK_PAPERS, *_ANSWERS)
