"""`/v1/enquiries`: a question at any hour, without opening a case (DW01).

The question and the caller's key are written in one transaction, then the workflow that watches
over the answer is started; if its server is away, the sweep starts it. The words of the question
go into the sealed row and nowhere else. An answer is a task like any other (`api.tasks.worklist`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field

from api.door.access import may_ask_for
from api.door.docs import FAILURES
from api.door.gateway import NotKnownYet
from api.door.idempotency import Answer, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed, may_see
from api.door.problems import Problem, at_field
from api.door.shapes import ClockView, TaskView, TimelineView, Utc
from api.door.stages import stage_name
from api.door.text import Body, Code, EnquiryId, OpaqueId, example, not_blank
from api.door.views import clock_view, task_view, timeline_view, viewer
from api.wiring.door import Door, Unit, UnknownProgramme, door_of
from domain.board import EnquiryView, SlaState
from domain.calendar import civil_date
from domain.enquiry import ENQUIRY_NAMES, EnquiryKind, EnquiryStage
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


@dataclass(frozen=True)
class _Asked:
    """What stands in the books after the first step."""

    opened: str
    stage: str
    message: AskQuestion


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
    ask = ask_of(request, caller, key, body.model_dump(mode="json"))
    at = door.clock()

    async def record(unit: Unit) -> _Asked:
        enquiry_id = ask.own_id(door.id_secret, "en")
        known = await unit.enquiries.access(enquiry_id)
        opened = None if known is None else await unit.enquiries.opened(enquiry_id)
        if known is not None and opened is not None:
            # An earlier try with this key died after it had recorded the question.
            return _Asked(opened, known.stage, asked_message(opened))
        message = _message(enquiry_id, body, caller, door, at)
        opened = message.model_dump_json()
        await unit.enquiries.add(_row(message, body, caller, opened))
        return _Asked(opened, "opening", message)

    async def act(asked: _Asked) -> Answer:
        return await _start(door, asked)

    return await once(request, ask, record=record, act=act)


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


def _row(message: AskQuestion, body: Enquiry, caller: Caller, opened: str) -> dict[str, Any]:
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
        "opened": opened,
    }


async def _start(door: Door, asked: _Asked) -> Answer:
    headers = {"Location": f"/v1/enquiries/{asked.message.enquiry_id}"}
    try:
        await door.cases.start_enquiry(asked.message)
    except NotKnownYet:
        return Answer(202, _opened(asked.message, asked.stage), headers, settled=False)
    return Answer(201, _opened(asked.message, EnquiryStage.WAITING.value), headers)


def _opened(message: AskQuestion, stage: str) -> dict[str, Any]:
    return EnquiryOpened(
        enquiry_id=message.enquiry_id,
        stage=stage,
        stage_name=stage_name(stage),
        asked_at=message.asked_at,
    ).model_dump(mode="json")


def asked_message(opened: str) -> AskQuestion:
    """The start message of an enquiry as it was written down."""
    return AskQuestion.model_validate_json(opened)


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
    return _file(found)


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
