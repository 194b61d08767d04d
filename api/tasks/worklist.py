"""The worklist: what waits for whom, who took it, and the typed completion that ends it.

A task is seen by those whose role it names; the first claim wins. A completion is read strictly by
the form of the task's kind and handed to the case as an update, with the ids of what lies in the
case's file at that moment.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from api.door.access import documents_of_case, hospital_of, seen_matter, watches
from api.door.commands import ANSWERED_OR_PENDING, CommandAccepted, command
from api.door.docs import FAILURES
from api.door.errors import invalid
from api.door.idempotency import Answer, Ask, IdempotencyKey, ask_of, once
from api.door.identity import ANYONE, Caller, allowed
from api.door.problems import FieldError, Problem, at_field
from api.door.shapes import TaskPage
from api.door.strict import no_key_twice
from api.door.text import MATTER_ID, TaskId
from api.tasks.hospital_gates import listed
from api.tasks.seen import task_page
from api.wiring.door import Unit, door_of
from domain.documents import DocumentKind
from domain.guards import TaskAccess
from domain.matter import BOOKING, HOUSE, RESCUE, matter_of
from domain.money import AmountRefused, Money
from domain.roles import ROLE_NAMES, Role, is_theirs
from domain.steps.forms import AT_THE_DOOR, Form, HandInSlip
from domain.steps.kinds import TaskKind
from domain.steps.tasks import FORMS, TASKS
from workflows.messages.matters import CompleteTask

routes = APIRouter(prefix="/v1/tasks", tags=["任务"])

TaskCaller = Annotated[Caller, Depends(allowed(*ANYONE))]

_DIFFERENT_PEOPLE: Final = {Role.REVIEWER: Role.INSURER, Role.INSURER: Role.REVIEWER}
"""The reviewer and the insurer's contact of one case are two people (双审)."""

_COMPLETION_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "正文为该任务类型的表单",
    "content": {
        "application/json": {
            "schema": {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in FORMS]}
        }
    },
}


class TaskClaimed(BaseModel):
    """The task is the caller's."""

    task_id: str
    claimed_by: str
    role: str


