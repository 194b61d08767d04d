"""Looking at cases: the list, one case, its top-ups, its discharge notices, its books."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request

from api.door.access import seen_case
from api.door.docs import FAILURES
from api.door.identity import ANYONE, STAFF, VERIFY, Caller, allowed
from api.door.problems import Problem, at_field
from api.door.shapes import (
    CaseFile,
    CasePageView,
    ContactView,
    DischargeView,
    LedgerView,
    TopUpView,
)
from api.door.text import CaseId, Code, MomentAsked, OpaqueId, RowId
from api.door.views import (
    case_file,
    case_page,
    discharge_view,
    ledger_view,
    top_up_view,
    viewer,
)
from api.wiring.door import UnknownProgramme, door_of
from domain.board import BadCursor, CaseFilter, CaseView, SlaState
from domain.documents import DocumentStage, missing
from domain.programmes.programme import Programme
from domain.roles import Role
from domain.steps.kinds import TaskKind
from domain.waiver import Stage

routes = APIRouter(prefix="/v1/deposit-waivers", tags=["住院免押金"])

CaseCaller = Annotated[Caller, Depends(allowed(*ANYONE))]
_FIND_CLAIM_PAPERS: Final = frozenset(
    {TaskKind.DISCHARGE_VISIT.value, TaskKind.COLLECT_CLAIM_DOCUMENTS.value}
)
_CLAIM: Final = DocumentStage.CLAIM
_SERVE: Final = (Role.AGENT, Role.NURSE)
"""Who has to call the customer: the team's own, and whoever holds an open step of the case."""
_BOOKKEEPERS: Final = tuple(
    sorted((STAFF - {Role.DOCTOR, Role.REVIEWER}) | {Role.CHANNEL, Role.CUSTOMER})
)


@routes.get("", operation_id="list_cases", summary="案件列表", responses=FAILURES)
async def list_cases(
    request: Request,
    caller: CaseCaller,
    programme: Annotated[Code | None, Query()] = None,
    stage: Annotated[Stage | None, Query()] = None,
    sla_state: Annotated[SlaState | None, Query()] = None,
    awaiting: Annotated[Role | None, Query()] = None,
    hospital_id: Annotated[OpaqueId | None, Query()] = None,
    due_before: Annotated[MomentAsked | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> CasePageView:
    """The cases a caller may see, the newest report first."""
    narrowed = CaseFilter(
        programme=programme,
        stage=None if stage is None else stage.value,
        sla_state=sla_state,
        awaiting=awaiting,
        hospital_id=hospital_id,
        due_before=_bookable(due_before),
        cursor=cursor,
        limit=limit,
    )
    try:
        page = await door_of(request).board.cases(_own(caller, narrowed))
    except BadCursor:
        raise at_field("invalid", "cursor", "游标无效") from None
    return case_page(page, caller)


def _bookable(at: datetime | None) -> datetime | None:
    """A moment PostgreSQL and time zones can work with."""
    if at is not None and not 1900 <= at.year <= 9000:  # noqa: PLR2004 - far from either end
        raise at_field("invalid", "due_before", "时刻超出合理范围")
    return at


def _own(caller: Caller, wanted: CaseFilter) -> CaseFilter:
    """What is not the caller's is left out."""
    if caller.sees_all:
        return wanted
    if Role.CHANNEL in caller.roles:
        return wanted.model_copy(update={"channel": caller.channel or ""})
    if Role.CUSTOMER in caller.roles:
        return wanted.model_copy(update={"customer_subject": caller.subject})
    return wanted.model_copy(update={"helper": caller.subject})


@routes.get("/{case_id}", operation_id="get_case", summary="查看案件", responses=FAILURES)
async def get_case(case_id: CaseId, request: Request, caller: CaseCaller) -> CaseFile:
    """One case: stage, promises, money, documents, team, history, and who must act next."""
    await _stage_seen(request, caller, case_id)
    found = await door_of(request).board.case(case_id, viewer(caller))
    if found is None:
        raise Problem("not-found")
    door = door_of(request)
    try:
        lacks = lacking_now(found, door.carried(door.programme(found.programme, found.reported_at)))
    except UnknownProgramme:  # no file of that year is kept any more
        lacks = found.missing_documents
    return case_file(found.model_copy(update={"missing_documents": lacks}), caller)


def lacking_now(view: CaseView, programme: Programme) -> list[str]:
    """What the file lacks, by kind: what was asked for, or what the open step has to find there."""
    open_steps = {task.kind for task in view.tasks if task.closed_at is None}
    if view.missing_documents or not open_steps & _FIND_CLAIM_PAPERS:
        return view.missing_documents
    have = {row.kind for row in view.documents}
    return [kind.value for kind in missing(programme.documents_for(None, _CLAIM), have)]


@routes.get(
    "/{case_id}/contact",
    operation_id="get_contact",
    summary="客户联系方式",
    responses=FAILURES,
)
async def get_contact(
    case_id: CaseId,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.AGENT, Role.NURSE))],
) -> ContactView:
    """Whom to call and where the bed is, for those who serve the case. Looking is audited."""
    door = door_of(request)
    async with door.books.unit() as unit:
        case = await seen_case(unit, caller, case_id)
        serving = [role for role in _SERVE if case.team.get(role.value) == caller.subject]
        if not serving and await unit.cases.holds_a_step(case_id, caller.subject):
            serving = [*_SERVE]
    served = caller.acting(*serving)
    found = await door.board.contact(case_id, viewer(served))
    if found is None:
        raise Problem("not-found", case_id=case_id)
    told = found.model_dump()
    return ContactView(**(told if served.role in VERIFY else told | {"name_on_list": None}))


@routes.get(
    "/{case_id}/top-ups/{top_up_id}",
    operation_id="get_top_up",
    summary="续费申请状态",
    responses=FAILURES,
)
async def get_top_up(
    case_id: CaseId, top_up_id: RowId, request: Request, caller: CaseCaller
) -> TopUpView:
    """What became of a top-up request."""
    stage = await _stage_seen(request, caller, case_id)
    found = await door_of(request).board.top_up(case_id, top_up_id)
    if found is None:
        raise Problem("not-found", "没有此续费申请", case_id=case_id)
    return top_up_view(found, stage=stage)


@routes.get(
    "/{case_id}/discharge-notices/{notice_id}",
    operation_id="get_discharge_notice",
    summary="出院通知状态",
    responses=FAILURES,
)
async def get_discharge_notice(
    case_id: CaseId, notice_id: RowId, request: Request, caller: CaseCaller
) -> DischargeView:
    """What became of a discharge notice."""
    stage = await _stage_seen(request, caller, case_id)
    found = await door_of(request).board.discharge(case_id, notice_id)
    if found is None:
        raise Problem("not-found", "没有此出院通知", case_id=case_id)
    return discharge_view(found, stage=stage)


@routes.get("/{case_id}/ledger", operation_id="get_ledger", summary="案件账目", responses=FAILURES)
async def get_ledger(
    case_id: CaseId,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(*_BOOKKEEPERS))],
) -> LedgerView:
    """Every transfer and the balances."""
    await _stage_seen(request, caller, case_id)
    ledger = door_of(request).ledger
    return ledger_view(case_id, await ledger.entries(case_id), await ledger.balances(case_id))


async def _stage_seen(request: Request, caller: Caller, case_id: str) -> str:
    """Where a case stands that this caller may see; 404 for any other."""
    async with door_of(request).books.statement() as unit:
        return (await seen_case(unit, caller, case_id)).stage
