"""A booking in virtual time: a real Temporal server, a fake record, and people who do its steps."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

import worker
from activities.notices import TellCustomers
from activities.ports.bookings import BookingPage
from activities.ports.cases import Balances, PaymentStatus, TaskOpened
from activities.ports.hospitals import HospitalNamed
from adapters.settings import Settings
from adapters.temporal import search_attributes
from adapters.temporal.connection import connect
from adapters.temporal.virtual_time import Stage as Time
from adapters.temporal.virtual_time import days_to_move
from domain.bookings.booking import BookingStage
from domain.bookings.coordination import AskStatus, Resource
from domain.bookings.parcel import LabWord, ParcelStatus
from domain.bookings.visit import escorting
from domain.calendar import civil_date
from domain.eligibility import Outcome, Verdict
from domain.hospital import HospitalListed
from domain.programmes.rules import RuleCode
from domain.programmes.services import Service, Shape
from domain.steps.kinds import TaskKind
from tests.builders import (
    AGENT,
    CUSTOMER,
    DISPATCHER,
    DOCTOR,
    FINANCE,
    INSURER,
    REVIEWER,
    SUPERVISOR,
    a_calendar,
    civil,
    programmes,
)
from tests.workflows.conftest import no_task_failed
from tests.workflows.fakes import FakeBooks, FakePartners, FakeRoster
from tests.workflows.followed import WITHIN, Followed
from workflows.cockpit import SEARCH_ATTRIBUTES, asking_attributes
from workflows.messages.bookings import (
    CancelBooking,
    ChangeDate,
    EndContract,
    LabSpoke,
    PapersArrived,
    ParcelMoved,
    RequestBooking,
    ResourceWord,
)
from workflows.messages.matters import Accepted, Actor, CompleteTask, PolicyEnds
from workflows.messages.payments import PaymentResult
from workflows.messages.workflow_types import BOOKING_TYPES

PROGRAMMES = {programme.code: programme for programme in programmes()}
DOERS = {
    TaskKind.REVIEW_BOOKING: REVIEWER,
    TaskKind.SERVICE_STEP: AGENT,
    TaskKind.OFFER_OPTIONS: REVIEWER,
    TaskKind.CHOOSE_OPTION: CUSTOMER,
    TaskKind.ARRANGE_SERVICE: DISPATCHER,
    TaskKind.NAME_PERSON: DISPATCHER,
    TaskKind.ASSIGN_EXPERT: DISPATCHER,
    TaskKind.EXPLAIN_REPORT: DOCTOR,
    TaskKind.CONFIRM_PAYEE: FINANCE,
    TaskKind.CORRECT_PAYMENT: FINANCE,
    TaskKind.DECIDE_USE: SUPERVISOR,
    TaskKind.MATCH_DOCTOR: REVIEWER,
    TaskKind.CONSULT: DOCTOR,
    TaskKind.WRITE_SUMMARY: DOCTOR,
    TaskKind.RATE_SERVICE: CUSTOMER,
    TaskKind.EXAMINE_EXPENSES: REVIEWER,
    TaskKind.OFFER_VISIT: DISPATCHER,
    TaskKind.REPLACE_ESCORT: DISPATCHER,
    TaskKind.RESOLVE_PAYMENT: FINANCE,
    TaskKind.BREACH: SUPERVISOR,
}
LEFT: dict[TaskKind, dict[str, Any]] = {
    TaskKind.BREACH: {"action": "已跟进"},
    TaskKind.PHONE_CUSTOMER: {"reached": True},
}
"""Steps that nothing in the story waits for, and how they are done."""


def _doer(task: TaskOpened) -> Actor:
    """Who does a step: its usual person, or another one it is for."""
    usual = DOERS.get(task.kind, AGENT)
    return usual if usual.role in task.roles else _BY_ROLE[task.roles[0]]


_BY_ROLE = {actor.role: actor for actor in DOERS.values()}


STEWARD_PHONE = "13900000000"


class Booked(Followed):
    """One running booking and everything a test asks of it."""

    programme_code: str  # whose
    service: Service  # what is booked

    def __init__(self, time: Time, moved_by: int) -> None:
        super().__init__(time, moved_by)
        self.books = FakeBooks()
        self.roster = FakeRoster()
        self.partners = FakePartners()
        self.booking_id = f"bk-{secrets.token_hex(8)}"
        self._done: set[str] = set()

    @property
    def case_id(self) -> str:
        """The name the recorder of histories knows."""
        return self.booking_id

    @property
    def pages(self) -> list[BookingPage]:
        return [page for _, page in sorted(self.books.booking_pages[self.booking_id].items())]

    @property
    def unit(self) -> str | None:
        """Where the unit of the quota is; None when it was never moved from `reserved`."""
        return self.books.units.get(self.booking_id)

    @property
    def told(self) -> list[str]:
        """The templates of the notices so far, in order."""
        return [notice.template for page in self.pages for notice in page.notices]

    async def task(self, kind: TaskKind) -> TaskOpened:
        """The open task of a kind."""

        def found() -> TaskOpened | None:
            mine = (one for one in self.open_tasks.values() if one.kind is kind)
            return next((one for one in mine if one.task_id not in self._done), None)

        try:
            task: TaskOpened = await self.until(found)
        except TimeoutError:
            waiting = [one.kind.value for one in self.open_tasks.values()]
            raise AssertionError(f"no {kind.value}; {self.stage}; open: {waiting}") from None
        return task

    async def anything(self) -> TaskOpened:
        """The next step that waits for somebody."""

        def found() -> TaskOpened | None:
            mine = (one for one in self.open_tasks.values() if one.task_id not in self._done)
            return next(mine, None)

        task: TaskOpened = await self.until(found)
        return task

    async def do(
        self,
        kind: TaskKind,
        by: Actor | None = None,
        /,
        documents: dict[str, list[str]] | None = None,
        **form: Any,
    ) -> Accepted:
        task = await self.task(kind)
        message = CompleteTask(
            task_id=task.task_id,
            kind=kind,
            form=form,
            documents=documents or {},
            actor=by or _doer(task),
            at=self.time.now(),
        )
        accepted: Accepted = await self.handle.execute_update(
            "complete_task", message, result_type=Accepted
        )
        self._done.add(task.task_id)
        return accepted

    async def give_up(self, *, accept_use: bool = False) -> Accepted:
        message = CancelBooking(accept_use=accept_use, actor=CUSTOMER, at=self.time.now())
        accepted: Accepted = await self.handle.execute_update(
            "cancel_booking", message, result_type=Accepted
        )
        return accepted

    async def lose_contract(self, last_day: str | None = None) -> Accepted:
        """The insurer says that the contract has ended, or ends with a day."""
        day = None if last_day is None else self.day(last_day)
        message = EndContract(actor=INSURER, at=self.time.now(), ends_on=day)
        accepted: Accepted = await self.handle.execute_update(
            "end_contract", message, result_type=Accepted
        )
        return accepted

    async def lose_policy(self, last_day: str) -> None:
        """The insurer ends the policy as a whole; the door tells every open booking."""
        message = PolicyEnds(actor=INSURER, at=self.time.now(), ends_on=self.day(last_day))
        await self.handle.signal("policy_ends", message)

    async def wish_for(self, day: str) -> Accepted:
        """The customer wishes another day."""
        message = ChangeDate(wished_on=self.day(day), actor=CUSTOMER, at=self.time.now())
        accepted: Accepted = await self.handle.execute_update(
            "change_date", message, result_type=Accepted
        )
        return accepted

    async def partner_says(self, movement_id: str, status: PaymentStatus) -> None:
        """The payment partner's word on a payment, by callback."""
        result = PaymentResult(
            movement_id=movement_id,
            status=status,
            amount_fen=self.payments[movement_id].amount_fen,
            receipt_no="R-callback" if status is PaymentStatus.PAID else "",
            at=self.time.now(),
        )
        await self.handle.signal("payment_result", result)

    async def courier_says(self, number: int, status: ParcelStatus) -> None:
        """The courier's word on the booking's n-th parcel, by callback."""
        parcel_id = f"{self.booking_id}.parcel.{number}"
        await self.until(lambda: parcel_id in self.partners.parcels)
        message = ParcelMoved(
            parcel_id=parcel_id, status=status, tracking_no=f"KD-{number}", at=self.time.now()
        )
        await self.handle.signal("parcel_moved", message)

    async def lab_says(self, word: LabWord, *, test: int = 1, report_no: str = "") -> None:
        """The laboratory's word on the booking's n-th test, by callback."""
        test_id = f"{self.booking_id}.test.{test}"
        await self.until(lambda: test_id in self.partners.tests)
        at = self.time.now()
        message = LabSpoke(test_id=test_id, word=word, report_no=report_no, at=at)
        await self.handle.signal("lab_spoke", message)

    async def hospitals_say(
        self, status: AskStatus, at: str | None = None, *, ask: int = 1, **resource: Any
    ) -> None:
        """The hospitals' word on the booking's n-th ask, by callback; a yes with its moment."""
        ask_id = f"{self.booking_id}.ask.{ask}"
        await self.until(lambda: ask_id in self.partners.asks)
        found = at and Resource(service_at=self.at(at), **resource)
        message = ResourceWord(
            ask_id=ask_id, status=status, resource=found or None, at=self.time.now()
        )
        await self.handle.signal("resource_word", message)

    async def papers_arrive(self, document_id: str = "doc-1") -> None:
        message = PapersArrived(at=self.time.now(), document_id=document_id)
        await self.handle.signal("papers_arrived", message)

    async def ends(self, stage: BookingStage) -> None:
        """The booking ends in this stage with nobody left waiting; what is left is acknowledged."""
        ended = asyncio.create_task(self.handle.result())
        async with asyncio.timeout(WITHIN):
            while not (await asyncio.wait({ended}, timeout=0.02))[0]:
                for task in list(self.open_tasks.values()):
                    if task.kind in LEFT and task.task_id not in self._done:
                        await self.do(task.kind, **LEFT[task.kind])
        assert await ended == stage.value
        assert self.stage is stage
        assert self.open_tasks == {}
        assert [clock.instance for clock in self.clocks.values() if clock.is_open] == []
        assert await self.books.balances(self.booking_id) == Balances()
        assert self.partners.paid_twice == []


