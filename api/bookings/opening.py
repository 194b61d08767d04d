"""`POST /v1/bookings`: a service of the green channel is asked for (GC02–GC04).

The rules are asked first; a unit of the quota is reserved in the transaction that writes the
request, which is opened like every matter (`api.door.openings`). Papers, choice and confirmation
are steps like any other (`api.tasks.worklist`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.applications import Application, Declared, Insured, Known, gather, must_be_named
from api.door.access import may_ask_for
from api.door.consent import CLOCKS_DIFFER, Consent, not_of_the_future
from api.door.docs import FAILURES
from api.door.idempotency import IdempotencyKey, ask_of
from api.door.identity import Caller, allowed, may_see
from api.door.openings import BOOKINGS, opened_once
from api.door.problems import Problem, at_field
from api.door.shapes import Utc
from api.door.stages import stage_name
from api.door.text import Body, Code, Moment, OpaqueId, Said, Words, example
from api.wiring.door import Door, Unit, door_of
from domain.bookings.visit import escorting
from domain.calendar import civil_date
from domain.doubts import VISIT_AHEAD_MAX
from domain.eligibility import Outcome
from domain.entitlement import EntitlementUsedUp, counted_with, year_ends_on
from domain.matter import BOOKING
from domain.programmes.programme import NotInProgramme
from domain.programmes.rules import RuleCode
from domain.programmes.services import Shape
from domain.roles import Role
from workflows.messages.bookings import RequestBooking
from workflows.messages.workflow_types import BOOKING_TYPES

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])


FIRST_CALL_WITHIN: Final = timedelta(days=30)
"""Whoever first called longer ago called about something else, or the date is a slip (inferred)."""


class BookingRequest(Body):
    """Which service is wanted, for whom, why, and what the caller declares of it."""

    model_config = example(
        programme="pingan_oncology_157",
        service="expert_outpatient",
        insured={
            "name": "客户某甲",
            "id_type": "resident_id",
            "id_number": "110101199003070732",
            "phone": "13800138000",
        },
        need="肺部结节复查",
        channel="hotline",
        wished_on="2026-10-08",
        declared={"diagnosis": "suspected"},
        consent={"given": True, "at": "2026-09-24T10:00:00+08:00", "version": "v2026_01"},
    )

    programme: Code = Field(examples=["pingan_oncology_157"])
    service: Code = Field(examples=["expert_outpatient"])
    insured: Insured
    need: Said = Field(repr=False)
    channel: Literal["hotline", "wechat", "app", "email"]
    hospital_id: OpaqueId | None = None
    disease: Code | None = None
    wished_on: date | None = None
    language: Literal["zh", "en"] = Field(default="zh", description="通知所用语言")
    department: Words | None = Field(default=None, repr=False, description="指定科室")
    first_called_at: Moment | None = Field(
        default=None, description="客户为本次需求首次致电的时刻, 早于本次申请时由客服补登"
    )
    urgent: bool = Field(default=False, description="紧急情况; 仅夜间只接紧急的服务区分")
    declared: Declared | None = None
    consent: Consent
    customer_id: OpaqueId | None = None


class BookingOpened(BaseModel):
    """Where the booking is to be found."""

    booking_id: str
    service: str
    stage: str
    stage_name: str
    requested_at: Utc


@dataclass(frozen=True)
class _Requested:
    booking_id: str
    body: BookingRequest
    caller: Caller
    at: datetime


@routes.post(
    "",
    operation_id="request_booking",
    summary="申请预约",
    status_code=201,
    response_model=BookingOpened,
    responses={**FAILURES, 202: {"description": "已登记, 正在受理", "model": BookingOpened}},
)
async def request_booking(
    body: BookingRequest,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Ask for a service; a unit of its quota is reserved with the request."""
    may_ask_for(caller, body.customer_id, what="预约")
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    at = door.clock()
    not_of_the_future(body.consent, at)
    if body.first_called_at is not None:
        _may_have_called(body.first_called_at, caller, at)

    booking_id = ask.own_id(door.id_secret, BOOKING.prefix)

    async def write(unit: Unit) -> RequestBooking:
        return await _write(unit, door, _Requested(booking_id, body, caller, at))

    # The sweep starts what stands in `opening`: once it is written down, it is asked for.
    foreseen = BOOKINGS.answer(
        booking_id, _opened(booking_id, body.service, at, BOOKINGS.first_stage)
    )
    return await opened_once(
        request,
        ask,
        BOOKINGS,
        booking_id,
        door=door,
        write=write,
        told=_told,
        foreseen=foreseen,
    )