@routes.get("", operation_id="list_tasks", summary="待办任务", responses=FAILURES)
async def list_tasks(
    request: Request,
    caller: TaskCaller,
    case_id: Annotated[str | None, Query(pattern=MATTER_ID, max_length=23)] = None,
    role: Annotated[Role | None, Query()] = None,
    state: Annotated[Literal["open", "closed"], Query()] = "open",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> TaskPage:
    """The tasks of the caller's roles, the next one due first."""
    return await task_page(
        door_of(request),
        caller,
        case_id=case_id,
        role=role,
        is_open=state == "open",
        limit=limit,
        cursor=cursor,
    )


@routes.post(
    "/{task_id}/claim",
    operation_id="claim_task",
    summary="领取任务",
    response_model=TaskClaimed,
    responses=FAILURES,
)
async def claim_task(
    task_id: TaskId, request: Request, caller: TaskCaller, key: IdempotencyKey = None
) -> Response:
    """Take a task; the first one gets it."""
    door = door_of(request)
    ask = ask_of(request, caller, key, {})

    async def record(unit: Unit) -> TaskClaimed:
        task, acting = await _task_for(unit, caller, task_id)
        won = await unit.cases.claim_task(
            task_id, subject=acting.subject, role=acting.role.value, at=door.clock()
        )
        if not won:
            _refuse(await unit.cases.task(task_id) or task)
        return TaskClaimed(task_id=task_id, claimed_by=acting.subject, role=acting.role.value)

    async def act(claimed: TaskClaimed) -> Answer:
        return Answer(200, claimed.model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


def _refuse(task: TaskAccess) -> None:
    if task.closed_at is not None:
        raise Problem("task-not-open", case_id=task.case_id)
    winner = ROLE_NAMES[Role(task.claimed_role)] if task.claimed_role else ""
    raise Problem("task-claimed", f"任务已由{winner}领取", case_id=task.case_id)


@routes.post(
    "/{task_id}/completion",
    operation_id="complete_task",
    summary="完成任务",
    response_model=CommandAccepted,
    responses=ANSWERED_OR_PENDING,
    openapi_extra={"requestBody": _COMPLETION_BODY},
)
async def complete_task(
    task_id: TaskId, request: Request, caller: TaskCaller, key: IdempotencyKey = None
) -> Response:
    """Finish a step with its form."""
    door = door_of(request)
    kind = _kind(task_id)
    form = read_form(kind, await request.body())
    written = form.model_dump(mode="json")
    ask = ask_of(request, caller, key, written)

    if matter_of(task_id) is HOUSE:
        return await _complete_house(request, task_id, caller, ask, written)

    async def record(unit: Unit) -> CompleteTask:
        return await completion(unit, caller, task_id, form, at=door.clock())

    case_id = task_id.partition(".")[0]
    return await command(request, ask, case_id, "complete_task", record=record, field="task_id")


async def completion(
    unit: Unit, caller: Caller, task_id: str, form: Form, *, at: datetime
) -> CompleteTask:
    """What a case is told of a finished step; `Problem` when it is not this caller's to finish."""
    task, acting = await _task_for(unit, caller, task_id)
    if _is_held_by_another(task, acting):
        _refuse(task)
    await _check_two_people(unit, task, acting)
    file = await documents_of_case(unit, task.case_id, list(getattr(form, "images", [])))
    if isinstance(form, HandInSlip):
        _must_be_slips(form, file)
        await _of_this_deposit(unit, task, form)
    written = form.model_dump(mode="json")
    told = await listed(unit, task.case_id, form) if matter_of(task_id) is BOOKING else written
    return CompleteTask(
        task_id=task_id,
        kind=_kind(task_id),
        form=told,
        documents=file,
        actor=acting.actor,
        at=at,
    )


def _must_be_slips(form: HandInSlip, file: dict[str, list[str]]) -> None:
    slips = file.get(DocumentKind.DEPOSIT_SLIP.value, [])
    for number, image in enumerate(form.images):
        if image not in slips:
            raise at_field("invalid", f"images.{number}", "须为押金单影像 (deposit_slip)")


async def _of_this_deposit(unit: Unit, task: TaskAccess, form: HandInSlip) -> None:
    """A slip proves one deposit, whichever case it is of; a case knows only its own (K08)."""
    number, picture = await unit.slips.known(
        task.task_id, number=form.receipt_no, pictures=form.images
    )
    if picture:
        why = "该影像已作为另一笔押金的押金单"
        raise at_field("invalid", "images", why, case_id=task.case_id)
    if number:
        why = "该押金单号属于另一笔押金"
        raise at_field("invalid", "receipt_no", why, case_id=task.case_id)


async def _complete_house(
    request: Request, task_id: str, caller: Caller, ask: Ask, form: dict[str, Any]
) -> Response:
    """Close a step of the house: no story waits for it, so that the record is all there is."""
    door = door_of(request)

    async def record(unit: Unit) -> str:
        task, acting = await _task_for(unit, caller, task_id)
        if task.claimed_by not in (None, acting.subject) and task.closed_at is None:
            _refuse(task)
        at, who = door.clock(), {"role": acting.role.value, "subject": acting.subject}
        if await unit.house.close(task_id, form=form, at=at, **who):
            await unit.audit(
                at=at,
                actor_role=acting.role.value,
                actor_id=acting.subject,
                action="task.completed",
                case_id=task.case_id,
                subject=task_id,
            )
        return task.case_id

    async def act(matter_id: str) -> Answer:
        done = CommandAccepted(case_id=matter_id, stage="", stage_name="", accepted=True)
        return Answer(200, done.model_dump(mode="json"))

    return await once(request, ask, record=record, act=act)


def _kind(task_id: str) -> TaskKind:
    name = task_id.split(".")[1]
    if name not in TASKS:
        raise Problem("not-found", "没有此任务")
    return TaskKind(name)


def read_form(kind: TaskKind, raw: bytes) -> Form:
    """The form of a kind, read strictly; a problem names the field and the reason."""
    no_key_twice(raw)
    try:
        form = TASKS[kind].form.model_validate_json(raw, extra="forbid", context=AT_THE_DOOR)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if found and found[0]["type"] == "json_invalid":
            raise Problem("malformed-request", "请求体不是有效的 JSON") from None
        raise invalid(error) from None
    refused = [
        FieldError(field=name, reason=reason)
        for name, reason in ((name, _unbookable(value)) for name, value in form)
        if reason
    ]
    if refused:
        raise Problem("invalid", f"{refused[0].field}: {refused[0].reason}", errors=refused)
    return form


def _unbookable(value: object) -> str:
    """Why a value cannot be kept: money beyond the books, or characters no text holds."""
    if isinstance(value, Money):
        try:
            _ = value.fen
        except AmountRefused as refused:
            return str(refused)
    if isinstance(value, datetime) and value.tzinfo is None:
        return "时刻须带时区, 例如 2026-05-06T08:40:00+08:00"
    if isinstance(value, str) and value and not value.strip():
        return "内容不能为空"
    if isinstance(value, str) and "\x00" in value:
        return "文本含有无效字符"
    if isinstance(value, list) and any(isinstance(one, str) and "\x00" in one for one in value):
        return "文本含有无效字符"
    return ""


async def _task_for(unit: Unit, caller: Caller, task_id: str) -> tuple[TaskAccess, Caller]:
    """The task and the caller in a role it names; 409 when somebody else has ended it.

    Who closed it themselves may be asking again under the same key, because the answer was lost:
    the case knows whether it is the same completion, and answers as it did then.
    """
    task = await unit.cases.task(task_id)
    if task is None:
        raise Problem("not-found", "没有此任务")
    if task.hospital_id is not None:
        if hospital_of(caller) != task.hospital_id and not watches(caller):
            raise Problem("not-found", "没有此任务")
    elif not caller.sees_all or matter_of(task.case_id) is RESCUE:
        await seen_matter(unit, caller, task.case_id)  # a hospital's patients are its own
    acting = _acting(caller, task)
    if task.closed_at is not None and task.closed_by != acting.subject:
        raise Problem("task-not-open", case_id=task.case_id)
    return task, _as_customer(acting, task)


def _acting(caller: Caller, task: TaskAccess) -> Caller:
    """The caller in the first of their roles that the step is for; 403, or 409 when it is not."""
    named = _acting_roles(task)
    caller.acting(*named)
    theirs = [
        role
        for role in named
        if is_theirs(role, caller.subject, assignee=task.assignee, nurse=task.nurse)
    ]
    if not {*theirs} & {*caller.roles}:
        raise Problem("task-claimed", "任务已指派给其他人员", case_id=task.case_id)
    return caller.acting(*theirs)


def _is_held_by_another(task: TaskAccess, acting: Caller) -> bool:
    """Whether somebody else has claimed it; a nurse who comes no more holds nothing."""
    by, role = task.claimed_by, task.claimed_role
    if by is None or role is None or by == acting.subject:
        return False
    return is_theirs(Role(role), by, assignee=task.assignee, nurse=task.nurse)


def _acting_roles(task: TaskAccess) -> list[Role]:
    roles = [Role(role) for role in task.roles]
    # A channel's app carries its customer's own hand.
    return [*roles, Role.CHANNEL] if Role.CUSTOMER in roles else roles


def _as_customer(acting: Caller, task: TaskAccess) -> Caller:
    if acting.role is Role.CHANNEL and Role.CHANNEL.value not in task.roles:
        return acting.model_copy(update={"role": Role.CUSTOMER})
    return acting


async def _check_two_people(unit: Unit, task: TaskAccess, acting: Caller) -> None:
    other = _DIFFERENT_PEOPLE.get(acting.role)
    if other is None:
        return
    if await unit.cases.acted_as(task.case_id, subject=acting.subject, role=other.value):
        raise at_field(
            "same-person", "actor", "医学专家与保险公司对接人须为不同人员", case_id=task.case_id
        )
