"""Looking at bookings: the list, the whole file, and whom to call for those who serve it.

Asking, giving up and handing papers in stand in `api.bookings.opening`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.bookings.opening import BookingOpened
from api.door.access import seen_matter
from api.door.docs import FAILURES
from api.door.identity import VERIFY, Caller, allowed
from api.door.problems import Problem, at_field
from api.door.shapes import (
    ClockView,
    DocumentView,
    LedgerView,
    NoticeView,
    PaymentView,
    TaskView,
    TimelineView,
    Utc,
)
from api.door.sight import narrowed_booking
from api.door.stages import stage_name
from api.door.text import BookingId
from api.door.views import (
    clock_view,
    document_view,
    ledger_view,
    notice_view,
    payment_view,
    task_view,
    timeline_view,
    viewer,
)
from api.eligibility import OUTCOME_NAMES
from api.tasks.asked import asked_by, chosen_from
from api.wiring.door import Door, UnknownProgramme, door_of
from domain.board import PAGE_MAX, BadCursor, BookingFilter, BookingView, SlaState, TaskRow
from domain.bookings.booking import BookingStage
from domain.bookings.expenses import papers_of
from domain.bookings.papers import lacking
from domain.documents import DocumentKind, choices, still_missing
from domain.eligibility import Outcome, Reason, unanswered
from domain.matter import BOOKING, OPENING
from domain.programmes.programme import Programme
from domain.programmes.rules import RuleCode
from domain.roles import Role
from domain.steps.asks import Asks
from domain.steps.kinds import TaskKind

routes = APIRouter(prefix="/v1/bookings", tags=["绿通预约"])

_GATHERING: Final = frozenset({OPENING, BookingStage.REQUESTED, BookingStage.MATERIALS})
"""Where a booking stands as long as its first papers are gathered."""
_LOOKS: Final = frozenset({TaskKind.REVIEW_BOOKING, TaskKind.CHECK_PAPERS})
"""Who looks at papers and says what is missing."""

_SERVE: Final = (Role.AGENT, Role.DISPATCHER, Role.DOCTOR, Role.NURSE)
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
            Role.DOCTOR,
            Role.FINANCE,
            Role.SUPERVISOR,
            Role.AUDITOR,
        )
    ),
]


class BookingLine(BookingOpened):
    """A booking in a list."""

    programme: str
    channel: str
    name_masked: str
    hospital_id: str | None
    wished_on: date | None
    service_at: Utc | None
    owner: str | None = None
    awaiting: list[Role]
    sla_state: SlaState
    next_due_at: Utc | None


class BookingPageView(BaseModel):
    """A page of bookings."""

    items: list[BookingLine]
    next_cursor: str | None = None


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
    owner: str | None = None
    outcome: Outcome
    outcome_name: str
    reasons: list[Reason] = Field(description="资格规则的结论理由, 条款原文")
    flags: list[Reason]
    open: list[Reason] = Field(description="申请时无人说明, 须向客户核实")
    notes: list[str] = Field(description="须向客户说明的条款")
    begin_with: list[str] = Field(description="缺少前提条件时, 可先申请的服务")
    awaiting: list[Role]
    sla_state: SlaState
    next_due_at: Utc | None
    missing_documents: list[str] = Field(description="尚缺的资料, 以种类代码")
    missing_choices: list[list[str]] = Field(
        description="同上, 逐项列出; 一项中有多种的, 任交一种即可"
    )
    unit: Literal["reserved", "consumed", "given_back"] | None
    clocks: list[ClockView]
    tasks: list[TaskView]
    payments: list[PaymentView]
    documents: list[DocumentView]
    notices: list[NoticeView]
    timeline: list[TimelineView]


class BookingContact(BaseModel):
    """Where the customer is called; for those who serve the booking."""

    booking_id: str
    name: str = Field(repr=False)
    phone: str = Field(repr=False)
    name_on_list: str | None = Field(
        repr=False, description="保险公司名单上的姓名, 仅与所报姓名不符时; 限服务人员"
    )


@routes.get("", operation_id="list_bookings", summary="预约列表", responses=FAILURES)
async def list_bookings(
    request: Request,
    caller: BookingCaller,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> BookingPageView:
    """The bookings a caller may see, the newest request first."""
    try:
        page = await door_of(request).bookings.bookings(_own(caller, cursor=cursor, limit=limit))
    except BadCursor:
        raise at_field("invalid", "cursor", "游标无效") from None
    items = [
        BookingLine(
            **row.model_dump(exclude={"programme_version"}),
            stage_name=stage_name(row.stage),
        )
        for row in page.items
    ]
    return BookingPageView(items=items, next_cursor=page.next_cursor)


def _own(caller: Caller, *, cursor: str | None, limit: int) -> BookingFilter:
    """What is not the caller's is left out."""
    wanted = BookingFilter(cursor=cursor, limit=limit)
    if caller.sees_all:
        return wanted
    if Role.CHANNEL in caller.roles:
        return wanted.model_copy(update={"channel": caller.channel or ""})
    return wanted.model_copy(update={"customer_subject": caller.subject})


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
    return _file(door, narrowed_booking(caller, found), whole=found)


@routes.get(
    "/{booking_id}/ledger",
    operation_id="get_booking_ledger",
    summary="预约账目",
    responses=FAILURES,
)
async def get_booking_ledger(
    booking_id: BookingId,
    request: Request,
    caller: Annotated[
        Caller,
        Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.FINANCE, Role.SUPERVISOR, Role.AUDITOR)),
    ],
) -> LedgerView:
    """Every transfer of a reimbursement and the balances; empty where no money moves."""
    door = door_of(request)
    async with door.books.unit() as unit:
        booking = await seen_matter(unit, caller, booking_id)
    ledger = door.ledger
    entries, balances = await ledger.entries(booking_id), await ledger.balances(booking_id)
    over = BOOKING.is_over(booking.stage)
    return ledger_view(booking_id, entries, balances, over=over)


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
    served = caller.acting(*serving)
    found = await door.bookings.contact(booking_id, viewer(served))
    if found is None:
        raise Problem("not-found", "没有此预约")
    return BookingContact(
        booking_id=booking_id,
        name=found.name,
        phone=found.phone,
        name_on_list=found.name_on_list if served.role in VERIFY else None,
    )


