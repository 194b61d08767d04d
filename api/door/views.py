"""Fills in the shapes of what the door shows, from the rows of the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from activities.ports.cases import Balances, PaymentStatus
from api.door.identity import Caller
from api.door.shapes import (
    CaseFile,
    CaseLine,
    CasePageView,
    ClockView,
    DischargeView,
    DocumentView,
    FamilyView,
    InsuredView,
    LedgerLine,
    LedgerView,
    MoneyView,
    NoticeView,
    PaymentView,
    TaskView,
    TimelineView,
    TopUpView,
)
from api.door.sight import narrowed, sees_money
from api.door.stages import stage_name
from api.door.subjects import subject_name, top_up_name
from domain import calendar
from domain.board import (
    CaseRow,
    CaseView,
    DischargeRow,
    DocumentRow,
    LedgerRow,
    NoticeRow,
    Paged,
    PaymentRow,
    TaskRow,
    TimelineRow,
    TopUpRow,
    Viewer,
)
from domain.clock import Clock, ClockState
from domain.documents import DOCUMENT_NAMES, DocumentKind
from domain.doubts import top_ups_beside
from domain.matter import OPENING
from domain.money import Money, format_fen
from domain.posting import Account
from domain.roles import ROLE_NAMES
from domain.steps.asks import Asks
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS
from domain.waiver import BEFORE_PAYMENT

CLOCK_NAMES: Final = {
    ClockState.RUNNING: "进行中",
    ClockState.WARNED: "即将超时",
    ClockState.MET: "按时完成",
    ClockState.MET_LATE: "超时完成",
    ClockState.BREACHED: "已超时",
    ClockState.DROPPED: "已取消",
}
SLA_NAMES: Final = {"calm": "正常", "warned": "即将超时", "breached": "已超时"}
TOP_UP_NAMES: Final = {
    "received": "已收到",
    "offered": "待客户确认剩余额度",
    "accepted": "已受理",
    "partly_accepted": "部分受理",
    "refused": "已拒绝",
    "paid": "已缴纳",
}
DISCHARGE_NAMES: Final = {
    "received": "已收到",
    "accepted": "已采用",
    "superseded": "已被后来的通知取代",
    "refused": "未采用",
}
DELIVERY_NAMES: Final = {"delivered": "已送达", "failed": "未送达", "unknown": "待确认"}
NOT_YET: Final = "已收到, 首笔押金缴纳后处理"
"""A request of a stay that has not begun is kept, and answered when the patient is on the ward."""
_EARLY: Final = frozenset({OPENING, *(stage.value for stage in BEFORE_PAYMENT)})


def civil(at: datetime | None) -> str:
    """A moment as a person in China reads it."""
    return "" if at is None else calendar.civil(at)


def by_when(due_at: datetime | None) -> str:
    """A deadline, if there is one; the end of a day is 24:00."""
    return "" if due_at is None else calendar.due_civil(due_at)


def money_of(row: CaseRow) -> MoneyView:
    """The money of a case as amounts."""
    return MoneyView(
        limit=None if row.limit_fen is None else Money.of(row.limit_fen),
        advanced=Money.of(row.advanced_fen),
        left=None if row.left_fen is None else Money.of(row.left_fen),
        outstanding=Money.of(row.outstanding_fen),
        owed_by_customer=Money.of(row.owed_fen),
    )


def _line(row: CaseRow, caller: Caller) -> dict[str, Any]:
    return {
        "case_id": row.case_id,
        "programme": row.programme,
        "hospital_id": row.hospital_id,
        "hospital_name": row.hospital_name,
        "channel": row.channel,
        "insured": InsuredView(
            name=row.name_masked, id_number=row.id_masked, phone=row.phone_masked
        ),
        "stage": row.stage,
        "stage_name": stage_name(row.stage),
        "awaiting": list(row.awaiting),
        "awaiting_names": [ROLE_NAMES[role] for role in row.awaiting],
        "sla_state": row.sla_state,
        "sla_state_name": SLA_NAMES[row.sla_state],
        "next_due_at": row.next_due_at,
        "next_due_civil": by_when(row.next_due_at),
        "planned_admission": row.planned_admission,
        "reported_at": row.reported_at,
        "money": money_of(row) if sees_money(caller) else None,
    }


def case_page(page: Paged[CaseRow], caller: Caller) -> CasePageView:
    """A page of a list."""
    items = [CaseLine(**_line(row, caller)) for row in page.items]
    return CasePageView(items=items, next_cursor=page.next_cursor)


def case_file(whole: CaseView, caller: Caller) -> CaseFile:
    """A whole case, as this caller may see it."""
    view = narrowed(caller, whole)
    steps = [_with_top_ups(task, view) for task in view.tasks]
    return CaseFile(
        **_line(view, caller),
        programme_version=view.programme_version,
        follows=view.follows,
        reason=view.reason,
        discharge_on=view.discharge_on,
        claim_state=view.claim_state,
        team=view.team,
        missing_documents=view.missing_documents,
        waiting_for=[task_view(task) for task in steps if task.closed_at is None],
        clocks=[clock_view(clock) for clock in view.clocks],
        tasks=[task_view(task) for task in steps],
        documents=[document_view(row) for row in view.documents],
        top_ups=[top_up_view(row, stage=view.stage) for row in view.top_ups],
        payments=[payment_view(view.case_id, row) for row in view.payments],
        discharge_notices=[discharge_view(row, stage=view.stage) for row in view.discharges],
        notices=[notice_view(row) for row in view.notices],
        family=[FamilyView(**row.model_dump()) for row in view.family],
        timeline=[timeline_view(row) for row in view.timeline],
    )


def _with_top_ups(task: TaskRow, view: CaseView) -> TaskRow:
    """The step of answering a top-up with what else is asked for beside it."""
    if task.kind != TaskKind.ANSWER_TOP_UP.value or task.closed_at is not None:
        return task
    beside = top_ups_beside(task.subject, task.opened_at, view.top_ups)
    return task.model_copy(update={"beside": beside})


def clock_view(clock: Clock) -> ClockView:
    """A promise."""
    return ClockView(
        instance=clock.instance,
        clock=clock.id,
        name=clock.name,
        state=clock.state.value,
        state_name="等待客户" if clock.stands_still else CLOCK_NAMES[clock.state],
        started_at=clock.started_at,
        due_at=clock.due_at,
        due_civil=calendar.due_civil(clock.due_at, seconds=clock.in_seconds),
        first_due_at=clock.first_due_at,
        warned_at=clock.warned_at,
        met_at=clock.met_at,
        met_civil=calendar.civil(clock.met_at, seconds=clock.in_seconds) if clock.met_at else "",
        breached_at=clock.breached_at,
        estimated=clock.estimated,
        moves=len(clock.moves),
        standing_since=clock.standing.from_at if clock.standing and clock.stands_still else None,
        pauses=len(clock.pauses),
    )


def task_view(row: TaskRow, asks: Asks | None = None) -> TaskView:
    """A step; `asks` is what its form wants, by code."""
    known = row.kind in TASKS
    return TaskView(
        task_id=row.task_id,
        case_id=row.case_id,
        kind=row.kind,
        title=row.title,
        roles=list(row.roles),
        role_names=[ROLE_NAMES[role] for role in row.roles],
        opened_at=row.opened_at,
        due_at=row.due_at,
        due_civil=by_when(row.due_at),
        assignee=row.assignee,
        claimed_by=row.claimed_by,
        claimed_role=row.claimed_role,
        clock=row.clock,
        subject=row.subject,
        subject_name=_subject_name(row) if known else row.subject,
        duty=row.duty,
        amount=None if row.amount_fen is None else Money.of(row.amount_fen),
        evidence=row.evidence,
        beside=[top_up_view(one, stage=row.stage) for one in row.beside],
        closed_at=row.closed_at,
        done=row.done,
        form=TASKS[TaskKind(row.kind)].form.__name__ if known else "",
        asks=asks or {},
        completion=row.completion or None,
        hospital_name=row.hospital_name,
        stage=row.stage,
        stage_name=stage_name(row.stage) if row.stage else "",
        insured=row.name_masked,
    )


def _subject_name(row: TaskRow) -> str:
    if row.kind == TaskKind.ANSWER_TOP_UP.value:
        return top_up_name(row.beside)
    return subject_name(TaskKind(row.kind), row.subject)


def _state_name(state: str, names: dict[str, str], *, stage: str) -> str:
    return NOT_YET if state == "received" and stage in _EARLY else names.get(state, state)


def top_up_view(row: TopUpRow, *, stage: str) -> TopUpView:
    """A top-up request."""
    return TopUpView(
        id=row.top_up_id,
        case_id=row.case_id,
        state=row.state,
        state_name=_state_name(row.state, TOP_UP_NAMES, stage=stage),
        requested=Money.of(row.requested_fen),
        granted=Money.of(row.granted_fen),
        offered=Money.of(row.offered_fen),
        reason=row.reason,
        requested_at=row.requested_at,
        answered_at=row.answered_at,
        paid_at=row.paid_at,
    )


def discharge_view(row: DischargeRow, *, stage: str) -> DischargeView:
    """A discharge notice."""
    state = {None: "received", True: "accepted", False: "refused"}[row.accepted]
    if row.superseded:
        state = "superseded"
    return DischargeView(
        id=row.notice_id,
        case_id=row.case_id,
        state=state,
        state_name=_state_name(state, DISCHARGE_NAMES, stage=stage),
        discharge_on=row.discharge_on,
        reason=row.reason,
        received_at=row.received_at,
    )


def notice_view(row: NoticeRow) -> NoticeView:
    """A notice by its template, without its words."""
    return NoticeView(
        template=row.template,
        channel=row.channel,
        sent_at=row.sent_at,
        sent_civil=civil(row.sent_at),
        delivery=row.delivery,
        delivery_name=DELIVERY_NAMES.get(row.delivery, row.delivery),
    )


def document_view(row: DocumentRow) -> DocumentView:
    """An uploaded file."""
    known = row.kind in DOCUMENT_NAMES
    return DocumentView(
        document_id=row.document_id,
        kind=row.kind,
        kind_name=DOCUMENT_NAMES[DocumentKind(row.kind)] if known else row.kind,
        content_type=row.content_type,
        size=row.size,
        sha256=row.sha256,
        uploaded_at=row.uploaded_at,
        uploaded_role=row.uploaded_role,
    )


def payment_view(case_id: str, row: PaymentRow) -> PaymentView:
    scannable = row.code_url and row.status == PaymentStatus.PENDING.value
    return PaymentView(
        **row.model_dump(exclude={"amount_fen"}),
        amount=Money.of(row.amount_fen),
        code_image=f"/v1/deposit-waivers/{case_id}/payments/{row.movement_id}/code"
        if scannable
        else "",
    )


def timeline_view(row: TimelineRow) -> TimelineView:
    return TimelineView(
        at=row.at,
        civil=civil(row.at),
        role=row.role,
        role_name=ROLE_NAMES[row.role],
        actor=row.actor_id,
        event=row.event,
        text=row.text,
        documents=row.document_ids,
    )


def ledger_view(
    case_id: str, rows: list[LedgerRow], balances: Balances, *, over: bool = False
) -> LedgerView:
    """The books of a case; of what is over nothing more may be asked for."""
    return LedgerView(
        case_id=case_id,
        transfers=[
            LedgerLine(
                movement_id=row.movement_id,
                phase=row.phase,
                debit=row.debit.value,
                credit=row.credit.value,
                amount=Money.of(row.amount_fen),
                reason=row.reason.value,
                at=row.at,
            )
            for row in rows
        ],
        balances={
            account.value: format_fen(getattr(balances, account.value)) for account in Account
        },
        held=Money.of(balances.held),
        # Nothing is left of a limit that nobody has fixed: no movement stands against it either.
        left=Money.of(0 if over else balances.left) if rows or balances.left else None,
    )


def viewer(caller: Caller) -> Viewer:
    """The caller as the audit names them."""
    return Viewer(role=caller.role, id=caller.subject)