def _may_have_called(called_at: datetime, caller: Caller, at: datetime) -> None:
    """What days are counted from is stated by whoever answers the telephone (R569)."""
    if caller.role is Role.CUSTOMER:
        raise at_field("invalid", "first_called_at", "首次致电时刻由客服登记")
    if called_at > at + CLOCKS_DIFFER:
        raise at_field("invalid", "first_called_at", "首次致电不能晚于现在")
    if called_at < at - FIRST_CALL_WITHIN:
        raise at_field("invalid", "first_called_at", "首次致电过早, 请核对日期")


def _may_wish(day: date | None, today: date) -> None:
    """A visit is wished for on a day to come, as in a change of date."""
    if day is not None and not today <= day <= today + VISIT_AHEAD_MAX:
        raise at_field("invalid", "wished_on", "希望日期须在今天起一年以内")


async def _write(unit: Unit, door: Door, asked: _Requested) -> RequestBooking:
    # Read before the table itself: a notice that lands in between is then given once more.
    number = door.calendars.table.number
    _may_wish(asked.body.wished_on, civil_date(asked.at))
    known = await gather(unit, door, _application(asked))
    must_be_named(asked.caller, known)
    _must_book(known, asked.body)
    reserved = await _reserve(unit, known, asked)
    message = _message(known, asked, door, reserved=reserved)
    await unit.bookings.add(_row(message, known, asked) | {"calendar_number": number})
    await unit.audit(
        at=asked.at,
        actor_role=asked.caller.role.value,
        actor_id=asked.caller.subject,
        action="consent.recorded",
        case_id=asked.booking_id,
        subject=asked.body.consent.version,
    )
    return message


def _application(asked: _Requested) -> Application:
    body = asked.body
    return Application(
        programme=body.programme,
        id_number=body.insured.number,
        hospital_id=body.hospital_id,
        disease=body.disease,
        planned=body.wished_on,
        planned_as="wished_on",
        at=asked.at,
        name=body.insured.name,
        service=body.service,
        declared={} if body.declared is None else dict(body.declared),
    )


def _must_book(known: Known, body: BookingRequest) -> None:
    """The service is booked, offers what is wished for, and the day lies within its term (I10)."""
    try:
        service = known.programme.service(body.service)
    except NotInProgramme:
        raise at_field("invalid", "service", "该项目不提供此服务") from None
    if service.shape is Shape.ENQUIRY:  # its promise is an answer in minutes (R063)
        raise at_field("invalid", "service", "此服务请通过咨询办理")
    if service.shape not in BOOKING_TYPES:
        raise at_field("invalid", "service", "此服务不通过预约办理")
    fixed = service.choice.may_not_choose if service.choice else ()
    if "time" in fixed and body.wished_on is not None:
        raise at_field("invalid", "wished_on", "该服务不能指定时间")
    spoken = {one for channel in known.programme.channels for one in channel.languages}
    if body.language not in spoken | {"zh"}:
        raise at_field("invalid", "language", "该项目不提供英文服务")
    mailed = any(one.of_bookings and one.channel == "email" for one in known.programme.notices)
    if mailed and body.insured.email is None:
        raise at_field("invalid", "insured.email", "该服务须登记客户邮箱")
    wished_on, last_day = body.wished_on, known.last_day
    if wished_on is not None and last_day is not None and wished_on > last_day:
        raise at_field("invalid", "wished_on", "日期不能晚于保单或服务的有效期")


