"""The shapes of what the door shows: cases, steps, promises, files, books.

Moments are sent in UTC with `Z`; where people read, the civil time of Shanghai stands beside it.
Persons are masked in all of them. They are filled in by `api.door.views`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, PlainSerializer

from domain.money import Money
from domain.roles import Role
from domain.steps.asks import Coded
from domain.steps.kinds import Evidence


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Utc = Annotated[datetime, PlainSerializer(_z, return_type=str, when_used="json")]
"""A moment as it is sent: RFC 3339, UTC, `Z`."""


class MoneyView(BaseModel):
    """The money of a case."""

    limit: Money | None
    advanced: Money
    left: Money | None
    outstanding: Money
    owed_by_customer: Money


class ClockView(BaseModel):
    """A promise: when it began, when it is due, what became of it."""

    instance: str
    clock: str
    name: str
    state: str
    state_name: str
    started_at: Utc
    due_at: Utc
    due_civil: str
    first_due_at: Utc
    warned_at: Utc | None
    met_at: Utc | None
    met_civil: str
    breached_at: Utc | None
    estimated: bool
    moves: int
    standing_since: Utc | None = Field(
        default=None, description="等待客户补资料, 时限暂停, 自此时起; 继续计时的为空"
    )
    pauses: int = Field(default=0, description="等待客户补资料的次数, 含继续计时的")


class TopUpView(BaseModel):
    """What became of a top-up request."""

    id: str
    case_id: str
    state: str
    state_name: str
    requested: Money
    granted: Money
    offered: Money
    reason: str
    requested_at: Utc
    answered_at: Utc | None
    paid_at: Utc | None


class TaskView(BaseModel):
    """A step that waits for a person, or is over."""

    task_id: str
    case_id: str
    kind: str
    title: str
    roles: list[Role]
    role_names: list[str]
    opened_at: Utc
    due_at: Utc | None
    due_civil: str
    assignee: str | None
    claimed_by: str | None
    claimed_role: Role | None
    clock: str | None
    subject: str
    subject_name: str
    duty: str | None
    amount: Money | None
    evidence: Evidence | None = Field(default=None, description="双方凭据, 如对账差异")
    beside: list[TopUpView] = Field(
        default=[], description="答复续费时: 同案未答复的与近3天同意的其他续费申请"
    )
    closed_at: Utc | None
    done: bool | None
    form: str
    asks: dict[str, list[Coded]] = Field(
        default={}, description="表单字段所需的代码与名称; 仅未完成的预约与救治任务"
    )
    completion: dict[str, Any] | None = Field(
        default=None, repr=False, description="完成时填写的表单; 仅向可见的角色显示"
    )
    hospital_name: str = ""
    stage: str = ""
    stage_name: str = ""
    insured: str = ""


class TaskPage(BaseModel):
    """A page of the worklist."""

    items: list[TaskView]
    next_cursor: str | None = None


class DischargeView(BaseModel):
    """What became of a discharge notice."""

    id: str
    case_id: str
    state: str
    state_name: str
    discharge_on: date
    reason: str
    received_at: Utc


class FamilyView(BaseModel):
    """Who of the family may act, and who is told after a death."""

    subject: str
    relation: str
    recorded_at: Utc
    ended_at: Utc | None
    speaks: bool


class DocumentView(BaseModel):
    """An uploaded file, without its bytes."""

    document_id: str
    kind: str
    kind_name: str
    content_type: str
    size: int
    sha256: str
    uploaded_at: Utc
    uploaded_role: Role


class PaymentView(BaseModel):
    """A payment to the hospital or to the customer."""

    movement_id: str
    reason: str
    amount: Money
    mode: str | None
    status: str
    ordered_at: Utc
    settled_at: Utc | None
    receipt_no: str
    refusal: str
    code_url: str
    code_image: str = Field(default="", description="付款二维码图片的地址; 可支付期间有效")


class TimelineView(BaseModel):
    """One line of the history."""

    at: Utc
    civil: str
    role: Role
    role_name: str
    actor: str
    event: str
    text: str
    documents: list[str]


class InsuredView(BaseModel):
    """The person, masked."""

    name: str
    id_number: str
    phone: str


class NoticeView(BaseModel):
    """What the customer was told, by its template and without its words, and whether it arrived."""

    template: str
    channel: str
    sent_at: Utc
    sent_civil: str
    delivery: str
    delivery_name: str


class ContactView(BaseModel):
    """Where the customer is met and called; for those who serve the case."""

    case_id: str
    name: str = Field(repr=False)
    phone: str = Field(repr=False)
    bed: str = Field(repr=False)
    name_on_list: str | None = Field(
        repr=False, description="保险公司名单上的姓名, 仅与所报姓名不符时; 限服务人员"
    )


class CaseLine(BaseModel):
    """A case in a list."""

    case_id: str
    programme: str
    hospital_id: str
    hospital_name: str
    channel: str
    insured: InsuredView
    stage: str
    stage_name: str
    awaiting: list[Role]
    awaiting_names: list[str]
    sla_state: str
    sla_state_name: str
    next_due_at: Utc | None
    next_due_civil: str
    planned_admission: date | None
    reported_at: Utc
    money: MoneyView | None = Field(description="对线下服务人员不显示")


class CasePageView(BaseModel):
    """A page of cases."""

    items: list[CaseLine]
    next_cursor: str | None = None


class CaseFile(CaseLine):
    """A whole case as it stands on the desk."""

    programme_version: str
    follows: str | None = Field(description="转院: 原医院的案件")
    reason: str
    discharge_on: date | None
    claim_state: str
    team: dict[str, str]
    missing_documents: list[str]
    waiting_for: list[TaskView]
    clocks: list[ClockView]
    tasks: list[TaskView]
    documents: list[DocumentView]
    top_ups: list[TopUpView]
    payments: list[PaymentView]
    discharge_notices: list[DischargeView]
    notices: list[NoticeView]
    family: list[FamilyView]
    timeline: list[TimelineView]


class LedgerLine(BaseModel):
    """One phase of one movement."""

    movement_id: str
    phase: str
    debit: str
    credit: str
    amount: Money
    reason: str
    at: Utc


class LedgerView(BaseModel):
    """Every transfer of a case and what its accounts say; the sum over the accounts is zero."""

    case_id: str
    transfers: list[LedgerLine]
    balances: dict[str, str]
    held: Money
    left: Money | None = Field(description="额度确定之前为空")
