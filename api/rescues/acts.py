"""`…/rescues/{id}/…`: triage, steps, reports, outcome, and later who the patient is.

Whatever is reported here may also be reported as the completion of its task; both say the same to
the workflow. What it refuses is the record, never the patient. Identity and insurance are written
into the record beside the rescue: no step waits for either.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.applications import Identified
from api.door.access import seen_rescue
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.docs import FAILURES
from api.door.idempotency import Answer, Ask, IdempotencyKey, ask_of, once
from api.door.identity import Caller, allowed
from api.door.problems import Problem, at_field
from api.door.text import CASE_ID, Body, Code, Name, Phone, RescueId, example
from api.letters.delivery import deliver, own_letter, put_own
from api.wiring.door import Unit, door_of
from domain.guards import Letter
from domain.matter import CASE
from domain.rescues.forms import RecordOutcome, RecordStep, ReportRescue, TriagePatient
from domain.rescues.rescue import RescueStage
from domain.roles import HOSPITAL_ROLES, Role
from domain.steps.forms import Form
from domain.steps.kinds import TaskKind
from workflows.messages.rescues import AddService, CaseLinked, PatientKnown, ReportActs, RescueAct

routes = APIRouter(prefix="/v1/rescues/{rescue_id}", tags=["医院急救绿色通道"])

Staff = Annotated[Caller, Depends(allowed(*HOSPITAL_ROLES))]
Clinician = Annotated[Caller, Depends(allowed(Role.HOSPITAL_NURSE, Role.HOSPITAL_DOCTOR))]


def _strict(**body: Any) -> ConfigDict:
    """A form read as a body is: every key is known."""
    return ConfigDict(**{**example(**body), "extra": "forbid"})


class Triage(TriagePatient):
    """A risk assessment."""

    model_config = _strict(groups=["bleeding_trauma"], signs=["life_threatened"], level=1)


class StepHappened(RecordStep, extra="forbid"):
    """A step that happened."""


class Steps(Body):
    """Steps in the order in which they happened; the second may follow from the first."""

    model_config = example(
        steps=[
            {"step": "decide", "at": "2026-10-04T02:22:00+08:00"},
            {"step": "tell_theatre", "at": "2026-10-04T02:22:00+08:00"},
        ]
    )

    steps: list[StepHappened] = Field(min_length=1, max_length=10)


class Reported(ReportRescue):
    """Whom the rescue was reported to."""

    model_config = _strict(at="2026-10-04T02:30:00+08:00", to="院总值班")


class RescueEnded(RecordOutcome):
    """How it ended."""

    model_config = _strict(outcome="admitted", at="2026-10-04T05:10:00+08:00", handed_to="骨科病区")


class ServiceAdded(Body):
    """Another service of the same channel."""

    model_config = example(service="emergency_surgery_channel")

    service: Code


class Person(Identified):
    """Who the patient is, once it is known."""

    model_config = example(
        name="客户某甲", id_type="resident_id", id_number="110101199003070732", phone="13800138000"
    )

    name: Name = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)


class Link(Body):
    """The deposit case of the same patient's stay; none named = the one that is open here."""

    model_config = example(case_id="dw-aaaaaaaaaaaaaaaaaaaa")

    case_id: Annotated[str | None, Field(pattern=CASE_ID, max_length=23)] = None


class Noted(BaseModel):
    """Written down."""

    rescue_id: str
    identified: bool
    linked_case: str | None


async def _report(
    request: Request, caller: Caller, key: str | None, rescue_id: str, *acts: tuple[TaskKind, Form]
) -> Response:
    """Send what happened to the rescue; it answers whether that can have happened."""
    door = door_of(request)
    told = [RescueAct(kind=kind, form=form.model_dump(mode="json")) for kind, form in acts]
    ask = ask_of(request, caller, key, [one.model_dump(mode="json") for one in told])
    message = ReportActs(acts=told, actor=caller.actor, at=door.clock())

    return await _told(request, caller, ask, rescue_id, "report", message)


async def _told(
    request: Request, caller: Caller, ask: Ask, rescue_id: str, name: str, message: BaseModel
) -> Response:
    """Tell a rescue that is not closed, once."""

    async def record(unit: Unit) -> BaseModel:
        rescue = await seen_rescue(unit, caller, rescue_id)
        if rescue.stage == RescueStage.CLOSED.value:
            raise Problem("case-ended", "救治记录已结案", case_id=rescue_id)
        return message

    return await command(request, ask, rescue_id, name, record=record)