class Directory:
    """Every hospital is known, of the class it says; but two that are not what they say."""

    async def listed(self, named: HospitalNamed) -> HospitalListed:
        if named.hospital_id == "h-2A":
            return HospitalListed(class_known=True, hospital_class="2A")
        return HospitalListed(known=named.hospital_id != "h-nowhere")


async def refused(command: Any) -> str:
    """The field a command was refused for."""
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await command
    assert isinstance(caught.value.cause, ApplicationError)
    return str(caught.value.cause.details[0])


def verbs_of(
    books: FakeBooks, partners: FakePartners, roster: FakeRoster
) -> list[Callable[..., Any]]:
    """Every verb of a booking, with fakes behind the ports."""
    notices = TellCustomers(book=books, messaging=partners, steward_phone=STEWARD_PHONE)
    verbs = worker.booking(record=books, entitlements=books, ledger=books, notices=notices)
    verbs += worker.activities(
        ledger=books,
        casebook=books,
        payment=partners,
        dispatch=partners,
        messaging=partners,
        claims=partners,
        steward_phone=STEWARD_PHONE,
    )
    verbs += worker.paying_back(papers=books)
    verbs += worker.shipping(courier=partners, lab=partners)
    verbs += worker.coordinating(hospitals=partners, directory=Directory())
    return verbs + worker.consulting(roster=roster)


