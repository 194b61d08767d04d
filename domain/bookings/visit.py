"""A visit: somebody of ours beside a patient at an agreed time, in a deposit waiver or a booking.

What it is for, what is done on it, under which id the nurse platform knows it; and of an escort
(GC11, GC12) who may take it, when it begins and when a customer has not come. When an agreed hour
moves or a person decides is told by the stories in `workflows`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from domain.events import ExpectedEvent
from domain.programmes.offer import Reminder
from domain.programmes.programme import Programme
from domain.programmes.services import Service, Shape, Step

Purpose = Literal["documents", "deposit", "top_up", "discharge", "care", "escort"]

CHECKLIST: Final[dict[Purpose, list[str]]] = {
    "documents": ["核对身份", "说明垫付服务", "收取申请资料"],
    "deposit": ["核对身份", "签署协议", "缴纳押金", "拍摄押金单"],
    "top_up": ["缴纳续费", "拍摄押金单"],
    "discharge": ["陪同办理出院", "核对账单", "告知索赔事项和流程", "收取理赔资料"],
    "care": ["沟通", "探望"],
    "escort": ["核对身份", "陪同就诊"],
}
"""What is done on a visit where no programme says more."""

UNTIL: Final[dict[Purpose, ExpectedEvent]] = {
    "documents": ExpectedEvent.DOCUMENT_VISIT_DONE,
    "deposit": ExpectedEvent.DEPOSIT_DONE,
    "top_up": ExpectedEvent.TOP_UP_DONE,
    "discharge": ExpectedEvent.DISCHARGE_DONE,
    "care": ExpectedEvent.DISCHARGE_DONE,
    "escort": ExpectedEvent.SERVICE_DELIVERED,
}
"""The promise a visit keeps."""

CHECK_IN_OPENS: Final = timedelta(hours=12)
"""Nobody arrives earlier for a visit; what is reported before is another day's arrival."""

ON_THE_WAY_AT_MOST: Final = timedelta(minutes=10)
"""Who takes a visit that is about to begin is asked after when so long has passed (inferred)."""

_CALLED: Final = "call_"
_ON_THE_WAY: Final = "call_on_the_way"
_AROUND: Final = frozenset(
    {
        "confirm_information",
        "create_order",
        "visit_reminder",
        "dispatch",
        "accept_task",
        "check_in",
        _ON_THE_WAY,
        "closing_words",
        "check_out",
    }
)
"""Steps of a service that are steps of the visit itself, not something done beside the customer."""
_BESIDE_A_VISIT: Final = "accompany"
_ESCORT: Final = "陪诊"


def id_of_visit(matter_id: str, purpose: Purpose, number: int) -> str:
    """The id under which the platform knows a visit; it begins with whose visit it is."""
    return f"{matter_id}:visit_{purpose}:{number}"


def purpose_of(visit: str) -> Purpose:
    """What a visit is for, as its id says."""
    named = visit.split(":")[1].removeprefix("visit_")
    return next(purpose for purpose in CHECKLIST if purpose == named)


