"""Looking at bookings: the whole file, and whom to call for those who serve it.

Asking, giving up and handing papers in stand in `api.bookings`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from api.access import seen_matter
from api.bookings import BookingOpened
from api.docs import FAILURES
from api.eligibility import OUTCOME_NAMES
from api.identity import Caller, allowed
from api.problems import Problem
from api.reporting import stage_name
from api.shapes import ClockView, DocumentView, TaskView, TimelineView, Utc
from api.text import BookingId
from api.views import clock_view, document_view, task_view, timeline_view, viewer
from api.wiring import door_of
from domain.board import BookingView, SlaState
from domain.eligibility import Outcome, Reason
from domain.waiver import Role

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])

_SERVE: Final = (Role.AGENT, Role.DISPATCHER)
"""Who has to reach the customer or speak with the hospital for them."""
BookingCaller = Annotated[
    Caller,
    Depends(
        allowed(
            Role.CHANNEL,
            Role.CUSTOMER,
            Role.AGENT,
            Role.REVIEWER,
            Role.DISPATCHER,
            Role.SUPERVISOR,
            Role.AUDITOR,
        )
    ),
]


class BookingFile(BookingOpened):
    """A whole booking: what the rules said of it, unit, promises, steps, papers and history."""

    programme: str
    programme_version: str
    channel: str
    name_masked: str
    need: str = Field(repr=False)
    reason: str = ""
    hospital_id: str | None
    wished_on: date | None
    service_at: Utc | None
    outcome: Outcome
    outcome_name: str
    reasons: list[Reason] = Field(description="资格规则的结论理由, 条款原文")
    flags: list[Reason]
    awaiting: list[Role]
    sla_state: SlaState
    unit: Literal["reserved", "consumed", "given_back"] | None
    clocks: list[ClockView]
    tasks: list[TaskView]
    documents: list[DocumentView]
    timeline: list[TimelineView]


class BookingContact(BaseModel):
    """Where the customer is called; for those who serve the booking."""

    booking_id: str
    name: str = Field(repr=False)
    phone: str = Field(repr=False)


@routes.get("/{booking_id}", operation_id="get_booking", summary="查看预约", responses=FAILURES)
async def get_booking(
    booking_id: BookingId, request: Request, caller: BookingCaller
) -> BookingFile:
    """One booking: unit, promises, papers, history, and who must act next. Looking is audited."""
    door = door_of(request)
    async with door.books.unit() as unit:
        await seen_matter(unit, caller, booking_id)
    found = await door.bookings.booking(booking_id, viewer(caller))
    if found is None:
        raise Problem("not-found", "没有此预约")
    return _file(found)


@routes.get(
    "/{booking_id}/contact",
    operation_id="get_booking_contact",
    summary="预约客户联系方式",
    responses=FAILURES,
)
async def get_booking_contact(
    booking_id: BookingId,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(*_SERVE))],
) -> BookingContact:
    """Whom to call, for those who hold or may claim an open step. Looking is audited."""
    door = door_of(request)
    async with door.books.unit() as unit:
        await seen_matter(unit, caller, booking_id)
        serving = [
            role
            for role in _SERVE
            if await unit.bookings.may_serve(booking_id, caller.subject, role)
        ]
    found = await door.bookings.contact(booking_id, viewer(caller.acting(*serving)))
    if found is None:
        raise Problem("not-found", "没有此预约")
    return BookingContact(booking_id=booking_id, name=found.name, phone=found.phone)


def _file(view: BookingView) -> BookingFile:
    told = view.model_dump(exclude={"verdict", "clocks", "tasks", "timeline", "documents", "stage"})
    return BookingFile(
        **{name: value for name, value in told.items() if name in BookingFile.model_fields},
        outcome=view.verdict.outcome,
        outcome_name=OUTCOME_NAMES[view.verdict.outcome],
        reasons=list(view.verdict.reasons),
        flags=list(view.verdict.flags),
        stage=view.stage,
        stage_name=stage_name(view.stage),
        clocks=[clock_view(clock) for clock in view.clocks],
        tasks=[task_view(row) for row in view.tasks],
        documents=[document_view(row) for row in view.documents],
        timeline=[timeline_view(row) for row in view.timeline],
    )