async def _reserve(unit: Unit, known: Known, asked: _Requested) -> bool:
    """The unit of a request that is not turned down at once; the last one goes to exactly one."""
    count = known.facts.quota_count
    if known.verdict.codes == (RuleCode.QUOTA_LEFT,):
        await _must_not_be_open(unit, known, asked)
    if known.counter is None or count is None or known.verdict.outcome is Outcome.REJECTED:
        return False
    try:
        await unit.bookings.reserve(asked.booking_id, known.counter, count=count, at=asked.at)
    except EntitlementUsedUp:
        await _must_not_be_open(unit, known, asked)
        raise Problem("entitlement-used-up", "本期服务次数已用完") from None
    return True


async def _must_not_be_open(unit: Unit, known: Known, asked: _Requested) -> None:
    """A second call about what is already asked for is shown where it stands.

    Services that are counted together hold one unit between them (C-41).
    """
    ours = {"person_hash": known.person_hash, "programme": known.programme.code}
    for service in counted_with(known.programme.service(asked.body.service), known.programme):
        standing = await unit.bookings.open_of(**ours, service=service.code)
        if standing is not None:
            seen = standing.case_id if may_see(asked.caller, standing) else None
            raise Problem("entitlement-used-up", "该服务已有进行中的预约", case_id=seen)


def _message(known: Known, asked: _Requested, door: Door, *, reserved: bool) -> RequestBooking:
    year, called_at = civil_date(asked.at).year, asked.body.first_called_at
    return RequestBooking(
        booking_id=asked.booking_id,
        programme=known.programme.for_booking(asked.body.service),
        calendar=door.window(year - 1, year + 2),
        service=asked.body.service,
        verdict=known.verdict,
        unit_reserved=reserved,
        year_ends_on=year_ends_on(known.facts.policy_from, civil_date(asked.at)),
        hospital=known.hospital,
        escorting=escorting(known.programme, known.programme.service(asked.body.service)),
        disease=asked.body.disease,
        wished_on=asked.body.wished_on,
        covered_from=known.facts.policy_from,
        insured_since=known.facts.first_effective_on,
        covered_until=known.facts.policy_to,
        last_day=known.last_day,
        channel=asked.body.channel,
        language=asked.body.language,
        urgent=asked.body.urgent,
        coordination_consent=_coordination_consent(door, asked),
        requested_by=asked.caller.actor,
        requested_at=asked.at,
        first_called_at=called_at and min(called_at, asked.at),
    )


def _coordination_consent(door: Door, asked: _Requested) -> str | None:
    """The consent under which hospitals are asked over the wire; None where only people ask."""
    body = asked.body
    return body.consent.version if body.programme in door.coordinated else None


def _row(message: RequestBooking, known: Known, asked: _Requested) -> dict[str, Any]:
    body, caller = asked.body, asked.caller
    return {
        "booking_id": message.booking_id,
        "programme": known.programme.code,
        "programme_version": known.programme.version,
        "service": message.service,
        "channel": caller.channel if caller.role is Role.CHANNEL else body.channel,
        "customer_subject": caller.subject if caller.role is Role.CUSTOMER else body.customer_id,
        "policy_id": known.policy_id,
        "person_hash": known.person_hash,
        "name": body.insured.name,
        "id_number": body.insured.number,
        "phone": body.insured.phone,
        "email": body.insured.email,
        "need": _need(body),
        "hospital_id": body.hospital_id,
        "wished_on": body.wished_on,
        "requested_at": asked.at,
        "changed_at": asked.at,
        "verdict": message.verdict.model_dump_json(),
        "opened": message.model_dump_json(),
    }


def _need(body: BookingRequest) -> str:
    """The need with the department that is wished for: both say what somebody has."""
    return f"{body.need} (指定科室: {body.department})" if body.department else body.need


def _told(message: RequestBooking, stage: str) -> BookingOpened:
    return _opened(message.booking_id, message.service, message.requested_at, stage)


def _opened(booking_id: str, service: str, at: datetime, stage: str) -> BookingOpened:
    return BookingOpened(
        booking_id=booking_id,
        service=service,
        stage=stage,
        stage_name=stage_name(stage),
        requested_at=at,
    )
