"""`/v1/bookings/{id}/messages` and `…/family-record`: what customer and doctor write to each other.

A conversation in the app is open for its whole time, whatever was answered (R167); its messages are
kept as they were written. A family's record holds what doctors wrote in any of its consultations
(R154, R155). Both are for the customer and the doctors who treat them, while they do; looking is
audited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from api.door.access import seen_matter
from api.door.docs import FAILURES
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed, may_see
from api.door.openings import BOOKINGS
from api.door.problems import Problem, at_field
from api.door.shapes import Utc
from api.door.text import Body, BookingId, example, not_blank
from api.letters.delivery import deliver, own_letter, put_own
from api.wiring.door import Unit, door_of
from domain.bookings.booking import BookingStage
from domain.bookings.consultation import consulting_of
from domain.bookings.conversation import (
    ENTRY_NAMES,
    MESSAGES_MAX,
    PAGE_MAX,
    WORDS_MAX,
    MessageRow,
    RecordRow,
)
from domain.guards import Letter
from domain.programmes.services import Service
from domain.roles import Role
from workflows.messages.bookings import MessageSaid

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])

Speaking = Annotated[Caller, Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.DOCTOR))]
Reading = Annotated[
    Caller,
    Depends(allowed(Role.CUSTOMER, Role.CHANNEL, Role.DOCTOR, Role.SUPERVISOR, Role.AUDITOR)),
]
_WATCH: Final = (Role.SUPERVISOR, Role.AUDITOR)


class Saying(Body):
    """One message."""

    model_config = example(words="昨晚开始发热, 38.5度, 需要去医院吗")

    words: Annotated[
        str, Field(min_length=1, max_length=WORDS_MAX, repr=False), AfterValidator(not_blank)
    ]


class MessageView(BaseModel):
    """One message; `n` counts from 1, and is the cursor to go on from."""

    n: int
    role: Role
    author: str
    words: str = Field(repr=False)
    said_at: Utc


class Conversation(BaseModel):
    """Messages in the order in which they were written."""

    items: list[MessageView]
    is_open: bool = Field(description="现在是否可以继续留言")


class RecordView(BaseModel):
    """One entry of a family's record."""

    kind: str
    kind_name: str
    says: dict[str, str] = Field(repr=False)
    booking_id: str
    written_by: str
    written_at: Utc


class FamilyRecord(BaseModel):
    """What doctors wrote of a family, the newest first."""

    items: list[RecordView]


