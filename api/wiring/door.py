"""What the routes are given: books, cases, clock, programmes. No driver stands here.

`api.main` fills it in; the Protocols say what the door needs of an adapter, so that a route file
never learns which database or which server there is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, cast

from fastapi import Request

from activities.ports.cases import Balances
from activities.ports.house import HouseListPort, HouseTask
from api.door.gateway import CaseGateway
from api.door.identity import Verifier
from api.wiring.calendars import Calendars, Given
from api.wiring.emergencies import Emergencies
from api.wiring.files import Files, Papers
from api.wiring.matters import Matters, OpenedRows
from api.wiring.policies import Policies
from api.wiring.reports import BookingReports, Claims, Promises, Ratings, Reports, Steps
from api.wiring.rescues import RescueBoard, Rescues
from api.wiring.roster import Roster
from api.wiring.slips import Slips
from api.wiring.talks import Family, Talks
from domain.board import (
    BookingFilter,
    BookingRow,
    BookingView,
    CaseFilter,
    CaseRow,
    CaseView,
    ContactRow,
    DischargeRow,
    EnquiryView,
    LedgerRow,
    Paged,
    PaymentRow,
    TaskFilter,
    TaskRow,
    TopUpRow,
    Viewer,
)
from domain.calendar import WorkCalendar, civil_date
from domain.entitlement import Counter
from domain.guards import (
    BookingAccess,
    CaseAccess,
    EnquiryAccess,
    HeldEvent,
    Letter,
    Standing,
    TaskAccess,
)
from domain.programmes.programme import Programme
from domain.roles import Role
from domain.steps.kinds import TaskKind


class Keys(Protocol):
    """Idempotency keys."""

    async def forget(self, *, now: datetime) -> int: ...
    async def claim(
        self,
        *,
        scope: str,
        key: str,
        operation: str,
        fingerprint: str,
        now: datetime,
        foreseen: tuple[int, dict[str, str], dict[str, Any]] | None = None,
    ) -> Standing: ...
    async def answer(
        self,
        *,
        scope: str,
        key: str,
        status: int,
        headers: dict[str, str],
        body: dict[str, Any],
        now: datetime,
        settled: bool,
    ) -> None: ...
    async def release(self, *, scope: str, key: str) -> None: ...


class Cases(OpenedRows, Protocol):
    """Cases and tasks as the door guards them."""

    async def add(self, row: dict[str, Any]) -> bool: ...
    async def same_stay(
        self, *, person_hash: str, programme: str, hospital_id: str, planned: date | None
    ) -> str | None: ...
    async def access(self, case_id: str, /) -> CaseAccess | None: ...
    async def is_of(self, case_id: str, person_hash: str) -> bool: ...
    async def last_state(self, case_id: str) -> dict[str, Any] | None: ...
    async def document_ids(self, case_id: str) -> dict[str, list[str]]: ...
    async def task(self, task_id: str) -> TaskAccess | None: ...
    async def newest_task(self, case_id: str, kind: str) -> str | None: ...
    async def claim_task(self, task_id: str, *, subject: str, role: str, at: datetime) -> bool: ...
    async def holds_a_step(self, case_id: str, subject: str) -> bool: ...
    async def acted_as(self, case_id: str, *, subject: str, role: str) -> bool: ...


class Enquiries(OpenedRows, Protocol):
    """Enquiries as the door writes and guards them."""

    async def add(self, row: dict[str, Any]) -> None: ...
    async def access(self, enquiry_id: str, /) -> EnquiryAccess | None: ...


class Bookings(OpenedRows, Protocol):
    """Bookings as the door writes and guards them."""

    async def add(self, row: dict[str, Any]) -> None: ...
    async def reserve(
        self, booking_id: str, counter: Counter, *, count: int, at: datetime
    ) -> int: ...
    async def access(self, booking_id: str, /) -> BookingAccess | None: ...
    async def open_of(
        self, *, person_hash: str, programme: str, service: str
    ) -> BookingAccess | None: ...
    async def may_serve(self, booking_id: str, subject: str, role: Role) -> bool: ...


class House(Protocol):
    """Steps that belong to no case and no enquiry."""

    async def ask(self, task: HouseTask) -> None: ...
    async def seen_to(
        self, about: str, kind: TaskKind, *, role: str, subject: str, at: datetime, reason: str
    ) -> None: ...
    async def close(
        self, task_id: str, *, form: dict[str, Any], role: str, subject: str, at: datetime
    ) -> bool: ...


class Inbox(Protocol):
    """Facts on their way to a case."""

    async def put(
        self,
        *,
        partner: str,
        event_id: str,
        kind: str,
        case_id: str | None,
        at: datetime,
        body: str,
    ) -> Letter: ...
    async def find(self, *, partner: str, event_id: str) -> Letter | None: ...
    async def waiting(self, *, until: datetime, now: datetime, limit: int) -> Sequence[Letter]: ...
    async def left_open(self, *, before: datetime, limit: int) -> Sequence[Letter]: ...
    async def closed(self, *, limit: int) -> Sequence[Letter]: ...
    async def close(
        self, *, partner: str, event_id: str, before: datetime, by: str, why: str, at: datetime
    ) -> bool: ...
    async def left_open_counts(self, *, before: datetime) -> dict[tuple[str, str], int]: ...
    async def settled_as(self, movement_id: str) -> str | None: ...
    async def done(
        self, *, partner: str, event_id: str, at: datetime, outcome: str, case_id: str | None = None
    ) -> None: ...
    async def wait(
        self, *, partner: str, event_id: str, outcome: str, next_try_at: datetime
    ) -> None: ...
    async def movement(self, movement_id: str) -> tuple[str, int] | None: ...
    async def paid_to_hospital(self, case_id: str) -> int: ...
    async def delivered(self, notice_id: str, delivery: str) -> tuple[str, str] | None: ...
    async def expect_top_up(
        self, *, top_up_id: str, case_id: str, amount_fen: int, at: datetime
    ) -> None: ...
    async def expect_discharge(
        self, *, notice_id: str, case_id: str, discharge_on: date, at: datetime
    ) -> None: ...


class Reference(Protocol):
    """Hospitals, networks and the insurer's list."""

    async def hospital(
        self, hospital_id: str, network: str | None, on: date
    ) -> dict[str, Any] | None: ...
    async def standing(
        self,
        programme: str,
        person_hash: str,
        on: date,
        *,
        hospital_id: str | None,
        network: str | None,
        lock: bool,
    ) -> tuple[dict[str, Any], dict[str, Any]]: ...
    async def quota_used(self, counter: Counter) -> int: ...
    async def note_check(self, row: dict[str, Any]) -> None: ...
    async def hospitals(
        self,
        *,
        text: str | None,
        province: str | None,
        city: str | None,
        grade_min: int | None,
        network: str | None,
        on: date,
        after: str | None,
        limit: int,
    ) -> list[dict[str, Any]]: ...
    async def moment(self) -> datetime: ...