class Item(BaseModel):
    """One thing to do, by its code and its words."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str


class Escorting(BaseModel):
    """What a programme asks of those who come along."""

    model_config = ConfigDict(frozen=True)

    calls: tuple[Item, ...] = ()  # what the confirming call goes through (R244-R248)
    items: tuple[Item, ...] = ()  # what is done beside the customer
    content: str = ""  # what the programme says of the whole, where it names no steps (P03)
    clinical_nurse: bool = False  # P06: 具有临床护士从业经历 (R398)
    arrival: Reminder | None = None  # G07

    def check_in_by(self, meeting_at: datetime, *, taken_at: datetime | None = None) -> datetime:
        """When whoever comes is there at the latest: so long before the meeting (G07).

        Who takes it hardly before that, or after it, first has to get there.
        """
        by = self.arrival.due_at(meeting_at) if self.arrival else meeting_at
        return by if taken_at is None else max(by, taken_at + ON_THE_WAY_AT_MOST)

    @property
    def checklist(self) -> list[str]:
        """What is done, in words."""
        said = [self.content] if self.content else CHECKLIST["escort"]
        return [item.name for item in self.items] or said


def escorting(programme: Programme, service: Service) -> Escorting | None:
    """How the customer of a service is accompanied; None where nobody promised it.

    An escort is a service of its own, one that follows another (`after`), or a step of another.
    """
    if service.shape is Shape.ESCORT:
        return _of([service], programme)
    following = [
        one for one in programme.services if one.shape is Shape.ESCORT and service.code in one.after
    ]
    if following:
        return _of(following, programme)
    beside = [one for one in service.steps if one.code == _BESIDE_A_VISIT and _ESCORT in one.actor]
    return Escorting(items=_items(beside)) if beside else None


def _of(services: list[Service], programme: Programme) -> Escorting:
    steps = [step for service in services for step in service.steps]
    codes = {service.code for service in services}
    arrivals = (
        one
        for one in programme.reminders_before("meeting")
        if one.does == "check_in" and (not one.services or codes & set(one.services))
    )
    calls = [one for one in steps if one.code.startswith(_CALLED) and one.code != _ON_THE_WAY]
    return Escorting(
        calls=_items(calls),
        items=_items(
            one for one in steps if one.code not in _AROUND and one not in calls and not one.asked
        ),  # a step that is asked of others (`own_steps`) is no nurse's
        content=services[0].content,
        clinical_nurse=any(
            one.staffing and one.staffing.needs_nursing_experience for one in services
        ),
        arrival=next(arrivals, None),
    )


def _items(steps: Iterable[Step]) -> tuple[Item, ...]:
    return tuple(Item(code=step.code, name=step.name) for step in steps)


class Heard(StrEnum):
    """What a word of the platform means for an offered visit."""

    TAKEN = "taken"
    KNOWN = "known"  # said before; changes nothing
    TOO_LATE = "too_late"  # somebody else was first
    DECLINED = "declined"  # others may still take it
    NOBODY = "nobody"  # nobody is left who could
    LOST = "lost"  # whoever had taken it does not come
    NOT_OFFERED = "not_offered"  # it was never theirs to take


class EscortVisit(BaseModel):
    """An escort as it stands: offered, taken, on its way to the end. Moments are aware UTC."""

    model_config = ConfigDict(frozen=True)

    visit_id: str
    meeting_at: datetime
    offered_to: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    nurse: str | None = None
    taken_at: datetime | None = None
    lost: str = ""  # why whoever had taken it does not come
    expected_at: datetime | None = None  # when a customer who is late said he would be there
    called_at: datetime | None = None
    checked_in_at: datetime | None = None
    met_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may still be taken."""
        return self.nurse is None and set(self.declined) != set(self.offered_to)

    @property
    def awaited_at(self) -> datetime:
        """When the customer is to be there: at the agreed time, or the later one he announced."""
        return max(self.meeting_at, self.expected_at or self.meeting_at)

    def begins(self, met_at: datetime) -> datetime:
        """When the service begins (G08): with the customer, and not before the agreed time."""
        return max(met_at, self.meeting_at)

    def hears(self, nurse: str, *, accepts: bool, at: datetime) -> tuple[Heard, EscortVisit]:
        """What the platform's word means, and how the visit stands then; the first yes counts."""
        if nurse and nurse not in self.offered_to:
            return Heard.NOT_OFFERED, self
        return self._yes(nurse, at) if accepts else self._no(nurse)

    def _yes(self, nurse: str, at: datetime) -> tuple[Heard, EscortVisit]:
        if not nurse:
            return Heard.NOT_OFFERED, self
        if self.nurse == nurse:
            return Heard.KNOWN, self
        if self.nurse is not None:
            return Heard.TOO_LATE, self
        still = tuple(one for one in self.declined if one != nurse)
        return Heard.TAKEN, self._with(nurse=nurse, taken_at=at, declined=still)

    def _no(self, nurse: str) -> tuple[Heard, EscortVisit]:
        if self.nurse is not None:
            if nurse not in ("", self.nurse):
                return Heard.KNOWN, self
            return (Heard.KNOWN, self) if self.lost else (Heard.LOST, self._with(lost="refused"))
        if nurse in self.declined or not self.is_open:
            return Heard.KNOWN, self
        declined = (*self.declined, nurse) if nurse else self.offered_to
        left = self._with(declined=declined)
        return (Heard.DECLINED if left.is_open else Heard.NOBODY), left

    def _with(self, **changes: object) -> EscortVisit:
        return self.model_copy(update=changes)
