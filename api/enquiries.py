"""`/v1/enquiries`: a question at any hour, without opening a case (DW01).

It is opened like every matter (`api.door.openings`); its workflow watches over the answer. The
words of the question go into the sealed row and nowhere else. An answer is a task like any other
(`api.tasks.worklist`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from api.door.access import may_ask_for
from api.door.docs import FAILURES
from api.door.idempotency import IdempotencyKey, ask_of
from api.door.identity import Caller, allowed, may_see
from api.door.openings import ENQUIRIES, opened_once
from api.door.problems import Problem, at_field
from api.door.shapes import ClockView, TaskView, TimelineView, Utc
from api.door.sight import narrowed_enquiry
from api.door.stages import stage_name
from api.door.text import Body, Code, EnquiryId, OpaqueId, example, not_blank
from api.door.views import clock_view, task_view, timeline_view, viewer
from api.wiring.door import Door, Unit, UnknownProgramme, door_of
from domain.board import EnquiryView, SlaState
from domain.calendar import civil_date
from domain.enquiry import ENQUIRY_NAMES, EnquiryKind
from domain.matter import ENQUIRY
from domain.roles import ROLE_NAMES, Role
from workflows.messages.enquiries import AskQuestion

routes = APIRouter(prefix="/v1/enquiries", tags=["咨询"])

_READERS: Final = (
    Role.CHANNEL,
    Role.CUSTOMER,
    Role.AGENT,
    Role.REVIEWER,
    Role.DOCTOR,
    Role.SUPERVISOR,
    Role.AUDITOR,
)
"""Who asks, who answers and who watches; a question about health is nobody else's to read."""

Question = Annotated[
    str,
    Field(min_length=1, max_length=2000, repr=False, examples=["住院押金可以代缴吗?"]),
    AfterValidator(not_blank),
]


class Enquiry(Body):
    """A question, and through which channel it came."""

    model_config = example(
        programme="bainian_deposit_waiver",
        kind="waiver_consult",
        channel="hotline",
        question="住院押金可以代缴吗?",
    )

    programme: Code = Field(examples=["bainian_deposit_waiver"])
    kind: EnquiryKind
    channel: Literal["hotline", "wechat", "app"]
    question: Question
    customer_id: OpaqueId | None = None


class EnquiryOpened(BaseModel):
    """Where the enquiry is to be found."""

    enquiry_id: str
    stage: str
    stage_name: str
    asked_at: Utc


class AnswerView(BaseModel):
    """One answer."""

    n: int
    at: Utc
    role: Role
    role_name: str
    actor_id: str
    text: str = Field(repr=False)


class EnquiryFile(EnquiryOpened):
    """A whole enquiry: question, answers, promise, steps and history."""

    programme: str
    kind: EnquiryKind
    kind_name: str
    channel: str
    question: str = Field(repr=False)
    awaiting: list[Role]
    sla_state: SlaState
    answers: list[AnswerView]
    clocks: list[ClockView]
    tasks: list[TaskView]
    timeline: list[TimelineView]


@routes.post(
    "",
    operation_id="ask_question",
    summary="提出咨询",
    status_code=201,
    response_model=EnquiryOpened,
    responses={**FAILURES, 202: {"description": "已登记, 正在受理", "model": EnquiryOpened}},
)
async def ask_question(
    body: Enquiry,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Take a question; the first answer is promised within minutes (K01)."""
    may_ask_for(caller, body.customer_id, what="咨询")
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    enquiry_id = ask.own_id(door.id_secret, ENQUIRY.prefix)
    at = door.clock()

    async def write(unit: Unit) -> AskQuestion:
        message = _message(enquiry_id, body, caller, door, at)
        await unit.enquiries.add(_row(message, body, caller))
        return message

    return await opened_once(
        request, ask, ENQUIRIES, enquiry_id, door=door, write=write, told=_opened
    )


def _message(
    enquiry_id: str, body: Enquiry, caller: Caller, door: Door, at: datetime
) -> AskQuestion:
    try:
        programme = door.programme(body.programme, at)
    except UnknownProgramme:
        raise at_field("unknown-programme", "programme", "没有此服务项目") from None
    if body.kind.value not in {service.code for service in programme.services}:
        raise at_field("invalid", "kind", "该服务项目不提供此类咨询")
    year = civil_date(at).year
    return AskQuestion(
        enquiry_id=enquiry_id,
        programme=door.carried(programme),
        calendar=door.window(year - 1, year + 1),
        kind=body.kind,
        channel=body.channel,
        asked_by=caller.actor,
        asked_at=at,
    )


def _row(message: AskQuestion, body: Enquiry, caller: Caller) -> dict[str, Any]:
    return {
        "enquiry_id": message.enquiry_id,
        "programme": message.programme.code,
        "programme_version": message.programme.version,
        "kind": message.kind.value,
        "channel": caller.channel if caller.role is Role.CHANNEL else body.channel,
        "customer_subject": caller.subject if caller.role is Role.CUSTOMER else body.customer_id,
        "asked_role": caller.role.value,
        "asked_by": caller.subject,
        "asked_at": message.asked_at,
        "question": body.question,
        "changed_at": message.asked_at,
        "opened": message.model_dump_json(),
    }


def _opened(message: AskQuestion, stage: str) -> EnquiryOpened:
    return EnquiryOpened(
        enquiry_id=message.enquiry_id,
        stage=stage,
        stage_name=stage_name(stage),
        asked_at=message.asked_at,
    )


@routes.get("/{enquiry_id}", operation_id="get_enquiry", summary="查看咨询", responses=FAILURES)
async def get_enquiry(
    enquiry_id: EnquiryId,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(*_READERS))],
) -> EnquiryFile:
    """One enquiry: question, answers, promise, and who must act next. Looking is audited."""
    door = door_of(request)
    async with door.books.unit() as unit:
        owned = await unit.enquiries.access(enquiry_id)
    if owned is None or not may_see(caller, owned):
        raise Problem("not-found", "没有此咨询")
    found = await door.enquiries.enquiry(enquiry_id, viewer(caller))
    if found is None:
        raise Problem("not-found", "没有此咨询")
    return _file(narrowed_enquiry(caller, found))


def _file(view: EnquiryView) -> EnquiryFile:
    kind = EnquiryKind(view.kind)
    return EnquiryFile(
        enquiry_id=view.enquiry_id,
        stage=view.stage,
        stage_name=stage_name(view.stage),
        asked_at=view.asked_at,
        programme=view.programme,
        kind=kind,
        kind_name=ENQUIRY_NAMES[kind],
        channel=view.channel,
        question=view.question,
        awaiting=view.awaiting,
        sla_state=view.sla_state,
        answers=[
            AnswerView(**dict(answer), role_name=ROLE_NAMES[answer.role]) for answer in view.answers
        ],
        clocks=[clock_view(clock) for clock in view.clocks],
        tasks=[task_view(row) for row in view.tasks],
        timeline=[timeline_view(row) for row in view.timeline],
    )