class Unit(Protocol):
    """One transaction of the door."""

    @property
    def keys(self) -> Keys: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def documents(self) -> Papers: ...
    @property
    def enquiries(self) -> Enquiries: ...
    @property
    def bookings(self) -> Bookings: ...
    @property
    def emergencies(self) -> Emergencies: ...
    @property
    def rescues(self) -> Rescues: ...
    @property
    def family(self) -> Family: ...
    @property
    def talks(self) -> Talks: ...
    @property
    def roster(self) -> Roster: ...
    @property
    def matters(self) -> Matters: ...
    @property
    def house(self) -> House: ...
    @property
    def calendars(self) -> Given: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def slips(self) -> Slips: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def reference(self) -> Reference: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def promises(self) -> Promises: ...
    @property
    def steps(self) -> Steps: ...
    @property
    def ratings(self) -> Ratings: ...
    @property
    def booking_reports(self) -> BookingReports: ...
    @property
    def reports(self) -> Reports: ...
    async def audit(self, **entry: Any) -> None: ...


class Books(Protocol):
    """Opens units."""

    def unit(self) -> AbstractAsyncContextManager[Unit]: ...
    def statement(self) -> AbstractAsyncContextManager[Unit]: ...
    def person_hash(self, id_number: str) -> str: ...