def _begin_with(programme: Programme, view: BookingView) -> list[str]:
    """P06: without a slip the outpatient visit (R374, C-68), without a bed no escort to it."""
    if view.verdict.codes not in ((RuleCode.PRECONDITIONS,), (RuleCode.BOOKING_EXISTS,)):
        return []
    return list(programme.service(view.service).after)


def _still_to_bring(programme: Programme, view: BookingView) -> dict[str, Any]:
    """What is missing, one by one and thing by thing (R382)."""
    kinds = _missing(programme, view)
    grouped = choices([DocumentKind(kind) for kind in kinds], programme.documents)
    return {"missing_documents": kinds, "missing_choices": grouped}


def _missing(programme: Programme, view: BookingView) -> list[str]:
    """The papers somebody still waits for, by kind; none once they were complete."""
    have = {row.kind for row in view.documents}
    asked = programme.for_booking(view.service)
    if view.stage == BookingStage.PAPERS_DUE.value:
        return [kind.value for kind in papers_of(asked.documents, view.service) if kind not in have]
    if view.stage == BookingStage.MEDICAL_REVIEW.value:
        return _asked_again(view)
    if view.stage not in _GATHERING:
        return []
    unfit = _sent_back(view, [kind.value for kind in lacking(asked, None, ())])
    wanted = [kind.value for kind in lacking(asked, None, have - unfit)]
    return [*wanted, *(kind.value for kind in DocumentKind if kind in unfit - {*wanted})]


def _sent_back(view: BookingView, needed: list[str]) -> set[str]:
    """The papers that a look found missing or unfit, and that have not come since.

    A look that names none sends back what the service needs: the customer is told all of it.
    """
    sent_back = dict[str, datetime]()
    for look in view.tasks:
        if look.kind == TaskKind.CHECK_PAPERS and look.done and look.closed_at:
            told = look.completion
            kinds = [] if told.get("complete") else told.get("missing") or needed
            sent_back |= dict.fromkeys(kinds, look.closed_at)
    for row in view.documents:
        if row.kind in sent_back and row.uploaded_at > sent_back[row.kind]:
            del sent_back[row.kind]
    return {*sent_back}


def _asked_again(view: BookingView) -> list[str]:
    """What a reviewer asked for and has not come since it was last looked at."""
    if not any(one.kind == TaskKind.CHECK_PAPERS and one.closed_at is None for one in view.tasks):
        return []
    asked, since = list[str](), view.requested_at
    looks = [one for one in view.tasks if one.kind in _LOOKS and one.done and one.closed_at]
    for look in sorted(looks, key=lambda one: one.opened_at):
        found, since = look.completion.get("missing", []), look.closed_at or since
        asked = found if look.kind == TaskKind.REVIEW_BOOKING else still_missing(asked, found)
    come = {row.kind for row in view.documents if row.uploaded_at >= since}
    return [kind for kind in asked if kind not in come]


def _notes(programme: Programme, service: str) -> list[str]:
    """What customers are told of a service: its conditions, who pays (R397, R401, R638, C-52)."""
    ours = (rule for rule in programme.rules if not rule.services or service in rule.services)
    costs = programme.fees.words if programme.fees else []
    return [*(rule.text for rule in ours if rule.shown), *costs]


def _asked(door: Door, view: BookingView, row: TaskRow) -> Asks:
    """What a step's form wants; of a choice what was offered last."""
    if row.kind != TaskKind.CHOOSE_OPTION.value or row.closed_at is not None:
        return asked_by(door, row)
    offers = [one for one in view.tasks if one.kind == TaskKind.OFFER_OPTIONS.value]
    return chosen_from(offers[-1].completion.get("options", []) if offers else [])


def _file(door: Door, view: BookingView, *, whole: BookingView) -> BookingFile:
    try:
        programme = door.programme(view.programme, view.requested_at)
        said: dict[str, Any] = {"notes": _notes(programme, view.service)}
        said["begin_with"] = _begin_with(programme, view)
        said |= _still_to_bring(programme, whole)
        said["open"] = unanswered(view.verdict, programme)
    except UnknownProgramme:  # no file of that year is kept any more
        said = {"notes": [], "begin_with": [], "open": []}
        said |= {"missing_documents": [], "missing_choices": []}
    told = view.model_dump(
        exclude={
            "verdict",
            "clocks",
            "tasks",
            "timeline",
            "documents",
            "notices",
            "payments",
            "stage",
        }
    )
    return BookingFile(
        **{name: value for name, value in told.items() if name in BookingFile.model_fields},
        **said,
        outcome=view.verdict.outcome,
        outcome_name=OUTCOME_NAMES[view.verdict.outcome],
        reasons=list(view.verdict.reasons),
        flags=list(view.verdict.flags),
        stage=view.stage,
        stage_name=stage_name(view.stage),
        clocks=[clock_view(clock) for clock in view.clocks],
        tasks=[task_view(row, _asked(door, view, row)) for row in view.tasks],
        payments=[payment_view(view.booking_id, row) for row in view.payments],
        documents=[document_view(row) for row in view.documents],
        notices=[notice_view(row) for row in view.notices],
        timeline=[timeline_view(row) for row in view.timeline],
    )