@routes.post(
    "/triage",
    operation_id="triage_patient",
    summary="分诊评估",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def triage_patient(
    rescue_id: RescueId,
    body: Triage,
    request: Request,
    caller: Clinician,
    key: IdempotencyKey = None,
) -> Response:
    """Assess the patient, again whenever the condition changes (R457, R458)."""
    return await _report(request, caller, key, rescue_id, (TaskKind.TRIAGE_PATIENT, body))


@routes.post(
    "/steps",
    operation_id="record_rescue_steps",
    summary="登记救治步骤",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def record_steps(
    rescue_id: RescueId, body: Steps, request: Request, caller: Staff, key: IdempotencyKey = None
) -> Response:
    """Report what was done, at the minute in which it was."""
    acts = [(TaskKind.RESCUE_STEP, step) for step in body.steps]
    return await _report(request, caller, key, rescue_id, *acts)


@routes.post(
    "/reports",
    operation_id="report_rescue",
    summary="报告抢救情况",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def report_rescue(
    rescue_id: RescueId, body: Reported, request: Request, caller: Staff, key: IdempotencyKey = None
) -> Response:
    """The rescue was reported to whom the hour says (R528), or upward (R615)."""
    return await _report(request, caller, key, rescue_id, (TaskKind.REPORT_RESCUE, body))


@routes.post(
    "/outcome",
    operation_id="end_rescue",
    summary="登记救治结果",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def end_rescue(
    rescue_id: RescueId,
    body: RescueEnded,
    request: Request,
    caller: Clinician,
    key: IdempotencyKey = None,
) -> Response:
    """The rescue is over and somebody else has the patient; the papers begin now."""
    return await _report(request, caller, key, rescue_id, (TaskKind.RESCUE_OUTCOME, body))


@routes.post(
    "/services",
    operation_id="add_rescue_service",
    summary="启动另一项服务",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
)
async def add_service(
    rescue_id: RescueId,
    body: ServiceAdded,
    request: Request,
    caller: Staff,
    key: IdempotencyKey = None,
) -> Response:
    """The patient needs another service of the channel: surgery, transport, admission."""
    door = door_of(request)
    ask = ask_of(request, caller, key, body)
    message = AddService(service=body.service, actor=caller.actor, at=door.clock())

    return await _told(request, caller, ask, rescue_id, "add_service", message)


@routes.post(
    "/patient",
    operation_id="identify_patient",
    summary="登记患者身份",
    response_model=Noted,
    responses=FAILURES,
)
async def identify_patient(
    rescue_id: RescueId, body: Person, request: Request, caller: Staff, key: IdempotencyKey = None
) -> Response:
    """Write down who the patient is; a mistake may be corrected until a case is linked."""
    door = door_of(request)
    ask, at = ask_of(request, caller, key, body), door.clock()

    async def record(unit: Unit) -> tuple[str | None, Letter]:
        rescue = await seen_rescue(unit, caller, rescue_id)
        person = {"name": body.name, "id_number": body.number, "phone": body.phone or ""}
        person_hash = door.books.person_hash(body.number)
        if not await unit.rescues.identify(rescue_id, person, person_hash):
            raise Problem("wrong-stage", "已关联另一人的案件, 不能更改身份", case_id=rescue_id)
        await unit.audit(
            at=at,
            actor_role=caller.role.value,
            actor_id=caller.subject,
            action="patient.identified",
            case_id=rescue_id,
        )
        word_id = ask.own_id(door.id_secret, "pk")
        known = PatientKnown(actor=caller.actor, at=at, word_id=word_id)
        letter = own_letter(word_id, rescue_id, "patient_known", known, at=at)
        return rescue.linked_case, await put_own(unit, letter)

    async def act(recorded: tuple[str | None, Letter]) -> Answer:
        linked, letter = recorded
        await deliver(door, letter)  # it stands in the record; nothing waits for it
        return _noted(rescue_id, linked)

    return await once(request, ask, record=record, act=act)


@routes.post(
    "/case",
    operation_id="link_deposit_case",
    summary="关联押金案件",
    response_model=Noted,
    responses=FAILURES,
)
async def link_case(
    rescue_id: RescueId, body: Link, request: Request, caller: Staff, key: IdempotencyKey = None
) -> Response:
    """Link the deposit case of the same person in the same hospital, at any time (I33)."""
    door = door_of(request)
    ask, at = ask_of(request, caller, key, body), door.clock()

    async def record(unit: Unit) -> tuple[str, Letter]:
        rescue = await seen_rescue(unit, caller, rescue_id)
        if rescue.person_hash is None:
            raise Problem("wrong-stage", "须先登记患者身份", case_id=rescue_id)
        case_id = body.case_id or await unit.rescues.open_case_of(
            rescue.person_hash, rescue.hospital_id
        )
        stage = case_id and await unit.rescues.case_of(
            case_id, rescue.person_hash, rescue.hospital_id
        )
        if not case_id or not stage:  # nobody learns here whether another person's case exists
            raise at_field("invalid", "case_id", "没有该患者在本院的案件", case_id=rescue_id)
        if CASE.is_over(stage):
            raise Problem("case-ended", "该案件已结束", case_id=rescue_id)
        if not await unit.rescues.link(rescue_id, case_id):
            raise Problem("wrong-stage", "已经关联案件", case_id=rescue_id)
        await unit.audit(
            at=at,
            actor_role=caller.role.value,
            actor_id=caller.subject,
            action="rescue.linked",
            case_id=rescue_id,
            subject=case_id,
        )
        word_id = ask.own_id(door.id_secret, "cl")
        linked = CaseLinked(case_id=case_id, actor=caller.actor, at=at, word_id=word_id)
        letter = own_letter(word_id, rescue_id, "case_linked", linked, at=at)
        return case_id, await put_own(unit, letter)

    async def act(recorded: tuple[str, Letter]) -> Answer:
        case_id, letter = recorded
        await deliver(door, letter)  # the link stands; nothing waits for it
        return _noted(rescue_id, case_id)

    return await once(request, ask, record=record, act=act)


def _noted(rescue_id: str, linked: str | None) -> Answer:
    said = Noted(rescue_id=rescue_id, identified=True, linked_case=linked)
    return Answer(200, said.model_dump(mode="json"))