@routes.post(
    "/{booking_id}/messages",
    operation_id="say_in_conversation",
    summary="在图文咨询中留言",
    status_code=201,
    response_model=MessageView,
    responses=FAILURES,
)
async def say_in_conversation(
    booking_id: BookingId,
    body: Saying,
    request: Request,
    caller: Speaking,
    key: IdempotencyKey = None,
) -> Response:
    """Write in a conversation that is open; a customer's word asks the doctor for an answer."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    at, message_id = door.clock(), ask.own_id(door.id_secret, "msg")

    async def record(unit: Unit) -> MessageRow:
        role = await _taking_part(unit, caller, booking_id)
        stands = await unit.talks.message(message_id)
        if stands is not None:
            return stands  # an earlier try with this key died after it had written it down
        if not await _is_open(unit, booking_id, caller, at):
            raise Problem("wrong-stage", "图文咨询未开放或已结束", case_id=booking_id)
        said = await unit.talks.say(
            booking_id, message_id, role=role, author=caller.subject, words=body.words, at=at
        )
        if said.n > MESSAGES_MAX:
            raise at_field("invalid", "words", "本次咨询留言已满, 请致电客服")
        await put_own(unit, _letter(booking_id, message_id, said))
        return said

    async def act(said: MessageRow) -> Answer:
        await deliver(door, _letter(booking_id, message_id, said))
        return Answer(201, _message(said).model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


@routes.get(
    "/{booking_id}/messages",
    operation_id="read_conversation",
    summary="查看图文咨询",
    responses=FAILURES,
)
async def read_conversation(
    booking_id: BookingId,
    request: Request,
    caller: Reading,
    after: Annotated[int, Query(ge=0, le=1_000_000, description="已读到的序号")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> Conversation:
    """The messages after a number: what is new to whoever has read so far."""
    at = door_of(request).clock()
    async with door_of(request).books.unit() as unit:
        await _may_read(unit, caller, booking_id)
        said = await unit.talks.said(booking_id, after=after, limit=limit)
        is_open = await _is_open(unit, booking_id, caller, at)
        if said:
            await _looked(unit, caller, "messages.viewed", booking_id, at)
    return Conversation(items=[_message(one) for one in said], is_open=is_open)


@routes.get(
    "/{booking_id}/family-record",
    operation_id="read_family_record",
    summary="查看家庭健康档案",
    responses=FAILURES,
)
async def read_family_record(
    booking_id: BookingId, request: Request, caller: Reading
) -> FamilyRecord:
    """What doctors wrote in the family's consultations that are the caller's. Audited."""
    at = door_of(request).clock()
    async with door_of(request).books.unit() as unit:
        kept = await unit.talks.record(await _opened_by(unit, caller, booking_id))
        await _looked(unit, caller, "family_record.viewed", booking_id, at)
    return FamilyRecord(items=[_entry(one) for one in kept])


async def _taking_part(unit: Unit, caller: Caller, booking_id: str) -> Role:
    """As whom the caller speaks: the customer, or the doctor who treats them."""
    await seen_matter(unit, caller, booking_id)
    if Role.DOCTOR in caller.roles and await unit.talks.treats(booking_id, caller.subject):
        return Role.DOCTOR
    if {Role.CUSTOMER, Role.CHANNEL} & {*caller.roles}:
        return Role.CUSTOMER
    raise Problem("forbidden", "仅限客户本人和接诊医生", case_id=booking_id)


async def _may_read(unit: Unit, caller: Caller, booking_id: str) -> None:
    if {*_WATCH} & {*caller.roles}:
        await seen_matter(unit, caller, booking_id)
    else:
        await _taking_part(unit, caller, booking_id)


async def _opened_by(unit: Unit, caller: Caller, booking_id: str) -> list[str]:
    """The bookings of a family whose entries the caller may read.

    Anybody may type anybody's number into a request: a customer and a channel read what was written
    in bookings that are theirs, a doctor the whole record once the customer is known to be the one.
    """
    await _may_read(unit, caller, booking_id)
    family = await unit.talks.family_of(booking_id)
    if {*_WATCH} & {*caller.roles}:
        return family
    if Role.DOCTOR in caller.roles and await unit.talks.treats(booking_id, caller.subject):
        if not await unit.talks.is_identified(booking_id):
            raise Problem("forbidden", "客户身份核实后方可查看", case_id=booking_id)
        return family
    seen = {one: await unit.bookings.access(one) for one in family}
    return [one for one, access in seen.items() if access is not None and may_see(caller, access)]


async def _service(unit: Unit, booking_id: str) -> Service | None:
    asked = await BOOKINGS.message(unit, booking_id)
    return None if asked is None else asked.programme.service(asked.service)


async def _is_open(unit: Unit, booking_id: str, caller: Caller, at: datetime) -> bool:
    """A conversation by text is open from the doctor's side on, for the time its file gives it."""
    booking, service = await seen_matter(unit, caller, booking_id), await _service(unit, booking_id)
    if service is None or booking.stage != BookingStage.CONFIRMED:
        return False
    terms = consulting_of(service)
    if terms.by != "text":
        return False
    return terms.ends_with is None or await unit.talks.is_open(booking_id, terms.ends_with, at=at)


async def _looked(unit: Unit, caller: Caller, action: str, booking_id: str, at: datetime) -> None:
    await unit.audit(
        at=at,
        actor_role=caller.role.value,
        actor_id=caller.subject,
        action=action,
        case_id=booking_id,
    )


def _letter(booking_id: str, message_id: str, said: MessageRow) -> Letter:
    by: Literal["doctor", "customer"] = "doctor" if said.role == Role.DOCTOR else "customer"
    message = MessageSaid(n=said.n, at=said.said_at, by=by)
    return own_letter(message_id, booking_id, "message_said", message, at=said.said_at)


def _message(row: MessageRow) -> MessageView:
    return MessageView(
        n=row.n, role=Role(row.role), author=row.author, words=row.words, said_at=row.said_at
    )


def _entry(row: RecordRow) -> RecordView:
    return RecordView(
        kind=row.kind,
        kind_name=ENTRY_NAMES[row.kind],
        says=row.told,
        booking_id=row.booking_id,
        written_by=row.written_by,
        written_at=row.written_at,
    )
