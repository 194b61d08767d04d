"""How each kind of matter is opened: its row, its start message, and the workflow that takes it up.

A route writes the row and the caller's key in one transaction and then starts the workflow. If its
server is away, the row stays in `opening`, the sweep starts it (`api.letters.delivery`), and the
caller is told 202 and asks again under the same key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.door.gateway import NotKnownYet, Start
from api.door.idempotency import Answer, Ask, once
from api.wiring.door import Door, Unit
from api.wiring.matters import AnyAccess, OpenedRows
from domain.bookings.booking import BookingStage
from domain.enquiry import ENQUIRY_NAMES, EnquiryStage
from domain.matter import BOOKING, CASE, ENQUIRY, OPENING, RESCUE, Matter, matter_of
from domain.programmes.services import Shape
from domain.rescues.rescue import RescueStage
from domain.waiver import Stage
from workflows.cockpit import asking_attributes, opening_attributes
from workflows.messages.bookings import RequestBooking
from workflows.messages.cases import OpenCase
from workflows.messages.enquiries import AskQuestion
from workflows.messages.rescues import RaiseRescue
from workflows.messages.workflow_types import (
    BOOKING_TYPES,
    CLAIM_TYPE,
    ENQUIRY_TYPE,
    RESCUE_TYPE,
    WORKFLOW_TYPE,
)

M = TypeVar("M", bound=BaseModel)


class Opened(NamedTuple, Generic[M]):
    """A matter as it stands in the books after the first step: its start message and stage."""

    message: M
    stage: str = OPENING


@dataclass(frozen=True)
class Kind(Generic[M]):
    """One kind of matter, as the door opens it."""

    matter: Matter
    rows: Callable[[Unit], OpenedRows]
    read: Callable[[str], M]  # the start message as it was written down
    started_as: Callable[[M], Start]
    first_stage: str  # where it stands once its workflow runs

    async def message(self, unit: Unit, matter_id: str) -> M | None:
        """The start message as it was written down; None where there is none."""
        opened = await self.rows(unit).opened(matter_id)
        return None if opened is None else self.read(opened)

    async def standing(self, unit: Unit, matter_id: str) -> Opened[M] | None:
        """What an earlier try with the same key recorded, if it did before it died."""
        access = await self.rows(unit).access(matter_id)
        message = None if access is None else await self.message(unit, matter_id)
        return None if access is None or message is None else Opened(message, access.stage)

    async def start(self, door: Door, message: M) -> bool:
        """Start its workflow, once; False when the server does not say that it runs."""
        try:
            await door.cases.start(self.started_as(message))
        except NotKnownYet:
            return False
        return True

    def answer(self, matter_id: str, told: BaseModel, *, runs: bool = True) -> Answer:
        """201 where the matter runs, 202 where the sweep has to start it."""
        body, place = told.model_dump(mode="json"), {"Location": path_of(matter_id)}
        return Answer(201 if runs else 202, body, place, settled=runs)


def path_of(matter_id: str) -> str:
    """Where a matter is to be found."""
    return f"/v1/{matter_of(matter_id).resource}/{matter_id}"


async def opened_once(
    request: Request,
    ask: Ask,
    kind: Kind[M],
    matter_id: str,
    *,
    door: Door,
    write: Callable[[Unit], Awaitable[M | Answer]],
    told: Callable[[M, str], BaseModel],
    foreseen: Answer | None = None,
) -> Response:
    """Write a matter down under its key and start it, once.

    `write` makes the row and returns the start message, or an answer where there is nothing to
    open; `told` is what the caller reads of it at a stage. A try that recorded it and died is taken
    up where it stopped. `foreseen` is the answer that comes about whoever dies, where there is one.
    """

    async def act(written: M | Answer) -> Answer:
        return written if isinstance(written, Answer) else await start(Opened(written))

    async def start(opened: Opened[M]) -> Answer:
        runs = await kind.start(door, opened.message)
        stage = kind.first_stage if runs else opened.stage
        return kind.answer(matter_id, told(opened.message, stage), runs=runs)

    async def known() -> Answer | None:
        async with door.books.unit() as unit:
            opened = await kind.standing(unit, matter_id)
        return None if opened is None else await start(opened)

    return await once(request, ask, record=write, act=act, known=known, foreseen=foreseen)


async def access_to(unit: Unit, matter_id: str) -> AnyAccess | None:
    """Whose a matter is and where it stands, whoever asks; None where there is none."""
    kind = KINDS.get(matter_of(matter_id))
    return None if kind is None else await kind.rows(unit).access(matter_id)


# The kinds ---------------------------------------------------------------------------------------


class StartOfCase(BaseModel):
    """What is read again of a report that was written down."""

    start: OpenCase


def case_start(opening: OpenCase) -> Start:
    """The workflow of an advance, or of a claim without one."""
    claims = opening.claim is not None
    return Start(
        CLAIM_TYPE if claims else WORKFLOW_TYPE,
        opening,
        matter_id=opening.case_id,
        found_by=opening_attributes(
            programme=opening.programme.code,
            hospital_id=opening.hospital.hospital_id,
            channel=opening.channel,
        ),
        summary=f"{'理赔' if claims else '住院免押金'} {opening.programme.code}",
    )


def _booking_start(asked: RequestBooking) -> Start:
    shape = asked.programme.service(asked.service).shape or Shape.APPOINTMENT
    return Start(
        BOOKING_TYPES[shape],
        asked,
        matter_id=asked.booking_id,
        found_by=asking_attributes(
            programme=asked.programme.code, channel=asked.channel, stage=BookingStage.REQUESTED
        ),
        summary=f"{asked.programme.code} {asked.service}",
    )


def _rescue_start(raised: RaiseRescue) -> Start:
    return Start(
        RESCUE_TYPE,
        raised,
        matter_id=raised.rescue_id,
        found_by=asking_attributes(
            programme=raised.programme.code,
            channel=raised.arrival,
            stage=RescueStage.RAISED,
            hospital_id=raised.hospital_id,
        ),
        summary=f"{raised.programme.code} {raised.service}",
    )


def _enquiry_start(asked: AskQuestion) -> Start:
    return Start(
        ENQUIRY_TYPE,
        asked,
        matter_id=asked.enquiry_id,
        found_by=asking_attributes(programme=asked.programme.code, channel=asked.channel),
        summary=ENQUIRY_NAMES[asked.kind],
    )


CASES: Final = Kind(
    CASE,
    lambda unit: unit.cases,
    lambda opened: StartOfCase.model_validate_json(opened).start,
    case_start,
    Stage.REPORTED.value,
)
BOOKINGS: Final = Kind(
    BOOKING,
    lambda unit: unit.bookings,
    RequestBooking.model_validate_json,
    _booking_start,
    BookingStage.REQUESTED.value,
)
RESCUES: Final = Kind(
    RESCUE,
    lambda unit: unit.rescues,
    RaiseRescue.model_validate_json,
    _rescue_start,
    RescueStage.RAISED.value,
)
ENQUIRIES: Final = Kind(
    ENQUIRY,
    lambda unit: unit.enquiries,
    AskQuestion.model_validate_json,
    _enquiry_start,
    EnquiryStage.WAITING.value,
)
KINDS: Final[dict[Matter, Kind[Any]]] = {
    one.matter: one
    for one in (RESCUES, CASES, ENQUIRIES, BOOKINGS)  # first of all: somebody is dying
}
"""In the order in which the sweep starts what was left behind."""