class Board(Protocol):
    """Cases as people read them."""

    async def cases(self, wanted: CaseFilter) -> Paged[CaseRow]: ...
    async def case(self, case_id: str, viewer: Viewer) -> CaseView | None: ...
    async def contact(self, case_id: str, viewer: Viewer) -> ContactRow | None: ...
    async def top_up(self, case_id: str, top_up_id: str) -> TopUpRow | None: ...
    async def payment(self, case_id: str, movement_id: str) -> PaymentRow | None: ...
    async def discharge(self, case_id: str, notice_id: str) -> DischargeRow | None: ...


class BookingBoard(Protocol):
    """Bookings as people read them."""

    async def bookings(self, wanted: BookingFilter) -> Paged[BookingRow]: ...
    async def booking(self, booking_id: str, viewer: Viewer) -> BookingView | None: ...
    async def contact(self, booking_id: str, viewer: Viewer) -> ContactRow | None: ...


class EnquiryBoard(Protocol):
    """Enquiries as people read them."""

    async def enquiry(self, enquiry_id: str, viewer: Viewer) -> EnquiryView | None: ...


class Worklist(Protocol):
    """Tasks as people see them."""

    async def tasks(self, wanted: TaskFilter) -> Paged[TaskRow]: ...


class Ledger(Protocol):
    """The books of a case."""

    async def balances(self, case_id: str) -> Balances: ...
    async def entries(self, case_id: str) -> list[LedgerRow]: ...


class Outbox(Protocol):
    """What channels are to be told."""

    async def held(self, *, limit: int = 200) -> list[HeldEvent]: ...
    async def stopped(self) -> int: ...


class UnknownProgramme(LookupError):
    """No programme has this code."""


@dataclass(frozen=True)
class Door:
    """Everything a route may use."""

    books: Books
    cases: CaseGateway
    board: Board
    enquiries: EnquiryBoard
    bookings: BookingBoard
    rescues: RescueBoard
    worklist: Worklist
    files: Files
    ledger: Ledger
    outbox: Outbox
    verifier: Verifier
    token_refused: type[Exception]
    clock: Callable[[], datetime]
    process_clock: Callable[[], datetime]
    programmes: tuple[Programme, ...]
    calendars: Calendars
    house: HouseListPort
    id_secret: bytes
    payload_codec: Any = None
    payload_refused: type[Exception] = Exception
    codec_origins: tuple[str, ...] = ()
    coordinated: frozenset[str] = frozenset()  # programmes whose hospitals are asked over the wire
    verify_callback: Callable[[str, Mapping[str, str], bytes], str] | None = None
    callback_refused: type[Exception] = Exception
    checks: Mapping[str, Callable[[], Awaitable[str]]] = field(default_factory=dict)
    warns: Mapping[str, Callable[[], Awaitable[str]]] = field(default_factory=dict)  # yet ready
    _carried: dict[tuple[int, str | None], Programme] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _windows: dict[tuple[int, int], tuple[WorkCalendar, WorkCalendar]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def carried(self, programme: Programme, service: str | None = None) -> Programme:
        """What a case carries of one of our programmes, cut out once."""
        kept = (id(programme), service)
        if kept not in self._carried:
            self._carried[kept] = programme.for_case(service)
        return self._carried[kept]

    def window(self, first_year: int, last_year: int) -> WorkCalendar:
        """Some years of the table as it stands, cut out once for each table."""
        table, years = self.calendar, (first_year, last_year)
        whole, window = self._windows.get(years, (None, None))
        if window is None or whole is not table:
            window = table.window(first_year, last_year)
            self._windows[years] = (table, window)
        return window

    @property
    def calendar(self) -> WorkCalendar:
        """The working-day table as it stands."""
        return self.calendars.table.calendar

    def programme(self, code: str, on: datetime) -> Programme:
        """The version of a programme that serves a day, else its newest; UnknownProgramme."""
        versions = [one for one in self.programmes if one.code == code]
        if not versions:
            raise UnknownProgramme(code)
        day = civil_date(on)
        running = [one for one in versions if one.runs_on(day)]
        return max(running or versions, key=lambda one: one.valid_from)


def door_of(request: Request) -> Door:
    """The door of the running application."""
    return cast(Door, request.app.state.door)