def booking_opener(
    settings: Settings,
    of: tuple[str, str] = ("pingan_oncology_157", "expert_outpatient"),
    on: str = "2026-09-24 10:00",
    last_day: str | None = None,
    judged: Outcome = Outcome.ELIGIBLE,
) -> Callable[..., Any]:
    """`async with booked(programme, service, at)`: a worker that replays everything every time."""

    @asynccontextmanager
    async def opened(
        programme: str = of[0],
        service: str = of[1],
        at: str = on,
        *,
        outcome: Outcome = judged,
        year_ends: str | None = last_day,
        urgent: bool = False,
        language: Literal["zh", "en"] = "zh",
        covered_for: int | None = None,
        coordination_consent: str | None = None,
        by: Actor = AGENT,
        unsaid: Collection[RuleCode] = (),
    ) -> AsyncIterator[Booked]:
        client = await connect(settings)
        await search_attributes.register(client, SEARCH_ATTRIBUTES)
        moved_by = days_to_move(civil(at), datetime.now(tz=civil(at).tzinfo))
        time = Time(client, opens_at=civil(at, moved_by=moved_by))
        terms = PROGRAMMES[programme].moved(moved_by)
        booked = Booked(time, moved_by)
        booked.programme_code, booked.service = programme, terms.service(service)
        queue = f"test-{secrets.token_hex(6)}"
        message = RequestBooking(
            booking_id=booked.booking_id,
            programme=terms.for_booking(service),
            calendar=a_calendar().moved(moved_by),
            service=service,
            escorting=escorting(terms, terms.service(service)),
            verdict=Verdict(
                outcome=outcome, open=tuple(unsaid), programme=programme, version=terms.version
            ),
            unit_reserved=terms.service(service).quota.count is not None,
            year_ends_on=booked.day(year_ends) if year_ends else None,
            channel="hotline",
            urgent=urgent,
            coordination_consent=coordination_consent,
            language=language,
            requested_by=by,
            requested_at=time.now(),
            covered_until=covered_for and civil_date(time.now()) + timedelta(days=covered_for),
        )
        verbs = verbs_of(booked.books, booked.partners, booked.roster)
        async with worker.build(client, task_queue=queue, verbs=verbs, max_cached_workflows=0):
            booked.handle = await time.client.start_workflow(
                BOOKING_TYPES[terms.service(service).shape or Shape.APPOINTMENT],
                message,
                id=booked.booking_id,
                task_queue=queue,
                search_attributes=asking_attributes(programme=programme, channel="hotline"),
            )
            yield booked
            await no_task_failed(booked.handle)

    return opened
