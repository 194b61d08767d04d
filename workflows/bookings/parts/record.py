"""What a booking knows between two beats, and how it is written down page by page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from activities.bookings import KeepBookings
from activities.ports.bookings import BookingPage, UseMoved
from activities.ports.cases import NoticeOrder
from domain.bookings.booking import BOOKING_ENDED, BOOKING_STAGE_NAMES, BookingStage
from domain.bookings.coordination import HospitalAsk
from domain.bookings.failures import Declined
from domain.bookings.papers import Arrival
from domain.bookings.parcel import LabTest, Parcel
from domain.bookings.visit import EscortVisit
from domain.cancellation import Cost
from domain.events import ExpectedEvent
from domain.programmes.terms import NotBefore
from domain.roles import Role
from domain.steps.kinds import TaskKind
from workflows import cockpit
from workflows.messages.bookings import RequestBooking
from workflows.money.payments import PayingState
from workflows.scribe import Scribe


class BookingState(PayingState):
    """The booking between two beats."""

    booking_id: str
    stage: BookingStage = BookingStage.REQUESTED
    reason: str = ""
    options: list[str] = Field(default_factory=list)
    parcels: dict[str, Parcel] = Field(default_factory=dict)
    lab_test: LabTest | None = None
    asks: dict[str, HospitalAsk] = Field(default_factory=dict)  # of hospitals, the last one counts
    examined_by: str = ""  # the person who must not confirm the payee
    chosen: str | None = None
    proposed_at: datetime | None = None  # the moment a hospital offered last
    service_at: datetime | None = None  # the moment the customer has said yes to
    hospital_id: str | None = None
    agreed_hospital_id: str | None = (
        None  # the hospital the customer agreed on before any was asked
    )
    need: str = ""  # what the customer needs, as it was understood
    owner: str | None = None  # the person of ours who serves it, where the programme names one
    use: Literal["none", "reserved", "consumed", "given_back"] = "none"
    used_by: str = ""  # what used the unit up
    contract_until: date | None = None  # its last day, before its time as the insurer says
    happened: dict[ExpectedEvent, datetime] = Field(default_factory=dict)
    papers: list[str] = Field(default_factory=list)  # those whose arrival was told
    arrivals: list[Arrival] = Field(default_factory=list)  # of what still counts as handed in
    owed_since: datetime | None = None  # papers came, and nobody has said yet what they are worth
    sent_back_at: datetime | None = None  # when papers were last found missing or unfit
    customer_owes: bool = False  # papers are waited for that have not come, or will not do
    let_down: bool = False  # the provider failed after it had promised; giving up costs nothing
    new_date: date | None = None  # another day wished for since it was confirmed
    left_at_cost: Cost = Cost.FREE  # what giving up cost when the customer left the last visit
    called_off: str | None = None  # the customer gave it up; the words of the timeline
    called_off_as: BookingStage = BookingStage.CANCELLED  # or the year took it away
    cost: Cost = Cost.FREE  # what giving it up cost, fixed at that moment
    customer_date: date | None = None  # the day the customer wishes to be served
    meeting_place: str = ""  # where customer and escort meet
    visit: EscortVisit | None = None  # the escort as it stands
    expert: str | None = None  # who was named to serve the customer, by an opaque id
    failed_by: list[str] = Field(default_factory=list)  # of those, who let him down
    declined: list[Declined] = Field(default_factory=list)  # what the customer said no to
    replaced: list[str] = Field(default_factory=list)  # escorts who had taken it and did not come
    unwritten: BookingPage | None = None

    @classmethod
    def of(cls, asked: RequestBooking) -> BookingState:
        """The state a booking begins with."""
        return cls(
            booking_id=asked.booking_id,
            calendar=asked.calendar,
            hospital_id=asked.hospital.hospital_id if asked.hospital else None,
            use="reserved" if asked.unit_reserved else "none",
            customer_date=asked.wished_on,
        )

    @property
    def matter_id(self) -> str:
        """The booking's id."""
        return self.booking_id

    @property
    def awaiting(self) -> list[Role]:
        """The roles that owe a step; a customer owes his papers, whose step is the desk's."""
        brings = self.customer_owes and not self.ended and self.called_off is None
        return sorted({*super().awaiting, *([Role.CUSTOMER] if brings else [])})

    @property
    def answer_owed(self) -> bool:
        """Whether papers have come and nobody has said yet what they are worth."""
        return self.owed_since is not None

    @property
    def ended(self) -> bool:
        """Whether the story is over."""
        return self.stage in BOOKING_ENDED

    @property
    def is_judged(self) -> bool:
        """Whether it is over for the customer, and a person still says what it cost."""
        return any(task.kind is TaskKind.DECIDE_USE for task in self.tasks.values())

    def date_for(self, not_before: NotBefore | None) -> date | None:
        """A day the customer wished for moves what may wait for it (C-39)."""
        return self.customer_date if not_before is NotBefore.CUSTOMER_DATE else None

    def open_page(self, now: datetime) -> BookingPage:
        """The page being written; a new one if the last was turned."""
        if self.unwritten is None:
            self.unwritten = BookingPage(
                booking_id=self.booking_id, page=self.pages + 1, at=now, stage=self.stage
            )
        return self.unwritten

    def move_unit(self, to: Literal["consumed", "given_back"], *, why: str, at: datetime) -> bool:
        """Use the unit up or give it back, once; False where there is none to move."""
        allowed = {"consumed": ("reserved",), "given_back": ("reserved", "consumed")}
        if self.use not in allowed[to]:
            return False
        self.use = to
        self.used_by = why if to == "consumed" else ""
        self.open_page(at).uses.append(UseMoved(to=to, why=why, at=at))
        return True


class BookingRecord(Scribe[BookingPage]):
    """Turns the pages of one booking."""

    def __init__(
        self, state: BookingState, service_name: str, *, unsent: Callable[[NoticeOrder], None]
    ) -> None:
        super().__init__(state, verb=KeepBookings.turn_page)
        self._state = state
        self._service_name = service_name
        self._unsent = unsent

    def _standing(self) -> dict[str, object]:
        return super()._standing() | {
            "reason": self._state.reason,
            "service_at": self._state.service_at,
            "hospital_id": self._state.hospital_id,
            "owner": self._state.owner,
            "failed_by": self._state.failed_by,
        }

    @property
    def _stage_name(self) -> str:
        return BOOKING_STAGE_NAMES[self._state.stage]

    def _details(self) -> str:
        """The service, the appointment that stands, and who must act by when."""
        at = self._state.service_at
        when = "" if at is None else f"**预约时间** {cockpit.civil(at)}\n\n"
        head = f"## {self._service_name} · {self._stage_name}"
        return f"{head}\n\n{when}{cockpit.waiting_details(self._state)}"

    async def _turn(self, page: BookingPage) -> None:
        unsent = await super()._turn(page)
        for notice in page.notices:
            if notice.notice_id in unsent:
                self._unsent(notice)
